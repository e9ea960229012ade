"""Dtypes, tensor types, limits of dtypes, and conversions between dtypes."""

from mlxify.catalogue import *

constant("torch.float32", "torch.float", "mx.float32")
constant("torch.float16", "torch.half", "mx.float16")
constant("torch.bfloat16", "mx.bfloat16")
# MLX computes float64 on the CPU only, so that a model could not leave it: single precision is what runs everywhere.
constant("torch.float64", "torch.double", "mx.float32", trap="double precision")
constant("torch.int64", "torch.long", "mx.int64")
constant("torch.int32", "torch.int", "mx.int32")
constant("torch.int16", "torch.short", "mx.int16")
constant("torch.int8", "mx.int8")
constant("torch.uint8", "mx.uint8")
constant("torch.uint16", "mx.uint16")
constant("torch.uint32", "mx.uint32")
constant("torch.uint64", "mx.uint64")
constant("torch.bool", "mx.bool_")
constant("torch.complex64", "torch.cfloat", "mx.complex64")
constant("torch.complex128", "torch.cdouble", "mx.complex64")
never("torch.float8_e4m3fn", "torch.float8_e5m2", "torch.complex32", "torch.chalf", "MLX has no such dtype")
never("torch.qint8", "torch.quint8", "torch.qint32", "MLX quantizes differently", suggest="mx.quantize")

constant("torch.dtype", "mx.Dtype")
constant("torch.Tensor", "torch.tensor.Tensor", "mx.array")
constant("torch.FloatTensor", "torch.HalfTensor", "torch.BFloat16Tensor", "torch.DoubleTensor", "mx.array")
constant("torch.LongTensor", "torch.IntTensor", "torch.ShortTensor", "torch.ByteTensor", "torch.BoolTensor", "mx.array")
constant(
    "torch.cuda.FloatTensor", "torch.cuda.LongTensor", "torch.cuda.HalfTensor", "torch.cuda.BoolTensor", "mx.array"
)
constant("torch.FloatTensor.dtype", "torch.DoubleTensor.dtype", "torch.cuda.FloatTensor.dtype", "mx.float32")
constant("torch.HalfTensor.dtype", "torch.cuda.HalfTensor.dtype", "mx.float16")
constant("torch.BFloat16Tensor.dtype", "mx.bfloat16")
constant("torch.LongTensor.dtype", "torch.cuda.LongTensor.dtype", "mx.int64")
constant("torch.IntTensor.dtype", "mx.int32")
constant("torch.ByteTensor.dtype", "mx.uint8")
constant("torch.BoolTensor.dtype", "torch.cuda.BoolTensor.dtype", "mx.bool_")

# x.type("torch.FloatTensor")
_TENSOR_TYPES = (
    ("FloatTensor", mx.float32),
    ("DoubleTensor", mx.float32),
    ("HalfTensor", mx.float16),
    ("BFloat16Tensor", mx.bfloat16),
    ("LongTensor", mx.int64),
    ("IntTensor", mx.int32),
    ("ShortTensor", mx.int16),
    ("CharTensor", mx.int8),
    ("ByteTensor", mx.uint8),
    ("BoolTensor", mx.bool_),
)
_FLOATS = (mx.float32, mx.float16, mx.bfloat16)
_WHOLE = (mx.int64, mx.int32, mx.int16, mx.int8, mx.uint8)


# Whole numbers carry no gradient in torch; MLX hands it on through a cast there and back, and refuses to
# differentiate a gather whose indices are traced.
def _cast(self, dtype):
    if known(dtype in _WHOLE) and dtype in _WHOLE and known(self.dtype in _FLOATS) and self.dtype in _FLOATS:
        return mx.stop_gradient(self).astype(dtype)
    return self.astype(dtype)


@rule("torch.finfo")
def finfo(type=mx.float32):
    return mx.finfo(type)


@attribute("torch.finfo.tiny")
def tiny(self):
    return self.smallest_normal


@rule("torch.iinfo")
def iinfo(type):
    return mx.iinfo(type)


