"""Recurrent networks of torch whose dropout between layers comes from elsewhere: torch draws it in compiled code.

A network of several layers is run as so many networks of one layer, and what passes between them goes through `drop`, in the
order (length, batch, features); of packed sequences, in the order in which they are packed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

Tensor = torch.Tensor
Drop = Callable[[Tensor, float], Tensor]  # (values, probability of zero)

NAMES = ("lstm", "gru", "rnn_tanh", "rnn_relu")


def replacement(name: str, drop: Drop) -> Callable[..., Any]:
    """A function with the signature of `torch._VF.<name>`, which is how the modules of torch.nn call it."""
    original = getattr(torch._VF, name)

    def run(*arguments: Any) -> Any:
        if isinstance(arguments[3], bool):
            input, states, weights, bias, layers, dropout, training, bidirectional, batch_first = arguments
            sizes = None
        else:
            input, sizes, states, weights, bias, layers, dropout, training, bidirectional = arguments
            batch_first = False
        if not training or dropout == 0 or layers == 1:
            return original(*arguments)

        def one_layer(values: Tensor, own: Any, part: list[Tensor]) -> tuple[Tensor, ...]:
            if sizes is not None:
                return original(values, sizes, own, part, bias, 1, 0.0, training, bidirectional)
            return original(values, own, part, bias, 1, 0.0, training, bidirectional, False)

        values = input.transpose(0, 1) if batch_first else input
        values, *final = _by_layers(one_layer, lambda passed: drop(passed, dropout), values, states, weights, layers, 2 if bidirectional else 1)
        return (values.transpose(0, 1) if batch_first else values, *final)

    return run


def _by_layers(
    one_layer: Callable[[Tensor, Any, list[Tensor]], tuple[Tensor, ...]],
    drop: Callable[[Tensor], Tensor],
    values: Tensor,
    states: Any,
    weights: list[Tensor],
    layers: int,
    directions: int,
) -> tuple[Tensor, ...]:
    several = isinstance(states, list | tuple)  # of an LSTM: hidden and cell
    count = len(weights) // layers
    final = []
    for layer in range(layers):
        rows = slice(layer * directions, (layer + 1) * directions)
        own = [state[rows] for state in states] if several else states[rows]
        values, *last = one_layer(values, own, weights[layer * count : (layer + 1) * count])
        final.append(last)
        if layer + 1 < layers:
            values = drop(values)
    return (values, *(torch.cat(state) for state in zip(*final, strict=True)))
