"""Functions of Python's own library that meet what MLX's modules hold."""

import copy

from mlxify.catalogue import *


@rule("copy.deepcopy")
def deepcopy(x, memo=None):
    if memo is not None or (known(is_tensor(x)) and is_tensor(x)):
        return copy.deepcopy(x, memo)
    return _deep_copy(x)


def _deep_copy(value):
    """A deep copy that shares the functions of modules: those of MLX cannot be copied."""
    shared = {}
    for part in value.modules() if isinstance(value, nn.Module) else ():
        shared.update({id(one): one for one in vars(part).values() if callable(one)})
    return copy.deepcopy(value, shared)
