import mlx.core as mx
import mlx.nn as nn


class A(nn.Module):
    def __init__(self, dim=4):
        super().__init__()
        self.w = mx.random.normal((dim,))
        self.s = mx.array(0.5)

    def __call__(self, x):
        a = mx.stop_gradient(mx.array(self.w))
        b = mx.array(x, dtype=mx.float32)
        c = float(self.s) * x
        d = mx.stop_gradient(mx.array([self.s, 2.0])) * x[..., :2]
        e = self.s.item() + mx.stop_gradient(self.w).sum()
        return x * a + b * self.w + c + e, d
