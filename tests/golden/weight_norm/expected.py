import mlx.core as mx
import mlx.nn as nn


_TRANSPOSED = (nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d)


def _with_computed_weight(module, kind):
    """Makes the layer one of that kind, a subclass of `_ComputedWeight`; gives the layer."""
    del module["weight"]
    module.__class__ = type(type(module).__name__, (kind, type(module)), {})
    return module


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


class _WeightNorm(_ComputedWeight):
    """A layer whose weight is computed from its lengths `weight_g` and directions `weight_v` at every call."""

    torch_names = {"parametrizations.weight.original0": "weight_g", "parametrizations.weight.original1": "weight_v"}

    def computed_weight(self):
        v = self.weight_v
        return v * (self.weight_g * mx.rsqrt(mx.square(v).sum(axis=self._summed, keepdims=True)))


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


def parametrized_spectral_norm(module, name="weight", n_power_iterations=1, eps=1e-12, dim=None):
    """Divides the weight of a layer by its largest singular value, at every call; gives the layer."""
    return _spectral(module, name, n_power_iterations, eps, dim, _SpectralParametrization)


def _sanitize(model, weights):
    """PyTorch's weights (a dict by dotted name) under the names and in the layouts of this MLX model."""
    layouts = {
        nn.Conv1d: (0, 2, 1), nn.Conv2d: (0, 2, 3, 1), nn.Conv3d: (0, 2, 3, 4, 1),
        nn.ConvTranspose1d: (1, 2, 0), nn.ConvTranspose2d: (1, 2, 3, 0), nn.ConvTranspose3d: (1, 2, 3, 4, 0),
    }  # fmt: skip
    owners, result = {}, {}
    for name, value in weights.items():
        owner, path, parts = model, [], name.split(".")
        while parts:
            if isinstance(owner, nn.Sequential) and parts[0].isdigit():
                owner = owner.layers
                path.append("layers")
            part = getattr(type(owner), "_renamed", {}).get(parts[0], parts[0])
            child = owner[int(part)] if isinstance(owner, (list, tuple)) else owner.get(part)
            if not isinstance(child, (nn.Module, dict, list, tuple)):
                break
            owner = child
            path.append(part)
            parts.pop(0)
        owners.setdefault(tuple(path), (owner, {}))[1][".".join([part, *parts[1:]])] = value
    for path, (owner, own) in owners.items():
        if hasattr(owner, "sanitize_own"):  # packed or computed weights
            own = owner.sanitize_own(own)
        elif own.get("weight") is not None:
            for kind, order in layouts.items():
                if isinstance(owner, kind):  # in order: a view would be copied by every call
                    own["weight"] = mx.contiguous(own["weight"].transpose(order))
        for name, value in own.items():
            if name != "num_batches_tracked" or name in owner:
                result[".".join([*path, name])] = value
    return result


class Block(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.proj = weight_norm(nn.Linear(dim, dim), dim=None)
        self.out = parametrized_spectral_norm(nn.Linear(dim, dim))

    def __call__(self, x):
        return self.out(self.proj(x))

    def sanitize(self, weights):
        """PyTorch's weights under this model's names and layouts."""
        return _sanitize(self, weights)
