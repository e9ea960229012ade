import torch


def like(x, *args, **kwargs):
    return x.new(*args, **kwargs)
