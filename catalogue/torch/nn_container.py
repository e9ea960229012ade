"""Parameters, buffers and containers of torch.nn: MLX takes arrays, lists and dicts of modules as they are."""

from catalogue.torch.nn_module import _trainable_arrays

from mlxify.catalogue import *

constant("torch.nn.Module", "nn.Module")
constant("torch.nn.modules.Module", "nn.Module")
constant("torch.nn.modules.module.Module", "nn.Module")


# Any array that is an attribute of a module is a parameter. The compiler freezes it where `requires_grad` is false. `_of_result`: it is made
# of tensors while the model runs, and is a new leaf.
@rule("torch.nn.Parameter", "torch.nn.parameter.Parameter")
def Parameter(data, requires_grad=True, _of_result=False):
    return mx.stop_gradient(data) if _of_result else data


# The compiler keeps a buffer out of the trainable parameters, and out of the weights if it is not persistent.
@rule("torch.nn.Buffer", "torch.nn.parameter.Buffer")
def Buffer(data, persistent=True):
    return data


# Lists of modules are traversed by MLX, and weights have the names of torch: `blocks.0.weight`.
@rule("torch.nn.ModuleList")
def ModuleList(modules=()):
    if known(modules is not None) and modules is not None:
        return list(modules)
    return list(modules or ())


@rule("torch.nn.ParameterList")
def ParameterList(values=()):
    return list(values)


@rule("torch.nn.ModuleDict")
def ModuleDict(modules=None):
    if modules is None:
        return {}
    return dict(modules)


@rule("torch.nn.ParameterDict")
def ParameterDict(parameters=None):
    if parameters is None:
        return {}
    return dict(parameters)


# A ModuleDict whose names may be numbers.
@rule("mlxify.torch.nn.NumberedModules")
def ModuleDictOfNumbers(modules=None):
    if modules is None:
        return NumberedModules()
    return NumberedModules(modules)


@definition("mlxify.torch.nn.NumberedModulesClass")
class NumberedModules(dict):
    """Modules by name; `load_weights` looks for those whose names are numbers by their numbers."""

    def __getitem__(self, name):
        return self.get(str(name), {}) if isinstance(name, int) else super().__getitem__(name)


# A list or a dict has no methods of a module: one that holds it does their work.
@rule("mlxify.torch.nn.whole")
def whole(modules):
    return _whole(modules)


def _whole(modules):
    """A module that holds a list or a dict of modules."""
    module = nn.Module()
    module.parts = modules
    return module


@rule("torch.nn.ModuleList.apply", "torch.nn.ModuleDict.apply")
def apply_to_each(self, fn):
    return _whole(self).apply_to_modules(lambda _, module: fn(module))


@rule("torch.nn.ModuleList.train", "torch.nn.ModuleDict.train")
def train_each(self, mode=True):
    return _whole(self).train(mode)


@rule("torch.nn.ModuleList.eval", "torch.nn.ModuleDict.eval")
def eval_each(self):
    return _whole(self).eval()


@rule("torch.nn.ModuleList.requires_grad_", "torch.nn.ModuleDict.requires_grad_")
def requires_grad_of_each(self, requires_grad=True):
    if requires_grad:
        return _whole(self).unfreeze()
    return _whole(self).freeze()


@rule("torch.nn.ModuleList.parameters", "torch.nn.ModuleDict.parameters")
def parameters_of_each(self, recurse=True):
    return _trainable_arrays(_whole(self))


@rule("torch.nn.ModuleList.modules", "torch.nn.ModuleDict.modules")
def modules_of_each(self):
    return _whole(self).modules()


# Children live under `.layers`: weights are named `net.layers.0.weight` where torch has `net.0.weight`.
@module("torch.nn.Sequential")
def Sequential(*args):
    if not (known(len(args) == 1 and _is_plain_dict(args[0])) and len(args) == 1 and _is_plain_dict(args[0])):
        return nn.Sequential(*args)
    return NamedSequential(args[0])


def _is_plain_dict(value):
    """A dict of modules; modules are dicts too in MLX."""
    return not isinstance(value, nn.Module) and isinstance(value, dict)


@definition("mlxify.torch.nn.NamedSequential")
class NamedSequential(nn.Module):
    """Calls its children in the order in which they were added; each has a name, as in PyTorch's Sequential of a dict."""

    def __init__(self, modules=None):
        super().__init__()
        for name, module in (modules or {}).items():
            self.add_module(name, module)

    def add_module(self, name, module):
        setattr(self, name, module)

    def __getitem__(self, name):  # `load_weights` looks for children with numbers as names by their numbers
        return self.get(str(name), {}) if isinstance(name, int) else super().__getitem__(name)

    @property
    def layers(self):
        return list(self.children().values())

    def __call__(self, x):
        for layer in self.layers:
            x = layer(x)
        return x


# A ModuleList whose children are added and read by name; one that is indexed or traversed is a list.
@definition("mlxify.torch.nn.NamedModules")
class NamedModules(nn.Module):
    """Holds modules by the names that they are added with."""

    def add_module(self, name, module):
        setattr(self, name, module)


@module("torch.nn.Identity")
def Identity(*args, **kwargs):
    return nn.Identity()


# Until a model is prepared for quantization, these give back what they get.
@module(
    "torch.quantization.QuantStub", "torch.quantization.DeQuantStub", "torch.ao.quantization.QuantStub",
    "torch.ao.quantization.DeQuantStub",
)  # fmt: skip
def QuantStub(qconfig=None):
    return nn.Identity()


@definition("torch.nn.quantized.FloatFunctional", "torch.ao.nn.quantized.FloatFunctional")
class FloatFunctional(nn.Module):
    """Arithmetic as methods, which PyTorch can quantize by replacing this module."""

    def add(self, x, y):
        return x + y

    def add_scalar(self, x, y):
        return x + y

    def mul(self, x, y):
        return x * y

    def mul_scalar(self, x, y):
        return x * y

    def cat(self, x, dim=0):
        return mx.concatenate(x, axis=dim)

    def add_relu(self, x, y):
        return nn.relu(x + y)

    def matmul(self, x, y):
        return x @ y


never("torch.nn.DataParallel", "MLX runs one process per device", suggest="use the wrapped module itself")
never("torch.nn.parallel.DistributedDataParallel", "MLX distributes by `mx.distributed`",
      suggest="use the wrapped module itself")
never("torch.nn.LazyLinear", "MLX needs the sizes when a module is made", suggest="state the number of input features")
never(
    "torch.nn.LazyConv1d", "torch.nn.LazyConv2d", "torch.nn.LazyConv3d", "torch.nn.LazyConvTranspose1d",
    "torch.nn.LazyConvTranspose2d", "torch.nn.LazyConvTranspose3d", "MLX needs the sizes when a module is made",
    suggest="state the number of input channels",
)
never(
    "torch.nn.LazyBatchNorm1d", "torch.nn.LazyBatchNorm2d", "torch.nn.LazyBatchNorm3d", "torch.nn.LazyInstanceNorm1d",
    "torch.nn.LazyInstanceNorm2d", "torch.nn.LazyInstanceNorm3d", "MLX needs the sizes when a module is made",
    suggest="state the number of features",
)
never("torch.nn.Container", "it has long been a name of the base class", suggest="torch.nn.Module")
never("torch.nn.RNNBase", "torch.nn.RNNCellBase", "it is an inside of torch's recurrent modules",
      suggest="torch.nn.LSTM, torch.nn.GRU, torch.nn.RNN or their cells")
