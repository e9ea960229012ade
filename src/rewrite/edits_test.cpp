#include "rewrite/edits.h"

#include <gtest/gtest.h>

namespace mlxify::rewrite {
namespace {

constexpr std::string_view kSource = "y = f(a, g(b))  # note\n";
constexpr base::Span kWhole{0, kSource.size()};

// The bytes of the first occurrence of a piece of kSource.
constexpr base::Span span_of(std::string_view piece) {
    const auto begin = static_cast<std::uint32_t>(kSource.find(piece));
    return {begin, begin + static_cast<std::uint32_t>(piece.size())};
}

TEST(Edits, without_edits_the_source_is_rendered) {
    const Edits edits(kSource);
    EXPECT_EQ(edits.render(kWhole), kSource);
    EXPECT_EQ(edits.render(span_of("g(b)")), "g(b)");
    EXPECT_FALSE(edits.touched(kWhole));
}

TEST(Edits, replacements_leave_every_other_byte) {
    Edits edits(kSource);
    edits.replace(span_of("g"), "h");
    edits.replace(span_of("a"), "aa");
    EXPECT_EQ(edits.render(kWhole), "y = f(aa, h(b))  # note\n");
}

TEST(Edits, a_larger_replacement_takes_in_what_was_rendered_of_smaller_ones) {
    Edits edits(kSource);
    edits.replace(span_of("b"), "c");
    edits.replace(span_of("g(b)"), "[" + edits.render(span_of("g(b)")) + "]");
    edits.replace(span_of("f(a, g(b))"), edits.render(span_of("g(b)")) + " + a");
    EXPECT_EQ(edits.render(kWhole), "y = [g(c)] + a  # note\n");
    EXPECT_EQ(edits.all().size(), 1u);
}

TEST(Edits, a_line_before_an_expression_is_no_part_of_it) {
    Edits edits(kSource);
    edits.insert(span_of("y").begin, "x = 1\n");
    edits.insert(span_of("y").begin, "(", {}, true);
    EXPECT_EQ(edits.render_expression(span_of("y")), "(y");
    EXPECT_EQ(edits.render(span_of("y")), "x = 1\n(y");
}

TEST(Edits, insertions_at_one_place_keep_their_order) {
    Edits edits(kSource);
    edits.insert(0, "# one\n");
    edits.insert(0, "# two\n");
    EXPECT_EQ(edits.render(kWhole), "# one\n# two\ny = f(a, g(b))  # note\n");
}

TEST(Edits, an_insertion_before_a_replaced_span_stays) {
    Edits edits(kSource);
    edits.insert(span_of("y").begin, "import x\n");
    edits.replace(span_of("y"), "z");
    edits.insert(span_of("y").begin, "import w\n");
    EXPECT_EQ(edits.render(kWhole), "import x\nimport w\nz = f(a, g(b))  # note\n");
    EXPECT_EQ(edits.render(span_of("y")), "import x\nimport w\nz");
}

TEST(Edits, an_insertion_inside_a_replaced_span_goes_with_it) {
    Edits edits(kSource);
    edits.insert(span_of("b").begin, "not ");
    edits.replace(span_of("g(b)"), "h");
    EXPECT_EQ(edits.render(kWhole), "y = f(a, h)  # note\n");
}

TEST(Edits, insertions_at_the_end_are_rendered) {
    Edits edits(kSource);
    edits.insert(kWhole.end, "end\n");
    EXPECT_EQ(edits.render(kWhole), std::string(kSource) + "end\n");
}

TEST(Edits, the_same_span_replaced_twice_has_the_second_text) {
    Edits edits(kSource);
    edits.replace(span_of("a"), "one");
    edits.replace(span_of("a"), "two");
    EXPECT_EQ(edits.render(span_of("f(a, g(b))")), "f(two, g(b))");
}

TEST(Edits, an_empty_replacement_is_an_insertion) {
    Edits edits(kSource);
    edits.replace({4, 4}, "not ", "rule");
    ASSERT_EQ(edits.all().size(), 1u);
    EXPECT_TRUE(edits.all()[0].span.empty());
    EXPECT_EQ(edits.all()[0].rule, "rule");
    EXPECT_EQ(edits.render(kWhole), "y = not f(a, g(b))  # note\n");
}

TEST(Edits, touched_tells_of_edits_inside_a_span) {
    Edits edits(kSource);
    edits.replace(span_of("b"), "c");
    EXPECT_TRUE(edits.touched(span_of("g(b)")));
    EXPECT_FALSE(edits.touched(span_of("f(a")));
    EXPECT_FALSE(edits.touched(span_of("# note")));
}

TEST(Edits, positions_follow_the_text) {
    Edits edits(kSource);
    edits.insert(0, "12");
    edits.replace(span_of("a"), "long");
    edits.replace(span_of("g(b)"), "");
    const std::string after = edits.render(kWhole);
    ASSERT_EQ(after, "12y = f(long, )  # note\n");
    EXPECT_EQ(edits.position_after(span_of("f(").begin), after.find("f("));
    EXPECT_EQ(edits.position_after(span_of("a").begin), after.find("long"));
    EXPECT_EQ(edits.position_after(span_of("a").end), after.find("long") + 4);
    EXPECT_EQ(edits.position_after(span_of("# note").begin), after.find("# note"));
    EXPECT_EQ(edits.position_after(span_of("b").begin), after.find(")")) << "inside what is gone: where it stood";
    EXPECT_EQ(edits.position_after(kWhole.end), after.size());
}

TEST(Edits, lines_that_are_taken_out_leave_the_last_line_break) {
    const std::string_view source = "a\nb\nc\nd\n";
    const auto left_of = [&](std::initializer_list<std::pair<base::Span, const char*>> removed) {
        Edits edits(source);
        for (const auto& [span, text] : removed) edits.replace(span, text);
        edits.keep_line_break(5);
        edits.replace({2, 5}, "[" + edits.render({2, 5}) + "]");
        return edits.render({0, static_cast<std::uint32_t>(source.size())});
    };
    EXPECT_EQ(left_of({}), "a\n[b\nc]\nd\n");
    EXPECT_EQ(left_of({{{4, 6}, "pass\n"}}), "a\n[b\npass]\nd\n");
    EXPECT_EQ(left_of({{{4, 6}, ""}}), "a\n[b]\nd\n");
    EXPECT_EQ(left_of({{{2, 4}, "pass\n"}, {{4, 6}, ""}}), "a\n[pass]\nd\n");
}

TEST(EditsDeathTest, a_replacement_never_overlaps_the_end_of_another_in_part) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    EXPECT_EXIT(
        {
            Edits edits(kSource);
            edits.replace(span_of("a, g(b)"), "x");
            edits.replace(span_of("f(a"), "y");
        },
        testing::ExitedWithCode(3), "internal error");
}

TEST(Edits, every_place_of_a_rule_is_noted_once) {
    Edits edits(kSource);
    edits.replace(span_of("b"), "c", "inner");
    edits.replace(span_of("g(b)"), "h(c)", "outer");  // takes the inner edit in
    edits.replace(span_of("g(b)"), "k(c)", "outer");
    edits.note(span_of("y"), "beside");
    const std::vector<Made> expected{{span_of("y"), "beside"}, {span_of("g(b)"), "outer"}, {span_of("b"), "inner"}};
    EXPECT_EQ(edits.made(), expected);
    edits.replace(span_of("f(a, g(b))"), "", "removed");
    EXPECT_EQ(edits.made(), std::vector<Made>{expected[0]});
}

}  // namespace
}  // namespace mlxify::rewrite
