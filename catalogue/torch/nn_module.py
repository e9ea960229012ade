"""Methods of torch.nn.Module. What MLX's modules have under the same name and with the same meaning needs no entry."""

from mlxify.catalogue import *


# MLX's own `apply` maps arrays, not modules.
@rule("torch.nn.Module.apply", trap="visits of modules")
def apply(self, fn):
    return self.apply_to_modules(lambda _, module: fn(module))


@rule("torch.nn.Module.parameters")
def parameters(self, recurse=True):
    return _trainable_arrays(self)


def _trainable_arrays(module):
    """The trained arrays of a module and of those inside it, one after another."""
    arrays = []
    for part in module.modules():
        for name, value in part.items():
            pending = [] if name in part._no_grad or name.startswith("_") else [value]
            for one in pending:  # lists, and lists of lists
                pending.extend(one if isinstance(one, list) else [])
                arrays.extend([one] if isinstance(one, mx.array) else [])
    return iter(arrays)


# Of a frozen module nothing is trained, and it still has the parameters of the one beside it.
@rule("mlxify.paired_parameters")
def paired_parameters(first, second):
    return _paired_arrays(first, second)


def _paired_arrays(first, second):
    """The parameters of two modules of one structure side by side: the arrays that are trained in either of them."""
    from mlx.utils import tree_flatten

    ones, others = dict(tree_flatten(first.parameters())), dict(tree_flatten(second.parameters()))
    trained = {name for module in (first, second) for name, _ in tree_flatten(module.trainable_parameters())}
    return [(ones[name], others[name]) for name in ones if name in trained]


@rule("torch.nn.Module.named_modules")
def named_modules(self, memo=None, prefix="", remove_duplicate=True):
    return self.named_modules()


@rule("torch.nn.Module.named_parameters")
def named_parameters(self, prefix="", recurse=True, remove_duplicate=True):
    if prefix != "" or not recurse:
        refuse("names with a prefix, or of a module without those inside it")
    return _named_arrays(self)


def _named_arrays(module):
    """The trained arrays of a module and of those inside it, with their names in PyTorch."""
    arrays, pending = [], [((), module)]
    while pending:
        path, node = pending.pop()
        if isinstance(node, mx.array):
            arrays.append((".".join(path), node))
        frozen = node._no_grad if isinstance(node, nn.Module) else ()
        node = node.layers if isinstance(node, nn.Sequential) else node
        parts = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
        kept = [(str(name), part) for name, part in parts if name not in frozen and not str(name).startswith("_")]
        pending.extend(((*path, name), part) for name, part in reversed(kept))
    return arrays


@rule("torch.nn.Module.requires_grad_")
def requires_grad_(self, requires_grad=True):
    if requires_grad:
        return self.unfreeze()
    return self.freeze()


@rule("torch.nn.Module.cuda", "torch.nn.Module.cpu", "torch.nn.Module.share_memory", "torch.nn.Module.compile",
      "torch.nn.Module.flatten_parameters")
def stay(self, device=None):
    return self


@rule("torch.nn.Module.to")
def to(self, device=None, dtype=None, non_blocking=False, memory_format=None):
    if dtype is not None:
        return _with_dtype(self, dtype)
    if known(isinstance(device, mx.Dtype)) and isinstance(device, mx.Dtype):
        return _with_dtype(self, device)
    return self


def _with_dtype(module, dtype):
    """The module with its floating-point arrays in another dtype."""
    return module.apply(lambda array: array.astype(dtype) if mx.issubdtype(array.dtype, mx.floating) else array)


@rule("torch.nn.Module.float", "torch.nn.Module.double")
def to_float(self):
    return _with_dtype(self, mx.float32)


@rule("torch.nn.Module.half")
def half(self):
    return _with_dtype(self, mx.float16)


@rule("torch.nn.Module.bfloat16")
def bfloat16(self):
    return _with_dtype(self, mx.bfloat16)


@rule("torch.nn.Module.add_module", "torch.nn.Module.register_module")
def add_module(self, name, module):
    return _add_module(self, name, module)


def _add_module(owner, name, module):
    """Gives a module a child by that name."""
    if isinstance(owner, nn.Sequential):
        raise NotImplementedError("a child with a name in nn.Sequential, whose children are numbered")
    if isinstance(owner, list):
        return owner.append(module)
    if hasattr(owner, "add_module"):
        return owner.add_module(name, module)
    if not isinstance(owner, nn.Module):
        return owner.update({name: module})
    return setattr(owner, name, module)


