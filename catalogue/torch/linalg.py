"""Products, norms and decompositions. MLX multiplies matrices of floats only, and decomposes on the CPU."""

from catalogue.torch.dtypes import _FLOATS
from catalogue.torch.scalars import _scalar

from mlxify.catalogue import *


# Products of whole numbers: exact in float32 below 2 ** 24, as those of indices and counts are.
def _product(first, second):
    if known(first.dtype in _FLOATS or first.dtype == mx.complex64):
        if not (first.dtype in _FLOATS or first.dtype == mx.complex64):
            return (first.astype(mx.float32) @ second.astype(mx.float32)).astype(first.dtype)
    return first @ second


@rule("torch.matmul", "torch.Tensor.matmul", "torch.linalg.matmul")
def matmul(input, other):
    return _product(input, other)


# A sparse matrix cannot be made here: the products of sparse ones are those of dense ones.
@rule(
    "torch.mm", "torch.bmm", "torch.Tensor.mm", "torch.Tensor.bmm",
    "torch.spmm", "torch.sparse.mm",
)
def mm(input, mat2):
    return _product(input, mat2)


@rule("torch.mv", "torch.Tensor.mv")
def mv(input, vec):
    return _product(input, vec)


@rule("torch.dot", "torch.Tensor.dot")
def dot(input, tensor):
    return mx.inner(input, tensor)


@rule("torch.inner", "torch.Tensor.inner")
def inner(input, other):
    return mx.inner(input, other)


@rule("torch.vdot", "torch.Tensor.vdot")
def vdot(input, other):
    return mx.inner(mx.conj(input), other)


@rule("torch.linalg.vecdot")
def vecdot(x, y, *, dim=-1):
    return mx.vecdot(x, y, axis=dim)


@rule("torch.outer", "torch.ger", "torch.Tensor.outer", "torch.Tensor.ger")
def outer(input, vec2):
    return mx.outer(input, vec2)


@rule("torch.kron", "torch.Tensor.kron")
def kron(input, other):
    return mx.kron(input, other)


@rule("torch.cross", "torch.Tensor.cross", "torch.linalg.cross")
def cross(input, other, dim=-1):
    return mx.linalg.cross(input, other, axis=dim)


@rule("torch.baddbmm", "torch.Tensor.baddbmm")
def baddbmm(input, batch1, batch2, *, beta=1, alpha=1):
    return addmm(input, batch1, batch2, beta=beta, alpha=alpha)


@rule("torch.addmm", "torch.Tensor.addmm")
def addmm(input, mat1, mat2, *, beta=1, alpha=1):
    if known(beta == 1 and alpha == 1) and beta == 1 and alpha == 1:
        return mx.addmm(input, mat1, mat2)
    if known(beta == 0) and beta == 0:
        return alpha * (mat1 @ mat2)
    return mx.addmm(input, mat1, mat2, alpha=alpha, beta=beta)


@rule("torch.addmv", "torch.Tensor.addmv")
def addmv(input, mat, vec, *, beta=1, alpha=1):
    if known(beta == 1 and alpha == 1) and beta == 1 and alpha == 1:
        return input + mat @ vec
    if known(beta == 0) and beta == 0:
        return alpha * (mat @ vec)
    return beta * input + alpha * (mat @ vec)


@rule("torch.Tensor.addbmm_", mutates="input")
@rule("torch.addbmm", "torch.Tensor.addbmm")
def addbmm(input, batch1, batch2, *, beta=1, alpha=1):
    if known(beta == 0) and beta == 0:
        return alpha * (batch1 @ batch2).sum(axis=0)
    return beta * input + alpha * (batch1 @ batch2).sum(axis=0)


@rule("torch.Tensor.addr_", mutates="input")
@rule("torch.addr", "torch.Tensor.addr")
def addr(input, vec1, vec2, *, beta=1, alpha=1):
    if known(beta == 0) and beta == 0:
        return alpha * mx.outer(vec1, vec2)
    return beta * input + alpha * mx.outer(vec1, vec2)


@rule("torch.chain_matmul", "torch.linalg.multi_dot")
def chain_matmul(*matrices):
    matrices = matrices[0] if isinstance(matrices[0], (tuple, list)) else matrices
    product = matrices[0]
    for matrix in matrices[1:]:
        product = product @ matrix
    return product


@rule("torch.einsum")
def einsum(equation, *operands):
    if known(len(operands) == 1) and len(operands) == 1 and isinstance(operands[0], (tuple, list)):
        return mx.einsum(equation, *operands[0])
    return mx.einsum(equation, *operands)


