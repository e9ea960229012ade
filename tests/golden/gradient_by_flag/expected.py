import mlx.core as mx
import mlx.nn as nn


class Focal(nn.Module):
    def __init__(self, gamma: float, train_focus: bool):
        super().__init__()
        self.gamma = gamma
        self.train_focus = train_focus

    def __call__(self, p: mx.array):
        loss = mx.log(p)
        q = 1 - p
        weight = q**self.gamma
        if not self.train_focus:
            weight = mx.stop_gradient(weight)
        return loss * weight
