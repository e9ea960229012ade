"""Gathering and scattering along an axis, masks, and index arrays whose length depends on values."""

from catalogue.torch.dtypes import _FLOATS
from catalogue.torch.scalars import _scalar

from mlxify.catalogue import *


# torch's index may be smaller than the input on other axes: it speaks of the leading part. MLX would broadcast it.
def _leading(input, shape, dim):
    """The part of `input` that an index of this shape speaks of, with all of axis `dim`."""
    places = [slice(size) for size in shape]
    places[dim] = slice(None)
    return input[tuple(places)]


def _same_but(first, second, dim):
    return all(one == other for at, (one, other) in enumerate(zip(first, second)) if at != dim % len(first))


@rule("torch.gather", "torch.Tensor.gather", trap="indices out of range")
def gather(input, dim, index, *, sparse_grad=False):
    """Takes values along an axis; an index that is smaller on other axes speaks of their leading part."""
    if input.ndim == 0:
        return mx.broadcast_to(input, index.shape)
    if index.ndim == 0:
        return input[index]
    if known(0 in index.shape) and 0 in index.shape:
        return mx.zeros(index.shape, dtype=input.dtype)
    if known(_same_but(input.shape, index.shape, dim)) and _same_but(input.shape, index.shape, dim):
        return mx.take_along_axis(input, index, axis=dim)
    return mx.take_along_axis(_leading(input, index.shape, dim), index, axis=dim)


@rule("torch.take_along_dim", "torch.Tensor.take_along_dim", trap="indices out of range")
def take_along_dim(input, indices, dim=None):
    if dim is None:
        return input.reshape(-1)[indices.reshape(-1)]
    return mx.take_along_axis(input, indices, axis=dim)


@rule("torch.take", "torch.Tensor.take", trap="indices out of range")
def take(input, index):
    if known(0 in index.shape) and 0 in index.shape:
        return mx.zeros(index.shape, dtype=input.dtype)
    if known(index.shape):
        return input.reshape(-1)[index]
    return mx.take_along_axis(input.reshape(-1), index.reshape(-1), axis=0).reshape(index.shape)


@rule("torch.index_select", "torch.Tensor.index_select", trap="indices out of range")
def index_select(input, dim, index):
    if _scalar(input):
        return input
    if _scalar(index):
        return mx.take(input, index.reshape(1), axis=dim)
    return mx.take(input, index, axis=dim)


def _grid(index, dim):
    """The place that every value of `index` means: an index array for each axis."""
    places = list(mx.meshgrid(*[mx.arange(size) for size in index.shape], indexing="ij"))
    places[dim] = index
    return tuple(places)


def _source(src, index, input):
    """The values that belong to `index`, from a tensor or a number."""
    if is_tensor(src):
        return src[tuple(slice(size) for size in index.shape)]
    return mx.full(index.shape, src, dtype=input.dtype)


@rule("torch.scatter", "torch.Tensor.scatter")
def scatter(input, dim, index, src=None, *, value=None, reduce=None):
    """Writes values to the places that `index` means along an axis."""
    if value is not None:
        src = value
    if input.ndim == 0:
        values = src.reshape(1) if is_tensor(src) else src
        return scatter(input.reshape(1), 0, index.reshape(1), values, reduce=reduce).reshape(())
    if reduce == "add":
        return input.at[_grid(index, dim)].add(_source(src, index, input))
    if reduce == "multiply":
        return input.at[_grid(index, dim)].multiply(_source(src, index, input))
    if not is_tensor(src):
        src = mx.array(src, dtype=input.dtype)
        if known(_same_but(input.shape, index.shape, dim)) and _same_but(input.shape, index.shape, dim):
            return mx.put_along_axis(input, index, src, axis=dim)
        return _stored(input, _grid(index, dim), src)
    if known(src.shape == index.shape and _same_but(input.shape, index.shape, dim)):
        if src.shape == index.shape and _same_but(input.shape, index.shape, dim):
            return mx.put_along_axis(input, index, src, axis=dim)
    return _stored(input, _grid(index, dim), _source(src, index, input))


