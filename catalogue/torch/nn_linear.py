"""Linear maps, embeddings and reshaping modules of torch.nn."""

from mlxify.catalogue import *


# Weights start uniform in +-1 / sqrt(in_features), in torch as in MLX.
@module("torch.nn.Linear", "torch.nn.modules.linear.NonDynamicallyQuantizableLinear", trap="initial weights")
def Linear(in_features, out_features, bias=True, device=None, dtype=None):
    return nn.Linear(in_features, out_features, bias=bias)


@definition("torch.nn.Bilinear")
class Bilinear(nn.Module):
    """x1 W x2 + b for each output; unlike in `nn.Bilinear`, W is (out, first, second), as in PyTorch."""

    def __init__(self, in1_features: int, in2_features: int, out_features: int, bias: bool = True):
        super().__init__()
        bound = in1_features**-0.5
        self.weight = mx.random.uniform(-bound, bound, (out_features, in1_features, in2_features))
        if bias:
            self.bias = mx.random.uniform(-bound, bound, (out_features,))

    def __call__(self, x1, x2):
        y = mx.einsum("...i,oij,...j->...o", x1, self.weight, x2)
        return y + self.bias if "bias" in self else y


# Rows start normal with deviation 1 in torch and 1 / sqrt(dims) in MLX; trained weights replace them.
@module("torch.nn.Embedding", trap=("indices out of range", "initial weights"))
def Embedding(
    num_embeddings, embedding_dim, padding_idx=None, max_norm=None, norm_type=2.0, scale_grad_by_freq=False,
    sparse=False, _weight=None, _freeze=False, device=None, dtype=None,
):
    if max_norm is not None:
        refuse("max_norm rescales the rows of the table in place during the look-up")
    if scale_grad_by_freq:
        refuse("scale_grad_by_freq has no counterpart: gradients are pure functions in MLX")
    if _weight is not None or _freeze:
        refuse("use an embedding's constructor without weights, and assign `weight`")
    if padding_idx is None:
        return nn.Embedding(num_embeddings, embedding_dim)
    return PaddedEmbedding(num_embeddings, embedding_dim, padding_idx)


@definition("mlxify.torch.nn.PaddedEmbedding")
class PaddedEmbedding(nn.Embedding):
    """An embedding whose row `padding_idx` starts at zero and gets no gradient."""

    def __init__(self, num_embeddings: int, dims: int, padding_idx: int):
        super().__init__(num_embeddings, dims)
        self.padding_idx = padding_idx % num_embeddings
        self.weight[self.padding_idx] = 0

    def __call__(self, x):
        rows = super().__call__(x)
        return mx.where((x == self.padding_idx)[..., None], mx.stop_gradient(rows), rows)


@rule("torch.nn.Embedding.from_pretrained", trap="indices out of range")
def embedding_of(
    embeddings, freeze=True, padding_idx=None, max_norm=None, norm_type=2.0, scale_grad_by_freq=False, sparse=False
):
    """An embedding whose rows are those of `embeddings`; frozen, it is not trained."""
    if max_norm is not None:
        refuse("max_norm rescales the rows of the table in place during the look-up")
    if scale_grad_by_freq:
        refuse("scale_grad_by_freq has no counterpart: gradients are pure functions in MLX")
    layer = (
        nn.Embedding(*embeddings.shape)
        if padding_idx is None
        else PaddedEmbedding(embeddings.shape[0], embeddings.shape[1], padding_idx)
    )
    layer.weight = embeddings
    return layer.freeze() if freeze else layer


@definition("torch.nn.EmbeddingBag")
class EmbeddingBag(nn.Embedding):
    """Looks up bags of equal length, (batch, length) -> (batch, dims), and sums, averages or maximises each."""

    def __init__(self, num_embeddings: int, embedding_dim: int, mode: str = "mean"):
        super().__init__(num_embeddings, embedding_dim)
        self.mode = mode

    def __call__(self, x, per_sample_weights=None):
        rows = super().__call__(x)
        if per_sample_weights is not None:
            rows = rows * mx.expand_dims(per_sample_weights, -1)
        return rows.sum(axis=1) if self.mode == "sum" else rows.max(axis=1) if self.mode == "max" else rows.mean(axis=1)


@definition("torch.nn.Flatten", "torch.nn.modules.flatten.Flatten")
class Flatten(nn.Module):
    """Joins the axes from `start_dim` to `end_dim` (both included) into one."""

    def __init__(self, start_dim: int = 1, end_dim: int = -1):
        super().__init__()
        self.start_dim = start_dim
        self.end_dim = end_dim

    def __call__(self, x):
        return mx.flatten(x, self.start_dim, self.end_dim)


@definition("torch.nn.Unflatten")
class Unflatten(nn.Module):
    """Splits one axis into several of the given sizes."""

    def __init__(self, dim: int, unflattened_size):
        super().__init__()
        self.dim = dim
        self.unflattened_size = tuple(unflattened_size)

    def __call__(self, x):
        return mx.unflatten(x, self.dim, self.unflattened_size)
