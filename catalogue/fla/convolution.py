"""Depthwise causal convolutions of flash-linear-attention, over (batch, time, channels)."""

from mlxify.catalogue import *


@definition(
    "fla.modules.ShortConvolution",
    "fla.modules.convolution.ShortConvolution",
    "fla.modules.causal_conv1d.ShortConvolution",
    "fla.modules.conv.ShortConvolution",
)
class ShortConvolution(nn.Module):
    """Depthwise causal convolution with optional silu; `weight` is (hidden_size, 1, kernel_size), as in PyTorch.

    Maps x (B, T, D) to (y, state). `cache` and `state` hold the last `kernel_size` inputs of each sequence,
    (N, D, kernel_size); the state is None unless `output_final_state`. `mask` (B, T) zeroes x in place. With
    `cu_seqlens` (N + 1,) the batch is 1 and holds N sequences, which do not see each other.
    """

    def __init__(
        self,
        hidden_size,
        kernel_size,
        bias=False,
        activation="silu",
        backend=None,
        device=None,
        dtype=None,
        **kwargs,
    ):
        super().__init__()
        if activation not in (None, "silu", "swish"):
            raise ValueError(f"Activation `{activation}` not supported yet.")
        bound = kernel_size**-0.5
        self.hidden_size = hidden_size
        self.kernel_size = (kernel_size,)
        self.activation = activation
        self.weight = mx.random.uniform(-bound, bound, (hidden_size, 1, kernel_size), dtype or mx.float32)
        self.bias = mx.random.uniform(-bound, bound, (hidden_size,), dtype or mx.float32) if bias else None

    def __call__(self, x, residual=None, mask=None, cache=None, output_final_state=False, cu_seqlens=None, **kwargs):
        if cu_seqlens is not None:
            return self.packed(x, residual, cache, output_final_state, cu_seqlens.tolist())
        if mask is not None:
            x *= mask[..., None].astype(x.dtype)
        width = self.kernel_size[0]
        if cache is None:
            history = mx.pad(x, [(0, 0), (width, 0), (0, 0)])
        else:
            history = mx.concatenate([cache.swapaxes(1, 2).astype(x.dtype), x], axis=1)
        # the first window ends before the first input
        y = mx.conv1d(history, self.weight.swapaxes(1, 2), groups=self.hidden_size)[:, 1:]
        if self.bias is not None:
            y = y + self.bias
        if self.activation is not None:
            y = nn.silu(y)
        if residual is not None:
            y = y + residual
        return y.astype(x.dtype), history[:, -width:].swapaxes(1, 2) if output_final_state else None

    def packed(self, x, residual, cache, output_final_state, bounds):
        """Convolves the sequences x[:, bounds[n]:bounds[n + 1]] one by one."""
        outputs, states = [], []
        for n, (start, stop) in enumerate(zip(bounds[:-1], bounds[1:])):
            y, state = self(
                x[:, start:stop],
                residual=None if residual is None else residual[:, start:stop],
                cache=None if cache is None else cache[n : n + 1],
                output_final_state=output_final_state,
            )
            outputs.append(y)
            states.append(state)
        return mx.concatenate(outputs, axis=1), mx.concatenate(states) if output_final_state else None

    @property
    def state_size(self):
        return self.hidden_size * self.kernel_size[0]


@definition(
    "fla.modules.token_shift.token_shift",
    "fla.modules.token_shift.TokenShift.apply",
    "fla.modules.TokenShift.apply",
)
def token_shift(x, cu_seqlens=None, cache=None, output_cache=False, chunk_indices=None):
    """Previous token minus this one, for x (B, T, D); `cache` (N, D) precedes each sequence, else zeros do.

    With `cu_seqlens` (N + 1,) the batch is 1 and holds N sequences. With `output_cache` also returns the last tokens.
    """
    if cu_seqlens is None:
        parts = list(x)
    else:
        bounds = cu_seqlens.tolist()
        parts = [x[0, start:stop] for start, stop in zip(bounds[:-1], bounds[1:])]
    first = mx.zeros((len(parts), x.shape[-1]), x.dtype) if cache is None else cache.reshape(len(parts), -1)
    shifted = [mx.concatenate([before[None], part[:-1]]) - part for before, part in zip(first, parts)]
    y = mx.stack(shifted) if cu_seqlens is None else mx.concatenate(shifted)[None]
    return (y, mx.stack([part[-1] for part in parts])) if output_cache else y


@definition(
    "fla.modules.LongConvolution",
    "fla.modules.long_conv.LongConvolution",
    "fla.modules.convolution.LongConvolution",
)
class LongConvolution(nn.Module):
    """Convolution of x (B, L, D) with a learned filter of `max_len` taps per channel, by FFT, plus x itself."""

    def __init__(self, hidden_size, max_len, **kwargs):
        super().__init__()
        self.hidden_size = hidden_size
        self.filter = mx.random.normal((hidden_size, max_len))

    def __call__(self, x, *args, **kwargs):
        size = 2 * x.shape[1]
        u = x.swapaxes(1, 2).astype(mx.float32)
        # twice the length, so that the circular convolution does not wrap around
        spectrum = mx.fft.rfft(u, n=size) * mx.fft.rfft(self.filter, n=size)
        y = mx.fft.irfft(spectrum, n=size)[..., : x.shape[1]] + u
        return y.swapaxes(1, 2).astype(x.dtype)
