// Any bytes parse to a tree whose spans nest, or to a diagnostic; never to a crash.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "diagnostics/diagnostic.h"
#include "source/source_text.h"
#include "syntax/parse.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace mlxify;
    const source::SourceText source("fuzz.py", std::string(reinterpret_cast<const char*>(data), size));
    diagnostics::Sink sink;
    const syntax::Tree tree = syntax::parse(source, sink);

    for (std::uint32_t i = 1; i < tree.size(); ++i) {
        const syntax::NodeId id{i};
        const syntax::Node& node = tree[id];
        MLXIFY_CHECK(node.span.begin <= node.span.end && node.span.end <= size);
        for (const syntax::NodeId child : tree.children(id)) {
            if (!syntax::exists(child)) continue;
            MLXIFY_CHECK(syntax::index(child) < i);
            MLXIFY_CHECK(tree[child].parent == id);
            MLXIFY_CHECK(node.span.contains(tree[child].span));
        }
    }
    for (const diagnostics::Diagnostic& diagnostic : sink.all()) MLXIFY_CHECK(diagnostic.span.end <= size);
    static_cast<void>(syntax::print(tree));
    return 0;
}
