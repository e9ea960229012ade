"""The gated feed-forward block."""

from torch import nn

from .activations import powglu, powglu_linear, swiglu, swiglu_linear


class GatedMLP(nn.Module):
    """`down_proj(act(gate_proj(x)) * up_proj(x))`; the hidden size defaults to a multiple of 256 near 2/3 of the ratio."""

    def __init__(
        self,
        hidden_size: int,
        hidden_ratio: int | None = None,
        intermediate_size: int | None = None,
        hidden_act: str = "swish",
        fuse_swiglu: bool = True,
        powglu_power: float = 3.0,
    ):
        super().__init__()
        hidden_ratio = 4 if hidden_ratio is None else hidden_ratio
        if intermediate_size is None:
            intermediate_size = 256 * ((int(hidden_size * hidden_ratio * 2 / 3) + 255) // 256)
        if hidden_act not in ("swish", "powlu"):
            raise ValueError(f"Unsupported hidden_act: {hidden_act}")
        self.hidden_size = hidden_size
        self.hidden_ratio = hidden_ratio
        self.intermediate_size = intermediate_size
        self.hidden_act = hidden_act
        self.fuse_swiglu = fuse_swiglu
        self.powglu_power = powglu_power
        self.gate_proj = nn.Linear(hidden_size, intermediate_size, bias=False)
        self.up_proj = nn.Linear(hidden_size, intermediate_size, bias=False)
        self.down_proj = nn.Linear(intermediate_size, hidden_size, bias=False)
        if fuse_swiglu and hidden_act == "swish":
            self.swiglu_linear = SwiGLULinear()

    def forward(self, x, **kwargs):
        gate, y = self.gate_proj(x), self.up_proj(x)
        weight, bias = self.down_proj.weight, self.down_proj.bias
        if self.hidden_act == "powlu":
            if self.fuse_swiglu:
                return powglu_linear(gate, y, weight, bias, self.powglu_power)
            return self.down_proj(powglu(gate, y, self.powglu_power))
        if self.fuse_swiglu:
            return self.swiglu_linear(gate, y, weight, bias)
        return self.down_proj(swiglu(gate, y))


class SwiGLULinear(nn.Module):
    """`swiglu_linear` as a layer."""

    def forward(self, x, y, weight, bias):
        return swiglu_linear(x, y, weight, bias)
