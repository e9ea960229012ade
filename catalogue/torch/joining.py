"""Joining and splitting tensors, grids and products of coordinates."""

from catalogue.torch.shape import _listed

from mlxify.catalogue import *


@rule("torch.cat", "torch.concat", "torch.concatenate")
def cat(tensors, dim=0):
    if known(len(tensors)) and known([tensor.shape == (0,) for tensor in tensors]):
        if any([known(tensor.shape == (0,)) and tensor.shape == (0,) and dim != 0 for tensor in tensors]):
            return cat([tensor for tensor in tensors if tensor.shape != (0,)], dim)  # torch passes over such tensors
    if known(len(tensors)) and any([maybe_void(tensor) for tensor in tensors]):
        return _concatenate(tensors, dim)
    return mx.concatenate(tensors, axis=dim)


def _concatenate(tensors, axis):
    """Passes over tensors of shape (0,), as PyTorch does."""
    filled = [tensor for tensor in tensors if tensor.shape != (0,)]
    return mx.concatenate(filled or tensors, axis=axis)


@rule("torch.stack")
def stack(tensors, dim=0):
    return mx.stack(tensors, axis=dim)


@rule("torch.hstack")
def hstack(tensors):
    return mx.concatenate(tensors, axis=0 if tensors[0].ndim == 1 else 1)


@rule("torch.vstack", "torch.row_stack")
def vstack(tensors):
    return mx.concatenate([mx.atleast_2d(tensor) for tensor in tensors])


@rule("torch.dstack")
def dstack(tensors):
    return mx.concatenate([mx.atleast_3d(tensor) for tensor in tensors], axis=2)


@rule("torch.column_stack")
def column_stack(tensors):
    return mx.concatenate([tensor.reshape(-1, 1) if tensor.ndim < 2 else tensor for tensor in tensors], axis=1)


# The sum of sizes, as an expression: `a + b`.
def _total(sizes):
    total = sizes[0]
    for size in sizes[1:]:
        total = total + size
    return total


# torch's number is the size of a piece and its list the sizes of all; MLX takes the number of pieces, or where to cut.
@rule("torch.split_with_sizes", "torch.Tensor.split_with_sizes", view_of="input", trap="sizes of pieces")
def split_with_sizes(input, split_sizes, dim=0):
    return split(input, split_sizes, dim)


# The method calls its argument `split_size`.
@rule("torch.split", "torch.Tensor.split", view_of="tensor", trap="sizes of pieces")
def split(tensor, split_size_or_sections=None, dim=0, split_size=None):
    """Pieces of a given size, the last one perhaps shorter, or of given sizes."""
    if split_size is not None:
        return split(tensor, split_size, dim)
    if isinstance(split_size_or_sections, int):
        if known(tensor.shape[dim] % split_size_or_sections == 0) and tensor.shape[dim] % split_size_or_sections == 0:
            return mx.split(tensor, tensor.shape[dim] // split_size_or_sections, axis=dim)
        return mx.split(
            tensor, list(range(split_size_or_sections, tensor.shape[dim], split_size_or_sections)), axis=dim
        )
    if known(len(split_size_or_sections)):
        ends = range(1, len(split_size_or_sections))
        return mx.split(tensor, [_total(split_size_or_sections[:end]) for end in ends], axis=dim)
    return mx.split(tensor, np.cumsum(split_size_or_sections)[:-1].tolist(), axis=dim)


# Pieces that do not come out even are all ceil(length / chunks) long but the last. `_uneven` tells that a sample had such a length,
# or that no sample had any; what is known of the length here stands above it.
@rule("torch.chunk", "torch.Tensor.chunk", view_of="input", trap="sizes of pieces")
def chunk(input, chunks, dim=0, _uneven=False):
    """Pieces that are all as long but the last."""
    if known(input.shape[dim] % chunks == 0):
        even = input.shape[dim] % chunks == 0
    else:
        even = not _uneven
    if known(chunks) and even:
        return mx.split(input, chunks, axis=dim)
    size = -(-input.shape[dim] // chunks)
    return mx.split(input, list(range(size, input.shape[dim], size)), axis=dim)


# Sections that do not come out even: the first ones are one longer. Indices cut.
@rule("torch.tensor_split", "torch.Tensor.tensor_split", view_of="input", trap="sizes of pieces")
def tensor_split(input, indices_or_sections, dim=0):
    return _tensor_split(input, indices_or_sections, dim)


def _tensor_split(input, indices_or_sections, dim=0):
    """Pieces as equal as can be, the first ones longer, or those that cuts at indices make."""
    if is_tensor(indices_or_sections):
        indices_or_sections = indices_or_sections.tolist()
    if not isinstance(indices_or_sections, int):
        return mx.split(input, list(indices_or_sections), axis=dim)
    size, longer = input.shape[dim] // indices_or_sections, input.shape[dim] % indices_or_sections
    cuts = [end * size + min(end, longer) for end in range(1, indices_or_sections)]
    return mx.split(input, cuts, axis=dim)


@rule("torch.hsplit", "torch.Tensor.hsplit", view_of="input", trap="sizes of pieces")
def hsplit(input, indices_or_sections):
    return _tensor_split(input, indices_or_sections, 0 if input.ndim == 1 else 1)


@rule("torch.vsplit", "torch.Tensor.vsplit", view_of="input", trap="sizes of pieces")
def vsplit(input, indices_or_sections):
    return _tensor_split(input, indices_or_sections, 0)


@rule("torch.dsplit", "torch.Tensor.dsplit", view_of="input", trap="sizes of pieces")
def dsplit(input, indices_or_sections):
    return _tensor_split(input, indices_or_sections, 2)


@rule("torch.unbind", "torch.Tensor.unbind", view_of="input")
def unbind(input, dim=0):
    return mx.unstack(input, axis=dim)


# torch's default is "ij", MLX's is "xy".
@rule("torch.meshgrid", trap="grids")
def meshgrid(*tensors, indexing=None):
    if indexing is None:
        return mx.meshgrid(*_listed(tensors), indexing="ij")
    return mx.meshgrid(*_listed(tensors), indexing=indexing)


@rule("torch.cartesian_prod")
def cartesian_prod(*tensors):
    if len(tensors) == 1:
        return tensors[0]
    return mx.stack([axis.reshape(-1) for axis in mx.meshgrid(*tensors, indexing="ij")], axis=-1)


# Pairs, triples, ... of distinct positions in order: which they are depends on the length only.
@rule("torch.combinations")
def combinations(input, r=2, with_replacement=False):
    places = np.indices((input.shape[0],) * r).reshape(r, -1).T
    steps = np.diff(places, axis=1)
    kept = places[(steps >= 0 if with_replacement else steps > 0).all(axis=1)]
    return input[mx.array(kept.astype(np.int32))]


@rule("torch.block_diag")
def block_diag(*tensors):
    blocks = [mx.atleast_2d(tensor) for tensor in tensors]
    width = sum(block.shape[1] for block in blocks)
    rows = []
    before = 0
    for block in blocks:
        rows.append(mx.pad(block, [(0, 0), (before, width - before - block.shape[1])]))
        before += block.shape[1]
    return mx.concatenate(rows)
