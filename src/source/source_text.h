// The text of one file, kept byte for byte, with its lines.
// takes: bytes of a file; gives: SourceText; says: MX1001, MX1004; tests: source_text_test.cpp
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/span.h"

namespace mlxify::source {

struct Position {
    std::uint32_t line = 1;    // from 1
    std::uint32_t column = 1;  // from 1, in bytes
    friend bool operator==(Position, Position) = default;
};

// Never moves: string_views into it stay valid for its lifetime.
class SourceText {
public:
    SourceText(std::string name, std::string text);
    SourceText(const SourceText&) = delete;
    SourceText& operator=(const SourceText&) = delete;

    [[nodiscard]] const std::string& name() const { return name_; }
    [[nodiscard]] std::string_view text() const { return text_; }
    [[nodiscard]] std::string_view text(base::Span span) const {
        return std::string_view(text_).substr(span.begin, span.size());
    }
    [[nodiscard]] Position position(std::uint32_t offset) const;
    [[nodiscard]] std::uint32_t line_begin(std::uint32_t offset) const;   // offset of the first byte of that line
    [[nodiscard]] std::string_view line(std::uint32_t number) const;      // number from 1, without the line break
    [[nodiscard]] std::string_view newline() const { return newline_; }   // the file's first line break: "\n" or "\r\n"

private:
    std::string name_;
    std::string text_;
    std::vector<std::uint32_t> line_begins_;
    std::string_view newline_;
};

// Reads a file as bytes. Errors: not there, not readable, larger than the limit (20 MB), not UTF-8.
base::Result<std::string> read_file(const std::string& path);

}  // namespace mlxify::source
