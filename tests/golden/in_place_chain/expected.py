import mlx.core as mx


def blend(q: mx.array, k: mx.array, mask: mx.array) -> mx.array:
    # nobody else holds the product: the chain is one value
    scores = mx.where(mask, float("-inf"), q @ k.swapaxes(-2, -1) * 0.125)
    return mx.softmax(scores, axis=-1)
