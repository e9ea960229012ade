#include "verify/safetensors.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <limits>
#include <optional>
#include <utility>

#include <nlohmann/json.hpp>

namespace mlxify::verify {
namespace {

static_assert(std::endian::native == std::endian::little, "safetensors are read in place");

using Json = nlohmann::json;

constexpr std::uint64_t kMaxHeaderBytes = 100'000'000;  // the limit of the format's own reader

struct TypeRow {
    std::string_view code;  // in the header
    std::string_view name;
    ArrayType type;
    std::size_t size;
};

constexpr std::array<TypeRow, 14> kTypes = {{
    {"F64", "float64", ArrayType::float64, 8},   {"F32", "float32", ArrayType::float32, 4},
    {"F16", "float16", ArrayType::float16, 2},   {"BF16", "bfloat16", ArrayType::bfloat16, 2},
    {"I64", "int64", ArrayType::int64, 8},       {"I32", "int32", ArrayType::int32, 4},
    {"I16", "int16", ArrayType::int16, 2},       {"I8", "int8", ArrayType::int8, 1},
    {"U64", "uint64", ArrayType::uint64, 8},     {"U32", "uint32", ArrayType::uint32, 4},
    {"U16", "uint16", ArrayType::uint16, 2},     {"U8", "uint8", ArrayType::uint8, 1},
    {"BOOL", "bool", ArrayType::boolean, 1},     {"C64", "complex64", ArrayType::complex64, 8},
}};

const TypeRow& row_of(ArrayType type) {
    const auto found = std::find_if(kTypes.begin(), kTypes.end(), [&](const TypeRow& row) { return row.type == type; });
    MLXIFY_CHECK(found != kTypes.end());
    return *found;
}

template <typename T>
T read_at(std::span<const std::byte> bytes, std::size_t i) {
    MLXIFY_CHECK((i + 1) * sizeof(T) <= bytes.size());
    T value;
    std::memcpy(&value, bytes.data() + i * sizeof(T), sizeof(T));
    return value;
}

// product * factor unless it does not fit.
std::optional<std::uint64_t> times(std::uint64_t product, std::uint64_t factor) {
    if (factor != 0 && product > std::numeric_limits<std::uint64_t>::max() / factor) return std::nullopt;
    return product * factor;
}

struct Range {
    std::uint64_t begin = 0;
    std::uint64_t end = 0;
    friend auto operator<=>(const Range&, const Range&) = default;
};

bool is_offset(const Json& value) { return value.is_number_unsigned() || (value.is_number_integer() && value.get<std::int64_t>() >= 0); }

std::optional<Range> range_of(const Json& entry) {
    const auto offsets = entry.find("data_offsets");
    if (offsets == entry.end() || !offsets->is_array() || offsets->size() != 2) return std::nullopt;
    if (!is_offset((*offsets)[0]) || !is_offset((*offsets)[1])) return std::nullopt;
    const Range range{(*offsets)[0].get<std::uint64_t>(), (*offsets)[1].get<std::uint64_t>()};
    if (range.begin > range.end) return std::nullopt;
    return range;
}

// One entry of the header; empty if anything about it is wrong.
std::optional<ArrayView> read_entry(const Json& entry, Range range, std::span<const std::byte> data) {
    const auto dtype = entry.find("dtype");
    const auto shape = entry.find("shape");
    if (dtype == entry.end() || !dtype->is_string() || shape == entry.end() || !shape->is_array()) return std::nullopt;
    const auto& code = dtype->get_ref<const std::string&>();
    const auto row = std::find_if(kTypes.begin(), kTypes.end(), [&](const TypeRow& r) { return r.code == code; });
    if (row == kTypes.end()) return std::nullopt;
    ArrayView view;
    view.type = row->type;
    std::uint64_t size = row->size;
    for (const Json& dimension : *shape) {
        if (!is_offset(dimension)) return std::nullopt;
        const std::uint64_t length = dimension.get<std::uint64_t>();
        const std::optional<std::uint64_t> product = times(size, length);
        if (!product || length > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) return std::nullopt;
        size = *product;
        view.shape.push_back(static_cast<std::int64_t>(length));
    }
    if (range.end > data.size() || range.end - range.begin != size) return std::nullopt;
    view.bytes = data.subspan(range.begin, range.end - range.begin);
    return view;
}

// The file's bytes, mapped read-only; empty data for an empty file.
base::Result<std::span<const std::byte>> map_file(const std::string& path) {
    const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (descriptor < 0) return base::Error{"cannot open `" + path + "`: " + std::strerror(errno)};
    struct stat status {};
    if (::fstat(descriptor, &status) != 0 || !S_ISREG(status.st_mode) || status.st_size < 8) {
        ::close(descriptor);
        return base::Error{"`" + path + "` is no safetensors file"};
    }
    const auto size = static_cast<std::size_t>(status.st_size);
    void* address = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, descriptor, 0);
    ::close(descriptor);
    if (address == MAP_FAILED) return base::Error{"cannot map `" + path + "`: " + std::strerror(errno)};
    return std::span<const std::byte>(static_cast<const std::byte*>(address), size);
}

}  // namespace