def _stored(input, place, values):
    """A copy of `input` with `values` at `place`."""
    result = mx.array(input)
    result[place] = values
    return result


@rule("torch.scatter_add", "torch.Tensor.scatter_add", trap="repeated indices")
def scatter_add(input, dim, index, src):
    """Adds values at the places that `index` means along an axis."""
    if input.ndim == 0:
        return scatter_add(input.reshape(1), 0, index.reshape(1), src.reshape(1)).reshape(())
    return input.at[_grid(index, dim)].add(_source(src, index, input))


# Without `include_self` the places that are written to start from what changes nothing.
@rule("torch.scatter_reduce", "torch.Tensor.scatter_reduce")
def scatter_reduce(input, dim, index, src, reduce, *, include_self=True):
    if input.ndim == 0:
        one = input.reshape(1), 0, index.reshape(1), src.reshape(1)
        return scatter_reduce(*one, reduce, include_self=include_self).reshape(())
    place = _grid(index, dim)
    values = _source(src, index, input)
    if not include_self:
        lowest, highest = _limits(input.dtype)
        neutral = {"sum": 0, "mean": 0, "prod": 1, "amax": lowest, "amin": highest}[reduce]
        input = _stored(input, place, mx.full(index.shape, neutral, dtype=input.dtype))
    if reduce == "sum":
        return input.at[place].add(values)
    if reduce == "prod":
        return input.at[place].multiply(values)
    if reduce == "amax":
        return input.at[place].maximum(values)
    if reduce == "amin":
        return input.at[place].minimum(values)
    count = mx.full(input.shape, 1 if include_self else 0).at[place].add(1)
    total = input.at[place].add(values) / mx.maximum(count, 1)
    return total.astype(input.dtype) if input.dtype in _FLOATS else mx.floor(total).astype(input.dtype)


def _limits(dtype):
    if dtype in _FLOATS:
        return -mx.inf, mx.inf
    return mx.iinfo(dtype).min, mx.iinfo(dtype).max


# The index expression that picks `index` on axis `dim`: `x[index]`, `x[:, index]`, ...
def _on_axis(input, dim, index):
    return (slice(None),) * (dim % input.ndim) + (index,)


@rule("torch.index_add", "torch.Tensor.index_add", trap="repeated indices")
def index_add(input, dim, index, source, *, alpha=1):
    if _scalar(input):
        return index_add(input.reshape(1), 0, index.reshape(-1), source.reshape(-1), alpha=alpha).reshape(())
    if known(alpha == 1) and alpha == 1:
        if known(dim == 0) and dim == 0:
            return input.at[index].add(source)
        return input.at[_on_axis(input, dim, index)].add(source)
    return input.at[_on_axis(input, dim, index)].add(alpha * source)


