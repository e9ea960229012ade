#include "verify/sample_sources.h"

#define TOML_EXCEPTIONS 0
#include <algorithm>
#include <array>
#include <filesystem>
#include <iterator>
#include <map>
#include <optional>
#include <set>
#include <system_error>

#include <toml++/toml.h>

#include "syntax/parse.h"
#include "verify/sample_parser.h"
#include "verify/touch.h"

namespace mlxify::verify {
namespace {

using Json = nlohmann::json;
using syntax::Kind;
using syntax::Node;
using syntax::NodeId;
using syntax::Tree;

constexpr std::int64_t kMaxElements = 1 << 24;  // of a tensor in the main block: larger ones are for a GPU

// The straight-line reader of a main block: what each variable holds, as far as it is understood.
class MainBlock {
public:
    // `tree`: of the block; `file`: of the file whose classes and functions it calls.
    MainBlock(const Tree& tree, const Tree& file, std::string origin) : tree_(tree), file_(file), origin_(std::move(origin)) {
        note_names_of_torch(tree);
        note_names_of_torch(file);
    }

    void read(NodeId block, int depth = 0) {
        for (const NodeId statement : tree_.children(block)) {
            const Node& node = tree_[statement];
            if (node.kind == Kind::assign) {
                look_for_calls(tree_.child(statement, 0));
                for (std::uint32_t slot = 1; slot < node.child_count; ++slot) assign(tree_.child(statement, slot), tree_.child(statement, 0));
            } else if (node.kind == Kind::expression_statement) {
                const NodeId expression = tree_.child(statement, 0);
                look_for_calls(expression);
                if (depth < 2) follow(expression, depth);
            } else if (node.kind == Kind::with_ || node.kind == Kind::if_ || node.kind == Kind::for_) {
                const std::uint32_t body = node.kind == Kind::with_ ? 0 : node.kind == Kind::if_ ? 1 : 2;
                read(tree_.child(statement, body), depth);
            } else if (node.kind == Kind::assert_) {
                look_for_calls(tree_.child(statement, 0));
            }
        }
    }

    std::vector<WrittenSample> samples;

private:
    // `main()` in the block: its body.
    void follow(NodeId expression, int depth) {
        if (tree_[expression].kind != Kind::call) return;
        const Node& callee = tree_[tree_.child(expression, 0)];
        if (callee.kind != Kind::name) return;
        const NodeId function = top_level_definition(tree_, callee.name);
        if (exists(function) && tree_[function].kind == Kind::function_def) read(tree_.child(function, 2), depth + 1);
    }

    // `import torch as th`
    void note_names_of_torch(const Tree& tree) {
        for (std::uint32_t i = 1; i < tree.size(); ++i) {
            const Node& node = tree[NodeId{i}];
            if (node.kind == Kind::alias && node.name == "torch" && !node.text2.empty() && tree[node.parent].kind == Kind::import_) torch_names_.emplace(node.text2);
        }
    }

    [[nodiscard]] bool is_torch(NodeId node) const { return tree_[node].kind == Kind::name && torch_names_.contains(tree_[node].name); }

    void assign(NodeId target, NodeId value) {
        if (tree_[target].kind == Kind::tuple && tree_[value].kind == Kind::tuple && tree_[target].child_count == tree_[value].child_count) {
            for (std::uint32_t slot = 0; slot < tree_[target].child_count; ++slot) assign(tree_.child(target, slot), tree_.child(value, slot));
            return;
        }
        if (tree_[target].kind != Kind::name) return;
        const std::string name(tree_[target].name);
        models_.erase(name);
        values_.erase(name);
        if (auto model = model_text(value)) models_[name] = std::move(*model);
        else if (auto json = value_of(value)) values_[name] = std::move(*json);
    }

