import mlx.core as mx


def shapes(x: mx.array) -> mx.array:
    b, n, c = x.shape
    bits = x.view(mx.int32)  # the same bits
    flat = x.reshape(b, -1)
    pair = x.reshape(b, n * c)
    like = flat.reshape(pair.shape)
    return like.reshape(b, n, c), bits