std::size_t item_size(ArrayType type) { return row_of(type).size; }

bool is_floating(ArrayType type) {
    return type == ArrayType::float64 || type == ArrayType::float32 || type == ArrayType::float16 || type == ArrayType::bfloat16;
}

bool is_integer(ArrayType type) { return !is_floating(type) && type != ArrayType::boolean && type != ArrayType::complex64; }

bool is_signed(ArrayType type) {
    return type == ArrayType::int64 || type == ArrayType::int32 || type == ArrayType::int16 || type == ArrayType::int8;
}

std::string_view type_name(ArrayType type) { return row_of(type).name; }

double half_to_double(std::uint16_t bits) {
    const int exponent = (bits >> 10) & 0x1f;
    const double fraction = bits & 0x3ff;
    double magnitude = 0;
    if (exponent == 0) magnitude = std::ldexp(fraction, -24);
    else if (exponent < 31) magnitude = std::ldexp(1024 + fraction, exponent - 25);
    else magnitude = fraction == 0 ? std::numeric_limits<double>::infinity() : std::numeric_limits<double>::quiet_NaN();
    return (bits & 0x8000) != 0 ? -magnitude : magnitude;
}

double bfloat16_to_double(std::uint16_t bits) { return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16); }

double ArrayView::real(std::size_t i) const {
    switch (type) {
        case ArrayType::float64: return read_at<double>(bytes, i);
        case ArrayType::float32: return read_at<float>(bytes, i);
        case ArrayType::float16: return half_to_double(read_at<std::uint16_t>(bytes, i));
        case ArrayType::bfloat16: return bfloat16_to_double(read_at<std::uint16_t>(bytes, i));
        case ArrayType::complex64: return read_at<float>(bytes, 2 * i);
        case ArrayType::int64:
        case ArrayType::int32:
        case ArrayType::int16:
        case ArrayType::int8:
        case ArrayType::uint64:
        case ArrayType::uint32:
        case ArrayType::uint16:
        case ArrayType::uint8:
        case ArrayType::boolean: return static_cast<double>(integer(i));
    }
    return 0;
}

std::vector<double> ArrayView::reals() const {
    std::vector<double> all(size());
    if (type == ArrayType::float32)
        for (std::size_t i = 0; i < all.size(); ++i) all[i] = read_at<float>(bytes, i);
    else if (type == ArrayType::float64)
        std::memcpy(all.data(), bytes.data(), all.size() * sizeof(double));
    else
        for (std::size_t i = 0; i < all.size(); ++i) all[i] = real(i);
    return all;
}

double ArrayView::imaginary(std::size_t i) const {
    return type == ArrayType::complex64 ? static_cast<double>(read_at<float>(bytes, 2 * i + 1)) : 0.0;
}

std::int64_t ArrayView::integer(std::size_t i) const {
    switch (type) {
        case ArrayType::int64: return read_at<std::int64_t>(bytes, i);
        case ArrayType::int32: return read_at<std::int32_t>(bytes, i);
        case ArrayType::int16: return read_at<std::int16_t>(bytes, i);
        case ArrayType::int8: return read_at<std::int8_t>(bytes, i);
        case ArrayType::uint64: return static_cast<std::int64_t>(read_at<std::uint64_t>(bytes, i));
        case ArrayType::uint32: return read_at<std::uint32_t>(bytes, i);
        case ArrayType::uint16: return read_at<std::uint16_t>(bytes, i);
        case ArrayType::uint8: return read_at<std::uint8_t>(bytes, i);
        case ArrayType::boolean: return read_at<std::uint8_t>(bytes, i) != 0 ? 1 : 0;
        case ArrayType::float64:
        case ArrayType::float32:
        case ArrayType::float16:
        case ArrayType::bfloat16:
        case ArrayType::complex64: break;
    }
    MLXIFY_CHECK(is_integer(type) || type == ArrayType::boolean);
    return 0;
}

