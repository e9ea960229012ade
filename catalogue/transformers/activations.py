"""Activations of transformers, by name."""

from mlxify.catalogue import *

constant(
    "transformers.activations.ACT2FN",
    '{"gelu": nn.gelu, "gelu_new": nn.gelu_approx, "gelu_pytorch_tanh": nn.gelu_approx, "quick_gelu": nn.gelu_fast_approx, '
    '"mish": nn.mish, "relu": nn.relu, "relu6": nn.relu6, "sigmoid": nn.sigmoid, "silu": nn.silu, "swish": nn.silu, "tanh": nn.tanh}',
)