@rule("torch.tensordot")
def tensordot(a, b, dims=2):
    if is_tensor(dims):
        return mx.tensordot(a, b, axes=dims.tolist())
    if known(isinstance(dims, int)) and isinstance(dims, int):
        return mx.tensordot(a, b, axes=dims)
    return _contracted(a, b, dims)


# An axis of length one is summed with one of any length, as by broadcasting.
def _contracted(a, b, dims):
    """Sums products over pairs of axes; an axis of length one goes with one of any length."""
    if not isinstance(dims, int):
        for one, other in zip(*dims):
            if a.shape[one] != b.shape[other]:
                a = a.sum(axis=one, keepdims=True)
                b = b.sum(axis=other, keepdims=True)
    return mx.tensordot(a, b, axes=dims)


@rule("torch.trace", "torch.Tensor.trace")
def trace(input):
    return mx.trace(input)


@rule("torch.diag", "torch.Tensor.diag")
def diag(input, diagonal=0):
    return mx.diag(input, k=diagonal)


# The last axis becomes a diagonal of two new axes: rows and columns are compared, nothing is scattered.
@rule("torch.diag_embed", "torch.Tensor.diag_embed")
def diag_embed(input, offset=0, dim1=-2, dim2=-1):
    """Makes the last axis the diagonal of two new axes."""
    size = input.shape[-1] + abs(offset)
    padded = mx.pad(input, [(0, 0)] * (input.ndim - 1) + [(max(offset, 0), max(-offset, 0))])
    square = padded[..., None, :] * mx.eye(size, k=offset, dtype=input.dtype)
    if known(dim1 == -2 and dim2 == -1) and dim1 == -2 and dim2 == -1:
        return square
    rank = input.ndim + 1
    order = list(range(rank - 2))
    for place, axis in sorted([(dim1 % rank, rank - 2), (dim2 % rank, rank - 1)]):
        order.insert(place, axis)
    return square.transpose(order)


@rule("torch.diagflat", "torch.Tensor.diagflat")
def diagflat(input, offset=0):
    return mx.diag(input.reshape(-1), k=offset)


@rule("torch.tril", "torch.Tensor.tril")
def tril(input, diagonal=0):
    return mx.tril(input, k=diagonal)


@rule("torch.triu", "torch.Tensor.triu")
def triu(input, diagonal=0):
    return mx.triu(input, k=diagonal)


@rule("torch.vander")
def vander(x, N=None, increasing=False):
    count = x.shape[-1] if N is None else N
    powers = mx.arange(count) if increasing else mx.arange(count - 1, -1, -1)
    return x[..., None] ** powers


@rule("torch.linalg.vander")
def increasing_vander(x, N=None):
    if not known(x.ndim > 0) or x.ndim == 0:
        x = mx.atleast_1d(x)
    return x[..., None] ** mx.arange(x.shape[-1] if N is None else N)


@rule("torch.cov", "torch.Tensor.cov")
def cov(input, *, correction=1, fweights=None, aweights=None):
    if fweights is not None or aweights is not None:
        return _weighted_cov(mx.atleast_2d(input), correction, fweights, aweights)
    rows = mx.atleast_2d(input)
    centred = rows - rows.mean(axis=1, keepdims=True)
    return (centred @ mx.conj(centred.T) / (rows.shape[1] - correction)).squeeze()


def _weighted_cov(rows, correction, fweights=None, aweights=None):
    """Covariance of rows whose observations count several times, or with a weight of their own."""
    weights = fweights if aweights is None else aweights if fweights is None else fweights * aweights
    total = weights.sum()
    centred = rows - (rows * weights).sum(axis=1, keepdims=True) / total
    lost = correction if aweights is None else correction * (weights * aweights).sum() / total
    return ((centred * weights) @ mx.conj(centred.T) / mx.maximum(total - lost, 0)).squeeze()


@rule("torch.corrcoef", "torch.Tensor.corrcoef")
def corrcoef(input):
    centred = input - input.mean(axis=-1, keepdims=True)
    unit = centred / mx.linalg.norm(centred, axis=-1, keepdims=True)
    return mx.inner(unit, unit).squeeze()


# Distances between the rows of two matrices, by differences: exact for near points, unlike the expanded square. Equal
# rows have distance zero, where the gradient of a root is not finite: it is taken of one there.
@rule("torch.cdist")
def cdist(x1, x2, p=2.0, compute_mode=None):
    """Distances between the rows of two matrices."""
    if p != 2:
        return _norm(x1[..., :, None, :] - x2[..., None, :, :], p, -1, False)
    squared = mx.square(x1[..., :, None, :] - x2[..., None, :, :]).sum(axis=-1)
    return mx.where(squared == 0, 0, mx.sqrt(mx.where(squared == 0, 1, squared)))


