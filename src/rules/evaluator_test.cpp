#include "rules/evaluator.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "catalogue/index_builder.h"

namespace mlxify::rules {
namespace {

using infer::Kind;

// A catalogue of one file whose entries are called with arguments of our own making.
class EvaluatorTest : public testing::Test {
protected:
    // Reads a catalogue file; `f` of the tests is the entry "lib.f".
    void catalogue(const std::string& text) {
        auto index = catalogue::build_index({{"lib/ops.py", "from mlxify.catalogue import *\n\n" + text}});
        ASSERT_TRUE(index) << index.error().message;
        index_ = std::move(*index);
        catalogue_.emplace(index_->view());
        evaluator_.emplace(*catalogue_, facts_, names_, leaves_, emissions_);
    }

    // What the author wrote as an argument: a text that partial evaluation does not look into.
    Value author(std::string text, Kind kind = Kind::unknown, bool trivial = true, Precedence precedence = Precedence::atom) {
        Value known;
        known.fact.kind = kind;
        texts_.push_back(std::move(text));
        return leaves_.add({{}, static_cast<std::uint32_t>(texts_.size()), precedence, trivial, leaves_.keep(texts_.back())}, known);
    }
    Value tensor(std::string text, std::int8_t rank = -1, infer::DType dtype = infer::DType::unknown) {
        Value value = author(std::move(text), Kind::tensor);
        value.fact.rank = rank;
        value.fact.dtype = dtype;
        return value;
    }
    Value computed(std::string text, Precedence precedence = Precedence::atom) {
        return author(std::move(text), Kind::tensor, false, precedence);
    }

    Outcome call(std::vector<Actual> actuals, const ApplyOptions& options = {}, std::string_view name = "lib.f") {
        const catalogue::Entry* entry = catalogue_->find(name);
        EXPECT_NE(entry, nullptr);
        return evaluator_->apply(*entry, std::move(actuals), options);
    }
    // The call as it would be printed; "refused: ..." or "does not bind: ..." otherwise.
    std::string printed(std::vector<Actual> actuals, const ApplyOptions& options = {}) {
        const Outcome outcome = call(std::move(actuals), options);
        if (outcome.status == Outcome::Status::refused) return "refused: " + outcome.reason;
        if (outcome.status == Outcome::Status::no_binding) return "does not bind: " + outcome.reason;
        return text_of(outcome.value);
    }
    std::string text_of(const Value& value) const {
        std::string out;
        for_each_piece(
            leaves_.expand_locals(value.text), [&](std::string_view piece) { out += piece; },
            [&](std::uint32_t leaf) { out += texts_.at(leaves_[leaf].node - 1); });
        return out;
    }
    std::string helpers() const {
        std::string all;
        for (const Emitted& emitted : emissions_.all()) all += emitted.text;
        return all;
    }
    static Actual argument(Value value) { return {{}, std::move(value), false, false}; }
    static Actual keyword(std::string_view name, Value value) { return {name, std::move(value), false, false}; }

