# mlxify: Net()(f32[2, 4])
import itertools

import numpy as np
import mlx.core as mx
import mlx.nn as nn


class Net(nn.Module):
    def __init__(self, n=4):
        super().__init__()
        self.steps = mx.array(np.array(list(np.arange(n))))
        self.freeze(keys=["steps"], recurse=False)
        self.places = mx.array(np.array(range(n)))
        self.freeze(keys=["places"], recurse=False)
        self.pairs = mx.array(np.array(list(itertools.combinations(np.arange(n), 2))), dtype=mx.int64)
        self.freeze(keys=["pairs"], recurse=False)
        self.rows = mx.array(np.array([np.ones(n), np.zeros(n)]), dtype=mx.float32)
        self.freeze(keys=["rows"], recurse=False)
        rows = []
        for i in range(n):
            rows.append(np.arange(n) * i)
        self.table = mx.array(np.array(rows), dtype=mx.float32)
        self.freeze(keys=["table"], recurse=False)
        self.whole = mx.array(np.arange(n))
        self.freeze(keys=["whole"], recurse=False)
        self.numbers = mx.array([n, n + 1, float(np.sqrt(2.0)), 4])
        self.freeze(keys=["numbers"], recurse=False)

    def __call__(self, x):
        return x * self.steps + self.places * self.pairs.sum() + self.rows[0] + self.table[1] + self.whole + self.numbers
