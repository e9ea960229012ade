"""What stands for PyTorch's contexts that mean nothing in MLX, where they are made in one place and entered in another."""

from contextlib import nullcontext

from mlxify.catalogue import *


@definition("mlxify.no_context")
def _no_context(*args, **kwargs):
    """A context under which nothing is different, whatever it is given."""
    return nullcontext()


# What belongs to several processes, chosen by an option: torch.distributed.all_reduce if sync else no_op
@definition("mlxify.unavailable")
def _unavailable(name):
    """A function that MLX has no form of, and which says so where it is called."""

    def call(*args, **kwargs):
        raise NotImplementedError(f"{name} has no form in MLX")

    return call
