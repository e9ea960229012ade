import mlx.core as mx
import mlx.nn as nn


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


class PaddedEmbedding(nn.Embedding):
    """An embedding whose row `padding_idx` starts at zero and gets no gradient."""

    def __init__(self, num_embeddings: int, dims: int, padding_idx: int):
        super().__init__(num_embeddings, dims)
        self.padding_idx = padding_idx % num_embeddings
        self.weight[self.padding_idx] = 0

    def __call__(self, x):
        rows = super().__call__(x)
        return mx.where((x == self.padding_idx)[..., None], mx.stop_gradient(rows), rows)


class Embedding(nn.Embedding):
    """PyTorch's Embedding: its row `padding_idx`, if there is one, starts at zero and gets no gradient."""

    def __init__(
        self, num_embeddings: int, embedding_dim: int, padding_idx=None, max_norm=None, norm_type=2.0, scale_grad_by_freq=False,
        sparse=False,
    ):
        if max_norm is not None or scale_grad_by_freq:
            raise NotImplementedError("an embedding with max_norm or scale_grad_by_freq")
        super().__init__(num_embeddings, embedding_dim)
        self.num_embeddings, self.embedding_dim = num_embeddings, embedding_dim
        self.padding_idx = padding_idx if padding_idx is None else padding_idx % num_embeddings
        self.max_norm, self.norm_type, self.scale_grad_by_freq, self.sparse = max_norm, norm_type, scale_grad_by_freq, sparse
        self.weight = mx.random.normal(self.weight.shape)
        self._fill_padding_idx_with_zero()

    def _fill_padding_idx_with_zero(self):
        if self.padding_idx is not None:
            self.weight[self.padding_idx] = 0

    def __call__(self, x):
        rows = super().__call__(x)
        if self.padding_idx is None:
            return rows
        return mx.where((x == self.padding_idx)[..., None], mx.stop_gradient(rows), rows)


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


class PlainNorm(nn.LayerNorm):
    def __init__(self, dim: int, **options):
        super().__init__(dim, affine=False, **options)


class Rank:
    def __init__(self, rank):
        self.rank = rank


class LowRank(nn.Linear, Rank):
    def __init__(self, dim, rank, **options):
        nn.Linear.__init__(self, dim, dim, **options)
        Rank.__init__(self, rank)


class Patch(Conv2d):
    def __init__(self, dim):
        Conv2d.__init__(self, 3, dim, 4, 4)

    def sanitize(self, weights):
        """PyTorch's weights under this model's names and layouts."""
        return _sanitize(self, weights)


class Words(PaddedEmbedding):
    def __init__(self, size, dim):
        super().__init__(size, dim, 1)


class Positions(Embedding):
    def __init__(self, size, dim, padding_idx=None):
        super().__init__(size, dim, padding_idx)


class Model(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.patch = Patch(dim)
        self.words = Words(8, dim)
        self.positions = Positions(8, dim, 0)
        self.norm = PlainNorm(dim)
        self.out = LowRank(dim, 2, bias=False)

    def __call__(self, image, x):
        image = self.patch(image).flatten(2).swapaxes(1, 2)
        return self.out(self.norm(self.words(x) + self.positions(x) + image))

    def sanitize(self, weights):
        """PyTorch's weights under this model's names and layouts."""
        return _sanitize(self, weights)