# Distances between all pairs of different rows.
@rule("torch.pdist", "torch.nn.functional.pdist")
def pdist(input, p=2.0):
    first, second = np.triu_indices(input.shape[0], 1)
    return _norm(input[mx.array(first)] - input[mx.array(second)], p, -1, False)


@rule("torch.dist", "torch.Tensor.dist")
def dist(input, other, p=2):
    return _norm((input - other).reshape(-1), p, -1, False)


# Vector norm along axes.
def _norm(x, p, dim, keepdim):
    if known(p == 1) and p == 1:
        return mx.abs(x).sum(axis=dim, keepdims=keepdim)
    if known(p == 2) and p == 2:
        return _length(x, dim, keepdim)
    if p == 2:
        return _length(x, dim, keepdim)
    if p == mx.inf:
        return mx.abs(x).max(axis=dim, keepdims=keepdim)
    if p == -mx.inf:
        return mx.abs(x).min(axis=dim, keepdims=keepdim)
    if p == 0:
        return (x != 0).astype(x.dtype).sum(axis=dim, keepdims=keepdim)
    return _power_norm(x, p, dim, keepdim)


def _power_norm(x, p, axis, keepdims):
    """The p-norm; where values are zero its gradient is zero, as in PyTorch."""
    zero, none = x == 0, mx.inf if p < 0 else 0
    total = mx.where(zero, none, mx.where(zero, 1, mx.abs(x)) ** p).sum(axis=axis, keepdims=keepdims)
    return mx.where(total == none, 0, mx.where(total == none, 1, total) ** (1 / p))


def _length(x, axis=None, keepdims=False):
    """The 2-norm; at zero its gradient is zero, as in PyTorch, where that of `mx.linalg.norm` is NaN."""
    squared = mx.square(mx.abs(x)).sum(axis=axis, keepdims=keepdims)
    return mx.where(squared == 0, 0, mx.sqrt(mx.where(squared == 0, 1, squared)))


# Without axes torch takes the norm of all values as one vector, whatever the rank, and so does `mx.linalg.norm` unless
# an order is given. A given `p` is that of vectors, also along two axes.
@rule("torch.norm", "torch.Tensor.norm", trap="norms of matrices")
def norm(input, p="fro", dim=None, keepdim=False, dtype=None):
    if dtype is not None:
        input = input.astype(dtype)
    if _scalar(input) and p != 0:
        return mx.abs(input)
    if p == "nuc":
        refuse("the nuclear norm has no gradient in MLX", suggest="sum `mx.linalg.svd(x, compute_uv=False)`")
    if p is None or p == "fro":
        p = 2
    if known(dim is None) and dim is None and not keepdim:
        if known(p == 2) and p == 2:
            return _length(input)
        return _norm(input.reshape(-1), p, -1, False)
    return _norm(input, p, dim, keepdim)


@rule("torch.linalg.vector_norm")
def vector_norm(x, ord=2, dim=None, keepdim=False, *, dtype=None):
    return norm(x, ord, dim, keepdim, dtype)


@rule("torch.linalg.matrix_norm", trap="norms of matrices")
def matrix_norm(A, ord="fro", dim=(-2, -1), keepdim=False, *, dtype=None):
    A = A if dtype is None else A.astype(dtype)
    if ord == "fro" or known(0 in A.shape) and 0 in A.shape:
        return _length(A, dim, keepdim)
    return mx.linalg.norm(A, ord=ord, axis=dim, keepdims=keepdim)


# An order without axes is that of the vector or matrix that the rank says.
@rule("torch.linalg.norm", trap="norms of matrices")
def linalg_norm(A, ord=None, dim=None, keepdim=False, *, dtype=None):
    if dtype is not None:
        A = A.astype(dtype)
    if ord is None:
        return norm(A, 2, dim, keepdim)
    if isinstance(dim, int) or A.ndim == 1:
        return _norm(A, ord, dim, keepdim)
    return matrix_norm(A, ord, (-2, -1) if dim is None else dim, keepdim)


@rule("torch.Tensor.renorm_", mutates="input")
@rule("torch.renorm", "torch.Tensor.renorm")
def renorm(input, p, dim, maxnorm):
    axes = [axis for axis in range(input.ndim) if axis != dim % input.ndim]
    lengths = _norm(input, p, axes, True)
    return mx.where(lengths > maxnorm, input * (maxnorm / (lengths + 1e-7)), input)
