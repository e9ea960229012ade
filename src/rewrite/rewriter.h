// One walk over the file that turns every construct into its MLX form. Private to this folder; see rewrite.h.
#pragma once

#include <initializer_list>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "catalogue/catalogue.h"
#include "infer/facts.h"
#include "names/names.h"
#include "rewrite/edits.h"
#include "rewrite/rewrite.h"
#include "rewrite/unreached.h"
#include "rules/evaluator.h"
#include "source/source_text.h"
#include "syntax/ast.h"

namespace mlxify::rewrite {

using diagnostics::Code;
using rules::Precedence;
using rules::Value;
using syntax::exists;
using syntax::NodeId;
using NodeKind = syntax::Kind;

// Attributes of one module class that are spelled differently in the output.
struct ClassRenames {
    std::map<std::string, std::string, std::less<>> attributes;  // old -> new
    std::set<std::string, std::less<>> weights;                  // those of them that torch's state dict names
};

inline constexpr std::string_view kWriteThroughView = "write through a view";  // as the source map names it

class Rewriter {
public:
    // `unreached` is not converted: it raises.
    Rewriter(const Input& input, const Options& options, const std::vector<UnreachedPart>& unreached = {});
    Result run();
    [[nodiscard]] bool needs_layers_in_place() const;
    [[nodiscard]] std::vector<diagnostics::Diagnostic> take_said() { return std::move(said_); }

private:
    // rewriter.cpp
    void plan_names();
    void visit(NodeId id);
    void say(diagnostics::Severity severity, Code code, base::Span span, std::string message, std::string suggestion = {});
    void refuse(Code code, NodeId at, std::string message, std::string suggestion = {}) {
        say(diagnostics::Severity::refusal, code, tree_[at].span, std::move(message), std::move(suggestion));
    }
    void remark(Code code, NodeId at, std::string message) {
        say(diagnostics::Severity::remark, code, tree_[at].span, std::move(message));
    }
    void drop_region(base::Span span);  // nothing said inside it matters any more
    void stop_return(NodeId id);
    void iterated(NodeId id);
    void raise_where_unreached(Result& result);
    [[nodiscard]] bool is_whole_body(const UnreachedPart& part, NodeId function) const;
    void leave_out_what_is_no_model();
    [[nodiscard]] bool is_model_function(NodeId function) const;
    void map_source(Result& result) const;
    [[nodiscard]] const infer::Fact& fact(NodeId id) const { return facts_[id]; }
    [[nodiscard]] std::string rendered(NodeId id) const;
    [[nodiscard]] std::string rendered_bare(NodeId id) const;
    void keep_owner_text(NodeId id);

    // layouts.cpp
    [[nodiscard]] const catalogue::Entry* entry_of(std::string_view qualified, NodeId call = syntax::kNoNode) const;
    void pass_axes(NodeId call, std::vector<rules::Actual>& given) const;
    bool drop_permute(NodeId call);
    bool turn_slices(NodeId subscript);
    [[nodiscard]] std::string rendered_atom(NodeId id) const;
    bool turn_pattern(NodeId literal);
    void column(NodeId id);
    void index_shape(NodeId subscript);
    void move_value(NodeId id);
    void move_parameters(NodeId function);
    void unpack_shapes();

    // idioms.cpp
    void plan_idioms();
    bool idiom(NodeId root);
    void drop_parentheses(NodeId node);
    [[nodiscard]] std::string wrapped(NodeId root, std::string call) const;
    [[nodiscard]] std::size_t widest_line() const;
    void remove_parts_of_idioms();
    [[nodiscard]] bool is_gone_with_idiom(NodeId node) const;

