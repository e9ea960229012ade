"""The base of classes that derive from torch.nn.Embedding and may or may not pass it a `padding_idx`, or read what it keeps."""

from mlxify.catalogue import *


@definition("mlxify.torch.nn.EmbeddingBase")
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
