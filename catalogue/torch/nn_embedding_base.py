"""The base of classes that derive from torch.nn.Embedding and may or may not pass it a `padding_idx`."""

from mlxify.catalogue import *


@definition("mlxify.torch.nn.EmbeddingBase")
class Embedding(nn.Embedding):
    """An embedding whose row `padding_idx`, if there is one, starts at zero and gets no gradient."""

    def __init__(self, num_embeddings: int, embedding_dim: int, padding_idx=None):
        super().__init__(num_embeddings, embedding_dim)
        self.padding_idx = padding_idx if padding_idx is None else padding_idx % num_embeddings
        if padding_idx is not None:
            self.weight[self.padding_idx] = 0

    def __call__(self, x):
        rows = super().__call__(x)
        if self.padding_idx is None:
            return rows
        return mx.where((x == self.padding_idx)[..., None], mx.stop_gradient(rows), rows)
