"""How often a call changes the order of axes, by permutations, not reshapes: what MLX's layers ask for where a model holds its images as PyTorch does."""

from __future__ import annotations

import dataclasses

# Of arrays that count: the transpose of a matrix is how weights are multiplied, and more axes than images have come of reshaping, as
# where pixels are shuffled or windows are cut, which a permutation must follow in any layout.
FEWEST_AXES, MOST_AXES = 3, 5


@dataclasses.dataclass
class Moves:
    count: int = 0

    def note(self, axes: int) -> None:
        self.count += FEWEST_AXES <= axes <= MOST_AXES
