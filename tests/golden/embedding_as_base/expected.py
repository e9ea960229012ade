import mlx.core as mx
import mlx.nn as nn


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


def _padded_embedding(x, weight, padding_idx):
    """A look-up that gives no gradient to the row `padding_idx`, if there is one."""
    rows = weight[x]
    if padding_idx is None:
        return rows
    return mx.where((x == padding_idx % weight.shape[0])[..., None], mx.stop_gradient(rows), rows)


def _embedding(input, weight, padding_idx):
    if padding_idx is not None:
        return _padded_embedding(input, weight, padding_idx)
    return weight[input]


class Text(Embedding):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.reset_parameters()

    def reset_parameters(self):
        self.weight = nn.init.normal(mean=0, std=self.embedding_dim**-0.5)(self.weight)
        self._fill_padding_idx_with_zero()


class Positions(Embedding):
    def __call__(self, x):
        positions = mx.expand_dims(mx.arange(2, x.shape[1] + 2), 0)
        return _embedding(positions, self.weight, self.padding_idx)


class Plain(nn.Embedding):
    def __call__(self, x):
        return super().__call__(x) * 2
