"""How often a call changes the order of axes, by permutations, not reshapes: where a model holds its images as PyTorch does."""

from __future__ import annotations

import dataclasses

# Of arrays that count: the transpose of a matrix is how weights are multiplied, and more axes than images have come of reshaping, as
# where pixels are shuffled or windows are cut, which a permutation must follow in any layout.
FEWEST_AXES, MOST_AXES = 3, 5
_FRAMEWORKS = ("mlx", "torch")


def is_image(axes: int) -> bool:
    return FEWEST_AXES <= axes <= MOST_AXES


@dataclasses.dataclass
class Moves:
    count: int = 0

    def note(self, axes: int, asker: str) -> None:
        """`asker`: the module whose code asks. What a layer of the framework does inside is no matter of the file's layout."""
        self.count += is_image(axes) and asker.partition(".")[0] not in _FRAMEWORKS
