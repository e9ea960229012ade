"""Decorators that check types at run time, and annotations that name shapes."""

from mlxify.catalogue import *

drop_decorator("beartype.beartype", "typeguard.typechecked", "jaxtyping.jaxtyped")
