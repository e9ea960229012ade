// Arrays as they cross between the workers: a memory-mapped safetensors file, validated completely before it is believed.
// takes: a path; gives: named arrays; tests: safetensors_test.cpp
//
// Layout of a file: 8 bytes little-endian header length n, n bytes of JSON ({"name": {"dtype", "shape", "data_offsets"}}),
// then the data. Offsets count from the end of the header.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace mlxify::verify {

enum class ArrayType : std::uint8_t {
    float64, float32, float16, bfloat16, int64, int32, int16, int8, uint64, uint32, uint16, uint8, boolean, complex64,
};

[[nodiscard]] std::size_t item_size(ArrayType type);
[[nodiscard]] bool is_floating(ArrayType type);  // not complex
[[nodiscard]] bool is_integer(ArrayType type);   // not boolean
[[nodiscard]] bool is_signed(ArrayType type);
[[nodiscard]] std::string_view type_name(ArrayType type);  // "float32", "bool", ...

// A view into a file; valid while the file is open.
struct ArrayView {
    ArrayType type = ArrayType::float32;
    std::vector<std::int64_t> shape;
    std::span<const std::byte> bytes;

    [[nodiscard]] std::size_t size() const { return bytes.size() / item_size(type); }
    // Element i in row-major order as a double (int64 beyond 2^53 rounds; compare integers with `integer`).
    [[nodiscard]] double real(std::size_t i) const;
    [[nodiscard]] std::vector<double> reals() const;  // all of them, read at once
    [[nodiscard]] double imaginary(std::size_t i) const;  // 0 unless complex
    [[nodiscard]] std::int64_t integer(std::size_t i) const;
};

class ArrayFile {
public:
    // Errors: not there; too short; header that is no such JSON; unknown dtype; shape times item size is not the range;
    // ranges that overlap, leave gaps or pass the end.
    static base::Result<ArrayFile> open(const std::string& path);
    ArrayFile(ArrayFile&& other) noexcept;
    ArrayFile& operator=(ArrayFile&& other) noexcept;
    ArrayFile(const ArrayFile&) = delete;
    ArrayFile& operator=(const ArrayFile&) = delete;
    ~ArrayFile();

    [[nodiscard]] const ArrayView* find(std::string_view name) const;
    [[nodiscard]] const std::map<std::string, ArrayView, std::less<>>& arrays() const { return arrays_; }
    // The header's `__metadata__`: what the writer noted about the arrays.
    [[nodiscard]] const std::map<std::string, std::string>& metadata() const { return metadata_; }

private:
    ArrayFile() = default;
    std::span<const std::byte> mapping_;
    std::map<std::string, ArrayView, std::less<>> arrays_;
    std::map<std::string, std::string> metadata_;
};

// An array that owns its bytes, for writing.
struct OwnedArray {
    ArrayType type = ArrayType::float32;
    std::vector<std::int64_t> shape;
    std::vector<std::byte> bytes;
};

// Writes `arrays` in the order of their names.
base::Result<base::Done> write_arrays(const std::string& path, const std::map<std::string, OwnedArray>& arrays,
                                      const std::map<std::string, std::string>& metadata = {});

[[nodiscard]] double half_to_double(std::uint16_t bits);      // IEEE binary16
[[nodiscard]] double bfloat16_to_double(std::uint16_t bits);

}  // namespace mlxify::verify
