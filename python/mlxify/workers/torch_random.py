"""torch's random draws from the shared stream. The calls that are replaced are listed in docs/internals/worker-protocol.md."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F

from mlxify.workers import torch_recurrent
from mlxify.workers.draws import Draws
from mlxify.workers.replaced import attributes

Tensor = torch.Tensor


def _shape(size: tuple[Any, ...], keywords: dict[str, Any]) -> tuple[int, ...]:
    """torch takes sizes one by one, as one sequence, or by name."""
    if "size" in keywords:
        size = keywords.pop("size")
    elif len(size) == 1 and not isinstance(size[0], int):
        size = size[0]
    return tuple(int(length) for length in size)


class _Replacements:
    """torch's drawing functions over one stream; each has torch's signature and result."""

    def __init__(self, draws: Draws) -> None:
        self.draws = draws

    def _new(self, values: np.ndarray, keywords: dict[str, Any], like: Tensor | None = None) -> Tensor:
        dtype = keywords.get("dtype") or (torch.get_default_dtype() if like is None else like.dtype)
        result = torch.from_numpy(np.ascontiguousarray(values)).reshape(values.shape).to(dtype)
        out = keywords.get("out")
        if out is not None:
            return out.copy_(result)
        return result.requires_grad_() if keywords.get("requires_grad") else result

    def _fill(self, tensor: Tensor, values: np.ndarray) -> Tensor:
        # What held a result before has no gradient any more; a leaf, which autograd would not let be overwritten, keeps its own.
        with contextlib.nullcontext() if tensor.requires_grad and not tensor.is_leaf else torch.no_grad():
            return tensor.copy_(torch.from_numpy(np.ascontiguousarray(values)).reshape(values.shape))

    # ------------------------------------------------------------------------------------------------------ factories

    def rand(self, *size: Any, **keywords: Any) -> Tensor:
        return self._new(self.draws.uniform(_shape(size, keywords)), keywords)

    def randn(self, *size: Any, **keywords: Any) -> Tensor:
        return self._new(self.draws.normal(_shape(size, keywords)), keywords)

    def rand_like(self, input: Tensor, **keywords: Any) -> Tensor:
        return self._new(self.draws.uniform(tuple(input.shape)), keywords, input)

    def randn_like(self, input: Tensor, **keywords: Any) -> Tensor:
        return self._new(self.draws.normal(tuple(input.shape)), keywords, input)

    def randint(self, *bounds: Any, **keywords: Any) -> Tensor:
        named = [keywords.pop(name) for name in ("low", "high", "size") if name in keywords]
        *bounds, size = [*bounds, *named]
        low, high = bounds if len(bounds) == 2 else (0, bounds[0])
        shape = tuple(size)
        return self._new(self.draws.integers(low, high, shape), {"dtype": torch.int64, **keywords})

    def randint_like(self, input: Tensor, *bounds: int, **keywords: Any) -> Tensor:
        named = [keywords.pop(name) for name in ("low", "high") if name in keywords]
        bounds = (*bounds, *named)
        low, high = bounds if len(bounds) == 2 else (0, bounds[0])
        return self._new(self.draws.integers(low, high, tuple(input.shape)), keywords, input)

    def randperm(self, n: int, **keywords: Any) -> Tensor:
        return self._new(self.draws.permutation(n), {"dtype": torch.int64, **keywords})

    def normal(self, mean: Any = 0.0, std: Any = 1.0, size: Any = None, **keywords: Any) -> Tensor:
        if size is None:
            like = mean if isinstance(mean, Tensor) else std
            size = torch.broadcast_shapes(*(item.shape for item in (mean, std) if isinstance(item, Tensor)))
            return self._new(self.draws.normal(tuple(size)), keywords, like) * std + mean
        return self._new(self.draws.normal(tuple(size)), keywords) * std + mean

    def bernoulli(self, input: Tensor, p: float | None = None, **keywords: Any) -> Tensor:
        probability = input.detach().float().numpy() if p is None else p
        return self._new(self.draws.bernoulli(probability, tuple(input.shape)), keywords, input)

    def multinomial(self, input: Tensor, num_samples: int, replacement: bool = False, **keywords: Any) -> Tensor:
        """By the largest of logarithm plus Gumbel noise, which is how MLX draws a category."""
        logits = torch.log(input.detach().float()).numpy()
        if replacement or num_samples == 1:
            noise = self.draws.gumbel((*logits.shape[:-1], num_samples, logits.shape[-1]))
            return torch.from_numpy((logits[..., None, :] + noise).argmax(-1))
        order = np.argsort(-(logits + self.draws.gumbel(logits.shape)), axis=-1, kind="stable")
        return torch.from_numpy(np.ascontiguousarray(order[..., :num_samples]))

    # ------------------------------------------------------------------------------------------------ methods in place

    def uniform_(self, tensor: Tensor, a: float = 0.0, b: float = 1.0, **_: Any) -> Tensor:
        return self._fill(tensor, self.draws.uniform(tuple(tensor.shape)) * np.float32(b - a) + np.float32(a))

    def normal_(self, tensor: Tensor, mean: float = 0.0, std: float = 1.0, **_: Any) -> Tensor:
        return self._fill(tensor, self.draws.normal(tuple(tensor.shape)) * np.float32(std) + np.float32(mean))

    def bernoulli_(self, tensor: Tensor, p: Any = 0.5, **_: Any) -> Tensor:
        probability = p.detach().float().numpy() if isinstance(p, Tensor) else p
        return self._fill(tensor, self.draws.bernoulli(probability, tuple(tensor.shape)))

    def exponential_(self, tensor: Tensor, lambd: float = 1.0, **_: Any) -> Tensor:
        return self._fill(tensor, self.draws.exponential(tuple(tensor.shape)) / np.float32(lambd))

    def random_(self, tensor: Tensor, *bounds: int, **keywords: Any) -> Tensor:
        named = [keywords[name] for name in ("from", "to") if name in keywords]
        bounds = (*bounds, *named)
        low, high = bounds if len(bounds) == 2 else (0, bounds[0] if bounds else 1 << 24)
        return self._fill(tensor, self.draws.integers(low, high, tuple(tensor.shape)))

    # -------------------------------------------------------------------------------------------------------- dropout

    def _dropped(self, input: Tensor, p: float, training: bool, shape: tuple[int, ...], inplace: bool) -> Tensor:
        if not 0.0 <= p <= 1.0:
            raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")
        if not training or p == 0.0:
            return input
        if p == 1.0:
            return input.mul_(0) if inplace else input * 0
        mask = torch.from_numpy(self.draws.bernoulli(1 - p, shape)).to(input.dtype)
        return input.mul_(mask).div_(1 - p) if inplace else input * mask / (1 - p)

    def dropout(self, input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
        return self._dropped(input, p, training, tuple(input.shape), inplace)

    def dropout1d(self, input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
        return self._dropped(input, p, training, (*input.shape[:-1], 1), inplace)

    def dropout2d(self, input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
        """Like torch's: the first two axes are batch and channels whatever the rank."""
        return self._dropped(input, p, training, (*input.shape[:2], *[1] * (input.ndim - 2)), inplace)

    def dropout3d(self, input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
        return self._dropped(input, p, training, (*input.shape[:-3], 1, 1, 1), inplace)

    def scaled_dot_product_attention(
        self,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        attn_mask: Tensor | None = None,
        dropout_p: float = 0.0,
        is_causal: bool = False,
        scale: float | None = None,
        enable_gqa: bool = False,
    ) -> Tensor:
        """torch's own unless weights are dropped; then by the definition in its documentation."""
        if dropout_p == 0.0:
            options = {"is_causal": is_causal, "scale": scale, "enable_gqa": enable_gqa}
            return self.attention(query, key, value, attn_mask, 0.0, **options)
        if enable_gqa:
            key, value = (x.repeat_interleave(query.shape[-3] // x.shape[-3], -3) for x in (key, value))
        scores = query @ key.transpose(-2, -1) * (1 / math.sqrt(query.shape[-1]) if scale is None else scale)
        if is_causal:
            attn_mask = torch.ones(scores.shape[-2:], dtype=torch.bool).tril()
        if attn_mask is not None:
            bias = torch.zeros(attn_mask.shape, dtype=scores.dtype)
            scores = scores + (bias.masked_fill(~attn_mask, -math.inf) if attn_mask.dtype == torch.bool else attn_mask)
        return self.dropout(scores.softmax(-1), dropout_p) @ value

    attention: Callable[..., Tensor] = staticmethod(F.scaled_dot_product_attention)


_OF_TORCH = (
    "rand",
    "randn",
    "rand_like",
    "randn_like",
    "randint",
    "randint_like",
    "randperm",
    "normal",
    "bernoulli",
    "multinomial",
)
_OF_TENSOR = ("uniform_", "normal_", "bernoulli_", "exponential_", "random_", "bernoulli", "multinomial")
_OF_FUNCTIONAL = ("dropout", "dropout1d", "dropout2d", "dropout3d", "scaled_dot_product_attention")


@contextlib.contextmanager
def replaced(draws: Draws, only_dropout: bool) -> Iterator[None]:
    """Within, draws come from the stream. `only_dropout`: leaves torch's own draws alone where nothing is dropped by them."""
    replacements = _Replacements(draws)
    bound: list[tuple[Any, str, Any]] = []
    dropping = ("bernoulli", "bernoulli_")
    for holder, names in ((torch, _OF_TORCH), (Tensor, _OF_TENSOR)):
        for name in names:
            if not only_dropout or name in dropping:
                bound.append((holder, name, _plain(getattr(replacements, name))))
    for name in _OF_FUNCTIONAL:
        bound.append((F, name, _plain(getattr(replacements, name))))
    bound.append((torch, "dropout", _plain(lambda input, p, train: replacements.dropout(input, p, train))))
    for name in torch_recurrent.NAMES:
        bound.append((torch._VF, name, torch_recurrent.replacement(name, replacements.dropout)))
    with attributes(bound):
        yield


def _plain(bound: Callable[..., Any]) -> Callable[..., Any]:
    """A function, which as an attribute of Tensor becomes a method; a bound method would not."""

    def call(*args: Any, **keywords: Any) -> Any:
        return bound(*args, **keywords)

    return call
