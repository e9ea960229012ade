"""torch.nn.init: each rule returns the new value of the tensor, with its shape and dtype.

Random values come from the same distribution as torch's; the numbers themselves differ.
"""

from mlxify.catalogue import *


# The kernel of a convolution stands in MLX's layout, (out, *kernel, in): the compiler passes `_kernel`, "conv" or "transposed", where
# a weight is one, and "any" where it is a parameter of the class's own whose number of axes is not known. Any other weight of more
# than two axes has torch's layout, (out, in, *kernel).
def _fans(shape, kernel=None):
    """Inputs and outputs of a unit."""
    if kernel == "conv":
        return math.prod(shape[1:]), shape[0] * math.prod(shape[1:-1])
    if kernel == "transposed":
        return shape[0] * math.prod(shape[1:-1]), math.prod(shape[1:])
    field = math.prod(shape[2:])
    return shape[1] * field, shape[0] * field


def _gain(nonlinearity, param=None):
    """How much an activation shrinks the scale of its input."""
    if nonlinearity == "tanh":
        return 5 / 3
    if nonlinearity == "relu":
        return math.sqrt(2)
    if nonlinearity == "leaky_relu":
        return math.sqrt(2 / (1 + (0.01 if param is None else param) ** 2))
    if nonlinearity == "selu":
        return 0.75
    return 1.0


@rule("torch.nn.init.calculate_gain")
def calculate_gain(nonlinearity, param=None):
    return _gain(nonlinearity, param)


@rule("torch.nn.init._calculate_fan_in_and_fan_out")
def _calculate_fan_in_and_fan_out(tensor, _kernel=None):
    return _fans(tensor.shape, _kernel)


@rule("torch.nn.init._calculate_correct_fan")
def _calculate_correct_fan(tensor, mode, _kernel=None):
    return _fans(tensor.shape, _kernel)[0 if mode == "fan_in" else 1]


@rule("torch.nn.init.zeros_", mutates="tensor")
def zeros_(tensor):
    return mx.zeros_like(tensor)


@rule("torch.nn.init.ones_", mutates="tensor")
def ones_(tensor):
    return mx.ones_like(tensor)


@rule("torch.nn.init.constant_", "torch.nn.init.constant", mutates="tensor")
def constant_(tensor, val):
    return _cast(nn.init.constant(val)(tensor), tensor)


@rule("torch.nn.init.normal_", "torch.nn.init.normal", mutates="tensor", trap="random numbers")
def normal_(tensor, mean=0.0, std=1.0, generator=None):
    return _cast(nn.init.normal(mean=mean, std=std)(tensor), tensor)


@rule("torch.nn.init.uniform_", "torch.nn.init.uniform", mutates="tensor", trap="random numbers")
def uniform_(tensor, a=0.0, b=1.0, generator=None):
    return _cast(nn.init.uniform(low=a, high=b)(tensor), tensor)


def _cast(value, tensor):
    """MLX's initialisers give float32, the dtype of nearly every parameter when it is made."""
    if known(tensor.dtype != mx.float32) and tensor.dtype != mx.float32:
        return value.astype(tensor.dtype)
    return value


# torch cuts at absolute bounds, MLX at multiples of the deviation. A cut that far out is none.
@rule(
    "torch.nn.init.trunc_normal_", "timm.layers.trunc_normal_", "timm.models.layers.trunc_normal_",
    "timm.layers.weight_init.trunc_normal_", "timm.models.layers.weight_init.trunc_normal_",
    "timm.models.vision_transformer.trunc_normal_", mutates="tensor",
    trap="random numbers",
)
def trunc_normal_(tensor, mean=0.0, std=1.0, a=-2.0, b=2.0, generator=None):
    if known((mean - a) / std > 8 and (b - mean) / std > 8) and (mean - a) / std > 8 and (b - mean) / std > 8:
        return _cast(nn.init.normal(mean=mean, std=std)(tensor), tensor)
    if known(mean == 0) and mean == 0:
        return _cast(std * mx.random.truncated_normal(a / std, b / std, tensor.shape), tensor)
    return _cast(mean + std * mx.random.truncated_normal((a - mean) / std, (b - mean) / std, tensor.shape), tensor)


# timm's other form cuts at multiples of the deviation.
@rule("timm.layers.trunc_normal_tf_", "timm.models.layers.trunc_normal_tf_", mutates="tensor")
def trunc_normal_tf_(tensor, mean=0.0, std=1.0, a=-2.0, b=2.0):
    if known(mean == 0) and mean == 0:
        return _cast(std * mx.random.truncated_normal(a, b, tensor.shape), tensor)
    return _cast(mean + std * mx.random.truncated_normal(a, b, tensor.shape), tensor)


