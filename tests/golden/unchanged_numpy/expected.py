import numpy as np


def softmax(x, axis=-1):
    x = x - x.max(axis=axis, keepdims=True)
    e = np.exp(x)
    e[0] = e.transpose(1, 0).reshape(-1).mean()
    e.fill(0)
    return e / e.sum(axis=axis, keepdims=True)
