"""Gradients of a random projection of a call's result."""

from __future__ import annotations

from typing import Any

import numpy as np

from mlxify.workers.arrays import FLOAT32, Raw
from mlxify.workers.framework import Array
from mlxify.workers.model import Call, Model


def projected_gradients(made: Call, seed: int) -> tuple[dict[str, Array | None], dict[str, Array | None]]:
    """(by parameter, by input) of the sum over float leaves of leaf times standard normal numbers of `seed`.

    The total gradient of a shared parameter stands under each of its names. Must be inside of the call's mode.
    """
    framework = made.model.framework

    def loss(inputs: dict[str, Array]) -> Array | None:
        output = made.invoke({**fixed, **inputs})
        total = None
        for index, leaf in enumerate(_differentiable(made, output)):
            if leaf is not None:
                part = framework.weighted_sum(leaf, projection(seed, index, tuple(leaf.shape)))
                total = part if total is None else total + part
        return total

    given = made.arrays()
    fixed = {path: array for path, array in given.items() if not framework.is_floating(array)}
    floats = {path: array for path, array in given.items() if path not in fixed}
    by_parameter, by_input = framework.gradients(made.model.instance, floats, loss)
    return _summed_over_ties(made.model, by_parameter), by_input


def projection(seed: int, leaf: int, shape: tuple[int, ...]) -> Raw:
    """The weights of one leaf: float32, standard normal."""
    return Raw.of(np.random.default_rng([seed, leaf]).standard_normal(shape).astype(FLOAT32))


def _differentiable(made: Call, output: Any) -> list[Array | None]:
    """All leaves in order; None for those without a derivative."""
    framework = made.model.framework
    leaves = made.flatten(output)
    return [leaf if framework.is_array(leaf) and framework.is_floating(leaf) else None for leaf in leaves]


def _summed_over_ties(model: Model, gradients: dict[str, Array | None]) -> dict[str, Array | None]:
    totals: dict[int, Array] = {}
    for name, array in gradients.items():
        tie = model.ties.get(name)
        if array is not None and tie is not None:
            totals[tie] = array if tie not in totals else totals[tie] + array
    return {name: totals.get(model.ties[name]) if name in model.ties else array for name, array in gradients.items()}
