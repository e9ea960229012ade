"""Decompositions and solvers of torch.linalg. MLX computes them on the CPU, and gives none of them a gradient."""

from mlxify.catalogue import *


@rule("torch.linalg.inv", "torch.inverse", "torch.Tensor.inverse")
def inv(A):
    if 0 in A.shape:
        return A
    return mx.linalg.inv(A, stream=mx.cpu)


@rule("torch.linalg.pinv", "torch.pinverse", "torch.Tensor.pinverse")
def pinv(A, rcond=None, hermitian=False, *, atol=None, rtol=None):
    rtol = rcond if rtol is None else rtol
    if atol is None and rtol is None and not hermitian:
        return mx.linalg.pinv(A, stream=mx.cpu)
    if hermitian:  # only the lower triangle is looked at
        A = mx.tril(A) + mx.tril(A, k=-1).mT
    return _pseudoinverse(A, atol, rtol)


def _pseudoinverse(A, atol=None, rtol=None):
    """The inverse on what singular values above the tolerances span: an absolute one, and one relative to the largest."""
    U, S, Vh = mx.linalg.svd(A, stream=mx.cpu)
    U, Vh = U[..., : S.shape[-1]], Vh[..., : S.shape[-1], :]
    if rtol is None:
        rtol = max(A.shape[-2:]) * 1.1920928955078125e-07 if atol is None else 0.0
    bound = mx.array(rtol)[..., None] * S[..., :1]
    if atol is not None:
        bound = mx.maximum(bound, mx.array(atol)[..., None])
    inverse = mx.where(S > bound, 1 / mx.where(S > bound, S, 1), 0)
    return (Vh.mT * inverse[..., None, :]) @ U.mT


@rule("torch.linalg.det", "torch.det", "torch.Tensor.det")
def det(A):
    return mx.linalg.det(A, stream=mx.cpu)


@rule("torch.linalg.slogdet", "torch.slogdet", "torch.Tensor.slogdet", fields=("sign", "logabsdet"))
def slogdet(A):
    return mx.linalg.slogdet(A, stream=mx.cpu)


@rule("torch.logdet", "torch.Tensor.logdet")
def logdet(input):
    sign, logabsdet = mx.linalg.slogdet(input, stream=mx.cpu)
    return mx.where(sign < 0, mx.nan, logabsdet)


@rule("torch.linalg.cholesky", "torch.cholesky", "torch.Tensor.cholesky")
def cholesky(input, upper=False):
    return mx.linalg.cholesky(input, upper=upper, stream=mx.cpu)


@rule("torch.linalg.qr", "torch.qr", "torch.Tensor.qr", fields=("Q", "R"))
def qr(A, mode="reduced"):
    if mode != "reduced":
        refuse("MLX gives the reduced factors only")
    return mx.linalg.qr(A, stream=mx.cpu)


@rule("torch.linalg.svd", fields=("U", "S", "Vh"))
def svd(A, full_matrices=True):
    U, S, Vh = mx.linalg.svd(A, stream=mx.cpu)
    if full_matrices:
        return U, S, Vh
    return U[..., :, : S.shape[-1]], S, Vh[..., : S.shape[-1], :]


# The older function gives V itself, and reduced factors by default.
@rule("torch.svd", "torch.Tensor.svd", fields=("U", "S", "V"))
def svd_reduced(input, some=True, compute_uv=True):
    U, S, Vh = mx.linalg.svd(input, stream=mx.cpu)
    if not some:
        return U, S, mx.conj(Vh.mT)
    return U[..., :, : S.shape[-1]], S, mx.conj(Vh[..., : S.shape[-1], :].mT)


@rule("torch.linalg.svdvals")
def svdvals(A):
    return mx.linalg.svd(A, compute_uv=False, stream=mx.cpu)


@rule("torch.linalg.eigh", fields=("eigenvalues", "eigenvectors"))
def eigh(A, UPLO="L"):
    return mx.linalg.eigh(A, UPLO=UPLO, stream=mx.cpu)


@rule("torch.linalg.eigvalsh")
def eigvalsh(A, UPLO="L"):
    return mx.linalg.eigvalsh(A, UPLO=UPLO, stream=mx.cpu)


@rule("torch.linalg.eig", fields=("eigenvalues", "eigenvectors"))
def eig(A):
    return mx.linalg.eig(A, stream=mx.cpu)


@rule("torch.linalg.eigvals")
def eigvals(A):
    return mx.linalg.eigvals(A, stream=mx.cpu)


