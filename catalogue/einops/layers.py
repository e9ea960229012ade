"""The layers of einops.layers.torch, on MLX."""

from einops import einsum, rearrange, reduce

from mlxify.catalogue import *


@definition("einops.layers.torch.Rearrange")
class Rearrange(nn.Module):
    """einops.rearrange as a layer."""

    def __init__(self, pattern, **axes_lengths):
        super().__init__()
        self.pattern = pattern
        self._axes_lengths = axes_lengths

    def __call__(self, input):
        return rearrange(input, self.pattern, **self._axes_lengths)


@definition("einops.layers.torch.Reduce")
class Reduce(nn.Module):
    """einops.reduce as a layer."""

    def __init__(self, pattern, reduction, **axes_lengths):
        super().__init__()
        self.pattern = pattern
        self.reduction = reduction
        self._axes_lengths = axes_lengths

    def __call__(self, input):
        return reduce(input, self.pattern, self.reduction, **self._axes_lengths)


@definition("einops.layers.torch.EinMix")
class EinMix(nn.Module):
    """Einstein summation of the input with a weight, then a bias; both sides of the pattern may group axes.

    `weight` has the axes that `weight_shape` names; `bias` has all axes of the output, of length 1 where `bias_shape`
    does not name them.
    """

    def __init__(self, pattern, weight_shape, bias_shape=None, **axes_lengths):
        super().__init__()
        left, right = pattern.split("->")
        left_axes, right_axes = [side.replace("(", " ").replace(")", " ").split() for side in (left, right)]
        self._lengths = {axis: length for axis, length in axes_lengths.items() if axis in left_axes}
        self._ungroup = f"{left} -> {' '.join(left_axes)}"
        self._mix = f"{' '.join(left_axes)}, {weight_shape} -> {' '.join(right_axes)}"
        self._group = f"{' '.join(right_axes)} -> {right}"
        summed = math.prod(axes_lengths[axis] for axis in weight_shape.split() if axis not in right_axes)
        bound = (3 / summed) ** 0.5
        self.weight = mx.random.uniform(-bound, bound, [axes_lengths[axis] for axis in weight_shape.split()])
        self.bias = None
        if bias_shape is not None:
            named = bias_shape.split()
            shape = [axes_lengths[axis] if axis in named else 1 for axis in right_axes if axis != "..."]
            self.bias = mx.random.uniform(-(summed**-0.5), summed**-0.5, shape)

    def __call__(self, input):
        y = einsum(rearrange(input, self._ungroup, **self._lengths), self.weight, self._mix)
        if self.bias is not None:
            y = y + self.bias
        return rearrange(y, self._group)
