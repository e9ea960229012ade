"""Layers that models take from timm (timm.layers, formerly timm.models.layers), on MLX."""

from catalogue.torch.nn_conv import Conv2d

from mlxify.catalogue import *


@definition("timm.layers.to_2tuple", "timm.models.layers.helpers.to_2tuple", "timm.models.layers.to_2tuple", "timm.layers.helpers.to_2tuple")
def to_2tuple(x):
    """A number as a pair; a sequence as a tuple."""
    return tuple(x) if isinstance(x, (tuple, list)) else (x, x)


@definition("timm.layers.to_3tuple", "timm.models.layers.helpers.to_3tuple", "timm.models.layers.to_3tuple", "timm.layers.helpers.to_3tuple")
def to_3tuple(x):
    """A number three times; a sequence as a tuple."""
    return tuple(x) if isinstance(x, (tuple, list)) else (x, x, x)


@definition("timm.layers.make_divisible", "timm.models.layers.helpers.make_divisible", "timm.models.layers.make_divisible", "timm.layers.helpers.make_divisible")
def make_divisible(v, divisor=8, min_value=None, round_limit=0.9):
    """The multiple of the divisor next to v, not below the limit's share of v."""
    least = min_value or divisor
    rounded = max(least, int(v + divisor / 2) // divisor * divisor)
    return rounded + divisor if rounded < round_limit * v else rounded


@rule("timm.layers.use_fused_attn", "timm.layers.config.use_fused_attn")
def use_fused_attn(experimental=False):
    return False


@definition("timm.layers.drop_path", "timm.models.layers.drop_path", "timm.layers.drop.drop_path")
def drop_path(x, drop_prob=0.0, training=False, scale_by_keep=True):
    """Drops whole samples of a residual branch with a probability, in training."""
    if drop_prob == 0.0 or not training:
        return x
    keep = 1 - drop_prob
    mask = mx.random.bernoulli(keep, (x.shape[0], *[1] * (x.ndim - 1))).astype(x.dtype)
    return x * (mask / keep if keep > 0.0 and scale_by_keep else mask)


@definition("timm.layers.DropPath", "timm.models.vision_transformer.DropPath", "timm.models.layers.DropPath", "timm.layers.drop.DropPath", "timm.models.layers.drop.DropPath")
class DropPath(nn.Module):
    """Stochastic depth: drops whole samples of a residual branch, in training."""

    def __init__(self, drop_prob=0.0, scale_by_keep=True):
        super().__init__()
        self.drop_prob = drop_prob
        self.scale_by_keep = scale_by_keep

    def __call__(self, x):
        return drop_path(x, self.drop_prob, self.training, self.scale_by_keep)


@definition("timm.layers.Mlp", "timm.models.layers.Mlp", "timm.layers.mlp.Mlp", "timm.models.layers.mlp.Mlp", "timm.models.vision_transformer.Mlp")
class Mlp(nn.Module):
    """Two linear maps with an activation between them, as in vision transformers."""

    def __init__(
        self, in_features, hidden_features=None, out_features=None, act_layer=nn.GELU, norm_layer=None, bias=True,
        drop=0.0, use_conv=False,
    ):
        super().__init__()
        if use_conv:
            raise NotImplementedError("an Mlp of convolutions")
        hidden_features = hidden_features or in_features
        bias, drop = to_2tuple(bias), to_2tuple(drop)
        self.fc1 = nn.Linear(in_features, hidden_features, bias=bias[0])
        self.act = act_layer()
        self.drop1 = nn.Dropout(drop[0])
        self.norm = nn.Identity() if norm_layer is None else norm_layer(hidden_features)
        self.fc2 = nn.Linear(hidden_features, out_features or in_features, bias=bias[1])
        self.drop2 = nn.Dropout(drop[1])

    def __call__(self, x):
        x = self.norm(self.drop1(self.act(self.fc1(x))))
        return self.drop2(self.fc2(x))


@definition("timm.layers.LayerScale", "timm.models.vision_transformer.LayerScale", "timm.layers.layer_scale.LayerScale")
class LayerScale(nn.Module):
    """A learned factor for each channel of the last axis."""

    def __init__(self, dim, init_values=1e-5, inplace=False):
        super().__init__()
        self.gamma = mx.full(dim, init_values)

    def __call__(self, x):
        return x * self.gamma


@definition("timm.layers.LayerNorm2d", "timm.models.layers.LayerNorm2d", "timm.layers.norm.LayerNorm2d", "timm.models.layers.norm.LayerNorm2d")
class LayerNorm2d(nn.LayerNorm):
    """Layer norm over the channels, which are axis 1."""

    def __init__(self, num_channels, eps=1e-6, affine=True):
        super().__init__(num_channels, eps, affine)

    def __call__(self, x):
        return super().__call__(x.transpose(0, 2, 3, 1)).transpose(0, 3, 1, 2)


@definition(
    "timm.layers.PatchEmbed", "timm.models.layers.PatchEmbed", "timm.layers.patch_embed.PatchEmbed",
    "timm.models.vision_transformer.PatchEmbed", weights={"proj.weight": "OIHW->OHWI"},
)
class PatchEmbed(nn.Module):
    """Cuts an image into patches and maps each to a vector: (batch, channels, height, width) -> (batch, patches, dim)."""

    def __init__(
        self, img_size=224, patch_size=16, in_chans=3, embed_dim=768, norm_layer=None, flatten=True, output_fmt=None,
        bias=True, strict_img_size=True, dynamic_img_pad=False,
    ):
        super().__init__()
        if output_fmt is not None or dynamic_img_pad:
            raise NotImplementedError("patches in another layout, or of padded images")
        self.patch_size = to_2tuple(patch_size)
        self.img_size = None if img_size is None else to_2tuple(img_size)
        self.grid_size = self.num_patches = None
        if img_size is not None:
            self.grid_size = tuple(size // patch for size, patch in zip(self.img_size, self.patch_size))
            self.num_patches = self.grid_size[0] * self.grid_size[1]
        self.flatten = flatten
        self.strict_img_size = strict_img_size
        self.proj = Conv2d(in_chans, embed_dim, kernel_size=self.patch_size, stride=self.patch_size, bias=bias)
        self.norm = nn.Identity() if norm_layer is None else norm_layer(embed_dim)

    def __call__(self, x):
        if self.strict_img_size and self.img_size is not None and tuple(x.shape[-2:]) != self.img_size:
            raise ValueError(f"an image of {x.shape[-2:]} where {self.img_size} is expected")
        x = self.proj(x)
        if self.flatten:
            x = x.flatten(2).swapaxes(1, 2)
        return self.norm(x)


drop_decorator("timm.models.register_model", "timm.models.registry.register_model")
never(
    "timm.*",
    "the catalogue knows the common layers of timm only",
    suggest="copy the layer's source into the file, so that it is converted with it",
)
