"""Activations of flash-linear-attention. Mostly one MLX function each, so they are inlined."""

from mlxify.catalogue import *


@rule("fla.modules.activations.sigmoid")
def sigmoid(x):
    return mx.sigmoid(x)


@rule("fla.modules.activations.logsigmoid")
def logsigmoid(x, temperature=1.0):
    if known(temperature == 1) and temperature == 1:
        return nn.log_sigmoid(x)
    return nn.log_sigmoid(x) / temperature


@rule("fla.modules.activations.swish")
def swish(x):
    return nn.silu(x)


# `where` differentiates both branches: the exponential of a large x must not overflow where it is not used
@rule("fla.modules.activations.elu_p1")
def elu_p1(x):
    return mx.where(x >= 0, x + 1, mx.exp(mx.minimum(x, 0)))


@rule("fla.modules.activations.fast_gelu_impl")
def fast_gelu_impl(x):
    return nn.gelu_approx(x)


@rule("fla.modules.activations.bias_gelu_impl")
def bias_gelu_impl(y, bias):
    return nn.gelu_approx(bias + y).astype(y.dtype)


@rule("fla.modules.activations.sqrelu")
def sqrelu(x):
    return mx.square(nn.relu(x))


@rule("fla.modules.activations.swiglu")
def swiglu(x, y):
    return nn.silu(x) * y


@rule("fla.modules.activations.sigmoidglu")
def sigmoidglu(x, y):
    return mx.sigmoid(x) * y


@rule("fla.modules.activations.swiglu_linear")
def swiglu_linear(x, y, weight, bias):
    if bias is None:
        return (nn.silu(x) * y) @ weight.T
    return (nn.silu(x) * y) @ weight.T + bias


@rule("fla.modules.activations.sigmoidglu_linear")
def sigmoidglu_linear(x, y, weight, bias):
    if bias is None:
        return (mx.sigmoid(x) * y) @ weight.T
    return (mx.sigmoid(x) * y) @ weight.T + bias


@definition("fla.modules.activations.powglu")
def powglu(x, y, power=3.0):
    """x**(power / (sqrt(x) + 1)) * sigmoid(x) * y for positive x, silu(x) * y for the others."""
    wide = x.astype(mx.float32)
    # 1 stands in for what is not positive: `where` differentiates both branches
    base = mx.where(wide > 0, wide, 1.0)
    gate = mx.where(wide > 0, base ** (power / (mx.sqrt(base) + 1)), wide) * mx.sigmoid(wide)
    return (gate * y).astype(x.dtype)


constant(
    "fla.modules.activations.ACT2FN",
    '{"relu": nn.relu, "sigmoid": mx.sigmoid, "logsigmoid": nn.log_sigmoid, "silu": nn.silu, "swish": nn.silu, "sqrelu": nn.relu2, "gelu": nn.gelu_approx}',
)


@definition("fla.modules.GatedMLP", "fla.modules.mlp.GatedMLP")
class GatedMLP(nn.Module):
    """down_proj(silu(gate_proj(x)) * up_proj(x)); the hidden size defaults to a multiple of 256 near 2/3 of the ratio."""

    def __init__(
        self,
        hidden_size,
        hidden_ratio=None,
        intermediate_size=None,
        hidden_act="swish",
        fuse_swiglu=True,
        powglu_power=3.0,
    ):
        super().__init__()
        if hidden_act not in ("swish", "powlu"):
            raise ValueError(f"Unsupported hidden_act: {hidden_act}")
        hidden_ratio = 4 if hidden_ratio is None else hidden_ratio
        if intermediate_size is None:
            intermediate_size = 256 * ((int(hidden_size * hidden_ratio * 2 / 3) + 255) // 256)
        self.hidden_size = hidden_size
        self.intermediate_size = intermediate_size
        self.hidden_act = hidden_act
        self.powglu_power = powglu_power
        self.gate_proj = nn.Linear(hidden_size, intermediate_size, bias=False)
        self.up_proj = nn.Linear(hidden_size, intermediate_size, bias=False)
        self.down_proj = nn.Linear(intermediate_size, hidden_size, bias=False)

    def __call__(self, x, **kwargs):
        gate, y = self.gate_proj(x), self.up_proj(x)
        if self.hidden_act == "powlu":
            return self.down_proj(powglu(gate, y, self.powglu_power))
        return self.down_proj(nn.silu(gate) * y)
