import numpy as np
import mlx.core as mx


def dropped(x: mx.array, kept: int) -> mx.array:
    places = np.random.choice(x.shape[1], kept, replace=False)
    x[:, mx.array(np.arange(2))] = 0
    return x[:, mx.array(places)]