    // Without `.to(...)`, `.cuda()`, `.eval()`, `.float()` around it, and without `torch.compile(...)`.
    [[nodiscard]] NodeId stripped(NodeId node) const {
        while (tree_[node].kind == Kind::call) {
            const NodeId callee = tree_.child(node, 0);
            constexpr std::array<std::string_view, 7> kNoMeaning = {"to", "cuda", "eval", "train", "float", "cpu", "requires_grad_"};
            const bool meaningless = tree_[callee].kind == Kind::attribute &&
                                     std::find(kNoMeaning.begin(), kNoMeaning.end(), tree_[callee].name) != kNoMeaning.end();
            if (!meaningless) break;
            node = tree_.child(callee, 0);
        }
        return node;
    }

    // `Net(8, heads=h)` of a class of the file, with the variables' literals put in.
    [[nodiscard]] std::optional<std::string> model_text(NodeId node) const {
        node = stripped(node);
        if (tree_[node].kind != Kind::call) return std::nullopt;
        const Node& callee = tree_[tree_.child(node, 0)];
        if (callee.kind != Kind::name) return std::nullopt;
        const NodeId definition = top_level_definition(file_, callee.name);
        if (!exists(definition) || file_[definition].kind != Kind::class_def) return std::nullopt;
        std::string arguments;
        for (const NodeId argument : tree_.children(node).subspan(1)) {
            const bool keyword = tree_[argument].kind == Kind::keyword;
            const auto value = argument_text(keyword ? tree_.child(argument, 0) : argument);
            if (!value || tree_[argument].kind == Kind::starred) return std::nullopt;
            arguments += (arguments.empty() ? "" : ", ") + (keyword ? std::string(tree_[argument].name) + "=" : "") + *value;
        }
        return std::string(callee.name) + "(" + arguments + ")";
    }

    [[nodiscard]] std::optional<std::string> argument_text(NodeId node) const {
        if (const auto value = value_of(node)) return print_value(*value);
        if (const auto model = model_text(node)) return model;
        if (tree_[node].kind == Kind::name) {
            const auto found = models_.find(std::string(tree_[node].name));
            if (found != models_.end()) return found->second;
        }
        return std::nullopt;
    }

    // A literal, a known variable, or a tensor made by torch.
    [[nodiscard]] std::optional<Json> value_of(NodeId node) const {
        node = stripped(node);
        const Node& n = tree_[node];
        if (n.kind == Kind::name) {
            const auto found = values_.find(std::string(n.name));
            return found == values_.end() ? std::nullopt : std::optional(found->second);
        }
        if (n.kind == Kind::call) return tensor_of(node);
        if (n.kind == Kind::binary) return computed(node);
        if (n.kind == Kind::tuple || n.kind == Kind::list) {
            Json items = Json::array();
            for (const NodeId item : tree_.children(node)) {
                auto value = value_of(item);
                if (!value) return std::nullopt;
                items.push_back(std::move(*value));
            }
            return n.kind == Kind::list ? items : Json{{"$tuple", items}};
        }
        const bool literal = n.kind == Kind::integer || n.kind == Kind::floating || n.kind == Kind::string || n.kind == Kind::true_ ||
                             n.kind == Kind::false_ || n.kind == Kind::none_ || n.kind == Kind::unary;
        if (!literal) return std::nullopt;
        const base::Result<Json> value = parse_value(tree_.text(node));
        if (!value || (value->is_object() && value->contains("$eval"))) return std::nullopt;
        return *value;
    }

    // `heads * 16`
    [[nodiscard]] std::optional<Json> computed(NodeId binary) const {
        const auto left = value_of(tree_.child(binary, 0)), right = value_of(tree_.child(binary, 1));
        if (!left || !right || !left->is_number_integer() || !right->is_number_integer()) return std::nullopt;
        const auto a = left->get<std::int64_t>(), b = right->get<std::int64_t>();
        if (a < 0 || b < 0 || a > kMaxElements || b > kMaxElements) return std::nullopt;
        switch (tree_[binary].op) {
            case syntax::Op::add: return a + b;
            case syntax::Op::sub: return a - b;
            case syntax::Op::mul: return a * b;
            case syntax::Op::floor_div: return b == 0 ? std::nullopt : std::optional<Json>(a / b);
            default: return std::nullopt;
        }
    }

