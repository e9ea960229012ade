"""Convolution modules of torch.nn: channels come first, kernels are stored in MLX's layout (out, *kernel, in).

Kernels and biases start as MLX has them (biases at zero; torch: uniform in the kernel's range); trained weights replace both.
"""

from mlxify.catalogue import *


def _same_padding(padding, kernel_size, dilation, axes):
    """Padding as numbers, also where it is given as "same" (which is symmetric for odd kernels only) or "valid"."""
    if padding != "same":
        return 0 if padding == "valid" else padding
    kernel_size, dilation = [(n,) * axes if isinstance(n, int) else n for n in (kernel_size, dilation)]
    if any(d * (k - 1) % 2 for k, d in zip(kernel_size, dilation)):
        raise NotImplementedError('padding="same" with an even kernel')
    return tuple(d * (k - 1) // 2 for k, d in zip(kernel_size, dilation))


def _check_transposed(kernel_size, padding, output_padding, dilation, groups, axes):
    """MLX's transposed convolutions have no groups, and are wrong where padding exceeds the kernel or the output's."""
    sizes = [(n,) * axes if isinstance(n, int) else n for n in (kernel_size, padding, output_padding, dilation)]
    if groups != 1 or any(extra > p or p > d * (k - 1) for k, p, extra, d in zip(*sizes)):
        raise NotImplementedError("a transposed convolution with groups or unusual padding")


@definition("torch.nn.Conv1d", "torch.nn.modules.conv.Conv1d", weights={"weight": "OIL->OLI"}, trap=("layout of images", "initial weights"))
class Conv1d(nn.Conv1d):
    """PyTorch's Conv1d: channels first, as in (batch, channels, length)."""

    def __init__(
        self, in_channels, out_channels, kernel_size, stride=1, padding=0, dilation=1, groups=1, bias=True,
        padding_mode="zeros",
    ):
        if padding_mode != "zeros":
            raise NotImplementedError(f"padding_mode={padding_mode!r}")
        padding = _same_padding(padding, kernel_size, dilation, 1)
        sizes = [n[0] if isinstance(n, (list, tuple)) else n for n in (kernel_size, stride, padding, dilation)]
        super().__init__(in_channels, out_channels, *sizes, groups, bias)

    def __call__(self, x):
        return super().__call__(x.swapaxes(1, 2)).swapaxes(1, 2)


@definition("torch.nn.Conv2d", "torch.nn.modules.conv.Conv2d", weights={"weight": "OIHW->OHWI"}, trap=("layout of images", "initial weights"))
class Conv2d(nn.Conv2d):
    """PyTorch's Conv2d: channels first, as in (batch, channels, height, width)."""

    def __init__(
        self, in_channels, out_channels, kernel_size, stride=1, padding=0, dilation=1, groups=1, bias=True,
        padding_mode="zeros",
    ):
        if padding_mode != "zeros":
            raise NotImplementedError(f"padding_mode={padding_mode!r}")
        padding = _same_padding(padding, kernel_size, dilation, 2)
        super().__init__(in_channels, out_channels, kernel_size, stride, padding, dilation, groups, bias)

    def __call__(self, x):
        return super().__call__(x.transpose(0, 2, 3, 1)).transpose(0, 3, 1, 2)


@definition("torch.nn.Conv3d", "torch.nn.modules.conv.Conv3d", weights={"weight": "OIDHW->ODHWI"}, trap=("layout of images", "initial weights"))
class Conv3d(nn.Conv3d):
    """PyTorch's Conv3d: channels first, as in (batch, channels, depth, height, width)."""

    def __init__(
        self, in_channels, out_channels, kernel_size, stride=1, padding=0, dilation=1, groups=1, bias=True,
        padding_mode="zeros",
    ):
        if padding_mode != "zeros" or groups != 1:
            raise NotImplementedError(f"a 3-d convolution with padding_mode={padding_mode!r}, groups={groups}")
        padding = _same_padding(padding, kernel_size, dilation, 3)
        super().__init__(in_channels, out_channels, kernel_size, stride, padding, dilation, bias)

    def __call__(self, x):
        return super().__call__(x.transpose(0, 2, 3, 4, 1)).transpose(0, 4, 1, 2, 3)


@definition("torch.nn.ConvTranspose1d", weights={"weight": "IOL->OLI"}, trap="layout of images")
class ConvTranspose1d(nn.ConvTranspose1d):
    """PyTorch's ConvTranspose1d: channels first, as in (batch, channels, length)."""

    def __init__(
        self, in_channels, out_channels, kernel_size, stride=1, padding=0, output_padding=0, groups=1, bias=True,
        dilation=1, padding_mode="zeros",
    ):
        _check_transposed(kernel_size, padding, output_padding, dilation, groups, 1)
        sizes = [n[0] if isinstance(n, (list, tuple)) else n for n in (kernel_size, stride, padding, dilation, output_padding)]
        super().__init__(in_channels, out_channels, *sizes, bias=bias)

    def __call__(self, x):
        return super().__call__(x.swapaxes(1, 2)).swapaxes(1, 2)


@definition("torch.nn.ConvTranspose2d", weights={"weight": "IOHW->OHWI"}, trap="layout of images")
class ConvTranspose2d(nn.ConvTranspose2d):
    """PyTorch's ConvTranspose2d: channels first, as in (batch, channels, height, width)."""

    def __init__(
        self, in_channels, out_channels, kernel_size, stride=1, padding=0, output_padding=0, groups=1, bias=True,
        dilation=1, padding_mode="zeros",
    ):
        _check_transposed(kernel_size, padding, output_padding, dilation, groups, 2)
        super().__init__(in_channels, out_channels, kernel_size, stride, padding, dilation, output_padding, bias)

    def __call__(self, x):
        return super().__call__(x.transpose(0, 2, 3, 1)).transpose(0, 3, 1, 2)


@definition("torch.nn.ConvTranspose3d", weights={"weight": "IODHW->ODHWI"}, trap="layout of images")
class ConvTranspose3d(nn.ConvTranspose3d):
    """PyTorch's ConvTranspose3d: channels first, as in (batch, channels, depth, height, width)."""

    def __init__(
        self, in_channels, out_channels, kernel_size, stride=1, padding=0, output_padding=0, groups=1, bias=True,
        dilation=1, padding_mode="zeros",
    ):
        _check_transposed(kernel_size, padding, output_padding, dilation, groups, 3)
        super().__init__(in_channels, out_channels, kernel_size, stride, padding, dilation, output_padding, bias)

    def __call__(self, x):
        return super().__call__(x.transpose(0, 2, 3, 4, 1)).transpose(0, 4, 1, 2, 3)


# The common bases of torch's convolutions, for `isinstance`.
constant(
    "torch.nn.modules.conv._ConvNd",
    "(nn.Conv1d, nn.Conv2d, nn.Conv3d, nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d)",
)
constant("torch.nn.modules.conv._ConvTransposeNd", "(nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d)")
