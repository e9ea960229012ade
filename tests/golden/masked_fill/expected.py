import mlx.core as mx


def mask_scores(scores: mx.array, mask: mx.array) -> mx.array:
    scores = mx.where(mask == 0, float("-inf"), scores)  # hide the padding
    return mx.where(~mask, 0.0, scores)
