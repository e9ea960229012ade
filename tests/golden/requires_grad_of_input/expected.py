import mlx.core as mx
import mlx.nn as nn


class Loss(nn.Module):
    """Compares with targets that are constants."""

    def __init__(self):
        super().__init__()
        self.scale = mx.ones(1)

    def __call__(self, prediction, targets):
        target, other = targets[0], targets[1]
        prediction = mx.stop_gradient(prediction)
        # a constant
        target = mx.stop_gradient(target)
        return nn.losses.mse_loss(prediction * self.scale, target) + other.mean()
