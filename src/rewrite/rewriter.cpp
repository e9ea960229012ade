#include "rewrite/rewriter.h"

#include <algorithm>

namespace mlxify::rewrite {

Rewriter::Rewriter(const Input& input, const Options& options, const std::vector<UnreachedPart>& unreached)
    : input_(input),
      options_(options),
      source_(input.source),
      tree_(input.tree),
      own_names_(input.names),
      names_(own_names_),
      facts_(input.layout.active ? input.layout.facts : input.facts),
      catalogue_(input.catalogue),
      layout_(input.layout),
      edits_(input.source.text()),
      evaluator_(input.catalogue, facts_, output_, leaves_, emissions_),
      unreached_(unreached),
      skipped_(input.tree.size(), false) {}

void Rewriter::say(diagnostics::Severity severity, Code code, base::Span span, std::string message, std::string suggestion) {
    const auto trust = severity == diagnostics::Severity::refusal ? diagnostics::Trust::by_hand : diagnostics::Trust::review;
    said_.push_back({code, severity, span, std::move(message), std::move(suggestion), trust});
}

void Rewriter::drop_region(base::Span span) {
    std::erase_if(said_, [&](const diagnostics::Diagnostic& one) { return span.contains(one.span); });
}

// The names under which the output imports MLX, clear of the author's own; names that helpers must not take.
void Rewriter::plan_names() {
    const auto own = [&](std::string_view name) {
        return std::any_of(names_.bindings.begin(), names_.bindings.end(), [&](const names::Binding& binding) {
            if (binding.name != name) return false;
            return binding.kind != names::BindingKind::import_ || !is_watched(binding.qualified);
        });
    };
    while (own(output_.mx)) output_.mx += "_";
    while (own(output_.nn)) output_.nn += "_";
    for (const names::Binding& binding : names_.bindings) {
        const bool gone = binding.kind == names::BindingKind::import_ && is_watched(binding.qualified);
        if (!binding.name.empty() && !gone) emissions_.reserve(binding.name);
    }
}

void Rewriter::visit(NodeId id) {
    switch (tree_[id].kind) {
    case NodeKind::call:
        call(id);
        make_layer_in_place(id);
        written_argument(id);
        refuse_hashed_module(id);
        break;
    case NodeKind::attribute:
        attribute(id);
        test_module(id);
        break;
    case NodeKind::name:
        name(id);
        test_module(id);
        break;
    case NodeKind::subscript:
        subscript(id);
        test_module(id);
        break;
    case NodeKind::unary:
    case NodeKind::bool_op: test_module(id); break;
    case NodeKind::binary:
        integer_product(id);
        numpy_before_array(id);
        break;
    case NodeKind::compare: compare_modules(id); break;
    case NodeKind::set:
    case NodeKind::dict_entry: refuse_hashed_module(id); break;
    case NodeKind::string:
        if (!turn_pattern(id)) annotation_string(id);
        break;
    case NodeKind::assign: assign(id); break;
    case NodeKind::aug_assign: aug_assign(id); break;
    case NodeKind::expression_statement: expression_statement(id); break;
    case NodeKind::with_: statement_with(id); break;
    case NodeKind::if_: conditionals_.push_back(id); break;
    case NodeKind::for_:
        if (!training_loop(id)) iterated(tree_.child(id, 1));
        break;
    case NodeKind::comprehension: iterated(tree_.child(id, 1)); break;
    case NodeKind::starred: iterated(tree_.child(id, 0)); break;
    case NodeKind::function_def:
        function(id);
        move_parameters(id);
        break;
    case NodeKind::class_def: class_definition(id); break;
    case NodeKind::import_:
    case NodeKind::import_from: import(id); break;
    case NodeKind::return_: {
        const NodeId around = tree_.function_of(id);
        if (exists(around) && stops_.contains(syntax::index(around)) && exists(tree_.child(id, 0))) stop_return(id);
        break;
    }
    default: break;
    }
}

// Iterating an MLX Sequential gives its keys: its children are a list under `.layers`.
void Rewriter::iterated(NodeId id) {
    if (exists(id) && is_sequential(id)) edits_.insert(tree_[id].span.end, ".layers", "torch.nn.Sequential");
}

// Functions under @torch.no_grad(): what they return carries no gradient.
void Rewriter::stop_return(NodeId id) {
    const NodeId value = tree_.child(id, 0);
    std::vector<NodeId> values{value};
    if (tree_[value].kind == NodeKind::tuple) values.assign(tree_.children(value).begin(), tree_.children(value).end());
    for (const NodeId one : values) {
        if (fact(one).kind != infer::Kind::tensor) continue;
        put(one, output_.mx + ".stop_gradient(" + rendered(one) + ")", Precedence::atom, "torch.no_grad");
        uses_mx_ = true;
    }
}

Result Rewriter::run() {
    const bool nothing_to_do = std::none_of(names_.bindings.begin(), names_.bindings.end(), [&](const names::Binding& binding) {
        return binding.kind == names::BindingKind::import_ && is_watched(binding.qualified);
    });
    bool star = false;
    for (std::uint32_t number = 1; number < tree_.size(); ++number) {
        const syntax::Node& node = tree_[NodeId{number}];
        star = star || (node.kind == NodeKind::import_from && node.has(syntax::Flag::is_star) && is_watched(node.name));
    }
    if (nothing_to_do && !star) {
        Result result;
        result.text = std::string(source_.text());
        return result;
    }
    Result result;
    plan_absent();
    plan_names();
    layers_in_place_ = needs_layers_in_place();
    plan_renames();
    plan_method_renames();
    plan_recomputation();
    plan_bases();
    plan_sequentials();
    raise_where_unreached(result);
    plan_idioms();
    for (std::uint32_t number = 1; number < tree_.size(); ++number)
        if (tree_[NodeId{number}].kind == NodeKind::decorator && !skipped_[number]) decorator(NodeId{number});
    unpack_shapes();
    for (std::uint32_t number = 1; number < tree_.size(); ++number) {
        if (skipped_[number]) continue;
        if (!idiom(NodeId{number})) visit(NodeId{number});
        move_value(NodeId{number});
    }
    remove_parts_of_idioms();
    finish_classes();
    drop_spread_dicts();
    fold_decided();
    leave_out_what_is_no_model();
    emissions_.keep_used(edits_.render({0, static_cast<std::uint32_t>(source_.text().size())}));
    spell_builtins();
    finish_imports();
    take_handlers();
    for (const NodeId id : conditionals_) statement_if(id);
    insert_definitions();
    close_top();

    const base::Span whole{0, static_cast<std::uint32_t>(source_.text().size())};
    result.text = edits_.render(whole);
    for (const rules::Emitted& emitted : emissions_.all()) result.helpers.push_back(emitted.name);
    result.idioms = applied_idioms_.size();
    result.assumptions = assumptions_;
    map_source(result);
    result.made = edits_.made();
    return result;
}

// What cannot be converted and was not reached by any sample says so when it is reached.
void Rewriter::raise_where_unreached(Result& result) {
    for (const UnreachedPart& part : unreached_) {
        const base::Span span = part.span(tree_);
        for (std::uint32_t number = 1; number < tree_.size(); ++number)
            if (span.contains(tree_[NodeId{number}].span)) skipped_[number] = true;
        for (std::uint32_t number = syntax::index(part.first); number <= syntax::index(part.last); ++number)
            if (syntax::is_statement(tree_[NodeId{number}].kind)) removed_.insert(number);
        std::string reason = part.refusal.message;
        std::erase(reason, '`');
        const std::string raise = "raise NotImplementedError(" + rules::python_string("not converted to MLX: " + reason) + ")";
        const NodeId function = tree_.function_of(part.first);
        std::string what;
        if (tree_[part.first].kind == NodeKind::class_def) {
            const std::string newline(source_.newline());
            what = std::string(tree_[part.first].name);
            result.left_out.push_back(what);
            edits_.replace(span, "class " + what + ":" + newline + "    def __init__(self, *args, **kwargs):" + newline + "        " + raise, "not converted");
        } else {
            what = std::string(tree_[function].name);
            if (is_whole_body(part, function) && tree_[tree_[tree_[function].parent].parent].kind == NodeKind::module_) result.left_out.push_back(what);
            edits_.replace(span, raise, "not converted");
        }
        said_.push_back({Code::not_converted, diagnostics::Severity::remark, part.refusal.span,
                         "a part of `" + what + "` that no sample reached raises an error: " + part.refusal.message, part.refusal.suggestion,
                         diagnostics::Trust::by_hand});
    }
}

// Whether the part is all that a function does.
bool Rewriter::is_whole_body(const UnreachedPart& part, NodeId function) const {
    const NodeId block = tree_.child(function, 2);
    if (tree_[part.first].parent != block) return false;
    const NodeId first = tree_.children(block)[0];
    if (first == part.first) return true;
    const bool docstring = tree_[first].kind == NodeKind::expression_statement && tree_[tree_.child(first, 0)].kind == NodeKind::string;
    return docstring && tree_.children(block)[1] == part.first;
}

// Functions for training, data or a command line, and main blocks: what of them cannot be converted goes, with a remark.
void Rewriter::leave_out_what_is_no_model() {
    std::vector<base::Span> refused;
    for (const diagnostics::Diagnostic& one : said_)
        if (one.severity == diagnostics::Severity::refusal) refused.push_back(one.span);
    if (refused.empty()) return;
    bool changed = true;
    std::set<std::uint32_t> left_out;
    while (changed) {
        changed = false;
        for (const NodeId statement : tree_.children(tree_.child(tree_.root(), 0))) {
            const syntax::Node& node = tree_[statement];
            if (left_out.contains(syntax::index(statement))) continue;
            const bool broken = std::any_of(refused.begin(), refused.end(), [&](base::Span span) { return node.span.contains(span); });
            bool candidate = false;
            if (node.kind == NodeKind::if_ && tree_.text(tree_.child(statement, 0)).find("__name__") != std::string_view::npos) {
                candidate = broken;
                for (const NodeId use : top_level_uses(node.span)) candidate = candidate || left_out.contains(syntax::index(use));
            } else if (node.kind == NodeKind::function_def && broken) {
                candidate = true;
                for (const NodeId load : names_[names_.binding(statement)].loads) {
                    bool inside = node.span.contains(tree_[load].span);
                    for (const std::uint32_t other : left_out) inside = inside || tree_[NodeId{other}].span.contains(tree_[load].span);
                    NodeId top = tree_.statement_of(load);
                    while (exists(top) && tree_[tree_[tree_[top].parent].parent].kind != NodeKind::module_) top = tree_.statement_of(tree_[top].parent);
                    const bool main = exists(top) && tree_[top].kind == NodeKind::if_ && tree_.text(tree_.child(top, 0)).find("__name__") != std::string_view::npos;
                    candidate = candidate && (inside || main);
                }
                candidate = candidate && !is_model_function(statement);
            }
            if (!candidate) continue;
            left_out.insert(syntax::index(statement));
            changed = true;
            std::string why;
            for (const diagnostics::Diagnostic& one : said_)
                if (one.severity == diagnostics::Severity::refusal && node.span.contains(one.span) && why.empty()) why = one.message;
            if (why.empty()) why = "it uses what was left out";
            remove_statement(statement);
            const std::string what = node.kind == NodeKind::function_def ? "`" + std::string(node.name) + "`" : "the main block";
            say(diagnostics::Severity::remark, Code::left_out, node.span, what + " is no model definition and was left out: " + why, {});
            assumptions_.push_back(what + " was left out: it is no model definition and needs what MLX does not have");
        }
    }
}

// A function that takes or makes tensors for a model, as against one that trains, loads or reports.
bool Rewriter::is_model_function(NodeId function) const {
    const std::string_view name = tree_[function].name;
    for (const std::string_view word : {"train", "main", "test", "eval", "fit", "load", "save", "download", "demo", "run", "plot", "export", "benchmark", "profile"})
        if (name.find(word) != std::string_view::npos) return false;
    return true;
}

void Rewriter::map_source(Result& result) const {
    for (std::uint32_t number = 1; number < tree_.size(); ++number) {
        const syntax::Node& node = tree_[NodeId{number}];
        if (!syntax::is_statement(node.kind) || removed_.contains(number)) continue;
        result.source_map.push_back({{edits_.position_after(node.span.begin), edits_.position_after(node.span.end)}, node.span, std::string(syntax::kind_name(node.kind))});
    }
    std::int64_t grown = 0;  // by the edits before; they are in order and do not overlap
    for (const Edit& edit : edits_.all()) {
        const auto begin = static_cast<std::uint32_t>(edit.span.begin + grown);
        const auto size = static_cast<std::uint32_t>(edit.text.size());
        result.source_map.push_back({{begin, begin + size}, edit.span, edit.rule});
        grown += static_cast<std::int64_t>(size) - edit.span.size();
    }
    std::stable_sort(result.source_map.begin(), result.source_map.end(), [](const Mapped& a, const Mapped& b) { return a.original < b.original; });
}

bool needs_layers_in_place(const Input& input) { return Rewriter(input, {}).needs_layers_in_place(); }

Result rewrite(const Input& input, const Options& options, diagnostics::Sink& sink) {
    Rewriter rewriter(input, options);
    Result result = rewriter.run();
    std::vector<diagnostics::Diagnostic> said = rewriter.take_said();
    if (const auto unreached = unreached_parts(input.tree, input.names, input.observed, said); !unreached.empty()) {
        Rewriter without(input, options, unreached);  // anew: nothing that only those parts need is left behind
        result = without.run();
        said = without.take_said();
    }
    for (diagnostics::Diagnostic& one : said) {
        if (one.severity == diagnostics::Severity::refusal) sink.refuse(one.code, one.span, std::move(one.message), std::move(one.suggestion), one.trust);
        else sink.remark(one.code, one.span, std::move(one.message), std::move(one.suggestion));
    }
    return result;
}

}  // namespace mlxify::rewrite
