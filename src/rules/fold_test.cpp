#include <gtest/gtest.h>

#include <limits>

#include "rules/frame.h"

namespace mlxify::rules {
namespace {

using syntax::Op;

std::string folded(Op op, const Value& left, const Value& right) { return fold_binary(op, left, right).text; }
std::string compared(Op op, const Value& left, const Value& right) { return fold_compare(op, left, right).text; }
Value whole(std::int64_t number) { return integer_value(number); }

TEST(Fold, whole_numbers_divide_as_in_python) {
    EXPECT_EQ(folded(Op::floor_div, whole(-7), whole(2)), "-4");
    EXPECT_EQ(folded(Op::mod, whole(-7), whole(3)), "2");
    EXPECT_EQ(folded(Op::mod, whole(7), whole(-3)), "-2");
    EXPECT_EQ(folded(Op::div, whole(7), whole(2)), "3.5");
    EXPECT_EQ(folded(Op::add, bool_value(true), whole(1)), "2");
}

TEST(Fold, what_raises_or_overflows_stays_as_it_is) {
    EXPECT_EQ(folded(Op::floor_div, whole(1), whole(0)), "1 // 0");
    EXPECT_EQ(folded(Op::mod, whole(1), whole(0)), "1 % 0");
    EXPECT_EQ(folded(Op::div, whole(1), whole(0)), "1 / 0");
    const Value largest = whole(std::numeric_limits<std::int64_t>::max());
    EXPECT_EQ(folded(Op::add, largest, code_value("x")), largest.text + " + x");
    EXPECT_FALSE(fold_binary(Op::mul, largest, largest).integer());
}

TEST(Fold, the_smallest_number_divided_by_minus_one_is_no_trap) {
    const Value smallest = whole(std::numeric_limits<std::int64_t>::min());
    EXPECT_FALSE(fold_binary(Op::sub, whole(0), smallest).integer());
}

TEST(Fold, sequences_join_and_repeat) {
    const Value pair = sequence_value({whole(1), code_value("x")}, false);
    EXPECT_EQ(folded(Op::add, pair, sequence_value({whole(2)}, false)), "(1, x, 2)");
    EXPECT_EQ(folded(Op::mul, pair, whole(2)), "(1, x, 1, x)");
    EXPECT_EQ(folded(Op::mul, pair, whole(0)), "()");
    EXPECT_EQ(folded(Op::add, pair, sequence_value({whole(2)}, true)), "(1, x) + [2]") << "a tuple and a list do not join";
}

TEST(Fold, what_is_left_has_the_parentheses_it_needs) {
    const Value sum = code_value("a + b", Precedence::add);
    EXPECT_EQ(folded(Op::sub, code_value("c"), sum), "c - (a + b)");
    EXPECT_EQ(folded(Op::sub, sum, code_value("c")), "a + b - c");
    EXPECT_EQ(folded(Op::sub, sum, whole(0)), "a + b");
    EXPECT_EQ(folded(Op::pow, code_value("-a", Precedence::unary), code_value("-b", Precedence::unary)), "(-a) ** -b");
    EXPECT_EQ(folded(Op::pow, code_value("a ** b", Precedence::pow), code_value("c")), "(a ** b) ** c");
    EXPECT_EQ(compared(Op::lt, code_value("a < b", Precedence::compare), code_value("c")), "(a < b) < c");
}

TEST(Fold, comparisons_of_what_is_known) {
    EXPECT_EQ(compared(Op::le, whole(2), float_value(2)), "True");
    EXPECT_EQ(compared(Op::eq, string_value("a"), string_value("b")), "False");
    EXPECT_EQ(compared(Op::is, none_value(), none_value()), "True");
    EXPECT_EQ(compared(Op::is_not, whole(0), none_value()), "True");
    EXPECT_EQ(compared(Op::is, code_value("x"), none_value()), "x is None") << "may be anything";
    EXPECT_EQ(compared(Op::in, whole(2), sequence_value({whole(1), whole(2)}, false)), "True");
    EXPECT_EQ(compared(Op::not_in, whole(3), sequence_value({whole(1), code_value("x")}, false)), "3 not in (1, x)");
    EXPECT_EQ(compared(Op::in, whole(3), sequence_value({whole(1), code_value("x")}, false)), "3 in (1, x)");
}

TEST(Fold, an_unknown_dimension_times_its_divisor_leaves_nothing) {
    Value width = code_value("d", Precedence::atom, infer::Kind::integer);
    width.dim = {true, 1, {1}};
    const Value doubled = fold_binary(Op::mul, width, whole(2));
    EXPECT_EQ(folded(Op::mod, doubled, whole(2)), "0");
    EXPECT_EQ(folded(Op::mod, doubled, whole(3)), "d * 2 % 3");
}

TEST(Fold, literals_are_unescaped) {
    EXPECT_EQ(unescape("'a\\n\\'b\\''"), "a\n'b'");
    EXPECT_EQ(unescape("r'a\\n'"), "a\\n");
    EXPECT_EQ(unescape("\"\"\"a\"b\"\"\""), "a\"b");
    EXPECT_EQ(unescape("''"), "");
}

}  // namespace
}  // namespace mlxify::rules
