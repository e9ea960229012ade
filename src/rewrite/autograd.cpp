// Classes with a gradient of their own: subclasses of torch.autograd.Function keep their form over a small base class, which
// hands forward and backward to mx.custom_function.
//
//   class Round(torch.autograd.Function):      class Round(Function):
//       @staticmethod                              @staticmethod
//       def forward(ctx, x):                       def forward(ctx, x):
//           ctx.save_for_backward(x)                   ctx.save_for_backward(x)
//           return x.round()                           return mx.round(x)
//
// torch.autograd.grad(output, x) becomes the gradient of the function of x that the output is:
//
//   energy = self.net(x).sum()                                        energy = mx.sum(self.net(x))
//   force = torch.autograd.grad(energy, x, create_graph=True)[0]      force = mx.grad(lambda x: mx.sum(self.net(x)))(x)
#include <algorithm>

#include "base/text.h"
#include "rewrite/rewriter.h"

namespace mlxify::rewrite {

// The class of the file, a torch.autograd.Function, whose body stands around the node.
const names::ClassInfo* Rewriter::autograd_class(NodeId node) const {
    const NodeId around = tree_.class_of(node);
    if (!exists(around)) return nullptr;
    const std::uint32_t index = names_.class_at[syntax::index(around)];
    return index != 0 && names_.classes[index - 1].is_autograd_function ? &names_.classes[index - 1] : nullptr;
}

bool Rewriter::is_autograd_context(NodeId object) const {
    const infer::Fact& known = fact(object);
    return known.kind == infer::Kind::object && known.class_index != 0 && names_.classes[known.class_index - 1].is_autograd_function;
}

// Methods of the context. Gradients are always arrays in MLX, and arrays are not tracked one by one.
bool Rewriter::context_call(NodeId id) {
    const NodeId callee = tree_.child(id, 0);
    if (tree_[callee].kind != NodeKind::attribute || !is_autograd_context(tree_.child(callee, 0))) return false;
    const std::string_view method = tree_[callee].name;
    if (method == "mark_dirty") {
        refuse(Code::considered_no, id, "`ctx.mark_dirty`: a function with a gradient of its own cannot write to its inputs in MLX", "return a new tensor");
        return true;
    }
    bool vanishes = method == "set_materialize_grads" || method == "save_for_forward";
    if (method == "mark_non_differentiable") {
        const auto outputs = tree_.children(id).subspan(1);
        vanishes = std::all_of(outputs.begin(), outputs.end(), [&](NodeId output) {
            switch (fact(output).dtype) {
            case infer::DType::int64:
            case infer::DType::int32:
            case infer::DType::int16:
            case infer::DType::int8:
            case infer::DType::uint8:
            case infer::DType::boolean: return true;
            case infer::DType::unknown:
            case infer::DType::float32:
            case infer::DType::float16:
            case infer::DType::bfloat16:
            case infer::DType::float64:
            case infer::DType::complex64: return false;
            }
            return false;
        });
        if (!vanishes) refuse(Code::considered_no, id, "`ctx.mark_non_differentiable` of what may be no integers has no form in MLX", "detach the output after `apply`");
    }
    const NodeId statement = tree_[id].parent;
    if (vanishes && tree_[statement].kind == NodeKind::expression_statement) remove_statement(statement);
    return true;
}

// `symbolic` tells an exporter of torch what the function is there.
bool Rewriter::exporters_method(NodeId function) const {
    return tree_[function].name == "symbolic" && autograd_class(function) && tree_.class_of(function) == tree_[tree_[function].parent].parent;
}

namespace {

// `text` with `value` for the variable `name`, where it is read; in parentheses unless it stands as the only argument of a call, or is an atom.
std::string with_value(std::string_view text, std::string_view name, std::string_view value, Precedence precedence) {
    std::string result;
    char quote = 0;  // that the string around begins with
    for (std::size_t at = 0; at < text.size();) {
        const bool escaped = quote != 0 && text[at] == '\\' && at + 1 < text.size();
        if (quote == 0 && (text[at] == '"' || text[at] == '\'')) quote = text[at];
        else if (quote == text[at]) quote = 0;
        if (quote != 0 || text[at] == '"' || text[at] == '\'') {
            result += text.substr(at, escaped ? 2 : 1);
            at += escaped ? 2 : 1;
            continue;
        }
        const bool begins = text.substr(at).starts_with(name) && (at == 0 || (!base::is_name_letter(text[at - 1]) && text[at - 1] != '.'));
        const std::size_t end = at + name.size();
        const bool whole = begins && (end == text.size() || !base::is_name_letter(text[end]));
        const bool keyword = whole && end < text.size() && text[end] == '=' && !text.substr(end).starts_with("==");
        const bool argument = at > 0 && text[at - 1] == '(' && end < text.size() && text[end] == ')' && precedence > Precedence::tuple;
        if (whole && !keyword && (argument || precedence == Precedence::atom)) result += value;
        else if (whole && !keyword) result.append("(").append(value).append(")");
        else result += text[at];
        at = whole && !keyword ? end : at + 1;
    }
    return result;
}

}  // namespace

// The names that an expression reads, each as often as it does.
std::vector<NodeId> Rewriter::variables_read(NodeId expression) const {
    std::vector<NodeId> read;
    for (std::uint32_t number = syntax::index(expression); number > 0 && tree_[expression].span.contains(tree_[NodeId{number}].span); --number)
        if (tree_[NodeId{number}].kind == NodeKind::name) read.push_back(NodeId{number});
    return read;
}

// The expression that `output` is of the tensors that are bound as `inputs`: variables that were computed from them are spelled out. nullopt
// where one is not assigned once, by a statement that always runs before `call`, or where an input gets another value in between.
std::optional<std::string> Rewriter::as_function_of(const std::vector<names::BindingId>& inputs, NodeId output, NodeId call) const {
    std::string text = rendered(output);
    std::set<names::BindingId> looked_at;
    for (const NodeId name : variables_read(output)) {
        const names::BindingId bound = names_.binding(name);
        const names::Binding& binding = names_[bound];
        const bool is_input = std::find(inputs.begin(), inputs.end(), bound) != inputs.end();
        const bool of_this_function = names_.scopes[static_cast<std::size_t>(binding.scope)].owner == tree_.function_of(call);
        if (is_input || binding.kind != names::BindingKind::variable || !of_this_function || !looked_at.insert(bound).second) continue;
        const NodeId value = binding.only_value;
        if (!exists(value) || binding.written_in_place || !runs_before(tree_.statement_of(value), call)) return std::nullopt;
        const std::optional<std::string> inner = as_function_of(inputs, value, call);
        if (!inner) return std::nullopt;
        if (!depends_on(inputs, value)) continue;
        for (const names::BindingId input : inputs)
            for (const NodeId store : names_[input].stores)
                if (tree_[value].span.begin < tree_[store].span.begin && tree_[store].span.begin < tree_[call].span.begin) return std::nullopt;
        text = with_value(text, binding.name, *inner, precedence_of(value));
    }
    return text;
}

// Whether an expression is computed from one of the inputs, directly or by variables that are assigned once.
bool Rewriter::depends_on(const std::vector<names::BindingId>& inputs, NodeId expression) const {
    const std::vector<NodeId> read = variables_read(expression);
    return std::any_of(read.begin(), read.end(), [&](NodeId name) {
        const names::BindingId bound = names_.binding(name);
        if (std::find(inputs.begin(), inputs.end(), bound) != inputs.end()) return true;
        const NodeId value = names_[bound].only_value;
        return exists(value) && !tree_[value].span.contains(tree_[name].span) && depends_on(inputs, value);
    });
}

// torch.autograd.grad(output, inputs). False where it is no gradient of one number that this function computes from variables.
bool Rewriter::gradient_call(NodeId id) {
    static const std::vector<std::string> kParameters{"outputs", "inputs", "grad_outputs", "retain_graph", "create_graph", "only_inputs", "allow_unused"};
    const auto argument = [&](std::string_view name) { return passed(id, kParameters, name); };
    const NodeId output = argument("outputs"), given = argument("inputs"), weights = argument("grad_outputs"), graph = argument("create_graph");
    if (!exists(output) || !exists(given)) return false;
    if (exists(graph) && tree_[graph].kind != NodeKind::true_ && tree_[graph].kind != NodeKind::false_) return false;
    const bool of_ones = exists(weights) && tree_[weights].kind == NodeKind::call && names::qualified_name(tree_, names_, tree_.child(weights, 0)) == "torch.ones_like" &&
                         tree_.children(weights).size() == 2 && tree_.text(tree_.child(weights, 1)) == tree_.text(output);
    if (exists(weights) && !of_ones && tree_[weights].kind != NodeKind::none_) return false;
    std::vector<NodeId> inputs{given};
    if (tree_[given].kind == NodeKind::list || tree_[given].kind == NodeKind::tuple) inputs.assign(tree_.children(given).begin(), tree_.children(given).end());
    std::vector<names::BindingId> bound;
    std::string variables, places;
    for (const NodeId input : inputs) {
        if (tree_[input].kind != NodeKind::name || names_.binding(input) == names::kNoBinding) return false;
        places += (bound.empty() ? "" : ", ") + std::to_string(bound.size());
        variables += (bound.empty() ? "" : ", ") + std::string(tree_[input].name);
        bound.push_back(names_.binding(input));
    }
    if (bound.empty() || !depends_on(bound, output)) return false;
    std::optional<std::string> function = as_function_of(bound, output, id);
    if (!function) return false;
    const std::string line = std::to_string(source_.position(tree_[id].span.begin).line);
    for (const NodeId parameter : tree_.children(tree_.child(tree_.function_of(id), 0))) {
        const std::string name(tree_[parameter].name);
        const bool is_read = with_value(*function, name, "", Precedence::atom) != *function;
        if (is_read && name != "self" && std::find(bound.begin(), bound.end(), names_.binding(parameter)) == bound.end())
            assumptions_.push_back("the gradient by `" + variables + "` takes `" + name + "` for independent (line " + line + ")");
    }
    if (of_ones || fact(output).rank != 0) function = output_.mx + ".sum(" + *function + ")";  // of one number, or with a gradient of ones
    const bool several = bound.size() > 1;
    std::string text = output_.mx + ".grad(lambda " + variables + ": " + *function + (several ? ", argnums=(" + places + ")" : "") + ")(" + variables + ")";
    const NodeId around = tree_[id].parent;
    const bool first = !several && tree_[around].kind == NodeKind::subscript && tree_.child(around, 0) == id && tree_.text(tree_.child(around, 1)) == "0";
    const bool detached = !exists(graph) || tree_[graph].kind == NodeKind::false_;
    const auto stopped = [&](const std::string& gradient) { return detached ? output_.mx + ".stop_gradient(" + gradient + ")" : gradient; };
    if (first) put(around, stopped(text), Precedence::atom, "torch.autograd.grad");
    else if (!several) put(id, "(" + stopped(text) + ",)", Precedence::atom, "torch.autograd.grad");
    else if (!detached) put(id, text, Precedence::atom, "torch.autograd.grad");
    else put(id, "tuple(" + output_.mx + ".stop_gradient(gradient) for gradient in " + text + ")", Precedence::atom, "torch.autograd.grad");
    return true;
}

}  // namespace mlxify::rewrite
