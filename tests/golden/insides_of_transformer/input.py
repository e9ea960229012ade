from torch import nn
from torch.nn.modules.transformer import _get_activation_fn, _get_clones
from torch.utils.checkpoint import checkpoint


class Stack(nn.Module):
    def __init__(self, layer, depth, activation="relu"):
        super().__init__()
        self.layers = _get_clones(layer, depth)
        self.activation = _get_activation_fn(activation)

    def forward(self, x, scale=None):
        for layer in self.layers:
            x = checkpoint(self.step, x, use_reentrant=False, layer=layer, scale=scale)
        return x

    def step(self, x, layer, scale=None):
        return self.activation(layer(x))