    // `torch.tensor([[1, 2], [3, 0]])`, which torch evaluates: a call of literals.
    [[nodiscard]] std::optional<Json> written_out(NodeId call) const {
        static constexpr std::array<std::string_view, 5> kFunctions = {"tensor", "arange", "linspace", "eye", "full"};
        const NodeId callee = tree_.child(call, 0);
        if (std::find(kFunctions.begin(), kFunctions.end(), tree_[callee].name) == kFunctions.end()) return std::nullopt;
        std::string arguments;
        for (const NodeId argument : tree_.children(call).subspan(1)) {
            const bool keyword = tree_[argument].kind == Kind::keyword;
            const NodeId node = keyword ? tree_.child(argument, 0) : argument;
            std::string text;
            if (tree_[node].kind == Kind::attribute && is_torch(tree_.child(node, 0))) text = "torch." + std::string(tree_[node].name);  // a dtype
            else if (const auto value = value_of(node); value && !holds_tensor(*value)) text = print_value(*value);
            else return std::nullopt;
            arguments += (arguments.empty() ? "" : ", ") + (keyword ? std::string(tree_[argument].name) + "=" : "") + text;
        }
        return Json{{"$eval", "torch." + std::string(tree_[callee].name) + "(" + arguments + ")"}};
    }

    static bool holds_tensor(const Json& value) {
        if (value.is_object() && (value.contains("shape") || value.contains("$eval"))) return true;
        return value.is_structured() && std::any_of(value.begin(), value.end(), [](const Json& item) { return holds_tensor(item); });
    }

    // torch.randn(2, 8), torch.randint(0, 100, (2, 16)), torch.zeros((2, 8), dtype=torch.long), ...
    [[nodiscard]] std::optional<Json> tensor_of(NodeId call) const {
        const Node& callee = tree_[tree_.child(call, 0)];
        if (callee.kind != Kind::attribute || !is_torch(tree_.child(tree_.child(call, 0), 0))) return std::nullopt;
        if (auto value = written_out(call)) return value;
        std::vector<Json> positional;
        std::string dtype = callee.name == "randint" ? "int64" : "float32";
        for (const NodeId argument : tree_.children(call).subspan(1)) {
            if (tree_[argument].kind == Kind::keyword) {
                const std::string_view text = tree_.text(tree_.child(argument, 0));
                if (tree_[argument].name == "dtype" && (text.ends_with("long") || text.ends_with("int64"))) dtype = "int64";
                if (tree_[argument].name == "dtype" && text.ends_with("bool")) dtype = "bool";
                if (tree_[argument].name == "size")
                    if (auto value = value_of(tree_.child(argument, 0))) positional.push_back(*value);
                continue;
            }
            auto value = value_of(argument);
            if (!value) return std::nullopt;
            positional.push_back(std::move(*value));
        }
        return made_by(callee.name, positional, dtype);
    }

    static std::optional<Json> made_by(std::string_view function, std::vector<Json> positional, const std::string& dtype) {
        const bool known = function == "randn" || function == "rand" || function == "zeros" || function == "ones" || function == "randint";
        if (!known) return std::nullopt;
        Json low = 0;
        Json high = 10;
        if (function == "randint") {
            if (positional.size() < 2 || !positional[0].is_number_integer()) return std::nullopt;
            if (positional.size() == 3) {
                low = positional[0];
                positional.erase(positional.begin());
            }
            high = positional[0];
            positional.erase(positional.begin());
            if (!high.is_number_integer()) return std::nullopt;
        }
        Json shape = Json::array();
        for (const Json& value : positional) shape.push_back(value);
        if (shape.size() == 1 && shape[0].is_array()) shape = Json(shape[0]);
        else if (shape.size() == 1 && shape[0].is_object() && shape[0].contains("$tuple")) shape = Json(shape[0]["$tuple"]);
        std::int64_t elements = 1;
        for (const Json& axis : shape) {
            if (!axis.is_number_integer() || axis.get<std::int64_t>() < 0 || axis.get<std::int64_t>() > kMaxElements) return std::nullopt;
            elements *= std::max<std::int64_t>(axis.get<std::int64_t>(), 1);
            if (elements > kMaxElements) return std::nullopt;
        }
        Json spec = {{"shape", shape}, {"dtype", dtype}};
        if (dtype == "int64") spec["low"] = low;
        if (dtype == "int64") spec["high"] = function == "randint" ? high : Json(2);
        if (dtype == "float32" && function == "rand") spec["low"] = 0.0;
        if (dtype == "float32" && function == "rand") spec["high"] = 1.0;
        return spec;
    }