# A normal distribution cut at two deviations, widened to the deviation that it had before.
@rule("timm.layers.lecun_normal_", "timm.models.layers.lecun_normal_", mutates="tensor")
def lecun_normal_(tensor):
    return _cast(math.sqrt(1 / _fans(tensor.shape)[0]) / 0.87962566103423978 * mx.random.truncated_normal(-2.0, 2.0, tensor.shape), tensor)


def _keeps_inputs_second(tensor, kernel):
    """A weight (out, in, *kernel), as in torch; of "any" number of axes, where to move the second of two changes nothing."""
    return kernel == "any" or kernel is None and known(tensor.ndim > 2) and tensor.ndim > 2


# MLX counts inputs and outputs in its own layout (out, *kernel, in).
@rule("torch.nn.init.xavier_uniform_", "torch.nn.init.xavier_uniform", mutates="tensor", trap="random numbers")
def xavier_uniform_(tensor, gain=1.0, generator=None, _kernel=None):
    if _keeps_inputs_second(tensor, _kernel):
        kernel = mx.moveaxis(tensor, 1, -1)
        return _cast(mx.moveaxis(nn.init.glorot_uniform()(kernel, gain=gain), -1, 1), tensor)
    return _cast(nn.init.glorot_uniform()(tensor, gain=gain), tensor)


@rule("torch.nn.init.xavier_normal_", "torch.nn.init.xavier_normal", mutates="tensor", trap="random numbers")
def xavier_normal_(tensor, gain=1.0, generator=None, _kernel=None):
    if _keeps_inputs_second(tensor, _kernel):
        kernel = mx.moveaxis(tensor, 1, -1)
        return _cast(mx.moveaxis(nn.init.glorot_normal()(kernel, gain=gain), -1, 1), tensor)
    return _cast(nn.init.glorot_normal()(tensor, gain=gain), tensor)


@rule("torch.nn.init.kaiming_uniform_", "torch.nn.init.kaiming_uniform", mutates="tensor", trap="random numbers")
def kaiming_uniform_(tensor, a=0, mode="fan_in", nonlinearity="leaky_relu", generator=None, _kernel=None):
    gain = _kaiming_gain(nonlinearity, a)
    if mode == "fan_out" and _keeps_inputs_second(tensor, _kernel):
        kernel = mx.moveaxis(tensor, 1, -1)
        return _cast(mx.moveaxis(nn.init.he_uniform()(kernel, mode=mode, gain=gain), -1, 1), tensor)
    return _cast(nn.init.he_uniform()(tensor, mode=_mode(mode, _kernel), gain=gain), tensor)


@rule("torch.nn.init.kaiming_normal_", "torch.nn.init.kaiming_normal", mutates="tensor", trap="random numbers")
def kaiming_normal_(tensor, a=0, mode="fan_in", nonlinearity="leaky_relu", generator=None, _kernel=None):
    gain = _kaiming_gain(nonlinearity, a)
    if mode == "fan_out" and _keeps_inputs_second(tensor, _kernel):
        kernel = mx.moveaxis(tensor, 1, -1)
        return _cast(mx.moveaxis(nn.init.he_normal()(kernel, mode=mode, gain=gain), -1, 1), tensor)
    return _cast(nn.init.he_normal()(tensor, mode=_mode(mode, _kernel), gain=gain), tensor)


def _mode(mode, kernel):
    """Which side is counted: torch's kernel of a transposed convolution has its inputs first, MLX's its outputs."""
    if kernel == "transposed":
        return "fan_out" if mode == "fan_in" else "fan_in"
    return mode


def _kaiming_gain(nonlinearity, slope):
    """The gain of an activation, where a leaky ReLU without slope is a ReLU."""
    if nonlinearity == "leaky_relu" and known(slope == 0) and slope == 0:
        return math.sqrt(2)
    return _gain(nonlinearity, slope)


# Also for convolutions: the rows of the flattened weight are orthogonal, in whatever order the columns stand.
@rule("torch.nn.init.orthogonal_", mutates="tensor", trap="random numbers")
def orthogonal_(tensor, gain=1, generator=None, _kernel=None):
    if _kernel == "transposed":
        columns = tensor.reshape(-1, tensor.shape[-1])
        return _cast(nn.init.orthogonal(gain=gain)(columns).reshape(tensor.shape), tensor)
    if known(tensor.ndim != 2) and tensor.ndim != 2:
        rows = tensor.reshape(tensor.shape[0], -1)
        return _cast(nn.init.orthogonal(gain=gain)(rows).reshape(tensor.shape), tensor)
    return _cast(nn.init.orthogonal(gain=gain)(tensor), tensor)


@rule("torch.nn.init.eye_", mutates="tensor")
def eye_(tensor):
    return _cast(mx.eye(*tensor.shape), tensor)


never("torch.nn.init.dirac_", "where the identity stands depends on the layout of the kernel",
      suggest="assign the kernel's values")
never("torch.nn.init.sparse_", "MLX's sparse initialiser zeroes rows, torch's columns", suggest="assign the values")
