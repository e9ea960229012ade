"""torch.nn.utils and torch.nn.attention."""

from mlxify.catalogue import *


@rule("torch.nn.utils.rnn.pad_sequence")
def pad_sequence(sequences, batch_first=False, padding_value=0.0, padding_side="right"):
    return _pad_sequence(sequences, batch_first, padding_value, padding_side)


def _pad_sequence(sequences, batch_first=False, value=0.0, side="right"):
    """Pads arrays to the longest first axis and stacks them, the batch second or first."""
    length = max(len(x) for x in sequences)
    gaps = [(0, length - len(x)) if side == "right" else (length - len(x), 0) for x in sequences]
    padded = [
        mx.pad(x, [gap] + [(0, 0)] * (x.ndim - 1), constant_values=value) for x, gap in zip(sequences, gaps)
    ]
    return mx.stack(padded, axis=0 if batch_first else 1)


_TRANSPOSED = (nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d)


class _WeightNorm:
    """A layer whose weight is computed from its lengths `weight_g` and directions `weight_v` at every call.

    There is a length for each entry of torch's first axis: the outputs, or the inputs of a transposed convolution.
    """

    def normed_weight(self):
        others = list(range(self.weight_v.ndim))
        others.pop(-1 if isinstance(self, _TRANSPOSED) else 0)
        return self.weight_v * (self.weight_g * mx.rsqrt(mx.square(self.weight_v).sum(axis=others, keepdims=True)))

    def __call__(self, x):
        self["weight"] = self.normed_weight()
        y = super().__call__(x)
        del self["weight"]
        return y

    def sanitize_own(self, weights):
        names = {"parametrizations.weight.original0": "weight_g", "parametrizations.weight.original1": "weight_v"}
        weights = {names.get(name, name): value for name, value in weights.items()}
        for name in ("weight_g", "weight_v"):
            value = weights[name]
            if isinstance(self, _TRANSPOSED):
                value = value.swapaxes(0, 1)
            weights[name] = mx.moveaxis(value, 1, -1) if value.ndim > 2 else value
        return weights


@definition(
    "torch.nn.utils.weight_norm", "torch.nn.utils.parametrizations.weight_norm", weights={"weight_v": "OIL->OLI"}
)
def weight_norm(module, name="weight", dim=0):
    """Replaces the weight of a layer by its lengths `weight_g` and its directions `weight_v`; gives the layer."""
    if name != "weight" or dim != 0:
        raise NotImplementedError("weight norm of another parameter or along another axis")
    others = list(range(module.weight.ndim))
    others.pop(-1 if isinstance(module, _TRANSPOSED) else 0)
    module.weight_v = module["weight"]
    module.weight_g = mx.sqrt(mx.square(module["weight"]).sum(axis=others, keepdims=True))
    del module["weight"]
    module.__class__ = type(type(module).__name__, (_WeightNorm, type(module)), {})
    return module


@definition("torch.nn.utils.remove_weight_norm")
def remove_weight_norm(module, name="weight"):
    """Makes the weight of a layer with weight norm a plain parameter again; gives the layer."""
    module.weight = module.normed_weight()
    del module["weight_g"], module["weight_v"]
    module.__class__ = type(module).__bases__[1]
    return module


never("torch.nn.utils.clip_grad_norm_", "gradients are not kept in parameters",
      suggest="use `mlx.optimizers.clip_grad_norm` on the gradients that `nn.value_and_grad` gives")
never("torch.nn.utils.clip_grad_value_", "gradients are not kept in parameters",
      suggest="clip the gradients that `nn.value_and_grad` gives")
never("torch.nn.utils.parameters_to_vector", "parameters are a tree in MLX", suggest="use `mlx.utils.tree_flatten`")
never("torch.nn.utils.vector_to_parameters", "parameters are a tree in MLX", suggest="use `module.update`")
never("torch.nn.utils.spectral_norm", "it estimates a singular value by a buffer that each call changes",
      suggest="fold the norm into the weight before converting")
never("torch.nn.utils.parametrizations.spectral_norm", "it estimates a singular value by a buffer that each call changes",
      suggest="fold the norm into the weight before converting")
never("torch.nn.utils.parametrize.register_parametrization", "parameters are plain arrays in MLX",
      suggest="compute the parametrised weight in the call")
never("torch.nn.utils.parametrizations.orthogonal", "MLX's matrix factorisations have no gradient")
never("torch.nn.utils.prune.*", "pruning changes modules in place")
never("torch.nn.attention.flex_attention.*", "MLX has no flex attention",
      suggest="use scaled_dot_product_attention with a dense mask")

dissolve("torch.nn.attention.sdpa_kernel", "torch.backends.cuda.sdp_kernel", stops_gradient=False)
