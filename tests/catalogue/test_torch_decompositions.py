"""Factors are unique up to order and sign: they are put together again, instead of being compared with torch's."""

import inspect
from pathlib import Path

import mlx.core as mx
import numpy as np
import pytest
import torch
from function_parity import Call, check_values
from test_torch_functions import ENTRIES

torch.manual_seed(5)
SQUARE = torch.randn(4, 4)
SYMMETRIC = SQUARE @ SQUARE.T + torch.eye(4)
TALL = torch.randn(5, 3)
FACTORS = {
    "torch.linalg.qr",
    "torch.linalg.svd",
    "torch.svd",
    "torch.linalg.eigh",
    "torch.linalg.eig",
    "torch.linalg.eigvals",
    "torch.linalg.lstsq",
}
VALUES = {
    "torch.linalg.inv": Call((SQUARE,), {}),
    "torch.linalg.pinv": Call((TALL,), {}),
    "torch.linalg.det": Call((SQUARE,), {}),
    "torch.linalg.slogdet": Call((SQUARE,), {}),
    "torch.logdet": Call((SYMMETRIC,), {}),
    "torch.linalg.cholesky": Call((SYMMETRIC,), {}),
    "torch.linalg.svdvals": Call((TALL,), {}),
    "torch.linalg.eigvalsh": Call((SYMMETRIC,), {}),
    "torch.linalg.solve": Call((SQUARE, TALL[:4]), {}),
    "torch.linalg.solve_triangular": Call((SYMMETRIC.tril(), TALL[:4]), {"upper": False}),
    "torch.triangular_solve": Call((TALL[:4], SYMMETRIC.triu()), {}),
    "torch.cholesky_inverse": Call((torch.linalg.cholesky(SYMMETRIC),), {}),
    "torch.cholesky_solve": Call((TALL[:4], torch.linalg.cholesky(SYMMETRIC)), {}),
    "torch.linalg.cond": Call((SQUARE,), {}),
    "torch.linalg.inv_ex": Call((SQUARE,), {}),
    "torch.linalg.cholesky_ex": Call((SYMMETRIC,), {}),
    "torch.matrix_power": Call((SQUARE, 3), {}),
}
ENTRIES_HERE = [entry for entry in ENTRIES if Path(inspect.getfile(entry.python)).stem == "decompositions"]
RULES = {entry.qualified: entry.python for entry in ENTRIES_HERE}


def to_array(tensor: torch.Tensor) -> mx.array:
    return mx.array(tensor.numpy())


def assert_product(product: mx.array, wanted: torch.Tensor) -> None:
    assert np.abs(np.array(product) - wanted.numpy()).max() < 1e-5


@pytest.mark.parametrize("name", VALUES)
def test_value(name: str) -> None:
    for entry in ENTRIES_HERE:
        if entry.python is RULES[name]:
            check_values(entry, VALUES[name], tolerance=1e-4)


@pytest.mark.parametrize("matrix", [TALL, SQUARE, TALL.T], ids=["tall", "square", "wide"])
def test_svd(matrix: torch.Tensor) -> None:
    rank = min(matrix.shape)
    for full in (True, False):
        U, S, Vh = RULES["torch.linalg.svd"](to_array(matrix), full_matrices=full)
        assert U.shape == tuple(torch.linalg.svd(matrix, full_matrices=full).U.shape)
        assert Vh.shape == tuple(torch.linalg.svd(matrix, full_matrices=full).Vh.shape)
        assert_product((U[:, :rank] * S) @ Vh[:rank], matrix)
        U, S, V = RULES["torch.svd"](to_array(matrix), some=not full)
        assert V.shape == tuple(torch.svd(matrix, some=not full).V.shape)
        assert_product((U[:, :rank] * S) @ V[:, :rank].T, matrix)


def test_qr() -> None:
    Q, R = RULES["torch.linalg.qr"](to_array(TALL))
    assert Q.shape == (5, 3)
    assert_product(Q @ R, TALL)


def test_eigenvectors() -> None:
    values, vectors = RULES["torch.linalg.eigh"](to_array(SYMMETRIC))
    assert_product((vectors * values) @ vectors.T, SYMMETRIC)
    values, vectors = RULES["torch.linalg.eig"](to_array(SQUARE))
    assert_product(to_array(SQUARE).astype(mx.complex64) @ vectors - vectors * values, torch.zeros(4, 4))
    wanted = np.sort_complex(torch.linalg.eigvals(SQUARE).numpy())
    assert np.abs(np.sort_complex(np.array(RULES["torch.linalg.eigvals"](to_array(SQUARE)))) - wanted).max() < 1e-5


@pytest.mark.parametrize("shapes", [((5, 3), (5, 2)), ((3, 5), (3, 2)), ((2, 5, 3), (2, 5, 2)), ((2, 5, 3), (2, 5)), ((5, 3), (5,))])
def test_least_squares(shapes: tuple[tuple[int, ...], tuple[int, ...]]) -> None:
    A, B = (torch.randn(shape) for shape in shapes)
    (solution,) = RULES["torch.linalg.lstsq"](to_array(A), to_array(B))
    wanted = torch.linalg.pinv(A) @ (B if B.ndim == A.ndim or B.ndim == 1 else B[..., None])
    assert_product(solution, wanted.reshape(solution.shape))
    if A.shape[-2] >= A.shape[-1] and B.ndim == A.ndim:
        assert_product(solution, torch.linalg.lstsq(A, B).solution)


def test_every_decomposition_is_tested() -> None:
    tested = {RULES[name] for name in (*VALUES, *FACTORS)}
    assert [entry.qualified for entry in ENTRIES_HERE if entry.python not in tested] == []
