"""Annotations of shapes as the annotated type alone: nothing is checked."""


class _Shaped:
    def __class_getitem__(cls, parameters):
        return parameters[0] if isinstance(parameters, tuple) else parameters


class Shaped(_Shaped): ...


class Float(_Shaped): ...


class Int(_Shaped): ...


class Integer(_Shaped): ...


class Bool(_Shaped): ...


class Complex(_Shaped): ...


class Num(_Shaped): ...


class Inexact(_Shaped): ...


class UInt8(_Shaped): ...


class Int64(_Shaped): ...


class Float32(_Shaped): ...


def jaxtyped(function=None, *, typechecker=None):
    return function if function is not None else lambda decorated: decorated
