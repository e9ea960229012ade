"""Building blocks of torchvision.ops on MLX."""

from catalogue.torch.nn_conv import Conv2d
from catalogue.torch.nn_norm import BatchNorm

from mlxify.catalogue import *


@definition("torchvision.ops.stochastic_depth", "torchvision.ops.stochastic_depth.stochastic_depth")
def stochastic_depth(input, p, mode, training=True):
    """Drops a residual branch with probability p, for each sample ("row") or for all ("batch"), in training."""
    if not 0.0 <= p <= 1.0 or mode not in ("batch", "row"):
        raise ValueError(f"no stochastic depth with p={p}, mode={mode!r}")
    if not training or p == 0.0:
        return input
    shape = (input.shape[0] if mode == "row" else 1, *[1] * (input.ndim - 1))
    keep = mx.random.bernoulli(1 - p, shape).astype(input.dtype)
    return input * (keep / (1 - p) if p < 1.0 else keep)


@definition("torchvision.ops.StochasticDepth", "torchvision.ops.stochastic_depth.StochasticDepth")
class StochasticDepth(nn.Module):
    """Drops a residual branch with probability p, in training."""

    def __init__(self, p, mode):
        super().__init__()
        self.p = p
        self.mode = mode

    def __call__(self, input):
        return stochastic_depth(input, self.p, self.mode, self.training)


@definition("torchvision.ops.Permute", "torchvision.ops.misc.Permute")
class Permute(nn.Module):
    """Puts the axes in another order."""

    def __init__(self, dims):
        super().__init__()
        self.dims = dims

    def __call__(self, x):
        return x.transpose(*self.dims)


@definition("torchvision.ops.Conv2dNormActivation", "torchvision.ops.misc.Conv2dNormActivation", trap="layout of images")
class Conv2dNormActivation(nn.Sequential):
    """A convolution that keeps the size at stride 1, a norm and an activation; without a norm the convolution has a bias."""

    def __init__(
        self, in_channels, out_channels, kernel_size=3, stride=1, padding=None, groups=1, norm_layer=BatchNorm,
        activation_layer=nn.ReLU, dilation=1, inplace=True, bias=None,
    ):
        if padding is None:
            sizes = [(n, n) if isinstance(n, int) else n for n in (kernel_size, dilation)]
            padding = tuple((k - 1) // 2 * d for k, d in zip(*sizes))
        bias = norm_layer is None if bias is None else bias
        layers = [Conv2d(in_channels, out_channels, kernel_size, stride, padding, dilation, groups, bias)]
        if norm_layer is not None:
            layers.append(norm_layer(out_channels))
        if activation_layer is not None:
            layers.append(activation_layer())
        super().__init__(*layers)
        self.out_channels = out_channels


@definition("torchvision.ops.MLP", "torchvision.ops.misc.MLP")
class MLP(nn.Sequential):
    """Linear maps with a norm, an activation and a dropout after all but the last, which has a dropout only."""

    def __init__(
        self, in_channels, hidden_channels, norm_layer=None, activation_layer=nn.ReLU, inplace=None, bias=True,
        dropout=0.0,
    ):
        layers = []
        for channels in hidden_channels[:-1]:
            layers.append(nn.Linear(in_channels, channels, bias=bias))
            if norm_layer is not None:
                layers.append(norm_layer(channels))
            layers += [activation_layer(), nn.Dropout(dropout)]
            in_channels = channels
        super().__init__(*layers, nn.Linear(in_channels, hidden_channels[-1], bias=bias), nn.Dropout(dropout))


@definition(
    "torchvision.ops.SqueezeExcitation", "torchvision.ops.misc.SqueezeExcitation",
    weights={"fc1.weight": "OIHW->OHWI", "fc2.weight": "OIHW->OHWI"},
)
class SqueezeExcitation(nn.Module):
    """Scales each channel by what two 1x1 convolutions make of the means of all channels."""

    def __init__(self, input_channels, squeeze_channels, activation=nn.ReLU, scale_activation=nn.Sigmoid):
        super().__init__()
        self.fc1 = Conv2d(input_channels, squeeze_channels, 1)
        self.fc2 = Conv2d(squeeze_channels, input_channels, 1)
        self.activation = activation()
        self.scale_activation = scale_activation()

    def __call__(self, input):
        scale = self.fc2(self.activation(self.fc1(input.mean(axis=(2, 3), keepdims=True))))
        return self.scale_activation(scale) * input


never(
    "torchvision.ops.nms", "torchvision.ops.batched_nms", "torchvision.ops.roi_align", "torchvision.ops.RoIAlign",
    "torchvision.ops.roi_pool", "torchvision.ops.MultiScaleRoIAlign", "torchvision.ops.deform_conv2d",
    "torchvision.ops.DeformConv2d", "MLX has no operator that chooses or samples boxes",
    suggest="run this part on the host, or write it with `mx.take`",
)
never(
    "torchvision.models.*", "torchvision.transforms.*", "torchvision.datasets.*", "it is no building block of a model",
    suggest="copy the model's source into the file, so that it is converted with it",
)
