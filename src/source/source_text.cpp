#include "source/source_text.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <sys/stat.h>

namespace mlxify::source {

namespace {

constexpr std::size_t kFileLimit = 20u * 1024 * 1024;

// The bytes that one UTF-8 sequence may consist of: the length and, since overlong forms, surrogates and code points above
// U+10FFFF are no UTF-8, the range of the second byte. Bytes after the second are always 0x80..0xBF.
struct Sequence {
    std::size_t length;  // 0: no sequence starts with this byte
    unsigned char second_low;
    unsigned char second_high;
};

Sequence sequence_of(unsigned char lead) {
    if (lead < 0x80) return {1, 0, 0};
    if (lead < 0xC2) return {0, 0, 0};
    if (lead < 0xE0) return {2, 0x80, 0xBF};
    if (lead == 0xE0) return {3, 0xA0, 0xBF};
    if (lead == 0xED) return {3, 0x80, 0x9F};
    if (lead < 0xF0) return {3, 0x80, 0xBF};
    if (lead == 0xF0) return {4, 0x90, 0xBF};
    if (lead < 0xF4) return {4, 0x80, 0xBF};
    if (lead == 0xF4) return {4, 0x80, 0x8F};
    return {0, 0, 0};
}

// Offset of the first byte that begins no UTF-8 sequence, or npos.
std::size_t first_invalid_byte(std::string_view text) {
    std::size_t at = 0;
    while (at < text.size()) {
        const Sequence sequence = sequence_of(static_cast<unsigned char>(text[at]));
        if (sequence.length == 0 || text.size() - at < sequence.length) return at;
        for (std::size_t i = 1; i < sequence.length; ++i) {
            const auto byte = static_cast<unsigned char>(text[at + i]);
            const unsigned char low = i == 1 ? sequence.second_low : 0x80;
            const unsigned char high = i == 1 ? sequence.second_high : 0xBF;
            if (byte < low || byte > high) return at;
        }
        at += sequence.length;
    }
    return std::string_view::npos;
}

// A line ends with "\n", "\r\n" or a "\r" alone, as Python reads it; the length of the break at `at`, 0 if there is none.
std::size_t break_length(std::string_view text, std::size_t at) {
    if (text[at] == '\n') return 1;
    if (text[at] != '\r') return 0;
    return at + 1 < text.size() && text[at + 1] == '\n' ? 2 : 1;
}

struct CloseFile {
    void operator()(std::FILE* file) const { std::fclose(file); }
};

base::Error cannot_read(const std::string& path, std::string_view why) {
    return {"cannot read `" + path + "`: " + std::string(why)};
}

}  // namespace

SourceText::SourceText(std::string name, std::string text)
    : name_(std::move(name)), text_(std::move(text)), line_begins_{0}, newline_("\n") {
    for (std::size_t at = 0; at < text_.size();) {
        const std::size_t length = break_length(text_, at);
        if (length == 0) {
            ++at;
            continue;
        }
        if (line_begins_.size() == 1 && length == 2) newline_ = "\r\n";
        at += length;
        line_begins_.push_back(static_cast<std::uint32_t>(at));
    }
}

Position SourceText::position(std::uint32_t offset) const {
    const auto after = std::upper_bound(line_begins_.begin(), line_begins_.end(), offset);
    const auto line = static_cast<std::uint32_t>(after - line_begins_.begin());
    return {line, offset - *(after - 1) + 1};
}

std::uint32_t SourceText::line_begin(std::uint32_t offset) const { return line_begins_[position(offset).line - 1]; }

std::string_view SourceText::line(std::uint32_t number) const {
    MLXIFY_CHECK(number >= 1 && number <= line_begins_.size());
    const std::uint32_t begin = line_begins_[number - 1];
    const auto end = number < line_begins_.size() ? line_begins_[number] : static_cast<std::uint32_t>(text_.size());
    std::string_view line = std::string_view(text_).substr(begin, end - begin);
    while (!line.empty() && (line.back() == '\n' || line.back() == '\r')) line.remove_suffix(1);
    return line;
}

base::Result<std::string> read_file(const std::string& path) {
    struct stat status {};
    if (::stat(path.c_str(), &status) != 0) return cannot_read(path, std::strerror(errno));
    // Opening a pipe or a device could wait for ever.
    if (!S_ISREG(status.st_mode)) return cannot_read(path, "not a regular file");

    const std::unique_ptr<std::FILE, CloseFile> file(std::fopen(path.c_str(), "rb"));
    if (!file) return cannot_read(path, std::strerror(errno));
    // One byte more than the limit shows that the file is too large, even if it grows while it is read.
    std::string text(std::min(static_cast<std::size_t>(status.st_size), kFileLimit) + 1, '\0');
    std::size_t size = 0;
    while (const std::size_t count = std::fread(text.data() + size, 1, text.size() - size, file.get())) {
        size += count;
        if (size > kFileLimit) return cannot_read(path, "the file is larger than 20 MB");
        if (size == text.size()) text.resize(std::min(2 * size, kFileLimit + 1));
    }
    if (std::ferror(file.get())) return cannot_read(path, "an error of the file system");
    text.resize(size);

    const std::size_t invalid = first_invalid_byte(text);
    if (invalid != std::string::npos)
        return cannot_read(path, "the file is not UTF-8 at byte " + std::to_string(invalid));
    return text;
}

}  // namespace mlxify::source
