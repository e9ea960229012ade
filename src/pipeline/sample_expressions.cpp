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

}  // namespace

std::string expression_in_mlx(std::string_view expression, const source::SourceText& original, const catalogue::Catalogue& catalogue) {
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
    return text + "\n" + std::string(kFunction) + "()";
}

}  // namespace mlxify::pipeline