# Without `include_self` the slices that are written to start from what changes nothing.
@rule("torch.Tensor.index_reduce_", mutates="input")
@rule("torch.index_reduce", "torch.Tensor.index_reduce")
def index_reduce(input, dim, index, source, reduce, *, include_self=True):
    """Combines slices along an axis with those of `source`, by product, mean, largest or smallest value."""
    if input.ndim == 0:
        one = input.reshape(1), 0, index.reshape(-1), source.reshape(-1)
        return index_reduce(*one, reduce, include_self=include_self).reshape(())
    place = _on_axis(input, dim, index)
    lowest, highest = _limits(input.dtype)
    if not include_self:
        input = _stored(input, place, {"prod": 1, "mean": 0, "amax": lowest, "amin": highest}[reduce])
    if reduce == "prod":
        return input.at[place].multiply(source)
    if reduce == "amax":
        return input.at[place].maximum(source)
    if reduce == "amin":
        return input.at[place].minimum(source)
    count = mx.full(input.shape, 1 if include_self else 0).at[place].add(mx.ones(source.shape, dtype=mx.int32))
    total = input.at[place].add(source)
    count = mx.maximum(count, 1)
    return total / count if input.dtype in _FLOATS else (total // count).astype(input.dtype)


@rule("torch.fill")
def fill(input, value):
    return mx.full(input.shape, value, dtype=input.dtype)


@rule("torch.index_copy", "torch.Tensor.index_copy")
def index_copy(input, dim, index, source):
    if input.ndim == 0:
        return source.reshape(())
    return _stored(input, _on_axis(input, dim, index), source)


@rule("torch.index_fill", "torch.Tensor.index_fill")
def index_fill(input, dim, index, value):
    if input.ndim == 0:
        return mx.array(value, dtype=input.dtype) if not is_tensor(value) else value.astype(input.dtype)
    if known(is_tensor(value)) and not is_tensor(value):
        return _stored(input, _on_axis(input, dim, index), value)
    # an index that is given twice stores the value once: so does its gradient
    chosen = _stored(mx.zeros(input.shape[dim], dtype=mx.bool_), index, True)
    return mx.where(_along(chosen, input, dim), value, input).astype(input.dtype)


# A vector shaped to broadcast along axis `dim`.
def _along(vector, input, dim):
    return vector.reshape(-1, *[1] * (input.ndim - 1 - dim % input.ndim))


@rule("torch.index_put", "torch.Tensor.index_put", trap="repeated indices")
def index_put(input, indices, values, accumulate=False):
    if known(all([index.dtype != mx.bool_ for index in indices])):
        if all([index.dtype != mx.bool_ for index in indices]):
            place = tuple(indices)
            return input.at[place].add(values) if accumulate else _stored(input, place, values)
    place = _places(indices)
    return input.at[place].add(values) if accumulate else _stored(input, place, values)


# Masks as index arrays of the places that they pick, found by numpy.
def _places(indices):
    """The index arrays that stand for masks and index arrays."""
    places = []
    for index in indices:
        if index.dtype == mx.bool_:
            places.extend([mx.array(axis.astype(np.int32)) for axis in np.nonzero(np.array(index))])
        else:
            places.append(index)
    return tuple(places)


@rule("torch.slice_scatter", "torch.Tensor.slice_scatter")
def slice_scatter(input, src, dim=0, start=None, end=None, step=1):
    return _stored(input, _on_axis(input, dim, slice(start, end, step)), src)


@rule("torch.select_scatter", "torch.Tensor.select_scatter")
def select_scatter(input, src, dim, index):
    return _stored(input, _on_axis(input, dim, index), src)


@rule("torch.diagonal_scatter", "torch.Tensor.diagonal_scatter")
def diagonal_scatter(input, src, offset=0, dim1=0, dim2=1):
    if input.ndim != 2 or dim1 % 2 != 0:
        refuse("only the diagonal of a matrix is written here")
    rows = mx.arange(src.shape[0])
    return _stored(input, (rows + max(-offset, 0), rows + max(offset, 0)), src)


@rule("torch.put", "torch.Tensor.put")
def put(input, index, source, accumulate=False):
    if known(0 in index.shape) and 0 in index.shape:
        return input
    flat = input.reshape(-1)
    if accumulate:
        return flat.at[index.reshape(-1)].add(source.reshape(-1)).reshape(input.shape)
    return _stored(flat, index.reshape(-1), source.reshape(-1)).reshape(input.shape)


@rule("torch.unravel_index")
def unravel_index(indices, shape):
    if isinstance(shape, int):
        return (indices,)
    return tuple(indices // math.prod(shape[axis + 1 :]) % shape[axis] for axis in range(len(shape)))


def _filled_apart(input, mask, value):
    """`input` with `value` where the mask holds; the gradient there is 0. MLX's `where` multiplies what comes back by 0, a NaN too."""
    input = mx.broadcast_to(input, mx.broadcast_shapes(input.shape, mask.shape))

    @mx.custom_function
    def selected(input):
        return mx.where(mask, value, input)

    @selected.vjp
    def selected_vjp(input, cotangent, output):
        return mx.where(mask, 0, cotangent)

    return selected(input)


# A number only changes MLX's dtype where it is of a wider kind: an int among bools, a float among ints. (A float that
# is put among values of a dtype that is not known here is taken as a sign of floats: integers are filled with integers.)
def _filled(input, mask, value):
    if selects_gradient(value):
        return _filled_apart(input, mask, value)
    if known(is_tensor(value)) and is_tensor(value):
        if known(input.dtype == value.dtype) and input.dtype == value.dtype:
            return mx.where(mask, value, input)
        return mx.where(mask, value, input).astype(input.dtype)
    if known(input.dtype in _FLOATS) and input.dtype in _FLOATS:
        return mx.where(mask, value, input)
    if known(isinstance(value, (bool, float))) and isinstance(value, (bool, float)):
        if not known(input.dtype in _FLOATS) or isinstance(value, bool):
            return mx.where(mask, value, input)
    if known(input.dtype == mx.bool_) and input.dtype == mx.bool_:
        return mx.where(mask, bool(value), input)
    if known(input.dtype in _FLOATS) and known(isinstance(value, int)) and isinstance(value, int):
        return mx.where(mask, value, input)
    return mx.where(mask, value, input).astype(input.dtype)


@rule("torch.masked_fill", "torch.Tensor.masked_fill", trap="numbers in integers")
def masked_fill(input, mask, value):
    return _filled(input, mask, value)


@rule("torch.masked_scatter", "torch.Tensor.masked_scatter")
def masked_scatter(input, mask, source):
    """The values of `source`, in order, at the places of the mask."""
    shape = mx.broadcast_shapes(mask.shape, input.shape)
    mask, input = mx.broadcast_to(mask, shape), mx.broadcast_to(input, shape)
    order = mx.maximum(mx.cumsum(mask.reshape(-1).astype(mx.int32), axis=0) - 1, 0).reshape(mask.shape)
    return mx.where(mask, source.reshape(-1)[mx.minimum(order, source.size - 1)], input)


# Shapes that depend on values come from numpy: such code cannot be compiled, and gradients pass through the gather only.
@rule("torch.masked_select", "torch.Tensor.masked_select")
def masked_select(input, mask):
    shape = mx.broadcast_shapes(input.shape, mask.shape)
    places = mx.array(np.flatnonzero(np.broadcast_to(np.array(mask), shape)))
    return mx.broadcast_to(input, shape).reshape(-1)[places]


# x[mask]: index arrays for the axes of the mask.
@rule("mlxify.places_of_mask")
def places_of_mask(mask):
    if known(mask.ndim == 1) and mask.ndim == 1:
        return mx.array(np.flatnonzero(np.array(mask)))
    places = []
    for axis in np.nonzero(np.array(mask)):
        places.append(mx.array(axis))
    return tuple(places)


@rule("mlxify.places_or_none")
def places_or_none(mask):
    """Of a mask that is not always given: `x[None]` is another axis."""
    if mask is None:
        return (None,)
    return _places([mask])


@rule("torch.nonzero", "torch.Tensor.nonzero")
def nonzero(input, *, as_tuple=False):
    if as_tuple:
        return tuple(mx.array(axis.astype(np.int32)) for axis in np.nonzero(np.atleast_1d(np.array(input != 0))))
    return mx.array(np.argwhere(np.array(input != 0)).astype(np.int32))


@rule("torch.argwhere", "torch.Tensor.argwhere")
def argwhere(input):
    return mx.array(np.argwhere(np.array(input != 0)).astype(np.int32))