base::Result<ArrayFile> ArrayFile::open(const std::string& path) {
    base::Result<std::span<const std::byte>> mapping = map_file(path);
    if (!mapping) return mapping.error();
    ArrayFile file;
    file.mapping_ = *mapping;
    const base::Error damaged{"`" + path + "` is no valid safetensors file"};
    const std::uint64_t header_bytes = read_at<std::uint64_t>(file.mapping_, 0);
    if (header_bytes > kMaxHeaderBytes || header_bytes > file.mapping_.size() - 8) return damaged;
    const auto* header_begin = reinterpret_cast<const char*>(file.mapping_.data() + 8);
    const Json header = Json::parse(header_begin, header_begin + header_bytes, nullptr, /*allow_exceptions=*/false);
    if (!header.is_object()) return damaged;
    const std::span<const std::byte> data = file.mapping_.subspan(8 + header_bytes);
    std::vector<Range> ranges;
    for (const auto& [name, entry] : header.items()) {
        if (!entry.is_object()) return damaged;
        if (name == "__metadata__") {
            for (const auto& [key, value] : entry.items()) {
                if (!value.is_string()) return damaged;
                file.metadata_.emplace(key, value.get<std::string>());
            }
            continue;
        }
        const std::optional<Range> range = range_of(entry);
        std::optional<ArrayView> view = range ? read_entry(entry, *range, data) : std::nullopt;
        if (!view) return base::Error{damaged.message + ": entry `" + name + "`"};
        ranges.push_back(*range);
        file.arrays_.emplace(name, std::move(*view));
    }
    std::sort(ranges.begin(), ranges.end());
    std::uint64_t end = 0;
    for (const Range range : ranges) {
        if (range.begin != end) return base::Error{damaged.message + ": ranges overlap or leave a gap"};
        end = range.end;
    }
    if (end != data.size()) return base::Error{damaged.message + ": data after the last array"};
    return file;
}

ArrayFile::ArrayFile(ArrayFile&& other) noexcept { *this = std::move(other); }

ArrayFile& ArrayFile::operator=(ArrayFile&& other) noexcept {
    std::swap(mapping_, other.mapping_);
    std::swap(arrays_, other.arrays_);
    std::swap(metadata_, other.metadata_);
    return *this;
}

ArrayFile::~ArrayFile() {
    if (!mapping_.empty()) ::munmap(const_cast<std::byte*>(mapping_.data()), mapping_.size());
}

const ArrayView* ArrayFile::find(std::string_view name) const {
    const auto found = arrays_.find(name);
    return found == arrays_.end() ? nullptr : &found->second;
}

base::Result<base::Done> write_arrays(const std::string& path, const std::map<std::string, OwnedArray>& arrays,
                                      const std::map<std::string, std::string>& metadata) {
    Json header = Json::object();
    if (!metadata.empty()) header["__metadata__"] = metadata;
    std::size_t offset = 0;
    for (const auto& [name, array] : arrays) {
        header[name] = {{"dtype", row_of(array.type).code}, {"shape", array.shape},
                        {"data_offsets", {offset, offset + array.bytes.size()}}};
        offset += array.bytes.size();
    }
    std::string text = header.dump(-1, ' ', false, Json::error_handler_t::replace);
    text.resize((text.size() + 7) / 8 * 8, ' ');  // the data begins at a multiple of eight
    const auto header_bytes = static_cast<std::uint64_t>(text.size());
    std::FILE* file = std::fopen(path.c_str(), "wbe");
    if (file == nullptr) return base::Error{"cannot write `" + path + "`: " + std::strerror(errno)};
    bool written = std::fwrite(&header_bytes, sizeof header_bytes, 1, file) == 1;
    written = written && std::fwrite(text.data(), 1, text.size(), file) == text.size();
    for (const auto& [name, array] : arrays)
        written = written && std::fwrite(array.bytes.data(), 1, array.bytes.size(), file) == array.bytes.size();
    written = std::fclose(file) == 0 && written;
    if (!written) return base::Error{"cannot write `" + path + "`: " + std::strerror(errno)};
    return base::Done{};
}

}  // namespace mlxify::verify
