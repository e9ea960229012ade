"""How often a call changes the order of axes, by permutations, not reshapes: what MLX's layers ask for where a model holds its images as PyTorch does."""

from __future__ import annotations

import dataclasses

FEWEST_AXES = 3  # of arrays that count: the transpose of a matrix is how weights are multiplied


@dataclasses.dataclass
class Moves:
    count: int = 0

    def note(self, axes: int) -> None:
        self.count += axes >= FEWEST_AXES
