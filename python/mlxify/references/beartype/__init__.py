"""Types as annotated: nothing is checked."""


def beartype(function=None, **options):
    return function if function is not None else lambda decorated: decorated
