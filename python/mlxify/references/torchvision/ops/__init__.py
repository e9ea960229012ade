"""Building blocks of torchvision.ops in plain torch: signatures, parameter names and results of the library."""

import torch
from torch import nn

Tensor = torch.Tensor


def stochastic_depth(input: Tensor, p: float, mode: str, training: bool = True) -> Tensor:
    """Zeroes a branch for each sample ("row") or for the whole batch; what stays is scaled up."""
    if not 0.0 <= p <= 1.0:
        raise ValueError(f"p is {p}")
    if mode not in ("batch", "row"):
        raise ValueError(f"mode is {mode}")
    if not training or p == 0.0:
        return input
    rows = input.shape[0] if mode == "row" else 1
    keep = torch.bernoulli(torch.full((rows,) + (1,) * (input.dim() - 1), 1.0 - p, dtype=input.dtype, device=input.device))
    return input * (keep / (1.0 - p) if p < 1.0 else keep)


class StochasticDepth(nn.Module):
    def __init__(self, p: float, mode: str):
        super().__init__()
        self.p = p
        self.mode = mode

    def forward(self, input: Tensor) -> Tensor:
        return stochastic_depth(input, self.p, self.mode, self.training)


class Permute(nn.Module):
    def __init__(self, dims: list[int]):
        super().__init__()
        self.dims = dims

    def forward(self, x: Tensor) -> Tensor:
        return torch.permute(x, self.dims)


class Conv2dNormActivation(nn.Sequential):
    """A convolution that keeps the size at stride 1, a norm and an activation; without a norm the convolution has a bias."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | tuple[int, int] = 3,
        stride: int | tuple[int, int] = 1,
        padding: int | tuple[int, int] | str | None = None,
        groups: int = 1,
        norm_layer=nn.BatchNorm2d,
        activation_layer=nn.ReLU,
        dilation: int | tuple[int, int] = 1,
        inplace: bool | None = True,
        bias: bool | None = None,
    ):
        if padding is None:
            kernel, steps = (n if isinstance(n, tuple | list) else (n, n) for n in (kernel_size, dilation))
            padding = tuple((size - 1) // 2 * step for size, step in zip(kernel, steps, strict=True))
        bias = norm_layer is None if bias is None else bias
        layers = [nn.Conv2d(in_channels, out_channels, kernel_size, stride, padding, dilation, groups, bias)]
        if norm_layer is not None:
            layers.append(norm_layer(out_channels))
        if activation_layer is not None:
            layers.append(activation_layer(**({} if inplace is None else {"inplace": inplace})))
        super().__init__(*layers)
        self.out_channels = out_channels


class MLP(nn.Sequential):
    """Linear maps with a norm, an activation and a dropout after all but the last, which has a dropout only."""

    def __init__(
        self,
        in_channels: int,
        hidden_channels: list[int],
        norm_layer=None,
        activation_layer=nn.ReLU,
        inplace: bool | None = None,
        bias: bool = True,
        dropout: float = 0.0,
    ):
        flags = {} if inplace is None else {"inplace": inplace}
        layers: list[nn.Module] = []
        for channels in hidden_channels[:-1]:
            layers.append(nn.Linear(in_channels, channels, bias=bias))
            if norm_layer is not None:
                layers.append(norm_layer(channels))
            layers += [activation_layer(**flags), nn.Dropout(dropout, **flags)]
            in_channels = channels
        super().__init__(*layers, nn.Linear(in_channels, hidden_channels[-1], bias=bias), nn.Dropout(dropout, **flags))


class SqueezeExcitation(nn.Module):
    """Channel means, two 1x1 convolutions with an activation after each, and the product with the input."""

    def __init__(self, input_channels: int, squeeze_channels: int, activation=nn.ReLU, scale_activation=nn.Sigmoid):
        super().__init__()
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.fc1 = nn.Conv2d(input_channels, squeeze_channels, 1)
        self.fc2 = nn.Conv2d(squeeze_channels, input_channels, 1)
        self.activation = activation()
        self.scale_activation = scale_activation()

    def forward(self, input: Tensor) -> Tensor:
        return self.scale_activation(self.fc2(self.activation(self.fc1(self.avgpool(input))))) * input
