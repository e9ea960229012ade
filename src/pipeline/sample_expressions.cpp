#include "pipeline/sample_expressions.h"

#include "pipeline/convert.h"
#include "syntax/parse.h"

namespace mlxify::pipeline {
namespace {

// The short names that a sample may use though the file does not import them.
constexpr std::string_view kUsualImports =
    "import math\nimport numpy as np\nimport torch\nimport torch.nn as nn\nimport torch.nn.functional as F\n";
constexpr std::string_view kFunction = "mlxify_sample";

// The file's own imports of torch, under whatever names.
std::string torch_imports(const source::SourceText& original) {
    diagnostics::Sink ignored;
    const syntax::Tree tree = syntax::parse(original, ignored);
    std::string text;
    for (const syntax::NodeId node : tree.children(tree.child(tree.root(), 0))) {
        const std::string_view statement = tree.text(node);
        if (statement.starts_with("import torch") || statement.starts_with("from torch")) text += std::string(statement) + "\n";
    }
    return text;
}

// The top-level classes and functions of a program, but those that `converted` has with the same text: that file's are meant then, and
// not others of the same kind.
std::string without_those_of(std::string_view converted, const std::string& program) {
    std::string kept;
    std::size_t begin = 0;
    while (begin < program.size()) {
        std::size_t end = program.find("\n\n\n", begin);
        end = end == std::string::npos ? program.size() : end + 3;
        const std::string_view block = std::string_view(program).substr(begin, end - begin);
        const std::string_view text = block.substr(0, block.find_last_not_of('\n') + 1);
        const bool definition = text.starts_with("class ") || text.starts_with("def ");
        const std::size_t at = definition ? converted.find(text) : std::string_view::npos;
        const bool same = at != std::string_view::npos && (at == 0 || converted[at - 1] == '\n') && (at + text.size() == converted.size() || converted[at + text.size()] == '\n');
        if (!same) kept += block;
        begin = end;
    }
    return kept;
}

}  // namespace

std::string expression_in_mlx(std::string_view expression, const source::SourceText& original, const catalogue::Catalogue& catalogue, std::string_view converted) {
    const std::string function = "\n\ndef " + std::string(kFunction) + "():\n    return ";
    const source::SourceText program("sample", std::string(kUsualImports) + torch_imports(original) + function + std::string(expression) + "\n");
    const Conversion conversion = convert(program, {}, catalogue, {});
    if (!conversion.convertible) return {};
    const std::string& text = conversion.text;
    const std::size_t at = text.find(function.substr(2));
    if (at == std::string::npos) return {};
    if (conversion.helpers.empty()) {
        std::string alone = text.substr(at + function.size() - 2);
        while (alone.ends_with('\n')) alone.pop_back();
        return alone == expression ? std::string{} : alone;
    }
    return without_those_of(converted, text) + "\n" + std::string(kFunction) + "()";
}

}  // namespace mlxify::pipeline
