"""Densities, entropies, divergences and moments of catalogue/torch/distributions against torch."""

import mlx.core as mx
import numpy as np
import pytest
import torch
from catalogue.torch import distributions, pointwise

POSITIVE = [0.3, 1.0, 1.7, 4.2]
REAL = [-1.5, 0.2, 0.9, 2.5]
UNIT = [0.1, 0.35, 0.6, 0.9]
KINDS = {
    "Normal": ((REAL, POSITIVE), (REAL[::-1], POSITIVE[::-1]), REAL),
    "Laplace": ((REAL, POSITIVE), (REAL[::-1], POSITIVE[::-1]), REAL),
    "Uniform": (([0.0] * 4, POSITIVE), None, UNIT),
    "Bernoulli": ((UNIT,), (UNIT[::-1],), [0.0, 1.0, 1.0, 0.0]),
    "Beta": ((POSITIVE, POSITIVE[::-1]), (POSITIVE[::-1], [2.0] * 4), UNIT),
}


def close(expected, actual):
    np.testing.assert_allclose(np.array(actual), expected.numpy(), rtol=3e-5, atol=3e-6)


def both(kind, parameters):
    ours = getattr(distributions, kind)(*[mx.array(p) for p in parameters])
    return getattr(torch.distributions, kind)(*[torch.tensor(p) for p in parameters]), ours


@pytest.mark.parametrize("kind", KINDS)
def test_density_entropy_and_moments(kind):
    parameters, _, values = KINDS[kind]
    expected, ours = both(kind, parameters)
    close(expected.log_prob(torch.tensor(values)), ours.log_prob(mx.array(values)))
    close(expected.entropy(), ours.entropy())
    close(expected.mean, ours.mean)
    close(expected.variance, ours.variance)
    close(expected.stddev, ours.stddev)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if KINDS[kind][1]])
def test_divergence(kind):
    expected, ours = both(kind, KINDS[kind][0])
    other, our_other = both(kind, KINDS[kind][1])
    close(torch.distributions.kl_divergence(expected, other), distributions.kl_divergence(ours, our_other))


@pytest.mark.parametrize("given", ["probs", "logits"])
def test_categorical(given):
    weights = [[0.2, 1.5, 0.7], [0.4, 0.4, 2.0]]
    expected = torch.distributions.Categorical(**{given: torch.tensor(weights)})
    ours = distributions.Categorical(**{given: mx.array(weights)})
    close(expected.log_prob(torch.tensor([2, 0])), ours.log_prob(mx.array([2, 0])))
    close(expected.entropy(), ours.entropy())
    close(expected.probs, ours.probs)
    assert ours.sample((5,)).shape == (5, 2)


def test_independent():
    expected, ours = both("Normal", KINDS["Normal"][0])
    expected, ours = torch.distributions.Independent(expected, 1), distributions.Independent(ours, 1)
    close(expected.log_prob(torch.tensor(REAL)), ours.log_prob(mx.array(REAL)))
    close(expected.entropy(), ours.entropy())


@pytest.mark.parametrize(("name", "values"), [
    ("lgamma", [0.1, 0.5, 1.0, 2.0, 3.5, 30.0, -0.5, -1.3]),
    ("digamma", [0.1, 0.5, 1.0, 2.0, 3.5, 30.0, -0.5, -1.3]),
    ("i0", [-20.0, -1.0, 0.0, 0.5, 3.0, 40.0]),
])  # fmt: skip
def test_special_functions(name, values):
    close(getattr(torch, name)(torch.tensor(values)), getattr(pointwise, name)(mx.array(values)))
