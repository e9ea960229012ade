"""Sorting, searching and counting.

Indices are int32 (MLX: uint32, whose negation and difference wrap), and stop gradients: MLX refuses to differentiate a
gather whose indices depend on what is differentiated.
"""

from catalogue.torch.scalars import _only, _scalar

from mlxify.catalogue import *


# MLX sorts upwards only; the order of the negated values is downwards, and keeps equal values in order as torch does.
def _downwards(input, dim):
    if known(input.dtype == mx.bool_) and input.dtype == mx.bool_:
        return mx.stop_gradient(mx.argsort(~input, axis=dim)).astype(mx.int32)
    return mx.stop_gradient(mx.argsort(-input, axis=dim)).astype(mx.int32)


@rule("torch.sort", "torch.Tensor.sort", fields=("values", "indices"), trap=("kinds of indices", "values without indices", "order of the largest"))
def sort(input, dim=-1, descending=False, stable=False):
    """Sorted values and their indices."""
    if _scalar(input):
        return _only(input)
    if known(descending) and not descending:
        return mx.sort(input, axis=dim), mx.stop_gradient(mx.argsort(input, axis=dim)).astype(mx.int32)
    indices = _downwards(input, dim) if descending else mx.stop_gradient(mx.argsort(input, axis=dim)).astype(mx.int32)
    return mx.take_along_axis(input, indices, axis=dim), indices


@rule("torch.argsort", "torch.Tensor.argsort", trap=("kinds of indices", "order of the largest", "omitted axis"))
def argsort(input, dim=-1, descending=False, stable=False):
    if _scalar(input):
        return mx.zeros((), dtype=mx.int32)
    if descending:
        return _downwards(input, dim)
    return mx.stop_gradient(mx.argsort(input, axis=dim)).astype(mx.int32)


@rule("torch.msort", "torch.Tensor.msort")
def msort(input):
    if _scalar(input):
        return input
    return mx.sort(input, axis=0)


# The first `k` along an axis.
def _first(input, k, dim):
    if known(dim == -1) and (dim == -1 or dim == input.ndim - 1):
        return input[..., :k]
    if known(dim == 0) and dim == 0:
        return input[:k]
    return mx.take(input, mx.arange(k), axis=dim)


@rule("torch.topk", "torch.Tensor.topk", fields=("values", "indices"), trap=("kinds of indices", "values without indices", "order of the largest"))
def topk(input, k, dim=-1, largest=True, sorted=True):
    """The `k` largest or smallest values along an axis, in order, and their indices."""
    if input.ndim == 0:
        return _only(input)
    order = _downwards(input, dim) if largest else mx.stop_gradient(mx.argsort(input, axis=dim)).astype(mx.int32)
    indices = _first(order, k, dim)
    return mx.take_along_axis(input, indices, axis=dim), indices


@rule("torch.kthvalue", "torch.Tensor.kthvalue", fields=("values", "indices"), trap=("kinds of indices", "values without indices"))
def kthvalue(input, k, dim=-1, keepdim=False):
    if input.ndim == 0:
        return _only(input)
    indices = mx.take(mx.stop_gradient(mx.argsort(input, axis=dim)).astype(mx.int32), mx.array([k - 1]), axis=dim)
    values = mx.take_along_axis(input, indices, axis=dim)
    if keepdim:
        return values, indices
    return values.squeeze(dim), indices.squeeze(dim)


@rule("torch.searchsorted", trap="kinds of indices")
def searchsorted(sorted_sequence, input, *, out_int32=False, right=False, side=None, sorter=None):
    if sorter is not None:
        sorted_sequence = mx.take_along_axis(sorted_sequence, sorter, axis=-1)
    right = right if side is None else side == "right"
    input = mx.stop_gradient(input) if is_tensor(input) else mx.array(input)
    if sorted_sequence.ndim == 1:
        return mx.searchsorted(sorted_sequence, input, side="right" if right else "left").astype(mx.int32)
    if right:
        return (sorted_sequence[..., None, :] <= input[..., None]).sum(axis=-1)
    return (sorted_sequence[..., None, :] < input[..., None]).sum(axis=-1)


@rule("torch.bucketize", trap="kinds of indices")
def bucketize(input, boundaries, *, out_int32=False, right=False):
    if is_tensor(input):
        input = mx.stop_gradient(input)
    return mx.searchsorted(boundaries, input, side="right" if right else "left").astype(mx.int32)


# What follows has a shape that depends on values: it is computed by numpy, outside of compiled functions.
@rule("torch.unique", "torch.Tensor.unique")
def unique(input, sorted=True, return_inverse=False, return_counts=False, dim=None):
    if not return_inverse and not return_counts:
        return mx.array(np.unique(np.array(input), axis=dim))
    found = np.unique(np.array(input), return_inverse=True, return_counts=True, axis=dim)
    values = mx.array(found[0])
    if return_inverse and return_counts:
        return values, mx.array(found[1].astype(np.int32)), mx.array(found[2].astype(np.int32))
    if return_inverse:
        return values, mx.array(found[1].astype(np.int32))
    return values, mx.array(found[2].astype(np.int32))


@rule("torch.unique_consecutive", "torch.Tensor.unique_consecutive")
def unique_consecutive(input, return_inverse=False, return_counts=False, dim=None):
    """The values with runs of equal ones reduced to one."""
    if dim is not None:
        refuse("runs of equal slices along an axis are not written here")
    values = np.array(input).reshape(-1)
    begins = np.concatenate([[True], values[1:] != values[:-1]])
    runs = mx.array(values[begins])
    inverse = mx.array((np.cumsum(begins) - 1).astype(np.int32)).reshape(input.shape)
    counts = mx.array(np.diff(np.flatnonzero(np.append(begins, True))).astype(np.int32))
    if return_inverse and return_counts:
        return runs, inverse, counts
    if return_inverse:
        return runs, inverse
    if return_counts:
        return runs, counts
    return runs


@rule("torch.bincount", "torch.Tensor.bincount")
def bincount(input, weights=None, minlength=0):
    if weights is None:
        return mx.array(np.bincount(np.array(input), minlength=minlength).astype(np.int32))
    length = max(minlength, input.max().item() + 1)
    return mx.zeros((length,), dtype=weights.dtype).at[input].add(weights)


@rule("torch.histc", "torch.Tensor.histc")
def histc(input, bins=100, min=0, max=0):
    values = np.array(input.astype(mx.float32)).reshape(-1)
    if values.size == 0:
        return mx.zeros(bins, dtype=input.dtype)
    bounds = (values.min(), values.max()) if min == 0 and max == 0 else (min, max)
    if bounds[0] == bounds[1]:
        bounds = (bounds[0] - 1, bounds[1] + 1)
    return mx.array(np.histogram(values, bins=bins, range=bounds)[0].astype(np.float32)).astype(input.dtype)
