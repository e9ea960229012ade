import mlx.nn as nn


def f(args, device):
    if args:
        pass
    return 1


def g(device):
    try:
        pass
    except RuntimeError:
        pass


def h():
    pass
    return 1


def used(x):
    return nn.relu(x)
