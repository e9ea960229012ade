"""Convolutions, linear maps and sliding windows of torch.nn.functional: channels come first, as in torch.

MLX convolves with channels last; a raw weight stays in torch's layout (out, in, *kernel) and is turned at the call.
"""

from mlxify.catalogue import *


def _int(size):
    """The number in a one-element tuple; 1-d convolutions of MLX take plain integers."""
    if known(isinstance(size, (tuple, list))) and isinstance(size, (tuple, list)):
        return size[0]
    return size


def _pad_same(x, kernel, dilation):
    """Zero-pads the spatial axes of a channels-first array so that a stride-1 convolution keeps their sizes.

    The larger half goes to the end, as in torch.
    """
    if isinstance(dilation, int):
        dilation = [dilation] * len(kernel)
    totals = [d * (k - 1) for d, k in zip(dilation, kernel)]
    return mx.pad(x, [(0, 0)] * (x.ndim - len(totals)) + [(total // 2, total - total // 2) for total in totals])


@rule("torch.nn.functional.linear")
def linear(input, weight, bias=None):
    if bias is None:
        return input @ weight.T
    return mx.addmm(bias, input, weight.T)


@rule("torch.nn.functional.bilinear", "torch.bilinear")
def bilinear(input1, input2, weight, bias=None):
    output = mx.einsum("...i,oij,...j->...o", input1, weight, input2)
    if bias is None:
        return output
    return output + bias


@rule("torch.nn.functional.conv1d", "torch.conv1d", trap="layout of images")
def conv1d(input, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    if input.ndim == 2:  # without a batch
        return _conv1d(input[None], weight, bias, stride, padding, dilation, groups)[0]
    return _conv1d(input, weight, bias, stride, padding, dilation, groups)


def _conv1d(input, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    if isinstance(padding, str):
        if padding == "same":
            input = _pad_same(input, weight.shape[2:], dilation)
        padding = 0
    output = mx.conv1d(
        input.swapaxes(1, 2), weight.swapaxes(1, 2),
        stride=_int(stride), padding=_int(padding), dilation=_int(dilation), groups=groups,
    )
    if bias is None:
        return output.swapaxes(1, 2)
    return (output + bias).swapaxes(1, 2)


@rule("torch.nn.functional.conv2d", "torch.conv2d", trap="layout of images")
def conv2d(input, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    if input.ndim == 3:  # without a batch
        return _conv2d(input[None], weight, bias, stride, padding, dilation, groups)[0]
    return _conv2d(input, weight, bias, stride, padding, dilation, groups)


def _conv2d(input, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    if isinstance(padding, str):
        if padding == "same":
            input = _pad_same(input, weight.shape[2:], dilation)
        padding = 0
    output = mx.conv2d(
        input.transpose(0, 2, 3, 1), weight.transpose(0, 2, 3, 1),
        stride=stride, padding=padding, dilation=dilation, groups=groups,
    )
    if bias is None:
        return output.transpose(0, 3, 1, 2)
    return (output + bias).transpose(0, 3, 1, 2)


def _conv3d_groups(x, weight, stride, padding, dilation, groups):
    """A grouped 3-d convolution, channels last, as one convolution per group: `mx.conv3d` has no groups."""
    pieces = zip(mx.split(x, groups, axis=-1), mx.split(weight, groups, axis=0))
    return mx.concatenate([mx.conv3d(a, w, stride, padding, dilation) for a, w in pieces], axis=-1)


@rule("torch.nn.functional.conv3d", "torch.conv3d", trap="layout of images")
def conv3d(input, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    if input.ndim == 4:  # without a batch
        return _conv3d(input[None], weight, bias, stride, padding, dilation, groups)[0]
    return _conv3d(input, weight, bias, stride, padding, dilation, groups)


def _conv3d(input, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    if isinstance(padding, str):
        if padding == "same":
            input = _pad_same(input, weight.shape[2:], dilation)
        padding = 0
    input = input.transpose(0, 2, 3, 4, 1)
    weight = weight.transpose(0, 2, 3, 4, 1)
    if known(groups == 1) and groups == 1:
        output = mx.conv3d(input, weight, stride=stride, padding=padding, dilation=dilation)
    else:
        output = _conv3d_groups(input, weight, stride, padding, dilation, groups)
    if bias is None:
        return output.transpose(0, 4, 1, 2, 3)
    return (output + bias).transpose(0, 4, 1, 2, 3)


def _per_axis(size, axes):
    return (size,) * axes if isinstance(size, int) else tuple(size) * (axes // len(size))


def _conv_transpose(x, weight, stride=1, padding=0, output_padding=0, groups=1, dilation=1):
    """A transposed convolution, channels last, with a kernel (out / groups, *kernel, in) and all of torch's options.

    MLX's own has no groups in 3-d, and is wrong for more padding than kernel and for more `output_padding` than padding:
    there the whole result is computed, and cropped.
    """
    if x.ndim == 5 and groups > 1:
        pieces = zip(mx.split(x, groups, axis=-1), mx.split(weight, groups, axis=-1))
        pieces = [_transposed(a, w, stride, padding, output_padding, 1, dilation) for a, w in pieces]
        return mx.concatenate(pieces, axis=-1)
    return _transposed(x, weight, stride, padding, output_padding, groups, dilation)


def _transposed(x, weight, stride, padding, output_padding, groups, dilation):
    axes = x.ndim - 2
    if groups > 1:
        weight = mx.concatenate(mx.split(weight, groups, axis=-1))
    function = (mx.conv_transpose1d, mx.conv_transpose2d, mx.conv_transpose3d)[axes - 1]
    padding, extra, dilation = [_per_axis(n, axes) for n in (padding, output_padding, dilation)]
    stride = _per_axis(stride, axes)
    reach = [d * (k - 1) for d, k in zip(dilation, weight.shape[1:-1])]
    if all(e <= p <= r for e, p, r in zip(extra, padding, reach)):
        sizes = [n[0] if axes == 1 else n for n in (stride, padding, dilation, extra)]
        return function(x, weight, *sizes, groups=groups)
    sizes = [n[0] if axes == 1 else n for n in (stride, dilation)]
    x = function(x, weight, sizes[0], 0, sizes[1], groups=groups)
    x = mx.pad(x, [(0, 0), *[(0, e) for e in extra], (0, 0)])
    return x[(slice(None), *[slice(p, n - p) for p, n in zip(padding, x.shape[1:-1])])]


def _is_plain(kernel, padding, output_padding, dilation):
    """Known not to pad more than kernel and padding allow: what MLX's own transposed convolution gets right."""
    if not known(isinstance(padding, int) and isinstance(output_padding, int) and isinstance(dilation, int)):
        return False
    if not (isinstance(padding, int) and isinstance(output_padding, int) and isinstance(dilation, int)):
        return False
    if known(padding == 0 and output_padding == 0) and padding == 0 and output_padding == 0:
        return True
    if known(output_padding <= padding <= dilation * (min(kernel) - 1)):
        return output_padding <= padding <= dilation * (min(kernel) - 1)
    return False


@rule("torch.nn.functional.conv_transpose1d", "torch.conv_transpose1d", trap="layout of images")
def conv_transpose1d(input, weight, bias=None, stride=1, padding=0, output_padding=0, groups=1, dilation=1):
    if input.ndim == 2:  # without a batch
        return _conv_transpose1d(input[None], weight, bias, stride, padding, output_padding, groups, dilation)[0]
    return _conv_transpose1d(input, weight, bias, stride, padding, output_padding, groups, dilation)


def _conv_transpose1d(input, weight, bias=None, stride=1, padding=0, output_padding=0, groups=1, dilation=1):
    if known(groups == 1) and groups == 1 and _is_plain(weight.shape[2:], padding, output_padding, dilation):
        output = mx.conv_transpose1d(
            input.swapaxes(1, 2), weight.transpose(1, 2, 0), stride=_int(stride), padding=_int(padding),
            dilation=_int(dilation), output_padding=_int(output_padding),
        )
    else:
        output = _conv_transpose(
            input.swapaxes(1, 2), weight.transpose(1, 2, 0), stride, padding, output_padding, groups, dilation
        )
    if bias is None:
        return output.swapaxes(1, 2)
    return (output + bias).swapaxes(1, 2)


@rule("torch.nn.functional.conv_transpose2d", "torch.conv_transpose2d", trap="layout of images")
def conv_transpose2d(input, weight, bias=None, stride=1, padding=0, output_padding=0, groups=1, dilation=1):
    if input.ndim == 3:  # without a batch
        return _conv_transpose2d(input[None], weight, bias, stride, padding, output_padding, groups, dilation)[0]
    return _conv_transpose2d(input, weight, bias, stride, padding, output_padding, groups, dilation)


def _conv_transpose2d(input, weight, bias=None, stride=1, padding=0, output_padding=0, groups=1, dilation=1):
    if known(groups == 1) and groups == 1 and _is_plain(weight.shape[2:], padding, output_padding, dilation):
        output = mx.conv_transpose2d(
            input.transpose(0, 2, 3, 1), weight.transpose(1, 2, 3, 0), stride=stride, padding=padding,
            dilation=dilation, output_padding=output_padding,
        )
    else:
        output = _conv_transpose(
            input.transpose(0, 2, 3, 1), weight.transpose(1, 2, 3, 0), stride, padding, output_padding, groups,
            dilation,
        )
    if bias is None:
        return output.transpose(0, 3, 1, 2)
    return (output + bias).transpose(0, 3, 1, 2)


@rule("torch.nn.functional.conv_transpose3d", "torch.conv_transpose3d", trap="layout of images")
def conv_transpose3d(input, weight, bias=None, stride=1, padding=0, output_padding=0, groups=1, dilation=1):
    if input.ndim == 4:  # without a batch
        return _conv_transpose3d(input[None], weight, bias, stride, padding, output_padding, groups, dilation)[0]
    return _conv_transpose3d(input, weight, bias, stride, padding, output_padding, groups, dilation)


def _conv_transpose3d(input, weight, bias=None, stride=1, padding=0, output_padding=0, groups=1, dilation=1):
    if known(groups == 1) and groups == 1 and _is_plain(weight.shape[2:], padding, output_padding, dilation):
        output = mx.conv_transpose3d(
            input.transpose(0, 2, 3, 4, 1), weight.transpose(1, 2, 3, 4, 0), stride=stride, padding=padding,
            dilation=dilation, output_padding=output_padding,
        )
    else:
        output = _conv_transpose(
            input.transpose(0, 2, 3, 4, 1), weight.transpose(1, 2, 3, 4, 0), stride, padding, output_padding, groups,
            dilation,
        )
    if bias is None:
        return output.transpose(0, 4, 1, 2, 3)
    return (output + bias).transpose(0, 4, 1, 2, 3)


def _pair(size):
    return (size, size) if isinstance(size, int) else tuple(size)


def _window_counts(sizes, kernel, dilation, padding, stride):
    """How many windows fit along each axis."""
    return [
        (n + 2 * p - d * (k - 1) - 1) // s + 1
        for n, k, d, p, s in zip(sizes, kernel, dilation, padding, stride)
    ]


def _unfold(x, kernel_size, dilation=1, padding=0, stride=1):
    """Sliding blocks of (batch, channels, height, width) as (batch, channels * kernel, blocks)."""
    (kh, kw), (dh, dw) = _pair(kernel_size), _pair(dilation)
    (ph, pw), (sh, sw) = _pair(padding), _pair(stride)
    batch, channels, height, width = x.shape
    rows, columns = _window_counts((height, width), (kh, kw), (dh, dw), (ph, pw), (sh, sw))
    x = mx.pad(x, [(0, 0), (0, 0), (ph, ph), (pw, pw)])
    taps = [
        x[:, :, i * dh : i * dh + (rows - 1) * sh + 1 : sh, j * dw : j * dw + (columns - 1) * sw + 1 : sw]
        for i in range(kh) for j in range(kw)
    ]
    return mx.stack(taps, axis=2).reshape(batch, channels * kh * kw, rows * columns)


def _fold(x, output_size, kernel_size, dilation=1, padding=0, stride=1):
    """The adjoint of `_unfold`: overlapping blocks are summed into (batch, channels, height, width)."""
    size = _pair(output_size)
    (kh, kw), (dh, dw) = _pair(kernel_size), _pair(dilation)
    (ph, pw), (sh, sw) = _pair(padding), _pair(stride)
    rows, columns = _window_counts(size, (kh, kw), (dh, dw), (ph, pw), (sh, sw))
    taps = x.reshape(x.shape[0], -1, kh * kw, rows, columns)
    image = mx.zeros((x.shape[0], taps.shape[1], size[0] + 2 * ph, size[1] + 2 * pw), dtype=x.dtype)
    for tap in range(kh * kw):
        top, left = tap // kw * dh, tap % kw * dw
        image = image.at[:, :, top : top + (rows - 1) * sh + 1 : sh, left : left + (columns - 1) * sw + 1 : sw].add(
            taps[:, :, tap]
        )
    return image[:, :, ph : ph + size[0], pw : pw + size[1]]


@rule("torch.nn.functional.unfold")
def unfold(input, kernel_size, dilation=1, padding=0, stride=1):
    return _unfold(input, kernel_size, dilation=dilation, padding=padding, stride=stride)


@rule("torch.nn.functional.fold")
def fold(input, output_size, kernel_size, dilation=1, padding=0, stride=1):
    return _fold(input, output_size, kernel_size, dilation=dilation, padding=padding, stride=stride)
