import mlx.core as mx


def _stack(tensors, dim=0):
    return mx.stack(tensors, axis=dim)


def _zeros(size, dtype=None, layout=None, device=None, requires_grad=False, pin_memory=False):
    return mx.zeros(size[0], dtype=dtype)


def like(x: mx.array) -> dict:
    return {"device": mx.default_device(), "dtype": x.dtype}


def join(a: mx.array, b: mx.array, **options) -> mx.array:
    return _stack((a, b), **options)


def pad(x: mx.array) -> mx.array:
    return mx.concatenate((x, _zeros(((x.shape[0], 1),), **like(x))), axis=1)
