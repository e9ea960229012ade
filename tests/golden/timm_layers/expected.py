import mlx.core as mx
import mlx.nn as nn


def to_2tuple(x):
    """A number as a pair; a sequence as a tuple."""
    return tuple(x) if isinstance(x, (tuple, list)) else (x, x)


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


class LayerScale(nn.Module):
    """A learned factor for each channel of the last axis."""

    def __init__(self, dim, init_values=1e-5, inplace=False):
        super().__init__()
        self.gamma = mx.full(dim, init_values)

    def __call__(self, x):
        return x * self.gamma


def _drop_path(x, drop_prob=0.0, training=False, scale_by_keep=True):
    """Drops whole samples of a residual branch with a probability, in training."""
    if drop_prob == 0.0 or not training:
        return x
    keep = 1 - drop_prob
    mask = mx.random.bernoulli(keep, (x.shape[0], *[1] * (x.ndim - 1))).astype(x.dtype)
    return x * (mask / keep if keep > 0.0 and scale_by_keep else mask)


class DropPath(nn.Module):
    """Stochastic depth: drops whole samples of a residual branch, in training."""

    def __init__(self, drop_prob=0.0, scale_by_keep=True):
        super().__init__()
        self.drop_prob = drop_prob
        self.scale_by_keep = scale_by_keep

    def __call__(self, x):
        return _drop_path(x, self.drop_prob, self.training, self.scale_by_keep)


def _same_padding(padding, kernel_size, dilation, axes):
    """Padding as numbers, also where it is given as "same" (which is symmetric for odd kernels only) or "valid"."""
    if padding != "same":
        return 0 if padding == "valid" else padding
    kernel_size, dilation = [(n,) * axes if isinstance(n, int) else n for n in (kernel_size, dilation)]
    if any(d * (k - 1) % 2 for k, d in zip(kernel_size, dilation)):
        raise NotImplementedError('padding="same" with an even kernel')
    return tuple(d * (k - 1) // 2 for k, d in zip(kernel_size, dilation))


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


class LayerNorm2d(nn.LayerNorm):
    """Layer norm over the channels, which are axis 1."""

    def __init__(self, num_channels, eps=1e-6, affine=True):
        super().__init__(num_channels, eps, affine)

    def __call__(self, x):
        return super().__call__(x.transpose(0, 2, 3, 1)).transpose(0, 3, 1, 2)


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


def stochastic_depth(input, p, mode, training=True):
    """Drops a residual branch with probability p, for each sample ("row") or for all ("batch"), in training."""
    if not 0.0 <= p <= 1.0 or mode not in ("batch", "row"):
        raise ValueError(f"no stochastic depth with p={p}, mode={mode!r}")
    if not training or p == 0.0:
        return input
    shape = (input.shape[0] if mode == "row" else 1, *[1] * (input.ndim - 1))
    keep = mx.random.bernoulli(1 - p, shape).astype(input.dtype)
    return input * (keep / (1 - p) if p < 1.0 else keep)


class StochasticDepth(nn.Module):
    """Drops a residual branch with probability p, in training."""

    def __init__(self, p, mode):
        super().__init__()
        self.p = p
        self.mode = mode

    def __call__(self, input):
        return stochastic_depth(input, self.p, self.mode, self.training)


class Permute(nn.Module):
    """Puts the axes in another order."""

    def __init__(self, dims):
        super().__init__()
        self.dims = dims

    def __call__(self, x):
        return x.transpose(*self.dims)


def _sanitize(model, weights):
    """PyTorch's weights (a dict by dotted name) under the names and in the layouts of this MLX model."""
    layouts = {
        nn.Conv1d: (0, 2, 1), nn.Conv2d: (0, 2, 3, 1), nn.Conv3d: (0, 2, 3, 4, 1),
        nn.ConvTranspose1d: (1, 2, 0), nn.ConvTranspose2d: (1, 2, 3, 0), nn.ConvTranspose3d: (1, 2, 3, 4, 0),
    }  # fmt: skip
    owners, result = {}, {}
    for name, value in weights.items():
        owner, path, parts = model, [], name.split(".")
        while parts:
            if isinstance(owner, nn.Sequential) and parts[0].isdigit():
                owner = owner.layers
                path.append("layers")
            part = getattr(type(owner), "_renamed", {}).get(parts[0], parts[0])
            child = owner[int(part)] if isinstance(owner, (list, tuple)) else owner.get(part)
            if not isinstance(child, (nn.Module, dict, list, tuple)):
                break
            owner = child
            path.append(part)
            parts.pop(0)
        owners.setdefault(tuple(path), (owner, {}))[1][".".join([part, *parts[1:]])] = value
    for path, (owner, own) in owners.items():
        if hasattr(owner, "sanitize_own"):  # packed or computed weights
            own = owner.sanitize_own(own)
        elif own.get("weight") is not None:
            for kind, order in layouts.items():
                if isinstance(owner, kind):  # in order: a view would be copied by every call
                    own["weight"] = mx.contiguous(own["weight"].transpose(order))
        for name, value in own.items():
            if name != "num_batches_tracked" or name in owner:
                result[".".join([*path, name])] = value
    return result


class Block(nn.Module):
    def __init__(self, dim=32, mlp_ratio=2.0, drop_path=0.1, act_layer=nn.GELU, norm_layer=nn.LayerNorm):
        super().__init__()
        self.norm = norm_layer(dim)
        self.mlp = Mlp(in_features=dim, hidden_features=int(dim * mlp_ratio), act_layer=act_layer, drop=0.1)
        self.scale = LayerScale(dim)
        self.drop_path = DropPath(drop_path) if drop_path > 0.0 else nn.Identity()

    def __call__(self, x):
        return x + self.drop_path(self.scale(self.mlp(self.norm(x))))


class Model(nn.Module):
    def __init__(self, img_size=32, patch_size=8, dim=32):
        super().__init__()
        self.size = to_2tuple(img_size)
        self.patch_embed = PatchEmbed(img_size=img_size, patch_size=patch_size, in_chans=3, embed_dim=dim)
        self.pos = mx.zeros((1, self.patch_embed.num_patches, dim))
        self.pos = nn.init.normal(std=0.02)(self.pos)
        self.block = Block(dim)
        self.norm = LayerNorm2d(dim)
        self.se = SqueezeExcitation(dim, dim // 4)
        self.depth = StochasticDepth(0.2, "row")
        self.permute = Permute([0, 2, 3, 1])

    def __call__(self, x: mx.array) -> mx.array:
        x = self.block(self.patch_embed(x) + self.pos)
        x = x.swapaxes(1, 2).reshape(x.shape[0], -1, self.size[0] // 8, self.size[1] // 8)
        x = self.norm(x)
        return self.permute(x + self.depth(self.se(x)))

    def sanitize(self, weights):
        """PyTorch's weights under this model's names and layouts."""
        return _sanitize(self, weights)
