"""What stands for type tests that MLX's modules, which are dictionaries, would pass."""

import mlx.nn as nn

from mlxify.catalogue import *


@rule("mlxify.is_dictionary")
def is_dictionary(value, kinds):
    """Whether `value` is of `kinds` and no module."""
    return isinstance(value, kinds) and not isinstance(value, nn.Module)


# self.modules() where its order can be told: PyTorch names every module before its parts, in the order they were given.
@rule("mlxify.modules_in_order")
def modules_in_order(self):
    return _modules_in_order(self)


def _modules_in_order(module):
    """A module and those inside it, each once, every one before its parts."""
    found, pending = [], [module]
    while pending:
        part = pending.pop()
        if isinstance(part, nn.Module) and not any(part is one for one in found):
            found.append(part)
        named = [value for name, value in part.items() if not name.startswith("_")] if isinstance(part, dict) else part
        pending.extend(value for value in reversed(named) if isinstance(value, (dict, list)))
    return found


# `train` of a module whose parts have one of their own: MLX sets the mode of all parts by itself.
@definition("mlxify.train")
def _train(module, mode=True):
    """Sets the mode of a module, and has its parts set theirs, each by its own `train`."""
    module._set_training_mode(mode)
    pending = list(module.children().values())
    while pending:
        part = pending.pop()
        if isinstance(part, nn.Module):
            part.train(mode) if type(part).train is not nn.Module.train else _train(part, mode)
        elif isinstance(part, (dict, list, tuple)):
            pending.extend(part.values() if isinstance(part, dict) else part)
    return module
