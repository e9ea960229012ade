
import mlx.nn as nn
import copy


def _deep_copy(value):
    """A deep copy that shares the functions of modules: those of MLX cannot be copied."""
    shared = {}
    for part in value.modules() if isinstance(value, nn.Module) else ():
        shared.update({id(one): one for one in vars(part).values() if callable(one)})
    return copy.deepcopy(value, shared)


class Twice(nn.Module):
    def __init__(self, module):
        super().__init__()
        self.a = _deep_copy(module)
        self.b = _deep_copy(module)

    def __call__(self, x):
        return self.a(x) + self.b(x)