    // statements.cpp
    void statement_with(NodeId id);
    void dissolve(NodeId id);
    static std::string shift_left(std::string_view text, std::size_t width);
    bool store(NodeId target, NodeId statement);
    void drop_leading_axes(NodeId target, NodeId value);
    [[nodiscard]] std::uint32_t line_end(std::uint32_t offset) const;  // of the last byte of that line that is no line break
    void stop_gradients(NodeId block);
    void statement_if(NodeId id);
    [[nodiscard]] std::optional<bool> decided(NodeId test) const;
    [[nodiscard]] bool is_pure(NodeId expression) const;
    void fold_decided();
    void fold_bool_op(NodeId id);
    void fold_filters(NodeId comprehension);
    void fold_if(NodeId id);
    void leave_out(base::Span span);
    void leave_out_after(NodeId statement);
    void take_place(NodeId statement, base::Span lines, std::string text);
    [[nodiscard]] bool is_comment_line(std::uint32_t at) const;
    void close_top();
    [[nodiscard]] bool ends_block(NodeId statement) const;
    [[nodiscard]] bool must_stay(base::Span span) const;
    void function(NodeId id);
    void decorator(NodeId id);
    void expression_statement(NodeId id);
    [[nodiscard]] bool is_member_of_dict(NodeId object, std::string_view name) const;
    bool drop_set_attribute(NodeId call, NodeId statement);
    [[nodiscard]] bool is_switch(NodeId target) const;
    bool drop_attribute(NodeId target, NodeId statement);
    [[nodiscard]] bool scales_embedding(NodeId assignment) const;
    [[nodiscard]] std::optional<std::uint32_t> module_around(NodeId node) const;
    [[nodiscard]] bool is_module_object(NodeId object) const;
    void assign(NodeId id);
    void aug_assign(NodeId id);
    void remove_statement(NodeId id);
    [[nodiscard]] bool means_nothing(NodeId assignment) const;
    void hoist_comments(NodeId from, const std::vector<base::Span>& kept);
    void before_statement(NodeId statement, std::string line);
    void after_statement(NodeId statement, std::string line);
    [[nodiscard]] std::string_view indentation(NodeId statement) const;
    [[nodiscard]] base::Span lines_of(base::Span span) const;   // whole lines, final line break included
    [[nodiscard]] bool is_setup_function(NodeId function) const;
    std::pair<int, int> changes_of_shape_and_values(NodeId call) const;
    bool is_object_of_its_own(NodeId target) const;
    [[nodiscard]] bool is_weight_by_name(NodeId target) const;
    [[nodiscard]] bool is_view_of_unknown(NodeId value) const;
    bool write_back_to_caller(NodeId step, NodeId made, NodeId target);
    bool is_loop_over_objects(const names::Binding& binding) const;
    bool written_through_view(NodeId target);
    bool write_back(NodeId step, const std::string& view, NodeId statement, std::string owner_text = {});
    [[nodiscard]] bool writes_back_itself(NodeId step, std::string_view view, NodeId statement) const;
    [[nodiscard]] bool changes_itself(NodeId store) const;
    [[nodiscard]] bool is_same_place(NodeId step, NodeId made, NodeId writing) const;
    [[nodiscard]] bool is_view_function(NodeId step) const;
    [[nodiscard]] std::string_view view_method(NodeId step) const;
    [[nodiscard]] NodeId looked_at(NodeId step) const;
    [[nodiscard]] std::span<const NodeId> view_arguments(NodeId step) const;
    [[nodiscard]] std::string index_of_view(NodeId step) const;
    std::optional<std::string> undone_view(NodeId step, const std::string& view, const std::string& owner);
    [[nodiscard]] bool next_writes_too(NodeId statement, NodeId target) const;

    // contexts.cpp
    [[nodiscard]] std::optional<std::set<std::string_view>> results_of_block(NodeId body) const;
    void stop_results(NodeId with, const std::set<std::string_view>& kept, const std::string& condition);
    bool gradient_by_flag(NodeId with);
    [[nodiscard]] bool is_own_null_context(NodeId value) const;
    [[nodiscard]] const catalogue::Entry* chosen_context(NodeId value, bool& plain) const;
    [[nodiscard]] bool is_settled(NodeId test) const;
    bool context_by_choice(NodeId with);

