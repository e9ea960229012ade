#include "rewrite/merge_layout.h"

#include <gtest/gtest.h>

namespace mlxify::rewrite {
namespace {

// A gap between two arguments in the middle of a call, and the one behind the last argument.
std::optional<std::string> inner(std::string_view old_gap, std::string_view new_gap) { return merge_layout(old_gap, new_gap, false); }
std::optional<std::string> last(std::string_view old_gap, std::string_view new_gap) { return merge_layout(old_gap, new_gap, true); }

TEST(MergeLayout, equal_gaps_stay_as_they_are) {
    EXPECT_EQ(inner(", ", ", "), ", ");
    EXPECT_EQ(inner(",\n    ", ", "), ",\n    ");
    EXPECT_EQ(last(")", ")"), ")");
}

TEST(MergeLayout, the_authors_line_breaks_stay_around_new_words) {
    EXPECT_EQ(inner("torch.cat(\n    ", "mx.concatenate("), "mx.concatenate(\n    ");
    EXPECT_EQ(inner(",\n    dim=", ", axis="), ",\n    axis=");
    EXPECT_EQ(inner(",\n\tdim=", ", axis="), ",\n\taxis=");
}

TEST(MergeLayout, comments_stay_in_their_gap) {
    EXPECT_EQ(inner(",  # first\n    dim=", ", axis="), ",  # first\n    axis=");
    EXPECT_EQ(last("  # last\n)", ")"), "  # last\n)");
}

TEST(MergeLayout, a_trailing_comma_stays_before_a_bracket_only) {
    EXPECT_EQ(merge_layout(",\n    device=d\n)", ".item())", true), ".item()\n)");
}

TEST(MergeLayout, a_trailing_comma_stays) {
    EXPECT_EQ(last(",\n)", ")"), ",\n)");
    EXPECT_EQ(last(",  # over channels\n)", ")"), ",  # over channels\n)");
    EXPECT_EQ(last(",)", ", axis=1)"), ", axis=1)");
}

TEST(MergeLayout, blanks_of_one_line_follow_the_new_text_where_words_differ) {
    EXPECT_EQ(inner(",dim=", ", axis="), ", axis=");
    EXPECT_EQ(inner(" + ", " * "), " * ");
}

TEST(MergeLayout, what_is_added_or_gone_on_one_line_is_no_hindrance) {
    EXPECT_EQ(inner(", ", ", axis="), ", axis=");
    EXPECT_EQ(inner("F.softmax(\n    ", "mx.array.softmax("), "mx.array.softmax(\n    ");
}

TEST(MergeLayout, a_comment_that_would_get_lost_is_not_merged) {
    EXPECT_EQ(last(",  # note\n    alpha=1)", ")"), std::nullopt);
    EXPECT_EQ(inner(", a=  # note\n  b, c=", ", c="), std::nullopt);
}

TEST(MergeLayout, strings_are_one_word_each) {
    EXPECT_EQ(last(",\n    mode='a # b')", ", mode=\"edge\")"), ",\n    mode=\"edge\")");
    EXPECT_EQ(last(", s='it\\'s')", ", s='it\\'s')"), ", s='it\\'s')");
}

TEST(MergeLayout, line_continuations_are_layout) { EXPECT_EQ(inner(" + \\\n    ", " + "), " + \\\n    "); }

TEST(MergeLayout, empty_gaps) {
    EXPECT_EQ(inner("", ""), "");
    EXPECT_EQ(inner("\n    ", ""), "\n    ");
}

}  // namespace
}  // namespace mlxify::rewrite
