"""What stands for type tests that MLX's modules, which are dictionaries, would pass."""

import mlx.nn as nn

from mlxify.catalogue import *


@rule("mlxify.is_dictionary")
def is_dictionary(value, kinds):
    """Whether `value` is of `kinds` and no module."""
    return isinstance(value, kinds) and not isinstance(value, nn.Module)