    // imports.cpp
    void import(NodeId id);
    void finish_imports();
    [[nodiscard]] bool is_watched(std::string_view qualified) const;
    [[nodiscard]] bool keeps_names_of(std::string_view module) const;
    [[nodiscard]] bool is_used_in_left_out_alone(NodeId alias) const;
    void check_import(NodeId alias, std::string_view qualified, const catalogue::Entry* entry);
    void add_missing_imports(bool placed_mx, bool placed_nn, NodeId first_gone);
    void spell_builtins();
    [[nodiscard]] bool imports_torch_after(NodeId statement) const;
    void insert_definitions();

    // calls.cpp
    void call(NodeId id);
    bool qualified_call(NodeId id, std::string_view qualified);
    bool method_call(NodeId id);
    bool names_tensor_type(NodeId call);
    bool truth_cast_back(NodeId call);
    void integer_product(NodeId id);
    [[nodiscard]] bool used_as_tensor(NodeId call, std::string_view method) const;
    bool super_call(NodeId id);
    void apply(NodeId id, const catalogue::Entry& entry, NodeId receiver);
    void stop_indices_of(NodeId call, std::string_view qualified);
    void apply_definition(NodeId id, const catalogue::Entry& entry);
    [[nodiscard]] const catalogue::Entry& definition_for(NodeId id, const catalogue::Entry& usual);
    [[nodiscard]] bool pads_beyond_kernel(NodeId call, const std::vector<std::string>& parameters) const;
    [[nodiscard]] bool pads_unevenly(NodeId call, const std::vector<std::string>& parameters) const;
    [[nodiscard]] NodeId passed(NodeId call, const std::vector<std::string>& parameters, std::string_view wanted) const;
    [[nodiscard]] std::vector<std::int64_t> numbers_passed(NodeId call, const std::vector<std::string>& parameters, std::string_view wanted, std::int64_t otherwise) const;
    [[nodiscard]] const catalogue::Entry* constructor_for(NodeId id, const catalogue::Entry& usual);
    void finish(NodeId id, const rules::Value& value, std::string_view rule);
    bool keep_layout(NodeId id, std::string_view text, std::string_view rule);
    [[nodiscard]] NodeId leftmost_leaf(std::string_view text, std::uint32_t begin) const;
    [[nodiscard]] std::optional<std::size_t> component_wanted(NodeId call, const catalogue::Entry& entry, NodeId& selector) const;
    [[nodiscard]] static std::optional<std::size_t> field_place(std::string_view fields, std::string_view name);
    [[nodiscard]] bool result_is_mutated(NodeId call) const;
    [[nodiscard]] bool softmax_is_masked(NodeId call) const;
    std::vector<rules::Actual> actuals(NodeId call, NodeId receiver);
    [[nodiscard]] std::string expand(std::string_view text) const;
    [[nodiscard]] std::vector<base::Span> spans_kept(std::string_view text) const;
    void add_hidden(NodeId id, const catalogue::Entry& entry, NodeId receiver, std::vector<rules::Actual>& given);
    [[nodiscard]] bool takes_result(NodeId call) const;
    [[nodiscard]] bool was_uneven(NodeId call, NodeId input, const std::vector<rules::Actual>& given) const;
    void drop_unused(NodeId id, std::string_view text);

    // numpy_values.cpp
    [[nodiscard]] std::string_view numpy_type(NodeId id) const;
    [[nodiscard]] bool is_numpy_result(NodeId id) const;
    [[nodiscard]] std::string_view builtin_of_scalar(NodeId call, std::string_view qualified) const;
    bool number_of_numpy(NodeId call, std::string_view qualified);
    void numpy_before_array(NodeId id);
    bool python_number(NodeId id);
    [[nodiscard]] bool holds_numpy(NodeId value, int depth = 0) const;
    [[nodiscard]] bool is_filled_by_numpy(const names::Binding& list, int depth) const;

