import mlx.core as mx


def attend(scores: mx.array, mask: mx.array) -> mx.array:
    # one expression is left of the rule: it is written where the call was
    weights = mx.softmax(scores, axis=-1)
    sharp = mx.softmax(scores * 2.0, axis=-1)
    wide = mx.softmax(scores.astype(mx.float32), axis=1)
    return weights + sharp + wide
