"""Recurrent networks of torch whose dropout between layers comes from elsewhere: torch draws it in compiled code.

A network of several layers is run as so many networks of one layer, and what passes between them goes through `drop`, in the
order (length, batch, features). A packed batch has no such order; there nothing is dropped.
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
        if isinstance(
            arguments[3], bool
        ):  # input, states, weights, bias, layers, dropout, training, bidirectional, batch first
            *_, layers, dropout, training, _, _ = arguments
            if training and dropout > 0 and layers > 1:
                return _by_layers(original, drop, *arguments)
            return original(*arguments)
        *before, dropout, training, bidirectional = arguments  # packed
        return original(*before, 0.0, training, bidirectional)

    return run


def _by_layers(
    original: Callable[..., Any],
    drop: Drop,
    input: Tensor,
    states: Any,
    weights: list[Tensor],
    bias: bool,
    layers: int,
    dropout: float,
    training: bool,
    bidirectional: bool,
    batch_first: bool,
) -> tuple[Tensor, ...]:
    several = isinstance(states, list | tuple)  # of an LSTM: hidden and cell
    directions = 2 if bidirectional else 1
    count = len(weights) // layers
    values = input.transpose(0, 1) if batch_first else input
    final = []
    for layer in range(layers):
        rows = slice(layer * directions, (layer + 1) * directions)
        own = [state[rows] for state in states] if several else states[rows]
        part = weights[layer * count : (layer + 1) * count]
        values, *last = original(values, own, part, bias, 1, 0.0, training, bidirectional, False)
        final.append(last)
        if layer + 1 < layers:
            values = drop(values, dropout)
    output = values.transpose(0, 1) if batch_first else values
    return (output, *(torch.cat(state) for state in zip(*final, strict=True)))
