#include "infer/facts.h"

namespace mlxify::infer {

std::string_view kind_name(Kind kind) {
    switch (kind) {
    case Kind::unknown: return "unknown";
    case Kind::none: return "none";
    case Kind::boolean: return "bool";
    case Kind::integer: return "int";
    case Kind::floating: return "float";
    case Kind::string: return "str";
    case Kind::tensor: return "tensor";
    case Kind::module: return "module";
    case Kind::tuple: return "tuple";
    case Kind::list: return "list";
    case Kind::dict: return "dict";
    case Kind::size: return "size";
    case Kind::dtype: return "dtype";
    case Kind::device: return "device";
    case Kind::function: return "function";
    case Kind::class_: return "class";
    case Kind::object: return "object";
    }
    return "";
}

std::string_view dtype_name(DType dtype) {
    switch (dtype) {
    case DType::unknown: return "unknown";
    case DType::float32: return "float32";
    case DType::float16: return "float16";
    case DType::bfloat16: return "bfloat16";
    case DType::float64: return "float64";
    case DType::int64: return "int64";
    case DType::int32: return "int32";
    case DType::int16: return "int16";
    case DType::int8: return "int8";
    case DType::uint8: return "uint8";
    case DType::boolean: return "bool";
    case DType::complex64: return "complex64";
    }
    return "";
}

}  // namespace mlxify::infer
