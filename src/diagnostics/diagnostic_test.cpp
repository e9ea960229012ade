#include "diagnostics/diagnostic.h"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <string_view>

namespace mlxify::diagnostics {
namespace {

struct Entry {
    int number;
    std::string_view name;
    std::string_view title;
};

// clang-format off
constexpr Entry kEntries[] = {
#define MLXIFY_CODE(number, name, title) {number, #name, title},
#include "diagnostics/codes.def"
#undef MLXIFY_CODE
};
// clang-format on

TEST(Code, NumbersAndNamesAreUsedOnce) {
    std::set<int> numbers;
    std::set<std::string_view> names;
    for (const Entry& entry : kEntries) {
        EXPECT_TRUE(numbers.insert(entry.number).second) << entry.number;
        EXPECT_TRUE(names.insert(entry.name).second) << entry.name;
        EXPECT_GE(entry.number, 1000);
        EXPECT_LE(entry.number, 7999);
    }
}

TEST(Code, TitlesAreOneLowerCaseLineWithoutStop) {
    for (const Entry& entry : kEntries) {
        ASSERT_FALSE(entry.title.empty()) << entry.name;
        EXPECT_EQ(entry.title.find('\n'), std::string_view::npos) << entry.name;
        EXPECT_FALSE(entry.title.ends_with('.')) << entry.name;
        EXPECT_EQ(code_title(static_cast<Code>(entry.number)), entry.title);
    }
}

TEST(Code, NameIsMxAndFourDigits) { EXPECT_EQ(code_name(Code::considered_no), "MX4102"); }

TEST(Sink, KeepsWhatIsSaidInOrder) {
    Sink sink;
    sink.remark(Code::dropped, {4, 9}, "`torch.compile` was dropped");
    EXPECT_FALSE(sink.has_refusal());
    sink.refuse(Code::no_entry, {20, 31}, "`torch.foo` is not known", "write it by hand");
    EXPECT_TRUE(sink.has_refusal());

    const Diagnostic remark{Code::dropped, Severity::remark, {4, 9}, "`torch.compile` was dropped", "", Trust::review};
    const Diagnostic refusal{
        Code::no_entry, Severity::refusal, {20, 31}, "`torch.foo` is not known", "write it by hand", Trust::by_hand};
    ASSERT_EQ(sink.all().size(), 2u);
    EXPECT_EQ(sink.all()[0], remark);
    EXPECT_EQ(sink.all()[1], refusal);
}

TEST(Sink, TakingEmptiesIt) {
    Sink sink;
    sink.remark(Code::left_out, {}, "the main block was left out");
    EXPECT_EQ(sink.take().size(), 1u);
    EXPECT_TRUE(sink.all().empty());
}

}  // namespace
}  // namespace mlxify::diagnostics