    // Calls of a known model anywhere in `expression`: a node's children come before it, so inner calls are found first.
    void look_for_calls(NodeId expression) {
        for (std::uint32_t i = 1; i <= syntax::index(expression); ++i) {
            const NodeId node{i};
            if (tree_[node].kind == Kind::call && tree_[expression].span.contains(tree_[node].span)) model_call(node);
        }
    }

    void model_call(NodeId call) {
        NodeId callee = tree_.child(call, 0);
        std::string method;
        std::optional<std::string> model = known_model(callee);
        if (!model) model = known_function(callee);
        if (!model && tree_[callee].kind == Kind::attribute) {
            method = tree_[callee].name;
            callee = tree_.child(callee, 0);
            constexpr std::array<std::string_view, 4> kMeaningful = {"forward", "encode", "decode", "generate"};
            if (std::find(kMeaningful.begin(), kMeaningful.end(), method) == kMeaningful.end()) return;
            model = known_model(callee);
            if (method == "forward") method.clear();
        }
        if (!model) return;
        Invocation invocation{*model, "", method, {{"args", Json::array()}, {"kwargs", Json::object()}}};
        for (const NodeId argument : tree_.children(call).subspan(1)) {
            const bool keyword = tree_[argument].kind == Kind::keyword;
            auto value = value_of(keyword ? tree_.child(argument, 0) : argument);
            if (!value) return;
            if (keyword) invocation.spec["kwargs"][std::string(tree_[argument].name)] = std::move(*value);
            else invocation.spec["args"].push_back(std::move(*value));
        }
        samples.push_back({std::move(invocation), origin_});
    }

    // A main block also calls what trains and what writes files; the examples of a docstring call what they document.
    [[nodiscard]] std::optional<std::string> known_function(NodeId callee) const {
        if (&tree_ == &file_ || tree_[callee].kind != Kind::name) return std::nullopt;
        const NodeId definition = top_level_definition(file_, tree_[callee].name);
        if (!exists(definition) || file_[definition].kind != Kind::function_def) return std::nullopt;
        return std::string(tree_[callee].name);
    }

    [[nodiscard]] std::optional<std::string> known_model(NodeId callee) const {
        if (tree_[callee].kind == Kind::name) {
            const auto found = models_.find(std::string(tree_[callee].name));
            return found == models_.end() ? std::nullopt : std::optional(found->second);
        }
        return model_text(callee);
    }

