"""Draws from the shared stream are MLX's in everything but the numbers: what MLX refuses is refused, shapes and dtypes are its own."""

import mlx.core as mx
import pytest

from mlxify.workers import mlx_random
from mlxify.workers.draws import Draws

CALLS = {
    "uniform": lambda: mx.random.uniform(-1, 1, (2, 3)),
    "uniform of arrays": lambda: mx.random.uniform(mx.zeros(3), mx.ones(3), shape=(2, 3), dtype=mx.float16),
    "normal": lambda: mx.random.normal((4,), mx.bfloat16, 2.0, 0.5),
    "truncated normal": lambda: mx.random.truncated_normal(-2, 2, (3, 4)),
    "truncated normal, far out": lambda: mx.random.truncated_normal(4.0, 5.0, (3,), mx.float16),
    "truncated normal between arrays": lambda: mx.random.truncated_normal(mx.zeros(3), mx.ones(3)),
    "bernoulli": lambda: mx.random.bernoulli(mx.array([0.1, 0.9])),
    "bernoulli of a shape": lambda: mx.random.bernoulli(0.5, (2, 2)),
    "randint": lambda: mx.random.randint(0, 5, [3]),
    "gumbel": lambda: mx.random.gumbel((2,)),
    "categorical": lambda: mx.random.categorical(mx.zeros((2, 5))),
    "categories": lambda: mx.random.categorical(mx.zeros((2, 5)), num_samples=4),
    "permutation": lambda: mx.random.permutation(6),
    "permutation of rows": lambda: mx.random.permutation(mx.zeros((3, 2))),
}
REFUSED = {
    "length that is no integer": lambda: mx.random.uniform(shape=(4.0, 2)),
    "number for a shape": lambda: mx.random.normal(3),
    "shape below that of the bounds": lambda: mx.random.uniform(mx.zeros(3), mx.ones(3)),
    "negative length": lambda: mx.random.bernoulli(0.5, (-1,)),
}


@pytest.mark.parametrize("name", CALLS)
def test_shape_and_dtype_are_those_of_mlx(name):
    own = CALLS[name]()
    with mlx_random.replaced(Draws(1), only_dropout=False):
        drawn = CALLS[name]()
    assert (drawn.shape, drawn.dtype) == (own.shape, own.dtype)
    assert bool(mx.all(mx.isfinite(drawn)))


@pytest.mark.parametrize("name", REFUSED)
def test_what_mlx_refuses_is_refused(name):
    with pytest.raises((TypeError, ValueError, OverflowError)):
        REFUSED[name]()
    with mlx_random.replaced(Draws(1), only_dropout=False), pytest.raises((TypeError, ValueError, OverflowError)):
        REFUSED[name]()


def test_a_truncated_normal_is_drawn_again_where_it_is_out_of_bounds():
    with mlx_random.replaced(Draws(1), only_dropout=False):
        plain = mx.random.normal((1000,))
    with mlx_random.replaced(Draws(1), only_dropout=False):
        cut = mx.random.truncated_normal(-1, 1, (1000,))
    inside = mx.abs(plain) <= 1
    assert 500 < inside.sum().item() < 900 and mx.abs(cut).max().item() <= 1
    assert mx.array_equal(mx.where(inside, plain, 0), mx.where(inside, cut, 0))


def test_what_was_kept_is_counted_by_probability():
    draws = Draws(1)
    with mlx_random.replaced(draws, only_dropout=False):
        mx.random.bernoulli(0.9, (2, 5))
        mx.random.bernoulli(0.9, (3,))
        mx.random.bernoulli(0.5)
        mx.random.bernoulli(mx.array([0.5, 0.5]))
    assert draws.kept == {"0.9": 13, "0.5": 1, "of an array": 2, "expected of an array": 1}