    // training.cpp
    [[nodiscard]] NodeId untrained_flag(NodeId value) const;
    [[nodiscard]] bool is_registered(NodeId local) const;
    void freeze_untrained(NodeId value, NodeId statement, const std::string& owner, const std::string& key);
    std::string holder_of(NodeId module);
    [[nodiscard]] std::vector<std::string> trained_lines(const std::string& owner, NodeId flag, const std::string& arguments) const;
    void replace_statement(NodeId statement, const std::vector<std::string>& lines, std::string_view rule);
    void set_trained(NodeId object, NodeId flag, NodeId statement);
    [[nodiscard]] bool is_input(NodeId tensor) const;
    [[nodiscard]] bool is_untracked(NodeId tensor) const;
    [[nodiscard]] NodeId zipped_in(NodeId loop, NodeId name) const;
    [[nodiscard]] bool zips_parameters(NodeId call) const;
    [[nodiscard]] bool is_one_of_parameters(NodeId name) const;
    bool paired_parameters(NodeId call);
    [[nodiscard]] NodeId zipped_parameters_of(NodeId name, NodeId statement) const;
    [[nodiscard]] bool loops_over_parameters(NodeId name) const;
    [[nodiscard]] NodeId parameters_of(NodeId iterable) const;
    [[nodiscard]] bool is_training_loop(NodeId loop, NodeId& flag) const;
    bool training_loop(NodeId loop);
    [[nodiscard]] bool sets_trained(NodeId statement, NodeId& flag) const;
    [[nodiscard]] bool mentions_target(NodeId expression, NodeId target) const;
    bool requires_grad_call(NodeId id);

    // autograd.cpp
    [[nodiscard]] const names::ClassInfo* autograd_class(NodeId node) const;
    [[nodiscard]] bool is_autograd_context(NodeId object) const;
    bool context_call(NodeId id);
    [[nodiscard]] std::vector<NodeId> variables_read(NodeId expression) const;
    [[nodiscard]] bool depends_on(const std::vector<names::BindingId>& inputs, NodeId expression) const;
    [[nodiscard]] std::optional<std::string> as_function_of(const std::vector<names::BindingId>& inputs, NodeId output, NodeId call) const;
    bool gradient_call(NodeId id);
    [[nodiscard]] bool exporters_method(NodeId function) const;

    // absent.cpp
    [[nodiscard]] bool is_unknown_library(std::string_view qualified) const;
    [[nodiscard]] NodeId absent_handler(NodeId attempt) const;
    void plan_absent();
    void take_handlers();
    [[nodiscard]] std::string names_left_behind(NodeId attempt) const;

    // keywords.cpp
    [[nodiscard]] static bool has_no_meaning(std::string_view parameter);
    [[nodiscard]] std::optional<std::vector<std::pair<std::string, NodeId>>> known_items(NodeId dict) const;
    Value item_value(NodeId dict, const std::string& key, NodeId value);
    void drop_spread_dicts();
    void drop_input_keyword(NodeId call);
    bool writing_value(NodeId at, const catalogue::Entry& entry, std::string& text);
    bool function_value(NodeId at, const catalogue::Entry& entry, std::string& text);
    [[nodiscard]] std::vector<std::vector<std::string>> name_patterns(NodeId name) const;
    [[nodiscard]] std::vector<const catalogue::Entry*> members(std::string_view module, NodeId name) const;
    [[nodiscard]] std::vector<const catalogue::Entry*> family(std::string_view module, NodeId name, const catalogue::Entry* one) const;
    bool asks_for_member(NodeId call);
    bool member_by_name(NodeId call);

    // out_arguments.cpp
    [[nodiscard]] NodeId out_argument(NodeId call) const;
    void write_out(NodeId call, NodeId out, const rules::Value& value, std::string_view rule);
    [[nodiscard]] bool writes_first_argument(NodeId call) const;
    [[nodiscard]] NodeId inplace_flag(NodeId call) const;
    [[nodiscard]] bool may_write_first_argument(NodeId call) const;
    [[nodiscard]] std::string_view overwriting_activation(NodeId call) const;
    [[nodiscard]] bool is_read_with(NodeId load, NodeId call) const;
    struct Overwriting {
        enum class How : std::uint8_t { nothing, statement, layer, refused } how = How::nothing;
        std::string_view activation{};  // of a Sequential that begins with one
        bool alias = false;             // others hold what is written over
    };
    [[nodiscard]] Overwriting overwriting(NodeId call) const;
    void make_layer_in_place(NodeId call);
    void written_argument(NodeId call);
    bool written_part(NodeId call);

