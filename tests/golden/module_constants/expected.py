import mlx.core as mx

NEG_INF = float("-inf")
EPS = mx.finfo(mx.float32).eps
DTYPES = {"half": mx.float16, "single": mx.float32}
Shape = tuple[int, ...]


def masked(x: mx.array, keep: mx.array) -> mx.array:
    """Uses what stands above."""
    return mx.where(keep, x, NEG_INF) + EPS
