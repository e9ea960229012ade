"""Layers of timm in plain torch: signatures, parameter names and results of the library."""

import math
from collections.abc import Iterable

import torch
from torch import nn
from torch.nn.init import trunc_normal_

Tensor = torch.Tensor


def _repeated(x, count: int) -> tuple:
    return tuple(x) if isinstance(x, Iterable) and not isinstance(x, str) else (x,) * count


def to_2tuple(x) -> tuple:
    return _repeated(x, 2)


def to_3tuple(x) -> tuple:
    return _repeated(x, 3)


def make_divisible(v, divisor: int = 8, min_value=None, round_limit: float = 0.9) -> int:
    """v rounded to a multiple of the divisor that is not much smaller than v."""
    smallest = min_value or divisor
    result = max(smallest, int(v + divisor / 2) // divisor * divisor)
    if result < round_limit * v:
        result += divisor
    return result


def trunc_normal_tf_(tensor: Tensor, mean: float = 0.0, std: float = 1.0, a: float = -2.0, b: float = 2.0) -> Tensor:
    """Normal values, cut at multiples of the deviation."""
    with torch.no_grad():
        return trunc_normal_(tensor, 0.0, 1.0, a, b).mul_(std).add_(mean)


def lecun_normal_(tensor: Tensor) -> Tensor:
    """Normal values of the variance 1 / fan in, cut at two deviations before they are scaled."""
    fan_in, _ = nn.init._calculate_fan_in_and_fan_out(tensor)
    return trunc_normal_tf_(tensor, std=math.sqrt(1 / fan_in) / 0.87962566103423978)


def use_fused_attn(experimental: bool = False) -> bool:
    return False


def drop_path(x: Tensor, drop_prob: float = 0.0, training: bool = False, scale_by_keep: bool = True) -> Tensor:
    """Zeroes whole samples with a probability; what stays is scaled up, so that the mean stays."""
    if drop_prob == 0.0 or not training:
        return x
    keep = 1 - drop_prob
    mask = torch.bernoulli(torch.full((x.shape[0],) + (1,) * (x.dim() - 1), keep, dtype=x.dtype, device=x.device))
    if keep > 0.0 and scale_by_keep:
        mask = mask / keep
    return x * mask


class DropPath(nn.Module):
    def __init__(self, drop_prob: float = 0.0, scale_by_keep: bool = True):
        super().__init__()
        self.drop_prob = drop_prob
        self.scale_by_keep = scale_by_keep

    def forward(self, x: Tensor) -> Tensor:
        return drop_path(x, self.drop_prob, self.training, self.scale_by_keep)


class Mlp(nn.Module):
    """fc1, activation, dropout, norm, fc2, dropout."""

    def __init__(
        self, in_features, hidden_features=None, out_features=None, act_layer=nn.GELU, norm_layer=None, bias=True,
        drop=0.0, use_conv=False,
    ):
        super().__init__()
        hidden_features = hidden_features or in_features
        out_features = out_features or in_features
        biases, drops = to_2tuple(bias), to_2tuple(drop)

        def linear(inputs, outputs, has_bias):
            return nn.Conv2d(inputs, outputs, 1, bias=has_bias) if use_conv else nn.Linear(inputs, outputs, bias=has_bias)

        self.fc1 = linear(in_features, hidden_features, biases[0])
        self.act = act_layer()
        self.drop1 = nn.Dropout(drops[0])
        self.norm = nn.Identity() if norm_layer is None else norm_layer(hidden_features)
        self.fc2 = linear(hidden_features, out_features, biases[1])
        self.drop2 = nn.Dropout(drops[1])

    def forward(self, x: Tensor) -> Tensor:
        hidden = self.norm(self.drop1(self.act(self.fc1(x))))
        return self.drop2(self.fc2(hidden))


class LayerScale(nn.Module):
    def __init__(self, dim: int, init_values: float = 1e-5, inplace: bool = False):
        super().__init__()
        self.inplace = inplace
        self.gamma = nn.Parameter(torch.full((dim,), init_values))

    def forward(self, x: Tensor) -> Tensor:
        return x.mul_(self.gamma) if self.inplace else x * self.gamma


class LayerNorm2d(nn.LayerNorm):
    """Layer norm over axis 1 of (batch, channels, height, width)."""

    def __init__(self, num_channels: int, eps: float = 1e-6, affine: bool = True):
        super().__init__(num_channels, eps=eps, elementwise_affine=affine)

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x.movedim(1, -1)).movedim(-1, 1)


class PatchEmbed(nn.Module):
    """(batch, channels, height, width) -> (batch, patches, dim), or (batch, dim, rows, columns) if not flattened."""

    def __init__(
        self, img_size=224, patch_size=16, in_chans=3, embed_dim=768, norm_layer=None, flatten=True, output_fmt=None,
        bias=True, strict_img_size=True, dynamic_img_pad=False,
    ):
        super().__init__()
        if output_fmt is not None or dynamic_img_pad:
            raise NotImplementedError("this reference has neither other layouts nor padding")
        self.patch_size = to_2tuple(patch_size)
        self.img_size = self.grid_size = self.num_patches = None
        if img_size is not None:
            self.img_size = to_2tuple(img_size)
            self.grid_size = tuple(size // patch for size, patch in zip(self.img_size, self.patch_size, strict=True))
            self.num_patches = self.grid_size[0] * self.grid_size[1]
        self.flatten = flatten
        self.strict_img_size = strict_img_size
        self.proj = nn.Conv2d(in_chans, embed_dim, kernel_size=self.patch_size, stride=self.patch_size, bias=bias)
        self.norm = nn.Identity() if norm_layer is None else norm_layer(embed_dim)

    def forward(self, x: Tensor) -> Tensor:
        if self.strict_img_size and self.img_size is not None:
            assert tuple(x.shape[-2:]) == self.img_size, f"image of {tuple(x.shape[-2:])}, expected {self.img_size}"
        x = self.proj(x)
        if self.flatten:
            x = x.flatten(2).transpose(1, 2)
        return self.norm(x)