    // recomputation.cpp
    void plan_recomputation();
    [[nodiscard]] bool recomputes(NodeId class_node) const;

    // values.cpp
    Value value_of(NodeId id);
    // `*x.shape[:-1]` of the vectors that the samples passed: it stays, for tensors of more axes.
    [[nodiscard]] static bool is_seen_empty(const Value& value) {
        return value.items.empty() && value.fact.kind == infer::Kind::size && value.fact.observed;
    }
    [[nodiscard]] bool was_negative(NodeId id) const;
    [[nodiscard]] bool is_negated(NodeId id) const;
    [[nodiscard]] std::vector<NodeId> elements_of(NodeId name) const;
    [[nodiscard]] bool was_tensor(NodeId id) const;
    [[nodiscard]] bool is_trivial(NodeId id) const;
    [[nodiscard]] bool inside_brackets(NodeId id) const;
    static std::string one_expression(std::string text);  // in parentheses if it breaks its line outside of brackets
    [[nodiscard]] Precedence precedence_of(NodeId id) const;
    [[nodiscard]] Precedence needed(NodeId id) const;   // by the place where the node stands
    void put(NodeId id, std::string text, Precedence precedence, std::string_view rule);

    // aliasing.cpp
    [[nodiscard]] bool runs_before(NodeId earlier, NodeId later) const;
    [[nodiscard]] NodeId rebinding(NodeId store) const;
    [[nodiscard]] NodeId common_loop(NodeId first, NodeId second) const;
    [[nodiscard]] bool comes_from_outside(NodeId name, NodeId since) const;
    [[nodiscard]] bool read_after(const names::Binding& binding, NodeId since, NodeId writing) const;
    [[nodiscard]] bool is_kept_elsewhere(const names::Binding& binding) const;
    [[nodiscard]] bool seen_elsewhere(NodeId owner, NodeId target, NodeId writing) const;
    [[nodiscard]] bool other_view_read(NodeId owner, NodeId target, NodeId writing) const;
    [[nodiscard]] bool apart(NodeId store, NodeId memory, NodeId target, NodeId owner) const;
    [[nodiscard]] bool mutates_parameter(NodeId parameter) const;
    [[nodiscard]] NodeId called_function(NodeId call) const;
    [[nodiscard]] NodeId parameter_of(NodeId call, NodeId argument) const;
    [[nodiscard]] bool is_passed_to_be_written(NodeId value) const;
    void check_mutated_arguments(NodeId call);
    bool writes_part_back(NodeId call, NodeId value);
    [[nodiscard]] bool is_written_to(NodeId name) const;

    // in_place.cpp
    [[nodiscard]] NodeId chosen_alike(NodeId target, NodeId value) const;
    [[nodiscard]] bool masked_store_is_where(NodeId statement) const;
    void masked_store(NodeId statement);
    [[nodiscard]] bool runs_conditionally(NodeId expression, NodeId statement) const;
    std::string assign_helper();
    [[nodiscard]] bool is_outside_gradient(NodeId node) const;
    [[nodiscard]] bool writes_values_alone(NodeId call, NodeId receiver, NodeId target) const;
    void mutate(NodeId call, NodeId target, const rules::Value& value, const catalogue::Entry& entry);
    [[nodiscard]] bool is_parameter(NodeId attribute) const;
    [[nodiscard]] bool runs_in_calls(NodeId node) const;
    std::string still_trained(NodeId target, const std::string& value);
    bool write_through(NodeId call, NodeId step, const rules::Value& value, const catalogue::Entry& entry);
    bool ties_weights();
    [[nodiscard]] NodeId strip_data(NodeId target) const;
    [[nodiscard]] bool is_mutating_call(NodeId id) const;
    [[nodiscard]] NodeId mutated_root(NodeId call) const;

