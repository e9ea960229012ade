import mlx.core as mx
import mlx.nn as nn


def _paired_arrays(first, second):
    """The parameters of two modules of one structure side by side: the arrays that are trained in either of them."""
    from mlx.utils import tree_flatten
    ones = dict(tree_flatten(first.parameters()))
    others = dict(tree_flatten(second.parameters()))
    trained = {name for module in (first, second) for name, _ in tree_flatten(module.trainable_parameters())}
    return [(ones[name], others[name]) for name in ones if name in trained]


class Momentum(nn.Module):
    def __init__(self, dim=8, momentum=0.9):
        super().__init__()
        self.encoder = nn.Linear(dim, dim)
        self.target = nn.Linear(dim, dim)
        for p, q in _paired_arrays(self.encoder, self.target):
            q[...] = mx.broadcast_to(p, q.shape).astype(q.dtype)
            self.target.freeze()
        self.momentum = momentum

    def follow(self):
        for p, q in _paired_arrays(self.encoder, self.target):
            q[...] = mx.stop_gradient(q) * self.momentum + mx.stop_gradient(p) * (1 - self.momentum)

    def __call__(self, x):
        self.follow()
        return self.encoder(x) - self.target(x)
