import mlx.core as mx
import mlx.nn as nn


class Net(nn.Module):
    def __init__(self, dim: int):
        super().__init__()
        self.fc = nn.Linear(dim, dim)
        self.scale = mx.zeros(dim)
        self.scale = nn.init.normal(std=0.02)(self.scale)
        self.apply_to_modules(lambda _, module: self._init_weights(module))

    def _init_weights(self, module):
        if isinstance(module, nn.Linear):
            module.weight = nn.init.glorot_uniform()(module.weight)
            if module.get("bias") is not None:
                module.bias = mx.zeros_like(module.bias)  # no bias at first

    def __call__(self, x):
        return self.fc(x) * self.scale