    // attributes.cpp
    bool forward_as_value(NodeId id);
    [[nodiscard]] const catalogue::Entry* attribute_of_numbers(NodeId object, std::string_view name) const;
    void attribute(NodeId id);
    void name(NodeId id);
    [[nodiscard]] bool passes_arguments_on(const catalogue::Entry& entry);
    [[nodiscard]] bool is_size_of_any_layer(NodeId id) const;
    void drop_whole_axes(std::vector<NodeId>& parts);
    void subscript(NodeId id);
    [[nodiscard]] NodeId range_of(NodeId node) const;
    void stop_index(NodeId index);
    void numbers_in_slices(NodeId index);
    void places_of_mask(NodeId mask, bool among_others);
    [[nodiscard]] bool is_type_argument(NodeId id) const;
    void annotation_string(NodeId id);
    [[nodiscard]] bool is_annotation(NodeId id) const;
    bool untyped(NodeId id);
    [[nodiscard]] bool is_context_kept(NodeId id) const;
    bool constant(NodeId id, std::string_view qualified);
    std::string class_text(const catalogue::Entry& entry);
    [[nodiscard]] std::string renamed_everywhere(std::string_view name) const;
    [[nodiscard]] std::string renamed(NodeId attribute) const;
    [[nodiscard]] std::string renamed(NodeId object, std::string_view name) const;
    void attribute_by_name(NodeId call);
    [[nodiscard]] bool is_sequential(NodeId id) const;

    // modules.cpp
    void plan_renames();
    void plan_method_renames();
    [[nodiscard]] bool is_registered_later(NodeId target) const;
    [[nodiscard]] bool is_passed_modules(NodeId name) const;
    [[nodiscard]] bool holds_modules_unregistered(NodeId target, NodeId value) const;
    [[nodiscard]] bool is_plain_dict_of_modules(NodeId target, NodeId value) const;
    [[nodiscard]] bool calls_items_of(NodeId target) const;
    [[nodiscard]] bool may_have_numbers(NodeId call) const;
    bool keep_beside_weights(NodeId assignment, NodeId value);
    [[nodiscard]] NodeId arm_with_parameter(NodeId value) const;
    bool parameter_by_choice(NodeId assignment, NodeId value);
    void plan_buffer(std::uint32_t class_index, std::string_view name, bool hidden);
    [[nodiscard]] bool is_buffer(NodeId value) const;
    [[nodiscard]] bool is_hidden_buffer(NodeId value) const;
    [[nodiscard]] bool was_plain_tensor(NodeId value) const;
    [[nodiscard]] std::vector<std::pair<NodeId, NodeId>> targets_and_values(NodeId assignment, NodeId value) const;
    [[nodiscard]] bool holds_tensors(NodeId value) const;
    [[nodiscard]] bool calls_computed(NodeId value) const;
    [[nodiscard]] bool is_computed_tensor(NodeId value) const;
    [[nodiscard]] bool computes_tensor(NodeId call, const names::Binding& function) const;
    void drop_inplace(NodeId id);
    void drop_keywords(NodeId call, std::initializer_list<std::string_view> names);
    [[nodiscard]] bool is_construction_of_layer(NodeId call) const;
    void drop_argument(NodeId id, std::size_t at);
    bool copies_state(NodeId call);
    bool module_method(NodeId id);
    [[nodiscard]] bool order_matters(NodeId call) const;
    void register_buffer(NodeId id);
    void class_definition(NodeId id);
    [[nodiscard]] const std::string* class_rename(std::uint32_t class_index, std::string_view name) const;
    [[nodiscard]] bool is_given_layout(NodeId definition, std::uint32_t class_index) const;
    [[nodiscard]] bool has_parts_with_train(std::uint32_t class_index) const;
    bool trains_parts(NodeId call);
    [[nodiscard]] bool trains_by_hand(NodeId class_node) const;
    [[nodiscard]] bool asks_for_device(NodeId arrays) const;
    [[nodiscard]] bool needs_sanitize(std::uint32_t class_index) const;
    [[nodiscard]] std::vector<NodeId> top_level_uses(base::Span span) const;
    void finish_classes();
    [[nodiscard]] bool is_given_modules(std::uint32_t class_index) const;
    void mark_layout(NodeId id);

