// mlxify_embed CATALOGUE_DIR OUTPUT.cpp: writes the catalogue's texts and their index as C++ tables.
// A malformed catalogue fails the build with the author's file and line.
#include <cstdio>
#include <fstream>
#include <string>

#include "catalogue/index_builder.h"

namespace {

using namespace mlxify::catalogue;

std::string text_literal(std::string_view text) {
    // Pieces of a size that every compiler takes, with everything but plain letters as octal.
    std::string out = "std::string_view(";
    std::size_t column = 0;
    out += "\"";
    for (const char letter : text) {
        const auto code = static_cast<unsigned char>(letter);
        char octal[5];
        if (code < 0x20 || code >= 0x7f || letter == '"' || letter == '\\' || letter == '?') {
            std::snprintf(octal, sizeof octal, "\\%03o", code);
            out += octal;
        } else {
            out += letter;
        }
        if (++column % 120 == 0) out += "\"\n    \"";
    }
    return out + "\", " + std::to_string(text.size()) + ")";
}

void write_entry(std::ofstream& out, const Entry& entry) {
    out << "    {EntryKind(" << static_cast<int>(entry.kind) << ")";
    for (const std::string_view text : {entry.qualified, entry.target, entry.suggest, entry.argument, entry.mutates, entry.view_of, entry.fields, entry.weights, entry.trap})
        out << ", " << (text.empty() ? "{}" : text_literal(text));
    out << ", " << (entry.stops_gradient ? "true" : "false") << ", " << entry.file << ", {" << entry.span.begin << ", " << entry.span.end << "}},\n";
}

}  // namespace

int main(int count, char** arguments) {
    if (count != 3) {
        std::fprintf(stderr, "usage: mlxify_embed CATALOGUE_DIR OUTPUT.cpp\n");
        return 2;
    }
    const auto files = read_folder(arguments[1]);
    if (!files) {
        std::fprintf(stderr, "%s\n", files.error().message.c_str());
        return 1;
    }
    const auto index = build_index(*files);
    if (!index) {
        std::fprintf(stderr, "%s/%s\n", arguments[1], index.error().message.c_str());
        return 1;
    }
    std::ofstream out(arguments[2], std::ios::binary);
    out << "// Made by mlxify_embed from the catalogue; do not edit.\n#include \"catalogue/catalogue.h\"\n\n"
           "namespace mlxify::catalogue {\nnamespace {\n\nconst File kFiles[] = {\n";
    for (const File& file : (*index)->files) out << "    {" << text_literal(file.path) << ", " << text_literal(file.text) << "},\n";
    out << "};\n\nconst Entry kEntries[] = {\n";
    for (const Entry& entry : (*index)->entries) write_entry(out, entry);
    out << "};\n\nconst Local kLocals[] = {\n";
    for (const Local& local : (*index)->locals)
        out << "    {" << local.file << ", " << text_literal(local.name) << ", {" << local.span.begin << ", " << local.span.end << "}, "
            << (local.from_file.empty() ? "{}" : text_literal(local.from_file)) << ", "
            << (local.import_line.empty() ? "{}" : text_literal(local.import_line)) << "},\n";
    out << "};\n\nconst Trap kTraps[] = {\n";
    for (const Trap& trap : (*index)->traps)
        out << "    {" << text_literal(trap.name) << ", " << text_literal(trap.differs) << ", " << text_literal(trap.handled) << ", "
            << (trap.rules.empty() ? "{}" : text_literal(trap.rules)) << "},\n";
    out << "};\n\n}  // namespace\n\nconst Index& embedded_index() {\n"
           "    static const Index index{kFiles, kEntries, kLocals, kTraps};\n    return index;\n}\n\n}  // namespace mlxify::catalogue\n";
    return out ? 0 : 1;
}