@rule("torch.nn.Module.load_state_dict")
def load_state_dict(self, state_dict, strict=True, assign=False):
    return _load_torch_weights(self, state_dict, strict)


def _load_torch_weights(module, weights, strict=True):
    """Loads PyTorch's weights, a dict of arrays by name, into a module."""
    if hasattr(module, "sanitize"):
        weights = module.sanitize(weights)
    return module.load_weights(list(weights.items()), strict=strict)


# MLX's `load_weights` takes arrays as they are; what a hook mends of older checkpoints, PyTorch has to mend before.
@rule("torch.nn.Module._register_load_state_dict_pre_hook", "torch.nn.Module.register_load_state_dict_pre_hook",
      "torch.nn.Module.register_load_state_dict_post_hook", "torch.nn.Module._register_state_dict_hook",
      "torch.nn.Module.register_state_dict_pre_hook", "torch.nn.Module.register_state_dict_post_hook")
def hook_on_checkpoints(self, hook, with_module=False):
    return self


never("torch.nn.Module.zero_grad", "gradients are not kept in parameters", suggest="remove it")
never("torch.nn.Module.register_forward_hook", "modules have no hooks", suggest="do its work in the forward method")
never("torch.nn.Module.register_forward_pre_hook", "modules have no hooks", suggest="do its work in the forward method")
never("torch.nn.Module.register_full_backward_hook", "gradients are pure functions: nothing is called on the way back",
      suggest="remove it")
never("torch.nn.Module.register_backward_hook", "gradients are pure functions: nothing is called on the way back",
      suggest="remove it")


# What torch's layers say of themselves and MLX's do not. A missing bias is None in torch and no attribute in MLX.
# MLX's own `children` is a dictionary.
@rule("torch.nn.Module.children")
def children(self):
    return _modules_by_name(self).values()


@rule("torch.nn.Module.named_children")
def named_children(self):
    return _modules_by_name(self).items()


@attribute("torch.nn.Module._modules")
def modules_by_name(self):
    return _modules_by_name(self)


def _modules_by_name(module):
    """The children of a module by name."""
    if isinstance(module, nn.Sequential):
        others = {name: child for name, child in module.children().items() if isinstance(child, nn.Module)}
        return {**{str(place): child for place, child in enumerate(module.layers)}, **others}
    return dict(module.children())


# Drawing the weights of a fresh layer once more changes nothing; which layer that is shows at run time.
@rule("torch.nn.Module.reset_parameters")
def reset_parameters_of_any(self):
    return _reset_parameters(self)


def _reset_parameters(module):
    """Lets a module of this file draw its weights anew; a layer of MLX drew them when it was made."""
    if hasattr(module, "reset_parameters"):
        module.reset_parameters()


@attribute("torch.nn.Module.bias")
def bias(self):
    return self.get("bias")


@attribute("torch.nn.Module.weight")
def weight(self):
    return self.get("weight")


@attribute("torch.nn.Linear.in_features")
def in_features(self):
    return self.weight.shape[-1]


@attribute("torch.nn.Linear.out_features", "torch.nn.Embedding.num_embeddings")
def out_features(self):
    return self.weight.shape[0]


@attribute("torch.nn.Embedding.embedding_dim")
def embedding_dim(self):
    return self.weight.shape[1]


@attribute(
    "torch.nn.Conv1d.out_channels", "torch.nn.Conv2d.out_channels", "torch.nn.Conv3d.out_channels",
    "torch.nn.ConvTranspose1d.out_channels", "torch.nn.ConvTranspose2d.out_channels", "torch.nn.ConvTranspose3d.out_channels",
)  # fmt: skip
def out_channels(self):
    return self.weight.shape[0]


@attribute("torch.nn.Module.out_channels")
def out_channels_of_any(self):
    return _out_channels(self)


def _out_channels(module):
    """What the module says itself; a convolution of MLX has it as the first axis of its kernel."""
    return module.out_channels if hasattr(module, "out_channels") else module.weight.shape[0]


@attribute("torch.nn.Module.in_channels")
def in_channels_of_any(self):
    return _in_channels(self)


def _in_channels(module):
    """What the module says itself; a convolution of MLX has its share of a group as the last axis of its kernel."""
    return module.in_channels if hasattr(module, "in_channels") else module.weight.shape[-1] * getattr(module, "groups", 1)


@attribute("torch.nn.Module.in_features")
def in_features_of_any(self):
    return _in_features(self)


