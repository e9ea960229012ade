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


class _ComputedWeight:
    """A layer whose weight is computed from other parameters at every call, by its `computed_weight`."""

    @property
    def weight(self):
        return self["weight"] if "weight" in self else self.computed_weight()

    def __setattr__(self, name, value):
        if name != "weight":  # lost in PyTorch too: the next call computes it anew
            super().__setattr__(name, value)

    def __call__(self, x):
        self["weight"] = self.computed_weight()
        y = super().__call__(x)
        del self["weight"]
        return y

    def sanitize_own(self, weights):
        weights = {self.torch_names.get(name, name): value for name, value in weights.items()}
        for name, value in weights.items():
            if name.startswith("weight") and value.ndim > 2:
                value = value.swapaxes(0, 1) if isinstance(self, _TRANSPOSED) else value
                weights[name] = mx.moveaxis(value, 1, -1)
        return weights


def _with_computed_weight(module, kind):
    """Makes the layer one of that kind, a subclass of `_ComputedWeight`; gives the layer."""
    del module["weight"]
    module.__class__ = type(type(module).__name__, (kind, type(module)), {})
    return module


class _WeightNorm(_ComputedWeight):
    """A layer whose weight is computed from its lengths `weight_g` and directions `weight_v` at every call."""

    torch_names = {"parametrizations.weight.original0": "weight_g", "parametrizations.weight.original1": "weight_v"}

    def computed_weight(self):
        v = self.weight_v
        return v * (self.weight_g * mx.rsqrt(mx.square(v).sum(axis=self._summed, keepdims=True)))


@definition(
    "torch.nn.utils.weight_norm", "torch.nn.utils.parametrizations.weight_norm", weights={"weight_v": "OIL->OLI"}
)
def weight_norm(module, name="weight", dim=0):
    """Replaces the weight of a layer by its lengths `weight_g` and its directions `weight_v`; gives the layer."""
    weight = module[name]
    if name != "weight" or dim not in (0, None):
        raise NotImplementedError("weight norm of another parameter or along another axis")
    # There is a length for each entry of PyTorch's first axis: the outputs, or the inputs of a transposed convolution.
    kept = -1 if isinstance(module, _TRANSPOSED) else 0
    module._summed = [axis for axis in range(weight.ndim) if dim is None or axis != kept % weight.ndim]
    module.weight_v = weight
    module.weight_g = mx.sqrt(mx.square(weight).sum(axis=module._summed, keepdims=dim is not None))
    return _with_computed_weight(module, _WeightNorm)


def _with_plain_weight(module):
    """Makes the computed weight of a layer a parameter with its present value; gives the layer."""
    weight = module.weight
    module.__class__ = type(module).__bases__[1]
    module.weight = weight
    for name in [name for name in module if name.startswith("weight_")]:
        del module[name]
    return module


@definition("torch.nn.utils.remove_weight_norm")
def remove_weight_norm(module, name="weight"):
    """Makes the weight of a layer with weight norm a plain parameter again; gives the layer."""
    return _with_plain_weight(module)


@definition("torch.nn.utils.parametrize.remove_parametrizations")
def remove_parametrizations(module, tensor_name, leave_parametrized=True):
    """Makes the weight of a layer with weight norm or spectral norm a plain parameter again; gives the layer."""
    if tensor_name != "weight" or not leave_parametrized:
        raise NotImplementedError("another parameter than `weight`, or its value without the norm")
    return _with_plain_weight(module)


class _SpectralNorm(_ComputedWeight):
    """A layer whose weight is divided at every call by its largest singular value.

    Power iteration estimates it: each call in training improves the left and right vectors `weight_u` and `weight_v`.
    """

    torch_names = {}
    order = ("weight_v", "weight_u")

    def computed_weight(self):
        weight = self.weight_orig
        matrix = mx.moveaxis(weight, -1, 1).reshape(weight.shape[0], -1)
        if self.training:
            self.iterate(mx.stop_gradient(matrix), self._iterations)
        return weight / (self.weight_u * (matrix @ self.weight_v)).sum()

    def iterate(self, matrix, times):
        for _ in range(times):
            for name in self.order:
                x = matrix @ self.weight_v if name == "weight_u" else self.weight_u @ matrix
                self[name] = x / mx.maximum(mx.linalg.norm(x), self._eps)