@rule("torch.linalg.solve")
def solve(A, B, *, left=True):
    if 0 in B.shape:
        return mx.zeros_like(B)
    if not left:
        return mx.linalg.solve(A.mT, B.mT, stream=mx.cpu).mT
    if B.ndim > 1 and B.ndim == A.ndim - 1:  # a vector for each matrix
        return mx.linalg.solve(A, B[..., None], stream=mx.cpu).squeeze(-1)
    return mx.linalg.solve(A, B, stream=mx.cpu)


# torch's default driver gives the solution of least length too. What else torch gives depends on the driver and the rank.
@rule("torch.linalg.lstsq", fields=("solution",))
def lstsq(A, B, rcond=None, *, driver=None):
    if rcond is not None:
        refuse("singular values are cut at torch's default only", suggest="torch.linalg.pinv(A, rtol=rcond) @ B")
    if A.ndim > 2 and B.ndim == A.ndim - 1:  # a vector for each matrix
        return ((mx.linalg.pinv(A, stream=mx.cpu) @ B[..., None]).squeeze(-1),)
    return (mx.linalg.pinv(A, stream=mx.cpu) @ B,)


# A triangular matrix may hold anything on its other side; the diagonal counts as ones where it is said to.
def _triangle(A, upper, unitriangular):
    if unitriangular:
        return (mx.triu(A, k=1) if upper else mx.tril(A, k=-1)) + mx.eye(A.shape[-1], dtype=A.dtype)
    return A


@rule("torch.linalg.solve_triangular")
def solve_triangular(A, B, *, upper, left=True, unitriangular=False):
    if 0 in B.shape:
        return mx.zeros_like(B)
    if not left:
        return mx.linalg.solve_triangular(
            _triangle(A, upper, unitriangular).mT, B.mT, upper=not upper, stream=mx.cpu
        ).mT
    return mx.linalg.solve_triangular(_triangle(A, upper, unitriangular), B, upper=upper, stream=mx.cpu)


@rule("torch.triangular_solve", "torch.Tensor.triangular_solve", fields=("solution", "cloned_coefficient"))
def triangular_solve(input, A, upper=True, transpose=False, unitriangular=False):
    if 0 in input.shape:
        return mx.zeros_like(input), A
    if transpose:
        refuse("the transposed system is not written here", suggest="torch.linalg.solve_triangular")
    return mx.linalg.solve_triangular(_triangle(A, upper, unitriangular), input, upper=upper, stream=mx.cpu), A


@rule("torch.cholesky_inverse", "torch.Tensor.cholesky_inverse")
def cholesky_inverse(input, upper=False):
    if 0 in input.shape:
        return input
    return mx.linalg.cholesky_inv(input, upper=upper, stream=mx.cpu)


@rule("torch.cholesky_solve", "torch.Tensor.cholesky_solve")
def cholesky_solve(input, input2, upper=False):
    if 0 in input.shape:
        return input
    lower = input2.mT if upper else input2
    half = mx.linalg.solve_triangular(lower, input, upper=False, stream=mx.cpu)
    return mx.linalg.solve_triangular(lower.mT, half, upper=True, stream=mx.cpu)


@rule("torch.linalg.cond")
def cond(A, p=None, *, out=None):
    """The largest over the smallest singular value."""
    if p is not None and p != 2:
        refuse("only the ratio of singular values is written here", suggest="mx.linalg.norm(A) * mx.linalg.norm(inverse)")
    values = mx.linalg.svd(A, compute_uv=False, stream=mx.cpu)
    return values[..., 0] / values[..., -1]


@rule("torch.linalg.inv_ex", fields=("inverse", "info"))
def inv_ex(A, *, check_errors=False):
    return inv(A), mx.zeros(A.shape[:-2], dtype=mx.int32)


@rule("torch.linalg.cholesky_ex", fields=("L", "info"))
def cholesky_ex(input, *, upper=False, check_errors=False):
    if 0 in input.shape:
        return input, mx.zeros(input.shape[:-2], dtype=mx.int32)
    return mx.linalg.cholesky(input, upper=upper, stream=mx.cpu), mx.zeros(input.shape[:-2], dtype=mx.int32)


@rule("torch.matrix_power", "torch.linalg.matrix_power", "torch.Tensor.matrix_power")
def matrix_power(A, n):
    factor = mx.linalg.inv(A, stream=mx.cpu) if n < 0 else A
    product = mx.broadcast_to(mx.eye(A.shape[-1], dtype=A.dtype), A.shape)
    for _ in range(abs(n)):
        product = product @ factor
    return product


never(
    "torch.linalg.matrix_rank",
    "torch.linalg.matrix_exp",
    "torch.matrix_exp",
    "torch.Tensor.matrix_exp",
    "torch.linalg.*",
    "torch.lu",
    "torch.lobpcg",
    "MLX does not have this decomposition",
)
