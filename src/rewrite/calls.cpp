// Calls: which catalogue entry, with which arguments, printed how.
#include <algorithm>
#include <cctype>
#include <limits>

#include <fmt/format.h>

#include "infer/fact_store.h"
#include "rewrite/merge_layout.h"
#include "rewrite/rewriter.h"
#include "rules/frame.h"

namespace mlxify::rewrite {

using catalogue::Entry;
using catalogue::EntryKind;
using rules::Actual;

namespace {

// Methods that tensors share with lists, dicts, strings, sets or modules: taken for a tensor's only when that is known.
constexpr std::string_view kAmbiguousMethods[] = {
    "split", "index", "count", "append", "extend", "copy",  "get",   "keys",   "items",  "values", "update", "pop",   "format", "join",
    "strip", "replace", "sort", "reverse", "remove", "insert", "clear", "add", "sub", "type", "to", "float", "half", "double", "cpu",
    "cuda",  "train", "eval", "apply", "parameters", "mode", "lower", "upper", "size", "dim", "item", "tolist", "numpy", "names", "bool",
    "int", "long", "max", "min", "sum", "mean", "abs", "exp", "log", "round", "real", "norm", "where", "map_", "resolve", "set_", "put",
    "unique", "flip", "roll", "sqrt", "cat", "fill", "all", "any", "view", "scatter", "gather", "select", "take", "data_ptr", "repeat",
};

bool is_ambiguous(std::string_view method) {
    return std::find(std::begin(kAmbiguousMethods), std::end(kAmbiguousMethods), method) != std::end(kAmbiguousMethods);
}

// Of those, what only tensors offer in model code that receives nothing else.
constexpr std::string_view kPlainPython[] = {
    "split", "index", "count", "append", "extend", "copy", "get", "keys", "items", "values", "update", "pop", "format", "join", "strip",
    "replace", "sort", "reverse", "remove", "insert", "clear", "add", "lower", "upper", "train", "eval", "apply", "parameters", "names",
    "set_", "put", "map_", "resolve", "mode", "type", "select", "take", "unique", "fill", "where", "cat", "real", "round",
};

// Methods of sets and lists that give None: whoever uses their value has a tensor.
constexpr std::string_view kGivesNone[] = {"add", "sort"};

// Methods that beside tensors only arrays and frames of other libraries have.
constexpr std::string_view kOfOtherLibraries[] = {"unique", "take", "put", "select", "where", "mode"};
constexpr std::string_view kOtherLibraries[] = {"numpy", "pandas", "polars", "jax", "tensorflow", "queue"};

template <std::size_t N>
bool is_one_of(std::string_view name, const std::string_view (&names)[N]) {
    return std::find(std::begin(names), std::end(names), name) != std::end(names);
}

}  // namespace

// What a method that others have too is called with, and what becomes of its value, tells a tensor: no string is split by a
// number, no list gives itself when sorted.
bool Rewriter::used_as_tensor(NodeId call, std::string_view method) const {
    const auto arguments = tree_.children(call).subspan(1);
    const bool used = exists(tree_[call].parent) && tree_[tree_[call].parent].kind != NodeKind::expression_statement;
    if (is_one_of(method, kGivesNone)) return used;
    if (method == "type") {
        const bool one = used && arguments.size() == 1 && tree_[arguments[0]].kind != NodeKind::keyword;
        return one && (fact(arguments[0]).kind == infer::Kind::dtype || (tree_[arguments[0]].kind == NodeKind::attribute && tree_[arguments[0]].name == "dtype"));
    }
    if (method == "split") {
        for (const NodeId argument : arguments)
            if (tree_[argument].kind == NodeKind::keyword && (tree_[argument].name == "dim" || tree_[argument].name.starts_with("split_size"))) return true;
        if (arguments.empty() || tree_[arguments[0]].kind == NodeKind::keyword) return false;
        const infer::Kind first = fact(arguments[0]).kind;
        return first == infer::Kind::integer || first == infer::Kind::list || first == infer::Kind::tuple ||
               (arguments.size() == 2 && first != infer::Kind::string && tree_[arguments[1]].kind != NodeKind::keyword);
    }
    if (!used || !is_one_of(method, kOfOtherLibraries)) return false;
    for (const names::Binding& binding : names_.bindings)
        for (const std::string_view library : kOtherLibraries)
            if (binding.kind == names::BindingKind::import_ && binding.qualified.starts_with(library)) return false;
    return true;
}

std::vector<Actual> Rewriter::actuals(NodeId call, NodeId receiver) {
    std::vector<Actual> found;
    if (exists(receiver)) found.push_back({{}, value_of(receiver), false, false});
    for (const NodeId argument : tree_.children(call).subspan(1)) {
        const syntax::Node& node = tree_[argument];
        Actual actual;
        if (node.kind == NodeKind::keyword) {
            const NodeId spread = tree_.child(argument, 0);
            const auto items = node.has(syntax::Flag::double_star) ? known_items(spread) : std::nullopt;
            if (items) {  // f(x, **{"dim": 1})
                for (const auto& [key, value] : *items) found.push_back({leaves_.keep(key), item_value(spread, key, value), false, false});
                spread_.insert(syntax::index(spread));
                continue;
            }
            actual.keyword = node.name;
            actual.double_star = node.has(syntax::Flag::double_star);
            actual.value = value_of(tree_.child(argument, 0));
        } else if (node.kind == NodeKind::starred) {
            actual.value = value_of(tree_.child(argument, 0));
            // `expand(*sizes)`: whether one of them is -1 is only known at run time.
            const bool open_sizes = exists(receiver) && tree_[tree_.child(call, 0)].name == "expand" && actual.value.fact.kind != infer::Kind::size &&
                                    tree_[tree_.child(argument, 0)].kind == NodeKind::name;
            if (actual.value.has_items && !is_seen_empty(actual.value) && !open_sizes && !rules::is_size_of_samples(actual.value)) {
                for (const Value& item : actual.value.items) found.push_back({{}, item, false, false});
                continue;
            }
            actual.star = true;
        } else {
            actual.value = value_of(argument);
        }
        found.push_back(std::move(actual));
    }
    pass_axes(call, found);
    return found;
}

// The text with every reference to an argument replaced by that argument as it reads now.
std::string Rewriter::expand(std::string_view text) const {
    std::string out;
    rules::for_each_piece(
        leaves_.expand_locals(text), [&](std::string_view piece) { out += piece; },
        [&](std::uint32_t leaf) { out += rendered_bare(NodeId{leaves_[leaf].node}); });
    return out;
}

// Where the arguments stand that a text refers to.
std::vector<base::Span> Rewriter::spans_kept(std::string_view text) const {
    std::vector<base::Span> spans;
    rules::for_each_piece(
        text, [](std::string_view) {}, [&](std::uint32_t leaf) { spans.push_back(tree_[NodeId{leaves_[leaf].node}].span); });
    return spans;
}

// The place of a name in "values,indices".
std::optional<std::size_t> Rewriter::field_place(std::string_view fields, std::string_view name) {
    for (std::size_t place = 0; !fields.empty(); ++place) {
        const std::size_t comma = std::min(fields.find(','), fields.size());
        if (fields.substr(0, comma) == name) return place;
        fields.remove_prefix(std::min(comma + 1, fields.size()));
    }
    return std::nullopt;
}

std::optional<std::size_t> Rewriter::component_wanted(NodeId call, const Entry& entry, NodeId& selector) const {
    const NodeId parent = tree_[call].parent;
    if (!exists(parent) || tree_.child(parent, 0) != call || entry.fields.empty()) return std::nullopt;
    const syntax::Node& node = tree_[parent];
    if (node.kind == NodeKind::attribute) {
        const auto place = field_place(entry.fields, node.name);
        if (place) selector = parent;
        return place;
    }
    const auto count = static_cast<std::size_t>(std::count(entry.fields.begin(), entry.fields.end(), ',')) + 1;
    if (node.kind == NodeKind::subscript && tree_[tree_.child(parent, 1)].kind == NodeKind::integer) {
        const std::string_view digits = tree_[tree_.child(parent, 1)].name;
        if (digits.size() != 1 || static_cast<std::size_t>(digits[0] - '0') >= count) return std::nullopt;
        if (fact(call).kind == infer::Kind::tensor) return std::nullopt;  // x.max()[0] of one tensor
        selector = parent;
        return static_cast<std::size_t>(digits[0] - '0');
    }
    return std::nullopt;
}

bool Rewriter::result_is_mutated(NodeId call) const {
    const NodeId parent = tree_[call].parent;
    if (!exists(parent) || tree_[parent].kind != NodeKind::assign || tree_.child(parent, 0) != call) return false;
    for (const NodeId target : tree_.children(parent).subspan(1)) {
        if (tree_[target].kind != NodeKind::name) return true;
        if (is_written_to(target)) return true;
    }
    return false;
}

// The function that the call stands in also masks what a softmax gives, or frees it of NaN.
bool Rewriter::softmax_is_masked(NodeId call) const {
    const NodeId function = tree_.function_of(call);
    if (!exists(function)) return false;
    std::uint32_t softmax = std::numeric_limits<std::uint32_t>::max();  // where the first one ends
    std::uint32_t masked = 0;                                           // where the last mask ends
    for (std::uint32_t i = syntax::index(function) - 1; i > 0 && tree_[function].span.contains(tree_[NodeId{i}].span); --i) {
        const NodeId id{i};
        if (id == call || tree_[id].kind != NodeKind::call || tree_.function_of(id) != function) continue;
        const std::string_view name = tree_[tree_.child(id, 0)].name;
        if (name.find("softmax") != std::string_view::npos) softmax = std::min(softmax, tree_[id].span.end);
        for (const std::string_view mask : {"masked_fill", "masked_fill_", "nan_to_num", "nan_to_num_", "where"})
            if (name == mask) masked = std::max(masked, tree_[id].span.end);
    }
    return masked > softmax;
}

void Rewriter::call(NodeId id) {
    attribute_by_name(id);
    if (drop_permute(id) || paired_parameters(id) || super_call(id) || asks_for_dictionary(id) || asks_for_member(id) || member_by_name(id) || context_call(id) || requires_grad_call(id)) return;
    NodeId flag = syntax::kNoNode;
    if (is_training_loop(tree_[id].parent, flag)) return;  // module.parameters(), gone with the loop
    check_mutated_arguments(id);
    drop_input_keyword(id);
    const NodeId callee = tree_.child(id, 0);
    if (base_constructor(id)) return;
    const std::string qualified = names::qualified_name(tree_, names_, callee);
    if (!qualified.empty()) {
        qualified_call(id, qualified);
        return;
    }
    if (tree_[callee].kind == NodeKind::attribute) {
        if (module_method(id) || method_call(id)) return;
        drop_inplace(id);
        return;
    }
    drop_inplace(id);
    for (const std::string_view word : {"len", "enumerate", "zip", "list", "tuple", "reversed", "iter"})
        if (tree_.text(callee) == word && names_.binding(callee) == names::kNoBinding)
            for (const NodeId argument : tree_.children(id).subspan(1)) iterated(argument);
}

bool Rewriter::qualified_call(NodeId id, std::string_view qualified) {
    if (qualified.starts_with("numpy.") && number_of_numpy(id, qualified)) return true;
    const Entry* entry = entry_of(qualified, id);
    if (!entry) {
        if (qualified == "torch.nn.Module.__init__") {  // MLX's own base has it too
            put(tree_.child(id, 0), output_.nn + ".Module.__init__", Precedence::atom, qualified);
            emissions_.uses_nn = true;
            return true;
        }
        if (is_watched(qualified))
            refuse(Code::no_entry, tree_.child(id, 0), "`" + std::string(qualified) + "` has no entry in the catalogue",
                   "write it with operations that have one, or add an entry (docs/extending/add-an-api.md)");
        return false;
    }
    for (const Entry& alternative : catalogue_.alternatives(qualified)) {
        if (alternative.kind != EntryKind::never || alternative.argument.empty()) continue;
        for (const NodeId argument : tree_.children(id).subspan(1)) {
            if (tree_[argument].kind != NodeKind::keyword || tree_[argument].name != alternative.argument) continue;
            refuse(Code::refused_arguments, argument, "`" + std::string(qualified) + "` with `" + std::string(alternative.argument) + "`: " + std::string(alternative.target),
                   std::string(alternative.suggest));
            return true;
        }
    }
    const Entry* of_list = qualified == "torch.nn.ModuleList" ? named_modules_definition(id) : nullptr;
    if (const Entry* other = qualified == "torch.nn.Sequential" ? sequential_definition(id) : of_list) {
        if (tree_.children(id).size() == 1) named_targets_.push_back(tree_.child(tree_[id].parent, 1));
        apply_definition(id, *other);
        mark_layout(id);
        return true;
    }
    if (qualified == "torch.nn.ModuleDict" && may_have_numbers(id)) entry = catalogue_.find("mlxify.torch.nn.NumberedModules");
    switch (entry->kind) {
    case EntryKind::rule: apply(id, *entry, syntax::kNoNode); return true;
    case EntryKind::module_:
        if (const Entry& other = definition_for(id, *entry); &other != entry) apply_definition(id, other);
        else apply(id, *entry, syntax::kNoNode);
        return true;
    case EntryKind::definition:
        if (const Entry* constructor = constructor_for(id, *entry)) apply(id, *constructor, syntax::kNoNode);
        else apply_definition(id, definition_for(id, *entry));
        return true;
    case EntryKind::constant: constant(tree_.child(id, 0), qualified); return true;
    case EntryKind::never:
        if (qualified == "torch.autograd.grad" && gradient_call(id)) return true;
        if (qualified == "torch.set_default_dtype" && tree_.children(id).size() == 2 && fact(tree_.child(id, 1)).dtype == infer::DType::float32 &&
            tree_[tree_[id].parent].kind == NodeKind::expression_statement) {  // it is that
            remove_statement(tree_[id].parent);
            return true;
        }
        refuse(Code::considered_no, tree_.child(id, 0), "`" + std::string(qualified) + "` cannot be converted: " + std::string(entry->target), std::string(entry->suggest));
        return true;
    case EntryKind::drop_decorator:  // f = torch.compile(f)
        if (tree_.children(id).size() >= 2 && tree_[tree_.child(id, 1)].kind != NodeKind::keyword) {
            const NodeId inner = tree_.child(id, 1);
            put(id, rendered(inner), precedence_of(inner), qualified);
        }
        return true;
    case EntryKind::dissolve: {  // return torch.amp.autocast("cuda"): a context that is made in one place and entered in another
        const NodeKind around = tree_[tree_[id].parent].kind;
        const bool value = around == NodeKind::return_ || around == NodeKind::assign || around == NodeKind::conditional;
        if (!value || entry->stops_gradient || !qualified.ends_with("autocast")) return true;
        put(id, "nullcontext()", Precedence::atom, qualified);
        emissions_.add_import("from contextlib import nullcontext");
        return true;
    }
    case EntryKind::keep:
    case EntryKind::attribute:
    case EntryKind::defaults: return true;
    }
    return true;
}

bool Rewriter::super_call(NodeId id) {
    if (trains_parts(id)) return true;
    const NodeId callee = tree_.child(id, 0);
    const bool sets_state = tree_[callee].kind == NodeKind::attribute && tree_[callee].name == "__setstate__";
    if (sets_state && tree_.text(callee).starts_with("super(") && fact(tree_.child(id, 1)).kind != infer::Kind::module) {
        put(callee, "self.__dict__.update", Precedence::atom, "torch.nn.Module.__setstate__");  // MLX's modules have none of their own
        return true;
    }
    if (tree_[callee].kind != NodeKind::attribute || tree_[callee].name != "forward") return false;
    const NodeId object = tree_.child(callee, 0);
    const bool super = tree_[object].kind == NodeKind::call && tree_.text(tree_.child(object, 0)) == "super";
    const std::uint32_t owner = fact(object).class_index;
    if (super ? autograd_class(id) != nullptr : owner != 0 && names_.classes[owner - 1].is_autograd_function) return true;
    if (super) {
        edits_.replace(tree_[callee].name_span, "__call__", "forward");
        return true;
    }
    const auto given = tree_.children(id).subspan(1);
    if (!given.empty() && tree_.text(given[0]) == "self" && names::qualified_name(tree_, names_, object).starts_with("torch.nn.")) {
        std::string arguments;  // nn.Linear.forward(self, x), which may be another class in MLX
        for (const NodeId argument : given.subspan(1)) arguments += (arguments.empty() ? "" : ", ") + rendered(argument);
        put(id, "super().__call__(" + arguments + ")", Precedence::atom, "forward");
        return true;
    }
    const infer::Kind kind = fact(object).kind;
    if (kind == infer::Kind::module || kind == infer::Kind::unknown || tree_.text(object) == "self") {
        edits_.replace({tree_[object].span.end, tree_[callee].span.end}, "", "forward");
        return true;
    }
    if (kind == infer::Kind::class_) {  // Base.forward(self, x)
        edits_.replace(tree_[callee].name_span, "__call__", "forward");
        return true;
    }
    return false;
}

bool Rewriter::method_call(NodeId id) {
    const NodeId callee = tree_.child(id, 0);
    const NodeId object = tree_.child(callee, 0);
    const std::string_view method = tree_[callee].name;
    const infer::Fact& receiver = fact(object);
    const std::string qualified = "torch.Tensor." + std::string(method);
    const Entry* entry = catalogue_.find(qualified);
    bool tensor = receiver.kind == infer::Kind::tensor;
    if (!tensor && receiver.kind == infer::Kind::unknown && entry) {
        const bool python = std::find(std::begin(kPlainPython), std::end(kPlainPython), method) != std::end(kPlainPython);
        tensor = !is_ambiguous(method) || !python || used_as_tensor(id, method);
        if (tree_.text(object) == "self") tensor = false;
    }
    if (receiver.kind == infer::Kind::size && method == "numel") {
        entry = catalogue_.find("torch.Size.numel");
        tensor = entry != nullptr;
    }
    if (!tensor) return false;
    if (method == "detach" && is_passed_to_be_written(id)) {
        put(id, rendered(object), precedence_of(object), qualified);
        return true;
    }
    if (!entry) {
        refuse(Code::no_entry, callee, "`Tensor." + std::string(method) + "` has no entry in the catalogue",
               "write it with operations that have one, or add an entry (docs/extending/add-an-api.md)");
        return true;
    }
    if (entry->kind == EntryKind::never) {
        refuse(Code::considered_no, callee, "`Tensor." + std::string(method) + "` cannot be converted: " + std::string(entry->target), std::string(entry->suggest));
        return true;
    }
    if (!entry->mutates.empty()) turn_arguments_for_kernel(id, object);
    if (entry->kind == EntryKind::rule && !names_tensor_type(id) && !truth_cast_back(id)) apply(id, *entry, object);
    return true;
}

// `bits @ powers` of whole numbers, which MLX's operator does not take: as torch.matmul.
void Rewriter::integer_product(NodeId id) {
    if (tree_[id].op != syntax::Op::matmul) return;
    const NodeId left = tree_.child(id, 0), right = tree_.child(id, 1);
    for (const NodeId operand : {left, right}) {
        const infer::Fact& known = fact(operand);
        if (known.kind != infer::Kind::tensor || known.dtype == infer::DType::unknown || infer::is_floating(known.dtype) || known.dtype == infer::DType::complex64) return;
    }
    const rules::Outcome outcome = evaluator_.apply(*catalogue_.find("torch.matmul"), {{{}, value_of(left), false, false}, {{}, value_of(right), false, false}}, {});
    if (outcome.status == rules::Outcome::Status::expression) finish(id, outcome.value, "torch.matmul");
}

// x.bool().to(x.dtype) of floats: MLX would hand a gradient on through both casts.
bool Rewriter::truth_cast_back(NodeId call) {
    const NodeId callee = tree_.child(call, 0);
    const NodeId around = tree_[call].parent;
    if (tree_[callee].name != "bool" || !infer::is_floating(fact(tree_.child(callee, 0)).dtype) || tree_[around].kind != NodeKind::attribute) return false;
    const std::string_view back = tree_[around].name;
    if (back != "to" && back != "type" && back != "type_as" && back != "float" && back != "half" && back != "double") return false;
    put(call, output_.mx + ".stop_gradient(" + rendered(tree_.child(callee, 0)) + ").astype(" + output_.mx + ".bool_)", Precedence::atom, "torch.Tensor.bool");
    uses_mx_ = true;
    return true;
}

// y.type(x.type())  ->  y.astype(x.dtype);  x.type() == "torch.cuda.HalfTensor"  ->  x.dtype == mx.float16
bool Rewriter::names_tensor_type(NodeId call) {
    const NodeId callee = tree_.child(call, 0);
    if (tree_[callee].name != "type" || tree_.children(call).size() != 1) return false;
    const NodeId around = tree_[call].parent;
    const bool compared = tree_[around].kind == NodeKind::compare && tree_.children(around).size() == 2 &&
                          (tree_.compare_ops(around)[0] == syntax::Op::eq || tree_.compare_ops(around)[0] == syntax::Op::ne);
    if (compared) {
        const NodeId other = tree_.child(around, tree_.child(around, 0) == call ? 1 : 0);
        if (tree_[other].kind != NodeKind::string || tree_[other].has(syntax::Flag::is_fstring)) return false;
        const Entry* dtype = catalogue_.find(rules::unescape(tree_[other].name) + ".dtype");
        if (!dtype || dtype->kind != EntryKind::constant || !dtype->target.starts_with("mx.")) return false;
        put(other, output_.mx + std::string(dtype->target.substr(2)), Precedence::atom, "torch.Tensor.type");
    } else if (!is_type_argument(call)) {
        return false;
    }
    put(call, rendered(tree_.child(callee, 0)) + ".dtype", Precedence::atom, "torch.Tensor.type");
    return true;
}

// The indices of torch.gather(x, 1, i) and the like carry no gradient.
void Rewriter::stop_indices_of(NodeId call, std::string_view qualified) {
    const std::string_view name = qualified.substr(qualified.rfind('.') + 1);
    for (const std::string_view indexing : {"gather", "take", "take_along_dim", "index_select", "embedding", "scatter", "scatter_", "scatter_add", "scatter_add_", "index_add", "index_add_"}) {
        if (name != indexing) continue;
        for (const NodeId argument : tree_.children(call).subspan(1)) {
            const NodeId value = tree_[argument].kind == NodeKind::keyword ? tree_.child(argument, 0) : argument;
            const infer::DType dtype = fact(value).dtype;
            if (fact(value).kind == infer::Kind::tensor && (dtype == infer::DType::int64 || dtype == infer::DType::int32)) stop_index(value);
        }
    }
}

void Rewriter::apply(NodeId id, const Entry& entry, NodeId receiver) {
    if (options_.stop_indices) stop_indices_of(id, entry.qualified);
    if (tree_[id].kind == NodeKind::call)
        for (const NodeId argument : tree_.children(id).subspan(1)) python_number(tree_[argument].kind == NodeKind::keyword ? tree_.child(argument, 0) : argument);
    NodeId selector = syntax::kNoNode;
    rules::ApplyOptions options;
    options.component = component_wanted(id, entry, selector);
    options.result_mutated = result_is_mutated(id);
    // What is written to in place is the tensor itself, not a detached look at it.
    std::vector<Actual> given = actuals(id, entry.mutates.empty() || !exists(receiver) ? receiver : strip_data(receiver));
    NodeId out = out_argument(id);
    if (exists(out)) {
        const std::vector<std::string> parameters = evaluator_.parameter_names(catalogue_.body(entry));
        const bool own = entry.kind != EntryKind::rule || std::find(parameters.begin(), parameters.end(), "out") != parameters.end();
        if (!own) std::erase_if(given, [](const Actual& one) { return one.keyword == "out"; });
        if (own || tree_[out].kind == NodeKind::none_) out = syntax::kNoNode;
    }
    add_hidden(id, entry, receiver, given);
    const bool fills_with_infinity = std::any_of(given.begin(), given.end(), [](const Actual& one) { return one.value.is_minus_infinity(); });
    options.softmax_masked = fills_with_infinity && softmax_is_masked(id);
    const rules::Outcome outcome = evaluator_.apply(entry, given, options);
    if (outcome.status != rules::Outcome::Status::expression) {
        const bool binding = outcome.status == rules::Outcome::Status::no_binding;
        if (binding && exists(receiver) && fact(receiver).kind == infer::Kind::unknown) return;  // a method of something else: `flow.inverse(z)`
        refuse(binding ? Code::arguments_do_not_bind : Code::refused_arguments, id, "`" + std::string(entry.qualified) + "`: " + outcome.reason,
               outcome.suggestion.empty() ? "write this call with other arguments" : outcome.suggestion);
        return;
    }
    uses_mx_ = true;
    const NodeId around = tree_[id].parent;
    const bool named = exists(around) && tree_[around].kind == NodeKind::assign && tree_.children(around).size() == 2 && tree_[tree_.child(around, 1)].kind == NodeKind::name;
    if (!entry.fields.empty() && !options.component && !named && entry.fields.find(',') == std::string_view::npos) {
        refuse(Code::refused_arguments, id, fmt::format("`{}`: of its results only `{}` is written here", entry.qualified, entry.fields),
               fmt::format("take `.{}` of the call", entry.fields));
        return;
    }
    if (!entry.fields.empty() && named)
        named_results_[static_cast<std::uint32_t>(names_.binding(tree_.child(around, 1)))] = entry.fields;
    if (selector != syntax::kNoNode) absorbed_[syntax::index(selector)] = id;
    drop_unused(id, outcome.value.text);
    if ((entry.kind == EntryKind::module_ && !entry.weights.empty()) || entry.qualified == "torch.nn.Sequential") mark_layout(id);
    if (!entry.mutates.empty()) {
        NodeId target = receiver;
        if (!exists(target)) {  // nn.init.zeros_(w), torch.nn.init.normal_(tensor=w)
            for (const NodeId argument : tree_.children(id).subspan(1))
                if (tree_[argument].kind == NodeKind::keyword && tree_[argument].name == entry.mutates) target = tree_.child(argument, 0);
            if (!exists(target) && tree_.children(id).size() > 1) target = tree_.child(id, 1);
        }
        mutate(id, target, outcome.value, entry);
        return;
    }
    if (exists(out)) write_out(id, out, outcome.value, entry.qualified);
    else finish(id, outcome.value, entry.qualified);
}

// What a rule asks of a call beyond its arguments, by a last parameter of a name of ours.
void Rewriter::add_hidden(NodeId id, const Entry& entry, NodeId receiver, std::vector<Actual>& given) {
    const bool initialises = entry.qualified.starts_with("torch.nn.init.");
    const bool makes_array = entry.qualified.ends_with("ensor") || entry.qualified == "torch.asarray";
    if (!initialises && !makes_array && entry.qualified != "torch.chunk" && entry.qualified != "torch.Tensor.chunk" && entry.qualified != "torch.nn.Parameter") return;
    const std::vector<std::string> parameters = evaluator_.parameter_names(catalogue_.body(entry));
    if (parameters.empty()) return;
    if (initialises && parameters.back() == "_kernel") {
        const std::string_view kernel = kernel_initialised(id);
        const bool symmetric = entry.qualified.find("xavier") != std::string_view::npos;  // inputs and outputs count alike
        const NodeId owner = kernel == "conv" && !symmetric ? owner_of_any_kind(id) : syntax::kNoNode;
        if (exists(owner)) given.push_back({"_kernel", rules::code_value(kind_of_kernel(owner), Precedence::conditional), false, false});
        else if (!kernel.empty()) given.push_back({"_kernel", rules::string_value(std::string(kernel)), false, false});
    } else if (parameters.back() == "_of_numpy") {
        if (tree_.children(id).size() > 1 && holds_numpy(tree_.child(id, 1))) given.push_back({"_of_numpy", rules::bool_value(true), false, false});
    } else if (parameters.back() == "_of_result" && takes_result(id)) {
        given.push_back({"_of_result", rules::bool_value(true), false, false});
    } else if (parameters.back() == "_uneven" && was_uneven(id, exists(receiver) ? receiver : tree_.child(id, 1), given)) {
        given.push_back({"_uneven", rules::bool_value(true), false, false});
    }
}

// nn.Parameter(self.softmax(self.weight)) while the model runs: a new leaf, to which no gradient goes on.
bool Rewriter::takes_result(NodeId call) const {
    if (tree_.children(call).size() < 2 || is_setup_function(tree_.function_of(call))) return false;
    const NodeId data = tree_.child(call, 1);
    for (std::uint32_t number = 1; number <= syntax::index(data); ++number) {
        const syntax::Node& part = tree_[NodeId{number}];
        const bool named = part.kind == NodeKind::name || part.kind == NodeKind::attribute;
        if (named && tree_[data].span.contains(part.span) && fact(NodeId{number}).kind == infer::Kind::tensor) return true;
    }
    return false;
}

// x.chunk(n, dim) of an axis that was not divided by n in the samples, or may not have been: nobody saw it.
bool Rewriter::was_uneven(NodeId call, NodeId input, const std::vector<Actual>& given) const {
    const auto integer = [&](std::size_t position, std::string_view keyword, std::int64_t otherwise) {
        for (std::size_t at = 0; at < given.size(); ++at)
            if (given[at].keyword.empty() ? at == position : given[at].keyword == keyword)
                if (const std::int64_t* value = given[at].value.integer()) return *value;
        return otherwise;
    };
    const std::int64_t chunks = integer(1, "chunks", 0);
    std::int64_t axis = integer(2, "dim", 0);
    if (layout_.axes.contains(syntax::index(call)) && axis != 0) axis = axis < 0 ? 1 : axis + 1;  // what was seen has torch's order
    const base::Span span = tree_[input].span;
    for (const infer::ObservedFact& seen : input_.observed) {
        if (seen.span != span || seen.kind != infer::Kind::tensor) continue;
        if (axis < 0) axis += std::ssize(seen.shape);
        if (chunks <= 0 || axis < 0 || axis >= std::ssize(seen.shape)) return false;
        const std::int64_t length = seen.shape[static_cast<std::size_t>(axis)];
        return length < 0 || length % chunks != 0;  // -1: it was not always the same
    }
    return true;
}

// Arguments that vanished took with them whatever was wrong with them.
void Rewriter::drop_unused(NodeId id, std::string_view text) {
    const std::vector<std::uint32_t> uses = leaves_.uses(text);
    std::set<std::uint32_t> used;
    for (std::size_t leaf = 0; leaf < uses.size(); ++leaf)
        if (uses[leaf] > 0) used.insert(leaves_[leaf].node);
    for (const NodeId argument : tree_.children(id).subspan(1)) {
        const NodeId value = tree_[argument].kind == NodeKind::keyword || tree_[argument].kind == NodeKind::starred ? tree_.child(argument, 0) : argument;
        bool any = false;
        for (const std::uint32_t node : used) any = any || (node != 0 && tree_[value].span.contains(tree_[NodeId{node}].span));
        if (!any) drop_region(tree_[value].span);
    }
}

// A definition that is stated for an argument stands in for the usual one where the call passes that argument, and not just
// its default: `nn.Conv2d(3, 8, 3, padding_mode="reflect")`.
const Entry& Rewriter::definition_for(NodeId id, const Entry& usual) {
    const std::vector<std::string> parameters = evaluator_.parameter_names(catalogue_.body(usual));
    const auto passes = [&](std::string_view wanted) {
        std::size_t place = 0;
        for (const NodeId argument : tree_.children(id).subspan(1)) {
            const syntax::Node& node = tree_[argument];
            const bool keyword = node.kind == NodeKind::keyword;
            const std::size_t at = keyword ? parameters.size() : place++;
            if (keyword ? node.name != wanted : at >= parameters.size() || parameters[at] != wanted) continue;
            std::string value(tree_.text(keyword ? tree_.child(argument, 0) : argument));
            std::replace(value.begin(), value.end(), '\'', '"');
            return value != evaluator_.parameter_default(catalogue_.body(usual), wanted);
        }
        return false;
    };
    for (const Entry& alternative : catalogue_.alternatives(usual.qualified)) {
        if (alternative.kind != EntryKind::definition) continue;
        for (std::string_view names = alternative.argument; !names.empty();) {
            const std::size_t comma = std::min(names.find(','), names.size());
            const std::string_view wanted = names.substr(0, comma);
            const bool own = std::find(parameters.begin(), parameters.end(), wanted) != parameters.end();
            if (own ? passes(wanted) : passes_to_value(wanted)) return alternative;  // else an argument of the layer's calls
            names.remove_prefix(std::min(comma + 1, names.size()));
        }
        if (alternative.argument.find("output_padding") != std::string_view::npos && pads_beyond_kernel(id, parameters)) return alternative;
        if (alternative.argument.find("padding_mode") != std::string_view::npos && pads_unevenly(id, parameters)) return alternative;
    }
    return usual;
}

// The value that a call passes for a parameter; kNoNode where it leaves it out.
NodeId Rewriter::passed(NodeId call, const std::vector<std::string>& parameters, std::string_view wanted) const {
    std::size_t place = 0;
    for (const NodeId argument : tree_.children(call).subspan(1)) {
        const bool keyword = tree_[argument].kind == NodeKind::keyword;
        const std::size_t at = keyword ? parameters.size() : place++;
        if (keyword ? tree_[argument].name == wanted : at < parameters.size() && parameters[at] == wanted) return keyword ? tree_.child(argument, 0) : argument;
    }
    return syntax::kNoNode;
}

// The numbers of an argument that takes one for each axis, or one for all; `otherwise` where it is left out, none where it is not known.
std::vector<std::int64_t> Rewriter::numbers_passed(NodeId call, const std::vector<std::string>& parameters, std::string_view wanted, std::int64_t otherwise) const {
    const NodeId value = passed(call, parameters, wanted);
    if (!exists(value)) return {otherwise};
    std::vector<NodeId> items{value};
    if (tree_[value].kind == NodeKind::tuple || tree_[value].kind == NodeKind::list) items.assign(tree_.children(value).begin(), tree_.children(value).end());
    std::vector<std::int64_t> numbers;
    for (const NodeId item : items) {
        const infer::Value* known = facts_.value(fact(item));
        const auto* number = known ? std::get_if<std::int64_t>(known) : nullptr;
        if (number == nullptr) return {};
        numbers.push_back(*number);
    }
    return numbers;
}

// Whether `holds` of kernel size, dilation and padding on any axis, where all are known.
template <typename Holds>
static bool on_any_axis(const std::vector<std::int64_t>& kernel, const std::vector<std::int64_t>& dilation, const std::vector<std::int64_t>& padding, Holds holds) {
    if (kernel.empty() || dilation.empty() || padding.empty()) return false;
    const auto of_axis = [](const std::vector<std::int64_t>& numbers, std::size_t axis) { return numbers[std::min(axis, numbers.size() - 1)]; };
    for (std::size_t axis = 0; axis < std::max({kernel.size(), padding.size(), dilation.size()}); ++axis)
        if (holds(of_axis(dilation, axis) * (of_axis(kernel, axis) - 1), of_axis(padding, axis))) return true;
    return false;
}

// `nn.ConvTranspose2d(8, 8, (4, 1), 2, 1)`: known to pad more than the kernel reaches, which MLX's own transposed convolution gets wrong.
bool Rewriter::pads_beyond_kernel(NodeId call, const std::vector<std::string>& parameters) const {
    return exists(passed(call, parameters, "kernel_size")) && on_any_axis(numbers_passed(call, parameters, "kernel_size", 0), numbers_passed(call, parameters, "dilation", 1),
                       numbers_passed(call, parameters, "padding", 0), [](std::int64_t reach, std::int64_t padding) { return padding > reach; });
}

// `nn.Conv1d(8, 8, 4, padding="same")`: known to pad one side more than the other, which MLX's own convolution cannot.
bool Rewriter::pads_unevenly(NodeId call, const std::vector<std::string>& parameters) const {
    const NodeId padding = passed(call, parameters, "padding");
    if (!exists(padding) || tree_[padding].kind != NodeKind::string || rules::unescape(tree_[padding].name) != "same") return false;
    return on_any_axis(numbers_passed(call, parameters, "kernel_size", 1), numbers_passed(call, parameters, "dilation", 1), {0},
                       [](std::int64_t reach, std::int64_t) { return reach % 2 != 0; });
}

// What the constructor of a definition becomes for arguments that the definition itself does not take: `nn.MSELoss(size_average=False)`.
const Entry* Rewriter::constructor_for(NodeId id, const Entry& usual) {
    for (const Entry& alternative : catalogue_.alternatives(usual.qualified)) {
        if (alternative.kind != EntryKind::module_ || alternative.argument.empty()) continue;
        const std::vector<std::string> parameters = evaluator_.parameter_names(catalogue_.body(alternative));
        const std::string wanted = "," + std::string(alternative.argument) + ",";
        std::size_t place = 0;
        for (const NodeId argument : tree_.children(id).subspan(1)) {
            const bool keyword = tree_[argument].kind == NodeKind::keyword;
            const std::size_t at = keyword ? 0 : place++;
            if (!keyword && at >= parameters.size()) continue;
            const std::string name = keyword ? std::string(tree_[argument].name) : parameters[at];
            if (!name.empty() && wanted.find("," + name + ",") != std::string::npos) return &alternative;
        }
    }
    return nullptr;
}

namespace {

// Layers of torch whose last parameter is `inplace`, which MLX's arrays have no use for.
bool takes_inplace(std::string_view layer) {
    static constexpr std::string_view kLayers[] = {"Dropout1d", "Dropout2d", "Dropout3d", "AlphaDropout", "FeatureAlphaDropout", "ELU", "SELU", "CELU", "Hardtanh",
                                                   "RReLU", "Threshold", "Hardsigmoid", "Hardswish", "LeakyReLU", "Mish", "SiLU", "ReLU6"};
    layer.remove_prefix(std::min(layer.rfind('.') + 1, layer.size()));
    return std::find(std::begin(kLayers), std::end(kLayers), layer) != std::end(kLayers);
}

}  // namespace

void Rewriter::apply_definition(NodeId id, const Entry& entry) {
    const std::string name = evaluator_.require_definition(entry);
    uses_mx_ = true;
    if (!entry.weights.empty() || entry.qualified == "torch.nn.Sequential") mark_layout(id);
    const catalogue::Body& body = catalogue_.body(entry);
    const std::vector<std::string> parameters = evaluator_.parameter_names(body);
    const auto has = [&](std::string_view wanted) { return std::find(parameters.begin(), parameters.end(), wanted) != parameters.end(); };
    const auto arguments = tree_.children(id).subspan(1);
    std::size_t positional = 0;
    for (std::size_t at = 0; at < arguments.size(); ++at) {
        const syntax::Node& node = tree_[arguments[at]];
        if (node.kind != NodeKind::keyword) {
            ++positional;
            continue;
        }
        if (node.has(syntax::Flag::double_star)) {
            const NodeId spread = tree_.child(arguments[at], 0);
            const auto items = known_items(spread);
            const auto taken = [&](const auto& item) { return !has_no_meaning(item.first) || has(item.first) || has("**"); };
            if (!items || std::all_of(items->begin(), items->end(), taken)) continue;
            std::string kept;
            for (const auto& [key, value] : *items)
                if (!has_no_meaning(key) || has(key) || has("**")) kept += (kept.empty() ? "" : ", ") + key + "=" + expand(item_value(spread, key, value).text);
            spread_.insert(syntax::index(spread));
            if (kept.empty()) drop_argument(id, at);
            else edits_.replace(node.span, kept, entry.qualified);
            continue;
        }
        if (has(node.name) || has("**")) continue;
        if (!has_no_meaning(node.name)) {
            refuse(Code::refused_arguments, arguments[at], "`" + std::string(entry.qualified) + "` with `" + std::string(node.name) + "` is not supported",
                   "leave the argument out, or write the layer by hand");
            continue;
        }
        drop_argument(id, at);
    }
    if (!has("*") && positional == parameters.size() + 1 && takes_inplace(entry.qualified)) {  // nn.Dropout2d(0.1, True)
        drop_argument(id, parameters.size());
        --positional;
    }
    if (!has("*") && positional > parameters.size())
        refuse(Code::arguments_do_not_bind, id, "`" + std::string(entry.qualified) + "`: more positional arguments than the conversion knows", "pass them by keyword");
    put(tree_.child(id, 0), name, Precedence::atom, entry.qualified);
}

// Puts the value in the place of the call (or of the selector that picked one of its results).
void Rewriter::finish(NodeId id, const Value& value, std::string_view rule) {
    edits_.note(tree_[id].span, rule);
    const bool selected = exists(tree_[id].parent) && absorbed_.contains(syntax::index(tree_[id].parent));
    Precedence precedence = value.precedence;
    std::string text = leaves_.expand_locals(value.text);
    // `v, i = x.max(-1)`: the pair needs no parentheses there
    if (value.own_parentheses && !value.is_list && value.leaf < 0 && value.items.size() > 1 && text.front() == '(' && needed(id) == Precedence::tuple &&
        !tree_[id].has(syntax::Flag::parenthesized)) {
        text = text.substr(1, text.size() - 2);
        precedence = Precedence::tuple;
    }
    if (!selected && precedence >= needed(id) && keep_layout(id, text, rule)) {
        precedence_[syntax::index(id)] = precedence;
        return;
    }
    hoist_comments(id, spans_kept(text));
    put(id, expand(text), precedence, rule);
}

// Whether a comma may end what stands at the end of this text: f(a, or [a, but not (a, which it would make a tuple.
static bool ends_inside_call_or_literal(std::string_view text) {
    std::vector<bool> open;
    bool word = false;
    for (const char letter : text) {
        if (letter == '(') open.push_back(word);
        else if (letter == '[') open.push_back(!word);
        else if (letter == '{') open.push_back(true);
        else if ((letter == ')' || letter == ']' || letter == '}') && !open.empty()) open.pop_back();
        if (letter != ' ' && letter != '\n') word = std::isalnum(static_cast<unsigned char>(letter)) || letter == '_' || letter == ')' || letter == ']';
    }
    return !open.empty() && open.back();
}

// The argument in a text with references that begins at that place of the source.
NodeId Rewriter::leftmost_leaf(std::string_view text, std::uint32_t begin) const {
    NodeId found = syntax::kNoNode;
    rules::for_each_piece(
        text, [](std::string_view) {},
        [&](std::uint32_t leaf) {
            const NodeId node{leaves_[leaf].node};
            if (!exists(found) && tree_[node].span.begin == begin) found = node;
        });
    return found;
}

// Where the arguments stay in order, only what is between them changes, and the author's line breaks and comments stay.
bool Rewriter::keep_layout(NodeId id, std::string_view text, std::string_view rule) {
    const base::Span whole = tree_[id].span;
    if (tree_.text(id).find('\n') == std::string_view::npos) return false;
    struct Gap {
        base::Span old_gap;
        std::string new_gap;
    };
    std::vector<Gap> gaps{{{whole.begin, whole.begin}, {}}};
    bool ordered = true;
    std::uint32_t at = whole.begin;
    rules::for_each_piece(
        text, [&](std::string_view piece) { gaps.back().new_gap += piece; },
        [&](std::uint32_t leaf) {
            const base::Span span = tree_[NodeId{leaves_[leaf].node}].span;
            if (span.begin < at || !whole.contains(span)) ordered = false;
            if (!ordered) return;
            gaps.back().old_gap = {at, span.begin};
            at = span.end;
            gaps.push_back({{at, at}, {}});
        });
    if (!ordered || gaps.size() < 2) return false;
    gaps.back().old_gap = {at, whole.end};
    std::string before_last;  // a leaf is a word there
    for (std::size_t number = 0; number + 1 < gaps.size(); ++number) before_last += gaps[number].new_gap + "_";
    const bool comma_may_stay = ends_inside_call_or_literal(before_last);
    std::vector<std::string> merged;
    for (std::size_t number = 0; number < gaps.size(); ++number) {
        const std::string_view old_gap = source_.text(gaps[number].old_gap);
        auto text_of_gap = merge_layout(old_gap, gaps[number].new_gap, comma_may_stay && number + 1 == gaps.size());
        if (!text_of_gap) {
            if (old_gap.find_first_of("\n#") != std::string_view::npos) return false;
            text_of_gap = gaps[number].new_gap;
        }
        merged.push_back(std::move(*text_of_gap));
    }
    // Outside of brackets a line break ends the statement and a comma makes a tuple.
    int depth = 0;
    for (const std::string& gap : merged) {
        for (const char letter : gap) {
            if (letter == '(' || letter == '[' || letter == '{') ++depth;
            else if (letter == ')' || letter == ']' || letter == '}') --depth;
            else if (depth == 0 && (letter == '\n' || letter == ',' || letter == '#')) return false;
        }
    }
    if (gaps[0].old_gap.empty() && !merged[0].empty())  // what opens the call stands where its first argument begins
        if (const NodeId first = leftmost_leaf(text, whole.begin); exists(first)) owner_text_.emplace(syntax::index(first), rendered(first));
    for (std::size_t number = 0; number < gaps.size(); ++number) {
        const base::Span span = gaps[number].old_gap;
        if (merged[number] == source_.text(span)) continue;
        edits_.replace_part(span, merged[number], rule);
    }
    return true;
}

}  // namespace mlxify::rewrite