    // bases.cpp
    void plan_bases();
    [[nodiscard]] bool is_optional_weight(NodeId id) const;
    [[nodiscard]] bool norms_over_axes() const;
    enum class Use : std::uint8_t { none, read, written, number_written };
    [[nodiscard]] Use use_of_kernel(NodeId id) const;
    [[nodiscard]] bool fills_with_numbers(NodeId method) const;
    [[nodiscard]] bool is_vector(NodeId tensor) const;
    [[nodiscard]] NodeId kernel_of(NodeId tensor) const;
    [[nodiscard]] bool is_initialised(NodeId tensor) const;
    [[nodiscard]] bool fills_in_any_layout(NodeId view, std::string_view initialiser) const;
    [[nodiscard]] std::vector<NodeId> index_parts(NodeId index) const;
    [[nodiscard]] std::vector<std::string> index_by_axis(NodeId index, std::size_t axes) const;
    [[nodiscard]] std::optional<std::string> index_of_kernel(NodeId index, std::string_view library) const;
    bool write_into_kernel(NodeId subscript);
    [[nodiscard]] bool gives_weights_alone(NodeId layer) const;
    [[nodiscard]] bool makes_bare_norms() const;
    [[nodiscard]] bool is_of_bare_norm(NodeId attribute) const;
    void turn_for_kernel(NodeId value, bool transposed);
    void write_kernel(NodeId target, NodeId value);
    void turn_arguments_for_kernel(NodeId call, NodeId target);
    [[nodiscard]] std::string_view kernel_initialised(NodeId call) const;
    [[nodiscard]] NodeId owner_of_any_kind(NodeId call) const;
    std::string kind_of_kernel(NodeId owner);
    std::string tested_class(NodeId id, const catalogue::Entry& entry);
    [[nodiscard]] const catalogue::Entry* definition_for_value(std::string_view qualified) const;
    [[nodiscard]] bool passes_to_value(std::string_view arguments) const;
    [[nodiscard]] const catalogue::Entry* own_weight_base(std::string_view qualified) const;
    [[nodiscard]] const catalogue::Entry* other_definition(NodeId id, std::string_view qualified, std::string_view entry_name) const;

    // base_constructors.cpp
    [[nodiscard]] std::string constructed_base(NodeId call) const;
    std::optional<std::pair<std::string, std::string>> base_construction(NodeId call, const catalogue::Entry& entry);
    std::string base_text(NodeId base, const catalogue::Entry& entry);
    bool base_constructor(NodeId call);

    // module_values.cpp
    enum class ModuleTruth : std::uint8_t { same, not_none, has_layers, layers_if_any, module_or_true };
    [[nodiscard]] bool is_test(NodeId id) const;
    [[nodiscard]] bool decides_its_truth(std::uint32_t class_index) const;
    [[nodiscard]] NodeId called_place(NodeId id) const;
    [[nodiscard]] bool may_be_literal(NodeId value) const;
    [[nodiscard]] bool gets_literal(NodeId id) const;
    [[nodiscard]] ModuleTruth module_truth(NodeId id) const;
    void put_module_truth(NodeId place, NodeId id, ModuleTruth truth);
    void test_module(NodeId id);
    void choose_module(NodeId id);
    void compare_modules(NodeId id);
    bool asks_for_dictionary(NodeId call);
    void keep_parts_readable(NodeId function);
    void refuse_hashed_module(NodeId id);

    // resets.cpp
    [[nodiscard]] std::string_view inherited_reset(std::uint32_t class_index) const;
    [[nodiscard]] bool resets_itself(std::uint32_t class_index, std::string_view name) const;
    [[nodiscard]] NodeId base_constructed(NodeId init) const;
    void call_reset(std::uint32_t class_index);
    bool resets_layer(NodeId call);