    infer::FactTable facts_;
    OutputNames names_;
    Leaves leaves_;
    Emissions emissions_;
    std::vector<std::string> texts_;  // of the author's arguments
    std::unique_ptr<catalogue::OwnedIndex> index_;
    std::optional<catalogue::Catalogue> catalogue_;
    std::optional<Evaluator> evaluator_;
};

TEST_F(EvaluatorTest, one_expression_is_inlined_with_the_arguments_in_place) {
    catalogue("@rule(\"lib.f\")\ndef f(input, dim):\n    return mx.softmax(input, axis=dim)\n");
    EXPECT_EQ(printed({argument(tensor("x")), argument(integer_value(-1))}), "mx.softmax(x, axis=-1)");
    EXPECT_EQ(printed({keyword("dim", author("d")), keyword("input", computed("g(x)"))}), "mx.softmax(g(x), axis=d)");
    EXPECT_EQ(helpers(), "");
}

TEST_F(EvaluatorTest, arguments_bind_as_in_python) {
    catalogue("@rule(\"lib.f\")\ndef f(a, *rest, k=1, **others):\n    return mx.f(a, rest, k)\n");
    EXPECT_EQ(printed({argument(author("x")), argument(author("y")), argument(author("z")), keyword("k", author("w"))}), "mx.f(x, (y, z), w)");
    EXPECT_EQ(printed({argument(author("x"))}), "mx.f(x, (), 1)");
    EXPECT_TRUE(printed({}).starts_with("does not bind"));
}

TEST_F(EvaluatorTest, arguments_by_two_stars_go_to_a_helper_with_the_rest_of_the_signature) {
    catalogue("@rule(\"lib.f\")\ndef f(a, k=1, device=None):\n    return mx.f(a, k)\n");
    EXPECT_EQ(printed({argument(author("x")), {{}, author("m"), false, true}}), "_f(x, **m)");
    EXPECT_EQ(helpers(), "def _f(a, k=1, device=None):\n    return mx.f(a, k)\n");
    EXPECT_EQ(evaluator_->function(catalogue_->entries()[0]).value.text, "_f");
}

TEST_F(EvaluatorTest, too_many_or_unknown_arguments_do_not_bind) {
    catalogue("@rule(\"lib.f\")\ndef f(a, *, k=None):\n    return a\n");
    EXPECT_EQ(printed({argument(author("x")), argument(author("y"))}), "does not bind: too many positional arguments");
    EXPECT_TRUE(printed({argument(author("x")), keyword("j", author("y"))}).starts_with("does not bind"));
    EXPECT_TRUE(printed({argument(author("x")), keyword("a", author("y"))}).starts_with("does not bind"));
}

TEST_F(EvaluatorTest, parentheses_stand_only_where_precedence_asks) {
    catalogue("@rule(\"lib.f\")\ndef f(a, b):\n    return a * b\n");
    const auto sum = [&](const char* text) { return argument(computed(text, Precedence::add)); };
    EXPECT_EQ(printed({sum("a + b"), argument(author("c"))}), "(a + b) * c");
    EXPECT_EQ(printed({argument(computed("a * b", Precedence::mul)), argument(author("c"))}), "a * b * c");
    EXPECT_EQ(printed({argument(author("c")), argument(computed("a * b", Precedence::mul))}), "c * (a * b)");
    EXPECT_EQ(printed({argument(computed("-a", Precedence::unary)), argument(author("c"))}), "-a * c");
}

TEST_F(EvaluatorTest, powers_and_attributes_take_parentheses) {
    catalogue("@rule(\"lib.f\")\ndef f(a, b):\n    return (a ** b).sum()\n");
    EXPECT_EQ(printed({argument(computed("-x", Precedence::unary)), argument(computed("-y", Precedence::unary))}), "((-x) ** -y).sum()");
    catalogue("@rule(\"lib.f\")\ndef f(a):\n    return a.abs()\n");
    EXPECT_EQ(printed({argument(computed("x if c else y", Precedence::conditional))}), "(x if c else y).abs()");
}

TEST_F(EvaluatorTest, none_and_flags_fold) {
    catalogue("@rule(\"lib.f\")\ndef f(x, dtype=None, flag=False):\n    if dtype is not None:\n        x = x.astype(dtype)\n"
              "    return mx.a(x) if flag else mx.b(x)\n");
    EXPECT_EQ(printed({argument(tensor("x"))}), "mx.b(x)");
    EXPECT_EQ(printed({argument(tensor("x")), argument(none_value()), argument(bool_value(true))}), "mx.a(x)");
    EXPECT_EQ(printed({argument(tensor("x")), argument(author("t", Kind::dtype))}), "mx.b(x.astype(t))");
}

TEST_F(EvaluatorTest, a_known_rank_settles_conditions_and_is_asked_for_where_it_is_the_result) {
    catalogue("@rule(\"lib.f\")\ndef f(x):\n    return x.ndim\n\n\n@rule(\"lib.g\")\ndef g(x):\n    return mx.g(x) if x.ndim == 2 else mx.h(x, x.ndim - 1)\n");
    EXPECT_EQ(printed({argument(tensor("x", 3))}), "x.ndim");
    EXPECT_EQ(text_of(call({argument(tensor("x", 2))}, {}, "lib.g").value), "mx.g(x)");
    EXPECT_EQ(text_of(call({argument(tensor("x", 3))}, {}, "lib.g").value), "mx.h(x, 2)");
}

TEST_F(EvaluatorTest, tensors_of_samples_alone_are_asked_for) {
    catalogue("@rule(\"lib.f\")\ndef f(x):\n    return is_tensor(x)\n\n\n@rule(\"lib.g\")\ndef g(x):\n    return mx.g(x) if is_tensor(x) else mx.h(x)\n");
    Value seen = tensor("x");
    seen.fact.observed = true;
    EXPECT_EQ(printed({argument(seen)}), "isinstance(x, mx.array)");
    EXPECT_EQ(printed({argument(tensor("x"))}), "True");
    EXPECT_EQ(text_of(call({argument(seen)}, {}, "lib.g").value), "mx.g(x)");
}

TEST_F(EvaluatorTest, ranks_of_samples_alone_settle_nothing) {
    catalogue("@rule(\"lib.f\")\ndef f(x):\n    return mx.g(x) if x.ndim == 2 else mx.h(x)\n\n\n"
              "@rule(\"lib.g\")\ndef g(x):\n    if x.ndim == 2:\n        return mx.g(x)\n    refuse(\"of matrices only\")\n\n\n"
              "@rule(\"lib.h\")\ndef h(x):\n    return x if x.ndim == 0 else mx.h(x)\n");
    Value seen = tensor("x", 2);
    seen.fact.by_samples = true;
    EXPECT_EQ(printed({argument(seen)}), "mx.g(x) if x.ndim == 2 else mx.h(x)");
    EXPECT_EQ(text_of(call({argument(seen)}, {}, "lib.h").value), "mx.h(x)");
    EXPECT_EQ(printed({argument(tensor("x", 2))}), "mx.g(x)");
    EXPECT_EQ(text_of(call({argument(seen)}, {}, "lib.g").value), "mx.g(x)") << "there is no form for every rank";
    EXPECT_EQ(helpers(), "");
}

TEST_F(EvaluatorTest, kinds_fold_isinstance) {
    catalogue("@rule(\"lib.f\")\ndef f(x, n):\n    if isinstance(n, (tuple, list)):\n        return mx.many(x, n)\n"
              "    if is_tensor(n):\n        return mx.array_of(x, n)\n    return mx.one(x, n)\n");
    EXPECT_EQ(printed({argument(tensor("x")), argument(author("n", Kind::integer))}), "mx.one(x, n)");
    EXPECT_EQ(printed({argument(tensor("x")), argument(author("n", Kind::list))}), "mx.many(x, n)");
    EXPECT_EQ(printed({argument(tensor("x")), argument(tensor("n"))}), "mx.array_of(x, n)");
    EXPECT_EQ(helpers(), "");
}

TEST_F(EvaluatorTest, what_is_not_known_is_decided_in_a_helper) {
    catalogue("@rule(\"lib.f\")\ndef f(x, n):\n    if isinstance(n, tuple):\n        return mx.many(x, n)\n    return mx.one(x, n)\n");
    const Outcome outcome = call({argument(tensor("x")), argument(author("n"))});
    EXPECT_TRUE(outcome.helper);
    EXPECT_EQ(text_of(outcome.value), "_f(x, n)");
    EXPECT_EQ(helpers(), "def _f(x, n):\n    if isinstance(n, tuple):\n        return mx.many(x, n)\n    return mx.one(x, n)\n");
}

TEST_F(EvaluatorTest, ranks_fold) {
    catalogue("@rule(\"lib.f\")\ndef f(x, pad):\n    return mx.pad(x, [(0, 0)] * (x.ndim - len(pad) // 2) + [(pad[0], pad[1])])\n");
    const auto widths = [&] { return argument(sequence_value({integer_value(1), author("w")}, false)); };
    EXPECT_EQ(printed({argument(tensor("x", 3)), widths()}), "mx.pad(x, [(0, 0), (0, 0), (1, w)])");
    EXPECT_EQ(printed({argument(tensor("x", 1)), widths()}), "mx.pad(x, [(1, w)])");
    EXPECT_EQ(printed({argument(tensor("x")), widths()}), "mx.pad(x, [(0, 0)] * (x.ndim - 1) + [(1, w)])");
}

TEST_F(EvaluatorTest, dtypes_fold) {
    catalogue("@rule(\"lib.f\")\ndef f(x):\n    if x.dtype == mx.bool_:\n        return ~x\n    return -x\n");
    EXPECT_EQ(printed({argument(tensor("x", -1, infer::DType::boolean))}), "~x");
    EXPECT_EQ(printed({argument(tensor("x", -1, infer::DType::float32))}), "-x");
    EXPECT_EQ(printed({argument(tensor("x"))}), "_f(x)");
}

TEST_F(EvaluatorTest, strings_and_numbers_fold) {
    catalogue("@rule(\"lib.f\")\ndef f(x, mode, n=2):\n    if mode.startswith(\"re\") and n > 1:\n        return mx.f(x, n * 3 - 1, n // 2, n % 2)\n    return x\n");
    EXPECT_EQ(printed({argument(tensor("x")), argument(string_value("reflect"))}), "mx.f(x, 5, 1, 0)");
    EXPECT_EQ(printed({argument(tensor("x")), argument(string_value("zero"))}), "x");
}

TEST_F(EvaluatorTest, loops_over_what_is_known_are_unrolled) {
    catalogue("@rule(\"lib.f\")\ndef f(x, axes):\n    for axis in reversed(sorted(axes)) if False else axes:\n        x = mx.flip(x, axis)\n    return x\n");
    EXPECT_EQ(printed({argument(tensor("x")), argument(sequence_value({integer_value(0), integer_value(2)}, false))}), "mx.flip(mx.flip(x, 0), 2)");
}

TEST_F(EvaluatorTest, loops_over_what_is_not_known_stay_in_a_helper) {
    catalogue("@rule(\"lib.f\")\ndef f(x, axes):\n    for axis in axes:\n        x = mx.flip(x, axis)\n    return x\n");
    EXPECT_EQ(printed({argument(tensor("x")), argument(author("axes"))}), "_f(x, axes)");
    EXPECT_EQ(helpers(), "def _f(x, axes):\n    for axis in axes:\n        x = mx.flip(x, axis)\n    return x\n");
}

TEST_F(EvaluatorTest, comprehensions_over_what_is_known_are_unrolled) {
    catalogue("@rule(\"lib.f\")\ndef f(xs):\n    return mx.stack([x + i for i, x in enumerate(xs) if i != 1])\n");
    EXPECT_EQ(printed({argument(sequence_value({author("a"), author("b"), author("c")}, true))}), "mx.stack([a + 0, c + 2])");
}

TEST_F(EvaluatorTest, a_comprehension_never_catches_the_authors_names) {
    catalogue("@rule(\"lib.f\")\ndef f(x, dim):\n    return mx.f([axis for axis in range(x.ndim) if axis != dim])\n");
    const std::string text = printed({argument(tensor("x")), argument(author("axis", Kind::integer))});
    EXPECT_EQ(text, "mx.f([axis_2 for axis_2 in range(x.ndim) if axis_2 != axis])");
}

TEST_F(EvaluatorTest, a_local_that_a_method_changes_is_evaluated_once) {
    catalogue("@rule(\"lib.f\")\ndef f(x, n):\n    rest = list(range(x.ndim))\n    return mx.f(x, [rest.pop(0) for _ in range(n)])\n");
    const std::string text = printed({argument(tensor("x")), argument(author("n", Kind::integer))});
    EXPECT_EQ(text, "_f(x, n)");
}

TEST_F(EvaluatorTest, an_argument_that_is_used_twice_is_evaluated_once) {
    catalogue("@rule(\"lib.f\")\ndef f(x):\n    return mx.maximum(x, -x)\n");
    EXPECT_EQ(printed({argument(tensor("x"))}), "mx.maximum(x, -x)") << "a name may be used any number of times";
    EXPECT_EQ(printed({argument(computed("g(x)"))}), "_f(g(x))");
    EXPECT_EQ(helpers(), "def _f(x):\n    return mx.maximum(x, -x)\n");
}

TEST_F(EvaluatorTest, a_local_that_is_used_twice_makes_a_helper) {
    catalogue("@rule(\"lib.f\")\ndef f(x):\n    y = mx.exp(x)\n    return y / (y + 1)\n");
    EXPECT_EQ(printed({argument(tensor("x"))}), "_f(x)");
    EXPECT_EQ(helpers(), "def _f(x):\n    y = mx.exp(x)\n    return y / (y + 1)\n");
}

TEST_F(EvaluatorTest, equal_helpers_are_emitted_once) {
    catalogue("@rule(\"lib.f\")\ndef f(x, k=None):\n    y = mx.exp(x)\n    if k is not None:\n        y = y + k\n    return y / (y + 1)\n");
    EXPECT_EQ(printed({argument(tensor("a"))}), "_f(a)");
    EXPECT_EQ(printed({argument(tensor("b"))}), "_f(b)");
    EXPECT_EQ(emissions_.all().size(), 1u);
    EXPECT_EQ(printed({argument(tensor("b")), argument(author("k", Kind::floating))}), "_f_2(b, k)") << "specialised differently: another one";
    EXPECT_EQ(emissions_.all().size(), 2u);
}

TEST_F(EvaluatorTest, helpers_keep_clear_of_the_authors_names) {
    catalogue("@rule(\"lib.f\")\ndef f(x):\n    y = mx.exp(x)\n    return y / (y + 1)\n");
    emissions_.reserve("_f");
    EXPECT_EQ(printed({argument(tensor("a"))}), "_f_2(a)");
    EXPECT_TRUE(helpers().starts_with("def _f_2(x):"));
}

TEST_F(EvaluatorTest, a_helper_keeps_its_docstring_and_knows_what_it_was_told) {
    catalogue("@rule(\"lib.f\")\ndef f(x, mode=\"a\", n=3):\n    \"\"\"Says what it does.\"\"\"\n    y = mx.exp(x)\n    if mode == \"a\":\n        return y * y + n\n    return y\n");
    EXPECT_EQ(printed({argument(tensor("x"))}), "_f(x)");
    EXPECT_EQ(helpers(), "def _f(x):\n    \"\"\"Says what it does.\"\"\"\n    y = mx.exp(x)\n    return y * y + 3\n");
}

TEST_F(EvaluatorTest, refuse_refuses_the_call) {
    catalogue("@rule(\"lib.f\")\ndef f(x, mode=\"a\"):\n    if mode == \"b\":\n        refuse(\"no \" \"mode b\", suggest=\"use a\")\n    return x\n");
    EXPECT_EQ(printed({argument(tensor("x"))}), "x");
    const Outcome outcome = call({argument(tensor("x")), argument(string_value("b"))});
    EXPECT_EQ(outcome.status, Outcome::Status::refused);
    EXPECT_EQ(outcome.reason, "no mode b");
    EXPECT_EQ(outcome.suggestion, "use a");
}

TEST_F(EvaluatorTest, refuse_on_a_path_decided_later_raises_there) {
    catalogue("@rule(\"lib.f\")\ndef f(x, n):\n    if n > 3:\n        refuse(\"too many\")\n    return mx.f(x, n)\n");
    EXPECT_EQ(printed({argument(tensor("x")), argument(author("n", Kind::integer))}), "_f(x, n)");
    EXPECT_EQ(helpers(), "def _f(x, n):\n    if n > 3:\n        raise NotImplementedError(\"too many\")\n    return mx.f(x, n)\n");
    EXPECT_EQ(printed({argument(tensor("x")), argument(integer_value(4))}), "refused: too many");
}

TEST_F(EvaluatorTest, defaults_that_mlx_has_too_are_left_out) {
    catalogue("defaults(\"mx.array.sum\", keepdims=False)\ndefaults(\"nn.Linear\", bias=True)\n\n\n"
              "@rule(\"lib.f\")\ndef f(x, dim=None, keepdim=False):\n    return x.sum(axis=dim, keepdims=keepdim)\n\n\n"
              "@module(\"lib.L\")\ndef L(n, bias=True):\n    return nn.Linear(n, bias=bias)\n");
    EXPECT_EQ(printed({argument(tensor("x")), argument(integer_value(1))}), "x.sum(axis=1)");
    EXPECT_EQ(printed({argument(tensor("x")), argument(integer_value(1)), argument(bool_value(true))}), "x.sum(axis=1, keepdims=True)");
    EXPECT_EQ(text_of(call({argument(author("n"))}, {}, "lib.L").value), "nn.Linear(n)");
    EXPECT_EQ(text_of(call({argument(author("n")), keyword("bias", bool_value(false))}, {}, "lib.L").value), "nn.Linear(n, bias=False)");
}

TEST_F(EvaluatorTest, a_component_that_is_wanted_alone_comes_alone) {
    catalogue("@rule(\"lib.f\", fields=(\"values\", \"indices\"))\ndef f(x, dim):\n    return x.max(axis=dim), mx.argmax(x, axis=dim)\n");
    const auto arguments = [&] { return std::vector<Actual>{argument(tensor("x")), argument(integer_value(1))}; };
    EXPECT_EQ(printed(arguments(), {0, false}), "x.max(axis=1)");
    EXPECT_EQ(printed(arguments(), {1, false}), "mx.argmax(x, axis=1)");
    EXPECT_EQ(printed({argument(computed("g()")), argument(integer_value(1))}, {1, false}), "mx.argmax(g(), axis=1)") << "used once: no helper";
    EXPECT_TRUE(call({argument(computed("g()")), argument(integer_value(1))}).helper);
}

TEST_F(EvaluatorTest, a_component_of_a_pair_that_mlx_gives_is_indexed) {
    catalogue("@rule(\"lib.f\", fields=(\"Q\", \"R\"))\ndef f(x):\n    return mx.linalg.qr(x)\n");
    EXPECT_EQ(printed({argument(tensor("x"))}, {0, false}), "mx.linalg.qr(x)[0]");
    EXPECT_EQ(printed({argument(tensor("x"))}, {1, false}), "mx.linalg.qr(x)[1]");
}

TEST_F(EvaluatorTest, known_asks_whether_something_is_settled) {
    catalogue("@rule(\"lib.f\")\ndef f(x, n):\n    if known(n == 2) and n == 2:\n        return mx.two(x)\n    return mx.any(x, n)\n");
    EXPECT_EQ(printed({argument(tensor("x")), argument(integer_value(2))}), "mx.two(x)");
    EXPECT_EQ(printed({argument(tensor("x")), argument(author("n"))}), "mx.any(x, n)");
    EXPECT_EQ(helpers(), "");
}

TEST_F(EvaluatorTest, mutated_asks_what_becomes_of_the_result) {
    catalogue("@rule(\"lib.f\")\ndef f(x):\n    return mx.array(x) if mutated(x) else x\n");
    EXPECT_EQ(printed({argument(tensor("x"))}), "x");
    EXPECT_EQ(printed({argument(tensor("x"))}, {std::nullopt, true}), "mx.array(x)");
}

TEST_F(EvaluatorTest, functions_of_the_catalogue_are_evaluated_in_place) {
    catalogue("def _pair(n):\n    return n if isinstance(n, tuple) else (n, n)\n\n\n@rule(\"lib.f\")\ndef f(x, n):\n    return mx.f(x, _pair(n))\n");
    EXPECT_EQ(printed({argument(tensor("x")), argument(integer_value(3))}), "mx.f(x, (3, 3))");
    EXPECT_EQ(printed({argument(tensor("x")), argument(sequence_value({integer_value(1), integer_value(2)}, false))}), "mx.f(x, (1, 2))");
}

TEST_F(EvaluatorTest, a_private_helper_is_given_the_dtype_of_an_argument) {
    catalogue(
        "def _least(dtype):\n    if dtype in (mx.float32, mx.float16):\n        return -mx.inf\n    return mx.iinfo(dtype).min\n\n\n"
        "@rule(\"lib.f\")\ndef f(x):\n    return mx.maximum(x, _least(x.dtype))\n");
    EXPECT_EQ(printed({argument(tensor("x"))}), "mx.maximum(x, _least(x.dtype))");
    EXPECT_NE(helpers().find("def _least(dtype):"), std::string::npos) << helpers();
}

TEST_F(EvaluatorTest, a_private_helper_is_given_the_default_that_an_outer_call_passed_on) {
    catalogue(
        "def _inner(x, dim):\n    return x.sum(axis=dim) / x.max(axis=dim)\n\n\n"
        "@rule(\"lib.f\")\ndef f(x, dim=0):\n    return _inner(x * 2, dim)\n");
    std::string text = printed({argument(tensor("x"))});
    text += helpers();
    EXPECT_EQ(text.find('\x01'), std::string::npos) << text;
}

TEST_F(EvaluatorTest, a_list_that_is_named_on_an_undecided_path_is_spread_where_it_is_used) {
    catalogue(
        "@rule(\"lib.f\")\ndef f(x, n, flag):\n    if flag:\n        sizes = [n, 2]\n        return mx.g(x, *sizes)\n    return x\n");
    std::string text = printed({argument(tensor("x")), argument(code_value("n")), argument(code_value("flag"))});
    text += helpers();
    EXPECT_NE(text.find("mx.g(x, *sizes)"), std::string::npos) << text;
}

TEST_F(EvaluatorTest, what_is_folded_is_computed_before_a_name_that_it_reads_gets_another_value) {
    catalogue(
        "@rule(\"lib.f\")\ndef f(a, b):\n    rows = []\n    before = 0\n    for block in (a, b):\n        rows.append(mx.pad(block, before))\n"
        "        before += block.shape[0]\n    return mx.concatenate(rows)\n");
    printed({argument(computed("g(x)")), argument(computed("g(y)"))});
    EXPECT_NE(helpers().find("    rows = [mx.pad(block, 0)]\n    block = b\n"), std::string::npos) << helpers();
}

TEST_F(EvaluatorTest, values_that_are_exchanged_are_assigned_together) {
    catalogue("@rule(\"lib.f\")\ndef f(a, b):\n    a, b = b, a\n    c = mx.g(a)\n    return c + c + b\n");
    printed({argument(tensor("x")), argument(tensor("y"))});
    EXPECT_NE(helpers().find("    a, b = (b, a)\n"), std::string::npos) << helpers();
}

TEST_F(EvaluatorTest, a_list_that_a_method_changes_is_a_variable) {
    catalogue(
        "@rule(\"lib.f\")\ndef f(x):\n    rows = []\n    for at in range(2):\n        rows.insert(0, mx.g(x, at))\n    return mx.stack(rows)\n");
    printed({argument(tensor("x"))});
    EXPECT_NE(helpers().find("    rows = []\n    rows.insert(0, mx.g(x, 0))\n    rows.insert(0, mx.g(x, 1))\n    return mx.stack(rows)\n"), std::string::npos)
        << helpers();
}

TEST_F(EvaluatorTest, locals_that_double_at_each_step_are_counted_at_once) {
    std::string body = "    x0 = mx.g(x)\n";
    for (int at = 0; at < 60; ++at) body += "    x" + std::to_string(at + 1) + " = x" + std::to_string(at) + " + x" + std::to_string(at) + "\n";
    catalogue("@rule(\"lib.f\")\ndef f(x):\n" + body + "    return x60\n");
    EXPECT_EQ(printed({argument(tensor("x"))}), "_f(x)");
}

TEST_F(EvaluatorTest, an_empty_tuple_of_the_author_is_written_into_the_helper) {
    catalogue("@rule(\"lib.f\")\ndef f(x, dim):\n    y = x * 2\n    return mx.sum(y, axis=dim) / mx.max(y, axis=dim)\n");
    Value none_of_them = sequence_value({}, false);
    const Value written = author("()", Kind::tuple);
    none_of_them.text = written.text;
    none_of_them.leaf = written.leaf;
    std::string text = printed({argument(computed("g(x)")), argument(none_of_them)});
    text += helpers();
    EXPECT_NE(text.find("axis=()"), std::string::npos) << text;
    EXPECT_EQ(text.find('\x01'), std::string::npos) << text;
}

TEST_F(EvaluatorTest, math_and_numpy_are_asked_for_when_used) {
    catalogue("@rule(\"lib.f\")\ndef f(x):\n    return x * math.sqrt(2)\n\n\n@rule(\"lib.g\")\ndef g(x):\n    return mx.array(np.array(x))\n");
    EXPECT_EQ(printed({argument(tensor("x"))}), "x * math.sqrt(2)");
    EXPECT_TRUE(emissions_.uses_math);
    EXPECT_FALSE(emissions_.uses_np);
    call({argument(tensor("x"))}, {}, "lib.g");
    EXPECT_TRUE(emissions_.uses_np);
}

TEST_F(EvaluatorTest, mlx_is_spelled_as_the_output_imports_it) {
    names_.mx = "mx_";
    catalogue("@rule(\"lib.f\")\ndef f(x):\n    return mx.exp(x)\n");
    EXPECT_EQ(printed({argument(tensor("x"))}), "mx_.exp(x)");
}

TEST_F(EvaluatorTest, a_definition_brings_what_it_uses_before_itself) {
    catalogue("LIMIT = 3\n\n\ndef _half(x):\n    return x / 2\n\n\n@definition(\"lib.C\")\nclass C(nn.Module):\n    def __call__(self, x):\n        return _half(x) + LIMIT\n");
    EXPECT_EQ(evaluator_->require_definition(*catalogue_->find("lib.C")), "C");
    EXPECT_EQ(evaluator_->require_definition(*catalogue_->find("lib.C")), "C");
    ASSERT_EQ(emissions_.all().size(), 3u);
    EXPECT_EQ(emissions_.all()[2].name, "C");
    EXPECT_TRUE(emissions_.uses_nn);
}

TEST_F(EvaluatorTest, a_definition_whose_name_is_taken_gets_another) {
    catalogue("@definition(\"lib.C\")\nclass C(nn.Module):\n    def copy(self):\n        return C()\n");
    emissions_.reserve("C");
    EXPECT_EQ(evaluator_->require_definition(*catalogue_->find("lib.C")), "_C");
    EXPECT_EQ(helpers(), "class _C(nn.Module):\n    def copy(self):\n        return _C()\n");
}

TEST(Values, numbers_and_strings_are_printed_as_python) {
    EXPECT_EQ(float_value(0.5).text, "0.5");
    EXPECT_EQ(float_value(2).text, "2.0");
    EXPECT_EQ(float_value(1e-05).text, "1e-05");
    EXPECT_EQ(integer_value(-3).text, "-3");
    EXPECT_EQ(integer_value(-3).precedence, Precedence::unary);
    EXPECT_EQ(python_string("a \"b\"\n\\"), "\"a \\\"b\\\"\\n\\\\\"");
    EXPECT_EQ(sequence_value({integer_value(1)}, false).text, "(1,)");
    EXPECT_EQ(sequence_value({}, true).text, "[]");
}

TEST(Values, truth_is_pythons) {
    EXPECT_EQ(truth(none_value()), false);
    EXPECT_EQ(truth(integer_value(0)), false);
    EXPECT_EQ(truth(string_value("")), false);
    EXPECT_EQ(truth(sequence_value({}, false)), false);
    EXPECT_EQ(truth(sequence_value({code_value("x")}, false)), true);
    EXPECT_EQ(truth(code_value("x")), std::nullopt);
}

}  // namespace
}  // namespace mlxify::rules
