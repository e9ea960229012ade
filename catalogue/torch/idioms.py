"""Formulas that models write out and MLX has as one function: what the idiom stage (src/idiom) has read off them becomes of it.

An entry `mlxify.idiom.X` takes what stands in the formula, which its docstring gives. Formulas that PyTorch has as a function, too, have that one's entry.
"""

from mlxify.catalogue import *


@rule("mlxify.idiom.rms_norm")
def rms_norm(input, eps, weight=None):
    """input / sqrt(mean(input²) + eps) * weight, over the last axis (Zhang and Sennrich, 2019)."""
    return mx.fast.rms_norm(input, weight, eps)


@rule("mlxify.idiom.layer_norm")
def layer_norm(input, eps, weight=None, bias=None):
    """(input - mean(input)) / sqrt(var(input) + eps) * weight + bias, over the last axis (Ba et al., 2016)."""
    return mx.fast.layer_norm(input, weight, bias, eps)


def _scale_of(scale, divisor):
    if divisor is None:
        return 1.0 if scale is None else scale
    return 1 / divisor if scale is None else scale / divisor


@rule("mlxify.idiom.attention")
def attention(query, key, value, scale=None, divisor=None):
    """softmax(query @ keyᵀ * scale / divisor) @ value, of (batch, heads, length, dims) (Vaswani et al., 2017)."""
    return mx.fast.scaled_dot_product_attention(query, key, value, scale=_scale_of(scale, divisor))


@rule("mlxify.idiom.attention_with_mask")
def attention_with_mask(query, key, value, mask, scale=None, divisor=None):
    """softmax(query @ keyᵀ * scale / divisor + mask) @ value, where the mask is passed in."""
    return mx.fast.scaled_dot_product_attention(query, key, value, scale=_scale_of(scale, divisor), mask=mask)


# MLX wants a mask of a dtype that promotes to the result's: one that the model makes itself is float32 whatever the weights are.
@rule("mlxify.idiom.attention_with_own_mask")
def attention_with_own_mask(query, key, value, mask, scale=None, divisor=None):
    """The same, where the model makes the mask."""
    return mx.fast.scaled_dot_product_attention(query, key, value, scale=_scale_of(scale, divisor), mask=mask.astype(query.dtype))


@rule("mlxify.idiom.gelu_approx")
def gelu_approx(input):
    """0.5 * input * (1 + tanh(sqrt(2 / pi) * (input + 0.044715 * input³)))."""
    return nn.gelu_approx(input)


@rule("mlxify.idiom.gelu_fast_approx")
def gelu_fast_approx(input):
    """input * sigmoid(1.702 * input)."""
    return nn.gelu_fast_approx(input)