    const Tree& tree_;
    const Tree& file_;
    std::string origin_;
    std::map<std::string, std::string> models_;  // variable -> constructor call
    std::map<std::string, Json> values_;         // variable -> spec or literal
    std::set<std::string, std::less<>> torch_names_ = {"torch"};
};

// Whether brackets are open at the end of the code, strings and comments aside.
bool is_unfinished(std::string_view code) {
    int open = 0;
    for (const char c : code) open += std::string_view("([{").find(c) != std::string_view::npos ? 1 : std::string_view(")]}").find(c) != std::string_view::npos ? -1 : 0;
    return open > 0;
}

// The code of a docstring's examples: what stands behind `>>> ` and `... `, and lines in open brackets that lack the dots.
std::string examples_of(std::string_view docstring) {
    std::string code;
    while (!docstring.empty()) {
        const std::size_t end = std::min(docstring.find('\n'), docstring.size());
        const std::string_view line = trimmed(docstring.substr(0, end));
        docstring.remove_prefix(std::min(end + 1, docstring.size()));
        if (line.starts_with(">>> ") || (!code.empty() && line.starts_with("... "))) code.append(line.substr(4)).push_back('\n');
        else if (is_unfinished(code)) code.append(line).push_back('\n');
    }
    return code;
}

bool is_main_test(const Tree& tree, NodeId test) {
    return tree[test].kind == Kind::compare && tree.text(test).find("__name__") != std::string_view::npos &&
           tree.text(test).find("__main__") != std::string_view::npos;
}

// The pyproject.toml of the nearest folder above `path` that has one.
std::optional<std::filesystem::path> nearest_project(const std::filesystem::path& path) {
    std::error_code error;
    for (std::filesystem::path folder = std::filesystem::absolute(path, error).parent_path(); !error; folder = folder.parent_path()) {
        if (std::filesystem::is_regular_file(folder / "pyproject.toml", error)) return folder / "pyproject.toml";
        if (folder == folder.parent_path()) break;
    }
    return std::nullopt;
}

}  // namespace

std::vector<WrittenSample> comment_samples(const Tree& tree) {
    std::vector<WrittenSample> samples;
    for (const base::Span span : tree.comments()) {
        std::string_view text = trimmed(tree.source().substr(span.begin + 1, span.size() - 1));
        constexpr std::string_view kMark = "mlxify:";
        if (!text.starts_with(kMark)) continue;
        base::Result<Invocation> invocation = parse_invocation(text.substr(kMark.size()));
        if (invocation) samples.push_back({std::move(invocation).value(), std::string(kFromComment)});
    }
    return samples;
}

std::vector<WrittenSample> main_block_samples(const Tree& tree) {
    MainBlock reader(tree, tree, std::string(kFromMainBlock));
    for (const NodeId statement : tree.children(tree.child(tree.root(), 0)))
        if (tree[statement].kind == Kind::if_ && is_main_test(tree, tree.child(statement, 0))) reader.read(tree.child(statement, 1));
    return std::move(reader.samples);
}

std::vector<WrittenSample> docstring_samples(const Tree& tree) {
    std::vector<WrittenSample> samples;
    for (std::uint32_t i = 1; i < tree.size(); ++i) {
        const NodeId node{i};
        if (tree[node].kind != Kind::string || tree[tree[node].parent].kind != Kind::expression_statement) continue;
        const std::string code = examples_of(tree.text(node));
        if (code.empty()) continue;
        diagnostics::Sink ignored;
        const Tree example = syntax::parse(code, ignored);
        if (ignored.has_refusal()) continue;
        MainBlock reader(example, tree, std::string(kFromDocstring));
        reader.read(example.child(example.root(), 0));
        samples.insert(samples.end(), std::make_move_iterator(reader.samples.begin()), std::make_move_iterator(reader.samples.end()));
    }
    return samples;
}

std::vector<WrittenSample> project_samples(const std::string& path) {
    std::vector<WrittenSample> samples;
    const auto project = nearest_project(path);
    if (!project) return samples;
    const toml::parse_result parsed = toml::parse_file(project->string());
    if (!parsed) return samples;
    const toml::array* entries = parsed.table()["tool"]["mlxify"]["sample"].as_array();
    if (entries == nullptr) return samples;
    std::error_code error;
    for (const toml::node& entry : *entries) {
        const toml::table* table = entry.as_table();
        if (table == nullptr) continue;
        const auto call = (*table)["call"].value<std::string>();
        const auto file = (*table)["file"].value<std::string>();
        if (!call) continue;
        if (file && !std::filesystem::equivalent(project->parent_path() / *file, path, error)) continue;
        base::Result<Invocation> invocation = parse_invocation(*call);
        if (invocation) samples.push_back({std::move(invocation).value(), std::string(kFromProject)});
    }
    return samples;
}

}  // namespace mlxify::verify