@attribute("torch.iinfo.bits")
def integer_bits(self):
    return self.dtype.size * 8


@attribute("torch.dtype.is_floating_point")
def dtype_is_floating_point(self):
    return mx.issubdtype(self, mx.floating)


@attribute("torch.dtype.is_complex")
def dtype_is_complex(self):
    return self == mx.complex64


@attribute("torch.dtype.itemsize")
def dtype_itemsize(self):
    return self.size


@rule("torch.get_default_dtype")
def get_default_dtype():
    return mx.float32


never(
    "torch.set_default_dtype",
    "torch.set_default_tensor_type",
    "MLX has no global default dtype",
    suggest="pass `dtype=` where arrays are made",
)


# x.to(dtype), x.to(device), x.to(other), x.to(device, dtype): a device means nothing here, arrays live in shared memory.
@rule("torch.Tensor.to")
def to(self, *args, dtype=None, device=None, other=None, non_blocking=False, copy=False, memory_format=None):
    if dtype is not None:
        return _cast(self, dtype)
    if other is not None:
        return _cast(self, other.dtype)
    if len(args) == 0:
        return self
    if len(args) > 1 and isinstance(args[1], mx.Dtype):
        return _cast(self, args[1])
    target = args[0]
    if is_tensor(target):
        return _cast(self, target.dtype)
    if isinstance(target, mx.Dtype):
        return _cast(self, target)
    return self


@rule("torch.Tensor.type")
def to_type(self, dtype=None, non_blocking=False):
    if known(dtype is None) and dtype is None:
        refuse("`x.type()` names torch's tensor classes", suggest="use `x.dtype`")
    if known(isinstance(dtype, str)) and isinstance(dtype, str):
        for name, target in _TENSOR_TYPES:
            if dtype == "torch." + name or dtype == "torch.cuda." + name:
                return _cast(self, target)
        refuse("only a dtype names an array's type in MLX", suggest="pass a dtype such as `torch.float32`")
    return _cast(self, dtype)


@rule("torch.Tensor.type_as")
def type_as(self, other):
    return _cast(self, other.dtype)


@rule("torch.Tensor.float", "torch.Tensor.double")
def to_float32(self, memory_format=None):
    return self.astype(mx.float32)


@rule("torch.Tensor.half")
def to_float16(self, memory_format=None):
    return self.astype(mx.float16)


@rule("torch.Tensor.bfloat16")
def to_bfloat16(self, memory_format=None):
    return self.astype(mx.bfloat16)


@rule("torch.Tensor.long")
def to_int64(self, memory_format=None):
    return _cast(self, mx.int64)


@rule("torch.Tensor.int")
def to_int32(self, memory_format=None):
    return _cast(self, mx.int32)


@rule("torch.Tensor.short")
def to_int16(self, memory_format=None):
    return _cast(self, mx.int16)


@rule("torch.Tensor.char")
def to_int8(self, memory_format=None):
    return _cast(self, mx.int8)


@rule("torch.Tensor.byte")
def to_uint8(self, memory_format=None):
    return _cast(self, mx.uint8)


@rule("torch.Tensor.bool")
def to_bool(self, memory_format=None):
    return _cast(self, mx.bool_)


@rule("torch.Tensor.cfloat", "torch.Tensor.cdouble")
def to_complex64(self, memory_format=None):
    return self.astype(mx.complex64)


@rule("torch.is_floating_point", "torch.Tensor.is_floating_point")
def is_floating_point(input):
    return mx.issubdtype(input.dtype, mx.floating)


@rule("torch.is_complex", "torch.Tensor.is_complex")
def is_complex(input):
    return input.dtype == mx.complex64


@rule("torch.result_type")
def result_type(tensor1, tensor2):
    return mx.result_type(tensor1, tensor2)


@rule("torch.promote_types")
def promote_types(type1, type2):
    return mx.result_type(mx.zeros((1,), dtype=type1), mx.zeros((1,), dtype=type2))
