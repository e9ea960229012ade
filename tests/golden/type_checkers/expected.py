import mlx.core as mx
import mlx.nn as nn


class PyTorchModelHubMixin:
    """Stands for the mixin that loads from and saves to the Hub, which is not converted: `load_weights` does the former."""

    def __init_subclass__(cls, **options):
        super().__init_subclass__()


def double(x: mx.array) -> mx.array:
    return x * 2


class Layer(nn.Module, PyTorchModelHubMixin, library_name="layers"):
    def __init__(self, dim: int, act: str = "gelu_new"):
        super().__init__()
        self.fc = nn.Linear(dim, dim)
        self.act = {"gelu": nn.gelu, "gelu_new": nn.gelu_approx, "gelu_pytorch_tanh": nn.gelu_approx, "quick_gelu": nn.gelu_fast_approx, "mish": nn.mish, "relu": nn.relu, "relu6": nn.relu6, "sigmoid": nn.sigmoid, "silu": nn.silu, "swish": nn.silu, "tanh": nn.tanh}[act]

    def __call__(self, x: mx.array) -> mx.array:
        return self.act(self.fc(double(x)))
