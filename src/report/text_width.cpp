#include "report/text_width.h"

#include <array>
#include <cstdint>

namespace mlxify::report {
namespace {

struct CodePoint {
    char32_t value = 0;
    std::size_t size = 0;  // bytes; 0: not UTF-8
};

CodePoint decode(std::string_view text) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const unsigned char first = byte(0);
    if (first < 0x80) return {first, 1};
    const std::size_t size = first >= 0xf0 && first < 0xf5 ? 4 : first >= 0xe0 && first < 0xf0 ? 3 : first >= 0xc2 && first < 0xe0 ? 2 : 0;
    if (size == 0 || text.size() < size) return {};
    char32_t value = first & (0x7fU >> size);
    for (std::size_t i = 1; i < size; ++i) {
        if ((byte(i) & 0xc0) != 0x80) return {};
        value = value << 6 | (byte(i) & 0x3fU);
    }
    return {value, size};
}

std::string hexadecimal(unsigned char byte) {
    constexpr std::string_view digits = "0123456789abcdef";
    return {'\\', 'x', digits[byte >> 4], digits[byte & 15]};
}

// C1 controls and the marks that reorder a line (their abuse is known as "trojan source").
bool is_unsafe(char32_t c) {
    return (c >= 0x80 && c < 0xa0) || (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069) || c == 0x2028 || c == 0x2029;
}

struct Range {
    char32_t first, last;
};
// Unicode 15, general categories Mn and Me where model files meet them; East Asian Width W and F.
constexpr std::array<Range, 6> kCombining = {{{0x300, 0x36f}, {0x483, 0x489}, {0x1ab0, 0x1aff}, {0x20d0, 0x20ff}, {0xfe00, 0xfe0f}, {0x200b, 0x200d}}};
constexpr std::array<Range, 10> kWide = {{{0x1100, 0x115f}, {0x2e80, 0x303e}, {0x3041, 0xa4cf}, {0xac00, 0xd7a3}, {0xf900, 0xfaff},
                                          {0xfe30, 0xfe6f}, {0xff00, 0xff60}, {0xffe0, 0xffe6}, {0x1f300, 0x1faff}, {0x20000, 0x3fffd}}};

template <std::size_t N>
bool in(const std::array<Range, N>& ranges, char32_t c) {
    for (const Range& range : ranges)
        if (c >= range.first && c <= range.last) return true;
    return false;
}

}  // namespace

std::string printable(std::string_view text) {
    std::string shown;
    while (!text.empty()) {
        const CodePoint point = decode(text);
        const std::string_view bytes = text.substr(0, point.size == 0 ? 1 : point.size);
        if (bytes == "\n")
            shown += "\\n";
        else if (bytes == "\r")
            shown += "\\r";
        else if (bytes == "\t")
            shown += "\\t";
        else if (point.size == 0 || point.value < 0x20 || point.value == 0x7f || is_unsafe(point.value))
            for (const char byte : bytes) shown += hexadecimal(static_cast<unsigned char>(byte));
        else
            shown += bytes;
        text.remove_prefix(bytes.size());
    }
    return shown;
}

std::size_t width(std::string_view text) {
    std::size_t columns = 0;
    while (!text.empty()) {
        const CodePoint point = decode(text);
        columns += in(kCombining, point.value) ? 0 : in(kWide, point.value) ? 2 : 1;
        text.remove_prefix(point.size == 0 ? 1 : point.size);
    }
    return columns;
}

std::string shell_word(std::string_view text) {
    constexpr std::string_view harmless = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./,:@%+=";
    if (!text.empty() && text.find_first_not_of(harmless) == std::string_view::npos) return std::string(text);
    std::string word = "'";
    for (const char c : text) word += c == '\'' ? std::string("'\\''") : std::string(1, c);
    return word + "'";
}

}  // namespace mlxify::report
