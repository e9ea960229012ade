"""Attributes of a tensor, and methods that only tell or export something about it."""

from catalogue.torch.dtypes import _FLOATS

from mlxify.catalogue import *

constant("torch.Size", "tuple")
constant("torch.newaxis", "None")
constant("torch.pi", "mx.pi")
constant("torch.inf", "mx.inf")
constant("torch.nan", "mx.nan")
constant("torch.e", "mx.e")
constant("torch.strided", "None")
constant("torch.contiguous_format", "torch.preserve_format", "torch.legacy_contiguous_format", "None")
constant("torch.channels_last", "torch.channels_last_3d", '"channels_last"')


@attribute("torch.Tensor.shape")
def shape(self):
    return self.shape


@attribute("torch.Tensor.ndim")
def ndim(self):
    return self.ndim


@attribute("torch.Tensor.dtype")
def dtype(self):
    return self.dtype


@attribute("torch.Tensor.itemsize")
def itemsize(self):
    return self.itemsize


@attribute("torch.Tensor.nbytes")
def nbytes(self):
    return self.nbytes


@attribute("torch.Tensor.T", view_of="self", trap="order of axes")
def transposed(self):
    return self.T


@attribute("torch.Tensor.mT", view_of="self", trap="order of axes")
def matrix_transposed(self):
    return self.mT


@attribute("torch.Tensor.H", "torch.Tensor.mH", view_of="self")
def hermitian(self):
    if known(self.dtype != mx.complex64) and self.dtype != mx.complex64:
        return self.mT
    return mx.conj(self.mT)


@attribute("torch.Tensor.data", view_of="self", trap="gradients without a tape")
def data(self):
    return mx.stop_gradient(self)


@attribute("torch.Tensor.device")
def device(self):
    return mx.default_device()


@attribute("torch.Tensor.is_cuda", "torch.Tensor.is_sparse", "torch.Tensor.is_quantized", "torch.Tensor.is_meta")
def is_elsewhere(self):
    return False


@attribute("torch.Tensor.is_mkldnn", "torch.Tensor.is_xpu", "torch.Tensor.is_mps", "torch.Tensor.is_nested")
def is_special(self):
    return False


@attribute("torch.Tensor.is_cpu")
def is_cpu(self):
    return True


# As under differentiation: an array of MLX does not know whether somebody differentiates.
@attribute("torch.Tensor.requires_grad")
def requires_grad(self):
    if known(self.dtype in _FLOATS) and self.dtype not in _FLOATS:
        return False
    return True


never(
    "torch.Tensor.grad",
    "torch.Tensor.grad_fn",
    "torch.Tensor.is_leaf",
    "gradients are results of `mx.grad` and `nn.value_and_grad`, not attributes of arrays",
)
never("torch.Tensor.layout", "MLX has one layout of arrays")


@rule("torch.Tensor.size")
def size(self, dim=None):
    if dim is None:
        return self.shape
    return self.shape[dim]


@rule("torch.Tensor.dim", "torch.Tensor.ndimension")
def dim(self):
    return self.ndim


@rule("torch.numel", "torch.Tensor.numel", "torch.Tensor.nelement")
def numel(input):
    return input.size


@rule("torch.Size.numel")
def size_numel(self):
    return math.prod(self)


@rule("torch.Tensor.element_size")
def element_size(self):
    return self.itemsize


@rule("torch.is_same_size", "torch.Tensor.is_same_size")
def is_same_size(input, other):
    return input.shape == other.shape


@rule("torch.is_signed", "torch.Tensor.is_signed")
def is_signed(input):
    return not mx.issubdtype(input.dtype, mx.unsignedinteger) and input.dtype != mx.bool_


@rule("torch.is_conj", "torch.is_neg", "torch.Tensor.is_conj", "torch.Tensor.is_neg", "torch.Tensor.is_pinned")
def is_lazy(input):
    return False


@rule("torch.is_tensor")
def is_array(obj):
    return is_tensor(obj)


@rule("torch.Tensor.item", trap="gradients without a tape")
def item(self):
    return self.item()


@rule("torch.Tensor.tolist")
def tolist(self):
    return self.tolist()


@rule("torch.Tensor.numpy")
def numpy(self, force=False):
    return np.array(self)


# As torch lays out what a user makes; `memory_format` asks for channels last.
@rule("torch.Tensor.is_contiguous")
def is_contiguous(self, memory_format=None):
    return memory_format is None


# As torch lays out a contiguous tensor, which is how `mx.as_strided` reads any array.
@rule("torch.Tensor.stride")
def stride(self, dim=None):
    if dim is None:
        return tuple(math.prod(self.shape[axis + 1 :]) for axis in range(self.ndim))
    return math.prod(self.shape[dim % self.ndim + 1 :])


never(
    "torch.Tensor.storage_offset",
    "torch.Tensor.data_ptr",
    "torch.Tensor.untyped_storage",
    "torch.Tensor.storage",
    "MLX does not show how an array lies in memory",
)
never("torch.Tensor.apply_", "torch.Tensor.map_", "MLX does not call Python for every value", suggest="`np.vectorize`")
never(
    "torch.Tensor.to_sparse",
    "torch.Tensor.to_dense",
    "torch.sparse_coo_tensor",
    "torch.sparse.*",
    "MLX has no sparse arrays",
)
never("torch.nested.*", "torch.jagged", "MLX has no nested arrays")
never(
    "torch.quantize_per_tensor",
    "torch.quantization.*",
    "torch.ao.*",
    "MLX quantizes differently",
    suggest="nn.quantize",
)