def _in_features(module):
    """What the module says itself; a linear layer of MLX has it as the last axis of its weight."""
    return module.in_features if hasattr(module, "in_features") else module.weight.shape[-1]


@attribute("torch.nn.Module.out_features")
def out_features_of_any(self):
    return _out_features(self)


def _out_features(module):
    """What the module says itself; a linear layer of MLX has it as the first axis of its weight."""
    return module.out_features if hasattr(module, "out_features") else module.weight.shape[0]


@attribute("torch.nn.Conv1d.in_channels", "torch.nn.Conv2d.in_channels")
def in_channels(self):
    return self.weight.shape[-1] * self.groups


@attribute(
    "torch.nn.Conv1d.kernel_size", "torch.nn.Conv2d.kernel_size", "torch.nn.Conv3d.kernel_size",
    "torch.nn.ConvTranspose1d.kernel_size", "torch.nn.ConvTranspose2d.kernel_size", "torch.nn.ConvTranspose3d.kernel_size",
)  # fmt: skip
def kernel_size(self):
    return self.weight.shape[1:-1]


@attribute(
    "torch.nn.ConvTranspose1d.in_channels", "torch.nn.ConvTranspose2d.in_channels", "torch.nn.ConvTranspose3d.in_channels"
)
def in_channels_transposed(self):
    return self.weight.shape[-1]


@attribute("torch.nn.Conv1d.transposed", "torch.nn.Conv2d.transposed", "torch.nn.Conv3d.transposed")
def transposed(self):
    return False


@attribute("torch.nn.ConvTranspose1d.transposed", "torch.nn.ConvTranspose2d.transposed", "torch.nn.ConvTranspose3d.transposed")
def transposed_of_transposed(self):
    return True


@attribute("torch.nn.Conv1d.output_padding")
def output_padding(self):
    return (0,)


@attribute("torch.nn.Conv2d.output_padding")
def output_padding_2d(self):
    return (0, 0)


@attribute("torch.nn.Conv3d.output_padding")
def output_padding_3d(self):
    return (0, 0, 0)


# MLX keeps one number in one dimension.
@attribute("torch.nn.Conv1d.dilation", "torch.nn.ConvTranspose1d.dilation")
def dilation(self):
    return (self.dilation,)


@attribute("torch.nn.Conv1d.stride", "torch.nn.ConvTranspose1d.stride")
def stride(self):
    return (self.stride,)


@attribute("torch.nn.Conv1d.padding", "torch.nn.ConvTranspose1d.padding")
def padding(self):
    return (self.padding,)


@attribute("torch.nn.LayerNorm.normalized_shape")
def normalized_shape(self):
    return (self.dims,)


@attribute("torch.nn.GroupNorm.num_channels", "torch.nn.InstanceNorm1d.num_features", "torch.nn.InstanceNorm2d.num_features")
def num_channels(self):
    return self.dims


# A layer of MLX is drawn when it is made; to draw it once more changes nothing but the numbers.
@rule(
    "torch.nn.Linear.reset_parameters", "torch.nn.Bilinear.reset_parameters", "torch.nn.Embedding.reset_parameters",
    "torch.nn.Conv1d.reset_parameters", "torch.nn.Conv2d.reset_parameters", "torch.nn.Conv3d.reset_parameters",
    "torch.nn.ConvTranspose1d.reset_parameters", "torch.nn.ConvTranspose2d.reset_parameters",
    "torch.nn.ConvTranspose3d.reset_parameters", "torch.nn.LayerNorm.reset_parameters",
    "torch.nn.GroupNorm.reset_parameters", "torch.nn.BatchNorm1d.reset_parameters",
    "torch.nn.BatchNorm2d.reset_parameters", "torch.nn.BatchNorm3d.reset_parameters",
    "torch.nn.LSTM.reset_parameters", "torch.nn.GRU.reset_parameters", "torch.nn.RNN.reset_parameters",
    "torch.nn.LSTMCell.reset_parameters", "torch.nn.GRUCell.reset_parameters", "torch.nn.RNNCell.reset_parameters",
    "torch.nn.MultiheadAttention._reset_parameters", "torch.nn.Transformer._reset_parameters",
    "torch.nn.InstanceNorm1d.reset_parameters", "torch.nn.InstanceNorm2d.reset_parameters",
    "torch.nn.InstanceNorm3d.reset_parameters", "torch.nn.RMSNorm.reset_parameters", "torch.nn.PReLU.reset_parameters",
)  # fmt: skip
def reset_parameters(self):
    return self
