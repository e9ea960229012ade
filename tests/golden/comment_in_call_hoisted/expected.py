import mlx.core as mx


def scaled(x: mx.array) -> mx.array:
    # sums need it
    # overlaps with the copy
    x = x.astype(mx.float32)
    # for the kernel below
    return x
