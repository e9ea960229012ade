import mlx.core as mx


def describe(x: mx.array) -> str:
    note = f"{x.shape[0]} rows, mean {x.mean(axis=0)!r} of torch.Tensor"
    return f"{x.max():.3f} {note}" + "torch.zeros(2)"
