from collections import OrderedDict

import mlx.nn as nn


class Pyramid(nn.Module):
    def __init__(self, n, scales):
        super().__init__()
        self._paths = {}
        self._scales = OrderedDict()
        for scale in range(scales):
            self._paths[scale] = nn.Linear(n, n)
            self._scales["scale", scale] = nn.Linear(n, n)
        self.path_list = list(list(self._paths.values()))
        self.scale_list = list(list(self._scales.values()))

    def __call__(self, x):
        for scale in range(len(self._paths)):
            x = x + self._paths[scale](x) * self._scales["scale", scale](x)
        return x