class _SpectralParametrization(_SpectralNorm):
    """Spectral norm with the names and the order of steps of PyTorch's parametrization."""

    torch_names = {
        "parametrizations.weight.original": "weight_orig",
        "parametrizations.weight.0._u": "weight_u",
        "parametrizations.weight.0._v": "weight_v",
    }
    order = ("weight_u", "weight_v")


def _spectral(module, name, iterations, eps, dim, kind):
    weight = module[name]
    if name != "weight" or dim not in (None, 1 if isinstance(module, _TRANSPOSED) else 0):
        raise NotImplementedError("spectral norm of another parameter or along another axis")
    module.weight_orig = weight
    module.weight_u = mx.random.normal((weight.shape[0],))
    module.weight_v = mx.random.normal((weight.size // weight.shape[0],))
    module._iterations, module._eps = iterations, eps
    module.freeze(keys=["weight_u", "weight_v"], recurse=False)
    module = _with_computed_weight(module, kind)
    module.iterate(mx.moveaxis(weight, -1, 1).reshape(weight.shape[0], -1), 15)
    return module


@definition("torch.nn.utils.spectral_norm", weights={"weight_orig": "OIL->OLI"})
def spectral_norm(module, name="weight", n_power_iterations=1, eps=1e-12, dim=None):
    """Divides the weight of a layer by its largest singular value, at every call; gives the layer."""
    return _spectral(module, name, n_power_iterations, eps, dim, _SpectralNorm)


@definition("torch.nn.utils.parametrizations.spectral_norm", weights={"weight_orig": "OIL->OLI"})
def parametrized_spectral_norm(module, name="weight", n_power_iterations=1, eps=1e-12, dim=None):
    """Divides the weight of a layer by its largest singular value, at every call; gives the layer."""
    return _spectral(module, name, n_power_iterations, eps, dim, _SpectralParametrization)


never("torch.nn.utils.clip_grad_norm_", "gradients are not kept in parameters",
      suggest="use `mlx.optimizers.clip_grad_norm` on the gradients that `nn.value_and_grad` gives")
never("torch.nn.utils.clip_grad_value_", "gradients are not kept in parameters",
      suggest="clip the gradients that `nn.value_and_grad` gives")
never("torch.nn.utils.parameters_to_vector", "parameters are a tree in MLX", suggest="use `mlx.utils.tree_flatten`")
never("torch.nn.utils.vector_to_parameters", "parameters are a tree in MLX", suggest="use `module.update`")
never("torch.nn.utils.parametrize.register_parametrization", "parameters are plain arrays in MLX",
      suggest="compute the parametrised weight in the call")
never("torch.nn.utils.parametrizations.orthogonal", "MLX's matrix factorisations have no gradient",
      suggest="compute an orthogonal weight in the call, as by a Cayley map written out")
never("torch.nn.utils.prune.*", "pruning changes modules in place",
      suggest="multiply the weight by its mask in the call, or prune the weights before converting them")
never("torch.nn.attention.flex_attention.*", "MLX has no flex attention",
      suggest="use scaled_dot_product_attention with a dense mask")

dissolve("torch.nn.attention.sdpa_kernel", "torch.backends.cuda.sdp_kernel", stops_gradient=False)
# Which kernels such a context may take; nothing else reads them.
constant("torch.nn.attention.SDPBackend.MATH", '"math"')
constant("torch.nn.attention.SDPBackend.FLASH_ATTENTION", '"flash_attention"')
constant("torch.nn.attention.SDPBackend.EFFICIENT_ATTENTION", '"efficient_attention"')
constant("torch.nn.attention.SDPBackend.CUDNN_ATTENTION", '"cudnn_attention"')
