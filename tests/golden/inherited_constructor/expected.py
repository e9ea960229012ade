import mlx.core as mx
import mlx.nn as nn


class _InstanceNorm(nn.InstanceNorm):
    """Normalises each channel (axis 1) of each sample over its `axes` trailing axes, as in PyTorch."""

    axes = 1

    def __init__(self, num_features, eps=1e-5, momentum=0.1, affine=False, track_running_stats=False, bias=True):
        if track_running_stats or (affine and not bias):
            raise NotImplementedError("instance norm with running statistics, or with a weight alone")
        super().__init__(num_features, eps, affine)

    def __call__(self, x):
        shape = (-1, *[1] * self.axes)
        pixels = x.flatten(-self.axes)
        x = mx.fast.layer_norm(pixels, None, None, self.eps).reshape(x.shape)
        return x * self.weight.reshape(shape) + self.bias.reshape(shape) if "weight" in self else x


class InstanceNorm1d(_InstanceNorm):
    """Instance norm of (batch, channels, length)."""


class _RecurrentCell(nn.Module):
    """The weights of one step of a recurrent network, over (batch, features)."""

    gates = 1

    def __init__(self, input_size, hidden_size, bias=True):
        super().__init__()
        self.hidden_size = hidden_size
        bound = hidden_size**-0.5
        self.weight_ih = mx.random.uniform(-bound, bound, (self.gates * hidden_size, input_size))
        self.weight_hh = mx.random.uniform(-bound, bound, (self.gates * hidden_size, hidden_size))
        if bias:
            self.bias_ih = mx.random.uniform(-bound, bound, (self.gates * hidden_size,))
            self.bias_hh = mx.random.uniform(-bound, bound, (self.gates * hidden_size,))
        else:
            self.bias_ih = self.bias_hh = None

    def _project(self, x, hidden):
        """What the input and the hidden state contribute to the gates."""
        x, hidden = x @ self.weight_ih.T, hidden @ self.weight_hh.T
        return (x + self.bias_ih, hidden + self.bias_hh) if "bias_ih" in self else (x, hidden)


class GRUCell(_RecurrentCell):
    """One step of PyTorch's GRU: (input, hidden) -> hidden."""

    gates = 3

    def __call__(self, x, hx=None):
        hidden = hx if hx is not None else mx.zeros((*x.shape[:-1], self.hidden_size), dtype=x.dtype)
        inputs, recurrent = self._project(x, hidden)
        x_reset, x_update, x_new = mx.split(inputs, 3, axis=-1)
        h_reset, h_update, h_new = mx.split(recurrent, 3, axis=-1)
        update = mx.sigmoid(x_update + h_update)
        new = mx.tanh(x_new + mx.sigmoid(x_reset + h_reset) * h_new)
        return (1 - update) * new + update * hidden


class Recurrent(nn.Module):
    """What has no meaning in MLX vanishes, also where a definition has its base's constructor."""

    def __init__(self, size: int = 8, device=None, dtype=None):
        super().__init__()
        self.norm = InstanceNorm1d(size, affine=True, track_running_stats=False)
        self.cell = GRUCell(size, size)

    def __call__(self, x: mx.array) -> mx.array:
        return self.cell(self.norm(x)[..., 0])
