import mlx.core as mx


def _topk(input, k):
    indices = mx.stop_gradient(mx.argsort(-input)).astype(mx.int32)[..., :k]
    return mx.take_along_axis(input, indices, axis=-1), indices


def route(scores: mx.array, k: int):
    weights, experts = _topk(scores, k)  # best first
    chosen = mx.stop_gradient(mx.argsort(-scores)).astype(mx.int32)[..., :2]
    return mx.softmax(weights, axis=-1), experts, chosen
