"""Depthwise causal convolutions over (batch, time, channels)."""

import torch
import torch.nn.functional as F
from torch import nn

from ..precision import widened
from .long_conv import ImplicitLongConvolution, LongConvolution, PositionalEmbedding, fft_conv

ACTIVATIONS = (None, "silu", "swish")


def _convolve(x, weight, bias, residual, initial_state, activation):
    """One batch of sequences of equal length: (N, T, D) -> output (N, T, D) and final state (N, D, W).

    The state holds the last W inputs of each channel, the newest last; missing ones are zeros. The oldest enters no
    output, and the library's kernel sends no gradient through it; here it has the gradient of a plain copy.
    """
    width = weight.shape[-1]
    wide, channels = widened(x), x.shape[-1]
    if initial_state is None:
        past = wide.new_zeros(x.shape[0], channels, width)
    else:
        past = initial_state.to(wide.dtype)
    history = torch.cat([past, wide.transpose(1, 2)], dim=-1)
    # W states and T inputs give T + 1 windows; the first ends before the first input
    y = F.conv1d(history, widened(weight)[:, None], groups=channels)[..., 1:].transpose(1, 2)
    if bias is not None:
        y = y + widened(bias)
    if activation is not None:
        y = F.silu(y)
    if residual is not None:
        y = y + widened(residual)
    return y.to(x.dtype), history[..., history.shape[-1] - width :].to(x.dtype)


def causal_conv1d(
    x: torch.Tensor,
    weight: torch.Tensor | None = None,
    bias: torch.Tensor | None = None,
    residual: torch.Tensor | None = None,
    initial_state: torch.Tensor | None = None,
    output_final_state: bool | None = False,
    activation: str | None = None,
    backend: str | None = "triton",
    cu_seqlens: torch.Tensor | None = None,
    cu_seqlens_cpu: torch.Tensor | None = None,
    chunk_indices: torch.Tensor | None = None,
    cp_context=None,
    **kwargs,
) -> tuple[torch.Tensor, torch.Tensor | None]:
    """Depthwise causal convolution of `x` (B, T, D) with `weight` (D, W).

    With `cu_seqlens` (N + 1,) the batch is 1 and holds N sequences one after the other, which do not see each other.
    Returns the output (B, T, D) and, if asked for, the final state (N, D, W), else None. `residual` is added last.
    """
    if activation not in ACTIVATIONS:
        raise ValueError(f"Activation `{activation}` not supported yet.")
    if cp_context is not None:
        raise NotImplementedError("context parallelism needs several devices")
    shape = x.shape
    x = x.flatten(2)
    residual = None if residual is None else residual.flatten(2)
    if cu_seqlens is None:
        y, final_state = _convolve(x, weight, bias, residual, initial_state, activation)
        return y.view(shape), final_state if output_final_state else None
    bounds = cu_seqlens.tolist()
    outputs, states = [], []
    for n, (start, stop) in enumerate(zip(bounds[:-1], bounds[1:], strict=True)):
        y, state = _convolve(
            x[:, start:stop],
            weight,
            bias,
            None if residual is None else residual[:, start:stop],
            None if initial_state is None else initial_state[n : n + 1],
            activation,
        )
        outputs.append(y)
        states.append(state)
    final_state = torch.cat(states) if output_final_state else None
    return torch.cat(outputs, dim=1).view(shape), final_state


def causal_conv1d_update(x, cache, residual=None, weight=None, bias=None, activation=None):
    """One more token per sequence: `x` (N, D), (N, 1, D) or (1, N, D); `cache` (N, D, W) is updated in place."""
    tokens = x.reshape(-1, 1, x.shape[-1])
    added = None if residual is None else residual.reshape(tokens.shape)
    y, state = _convolve(tokens, weight, bias, added, cache, activation)
    cache.copy_(state)
    return y.view(x.shape), cache


class ShortConvolution(nn.Conv1d):
    """Depthwise causal convolution with optional silu and state; `weight` has shape (hidden_size, 1, kernel_size)."""

    def __init__(
        self,
        hidden_size: int,
        kernel_size: int,
        bias: bool = False,
        activation: str | None = "silu",
        backend: str | None = "triton",
        device: torch.device | None = None,
        dtype: torch.dtype | None = None,
        **kwargs,
    ) -> None:
        super().__init__(
            in_channels=hidden_size,
            out_channels=hidden_size,
            kernel_size=kernel_size,
            padding=kernel_size - 1,
            groups=hidden_size,
            bias=bias,
            device=device,
            dtype=dtype,
        )
        if activation not in ACTIVATIONS:
            raise AssertionError(f"Activation `{activation}` not supported yet.")
        if backend not in ("cuda", "triton"):
            raise ValueError(f"Invalid backend: {backend}, must be one of ['cuda', 'triton']")
        self.hidden_size = hidden_size
        self.activation = activation
        self.backend = backend

    def forward(
        self,
        x: torch.Tensor,
        residual: torch.Tensor | None = None,
        mask: torch.Tensor | None = None,
        cache: torch.Tensor | None = None,
        output_final_state: bool = False,
        cu_seqlens: torch.Tensor | None = None,
        chunk_indices: torch.Tensor | None = None,
        **kwargs,
    ) -> tuple[torch.Tensor, torch.Tensor | None]:
        """Convolves `x` (B, T, D), multiplied in place by `mask` (B, T) if given.

        `cache` (N, D, W) is the state before the first token; without autograd and with one token per sequence it is
        updated in place. Returns the output and the final state, or None unless `output_final_state`.
        """
        tokens = x.shape[0] * x.shape[1]
        sequences = x.shape[0] if cu_seqlens is None else len(cu_seqlens) - 1
        if mask is not None:
            if cu_seqlens is not None:
                raise ValueError("`mask` and `cu_seqlens` cannot be provided at the same time")
            x = x.mul_(mask.unsqueeze(-1))
        one_each = tokens == sequences and (cu_seqlens is None or bool((cu_seqlens.diff() == 1).all()))
        if one_each and not torch.is_grad_enabled():
            return self.step(x, residual, cache, output_final_state, cu_seqlens)
        return causal_conv1d(
            x=x,
            weight=self.weight.squeeze(1),
            bias=self.bias,
            residual=residual,
            initial_state=cache,
            output_final_state=output_final_state,
            activation=self.activation,
            cu_seqlens=cu_seqlens,
        )

    def step(self, x, residual, cache, output_final_state=False, cu_seqlens=None):
        """One token per sequence, with the state updated in place."""
        sequences = x.shape[0] if cu_seqlens is None else len(cu_seqlens) - 1
        if cache is None:
            cache = x.new_zeros(sequences, self.hidden_size, self.kernel_size[0])
        y, cache = causal_conv1d_update(x, cache, residual, self.weight.squeeze(1), self.bias, self.activation)
        return y, cache if output_final_state else None

    @property
    def state_size(self) -> int:
        return self.hidden_size * self.kernel_size[0]


__all__ = [
    "ImplicitLongConvolution",
    "LongConvolution",
    "PositionalEmbedding",
    "ShortConvolution",
    "causal_conv1d",
    "causal_conv1d_update",
    "fft_conv",
]