    // sequential.cpp
    void plan_sequentials();
    [[nodiscard]] bool is_dict(NodeId id) const;
    [[nodiscard]] bool gets_named_children(NodeId target) const;
    bool changes_sequential(NodeId call);
    [[nodiscard]] bool is_result_of_entry(NodeId call) const;
    [[nodiscard]] const catalogue::Entry* sequential_definition(NodeId id) const;
    [[nodiscard]] const catalogue::Entry* named_modules_definition(NodeId call) const;
    [[nodiscard]] bool adds_to_named(NodeId owner) const;

    const Input& input_;
    const Options& options_;
    const source::SourceText& source_;
    const syntax::Tree& tree_;
    names::Names own_names_;                                     // without libraries that are taken as not installed
    const names::Names& names_;
    const infer::FactTable& facts_;
    const catalogue::Catalogue& catalogue_;
    const layout::Plan& layout_;
    Edits edits_;
    rules::Leaves leaves_;
    rules::Emissions emissions_;
    rules::OutputNames output_;
    rules::Evaluator evaluator_;
    std::vector<diagnostics::Diagnostic> said_;
    std::unordered_map<std::uint32_t, Precedence> precedence_;   // of replaced nodes
    std::unordered_map<std::uint32_t, Precedence> bare_;         // of those that `put` gave parentheses, without them
    std::unordered_map<std::uint32_t, NodeId> absorbed_;         // selector -> call whose component it picked
    std::unordered_map<std::uint32_t, std::string_view> named_results_;  // fields of what a name holds, by binding
    std::unordered_map<std::uint32_t, std::string> owner_text_;       // of nodes whose place was taken by a value that was made of them
    std::vector<ClassRenames> renames_;                          // by class
    std::map<std::string_view, std::string_view> renamed_methods_;  // by name: a class of which it is a method
    std::vector<NodeId> imports_;
    std::vector<std::string> assumptions_;
    std::set<std::uint32_t> classes_with_layout_;                // definitions that build something with other weight names or layouts
    std::set<std::uint32_t> named_sequentials_;                  // classes that derive from Sequential and name their children
    std::set<std::uint32_t> own_weight_bases_;                   // classes that derive from a convolution and compute with its weight, or from a pool
    std::vector<NodeId> named_targets_;                          // where a Sequential is kept that is made empty and given named children
    bool layers_in_place_ = false;                               // layers that are made with `inplace=True` write over what they are given
    std::set<std::uint32_t> beside_weights_;                     // lists of arrays, kept where a list of parameters stands otherwise
    std::vector<NodeId> module_classes_;
    std::vector<NodeId> conditionals_;
    std::set<std::uint32_t> removed_;                            // statements
    std::set<std::uint32_t> left_out_;  // statements that a decided condition keeps from running
    std::vector<std::pair<NodeId, NodeId>> absent_;              // `try` of an unknown library, and the handler that is taken
    std::set<std::uint32_t> spread_;                             // names of dicts whose items stand in the call now
    std::set<std::uint32_t> dicts_read_;                         // bindings of dicts of which such a call reads an item
    std::set<std::uint32_t> hoisted_;                            // comments, by their first byte
    std::vector<NodeId> open_training_;                          // statements that set `requires_grad` of a loop's parameter
    std::vector<UnreachedPart> unreached_;
    std::vector<bool> skipped_;                                  // by node: inside of what is not converted
    std::set<std::uint32_t> recomputing_;                        // functions that only serve to recompute a gradient
    std::set<std::uint32_t> stops_;                              // functions whose results carry no gradient
    std::map<std::uint32_t, const idiom::Rewriting*> idioms_;    // by root
    std::vector<const idiom::Rewriting*> applied_idioms_;
    std::optional<bool> ties_weights_;
    std::map<names::BindingId, std::string> names_of_callers_;  // of arrays whose views have taken their names
    bool uses_mx_ = false;
};

}  // namespace mlxify::rewrite
