import mlx.core as mx


def loop(x: mx.array, steps: int) -> mx.array:
    outputs = []
    h = mx.zeros_like(x[:, 0])
    for t in range(x.shape[1]):
        h = mx.tanh(x[:, t] + h)
        outputs.append(h)
    while (steps := steps - 1) > 0:
        h = -h
    y = mx.stack(outputs, axis=1)
    try:
        return y if y.ndim == 3 else mx.expand_dims(y, -1)
    except ValueError as error:
        raise RuntimeError(f"{y.shape}") from error
