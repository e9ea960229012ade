#include "catalogue/index_builder.h"

#include <gtest/gtest.h>

#include <string>

namespace mlxify::catalogue {
namespace {

std::unique_ptr<OwnedIndex> built(const std::string& text) {
    auto index = build_index({{"lib/ops.py", "from mlxify.catalogue import *\n\n" + text}});
    EXPECT_TRUE(index) << (index ? "" : index.error().message);
    return index ? std::move(*index) : nullptr;
}

// The single entry of a file, with the memory behind it.
class Sole {
public:
    explicit Sole(const std::string& text) : index_(built(text)) { EXPECT_EQ(index_->entries.size(), 1u); }
    const Entry* operator->() const { return &index_->entries.at(0); }

private:
    std::unique_ptr<OwnedIndex> index_;
};

std::string error_of(const std::string& text) {
    const auto index = build_index({{"lib/ops.py", text}});
    EXPECT_FALSE(index);
    return index ? std::string{} : index.error().message;
}

TEST(IndexBuilder, a_rule_with_all_that_can_be_said_of_it) {
    const auto index =
        built("@rule(\"a.f\", mutates=\"self\", view_of=\"self\", fields=(\"values\", \"indices\"))\ndef f(self):\n    return self\n");
    const Entry& entry = index->entries.at(0);
    EXPECT_EQ(entry.kind, EntryKind::rule);
    EXPECT_EQ(entry.qualified, "a.f");
    EXPECT_EQ(entry.mutates, "self");
    EXPECT_EQ(entry.view_of, "self");
    EXPECT_EQ(entry.fields, "values,indices");
    const std::string_view text = index->files[0].text;
    EXPECT_TRUE(text.substr(entry.span.begin, entry.span.size()).starts_with("@rule"));
}

TEST(IndexBuilder, several_names_are_several_entries_in_the_order_of_names) {
    const auto index = built("@rule(\"b.f\", \"a.f\")\ndef f(x):\n    return x\n");
    ASSERT_EQ(index->entries.size(), 2u);
    EXPECT_EQ(index->entries[0].qualified, "a.f");
    EXPECT_EQ(index->entries[1].qualified, "b.f");
    EXPECT_EQ(index->entries[0].span, index->entries[1].span);
}

TEST(IndexBuilder, alternatives_keep_the_order_of_the_file) {
    const auto index = built("@rule(\"a.f\")\ndef first(x):\n    return x\n\n\n@rule(\"a.f\")\ndef second(x):\n    return x\n");
    ASSERT_EQ(index->entries.size(), 2u);
    EXPECT_LT(index->entries[0].span.begin, index->entries[1].span.begin);
}

TEST(IndexBuilder, entries_name_the_traps_that_they_guard) {
    const std::string stated = "trap(\"grids\", \"rows or columns\", \"written out\", \"part\", \"other\")\n";
    const auto index = built(stated + "@rule(\"a.f\", trap=\"grids\")\ndef f(x):\n    return x\n");
    EXPECT_EQ(index->entries.at(0).trap, "grids");
    const Trap& trap = index->traps.at(0);
    EXPECT_EQ(trap.name, "grids");
    EXPECT_EQ(trap.differs, "rows or columns");
    EXPECT_EQ(trap.handled, "written out");
    EXPECT_EQ(trap.rules, "part,other");
    EXPECT_NE(error_of("@rule(\"a.f\", trap=\"girds\")\ndef f(x):\n    return x\n").find("`a.f` names a trap that is not stated: `girds`"), std::string::npos);
    EXPECT_NE(error_of("trap(\"grids\")\n").find("lib/ops.py:1:"), std::string::npos);
    const Catalogue catalogue(index->view());
    EXPECT_EQ(catalogue.traps_of("a.f").size(), 1u);
    EXPECT_EQ(catalogue.traps_of("mlxify.channels_last.a.f").size(), 1u);
    EXPECT_EQ(catalogue.traps_of("other").size(), 1u);
    EXPECT_TRUE(catalogue.traps_of("oth").empty());
}

TEST(IndexBuilder, attributes_modules_and_definitions) {
    EXPECT_EQ(Sole("@attribute(\"a.T\")\ndef T(self):\n    return self\n")->kind, EntryKind::attribute);
    EXPECT_EQ(Sole("@module(\"a.L\", weights={\"w\": \"OI->IO\", \"b\": \"c\"})\ndef L(n):\n    return nn.L(n)\n")->weights,
              "w=OI->IO;b=c");
    const Sole definition("@definition(\"a.C\")\nclass C(nn.Module):\n    pass\n");
    EXPECT_EQ(definition->kind, EntryKind::definition);
    EXPECT_FALSE(definition->span.empty());
}

TEST(IndexBuilder, registrations) {
    const Sole constant("constant(\"a.float32\", \"mx.float32\")\n");
    EXPECT_EQ(constant->kind, EntryKind::constant);
    EXPECT_EQ(constant->target, "mx.float32");
    EXPECT_TRUE(constant->span.empty());

    const auto both = built("constant(\"a.x\", \"a.y\", \"mx.z\")\n");
    ASSERT_EQ(both->entries.size(), 2u);
    EXPECT_EQ(both->entries[1].target, "mx.z");

    const Sole never("never(\"a.f\", \"no \" \"way\", suggest=\"go round\", argument=\"k\")\n");
    EXPECT_EQ(never->kind, EntryKind::never);
    EXPECT_EQ(never->target, "no way");
    EXPECT_EQ(never->suggest, "go round");
    EXPECT_EQ(never->argument, "k");

    EXPECT_EQ(Sole("drop_decorator(\"a.compile\")\n")->kind, EntryKind::drop_decorator);
    EXPECT_EQ(Sole("keep(\"einops.rearrange\")\n")->kind, EntryKind::keep);
    EXPECT_TRUE(Sole("dissolve(\"a.no_grad\", stops_gradient=True)\n")->stops_gradient);
    EXPECT_FALSE(Sole("dissolve(\"a.autocast\", stops_gradient=False)\n")->stops_gradient);
    const Sole defaults("defaults(\"nn.L\", bias=True, eps=1e-05)\n");
    EXPECT_EQ(defaults->kind, EntryKind::defaults);
    EXPECT_EQ(defaults->weights, "bias=True;eps=1e-05");
}

TEST(IndexBuilder, string_literals_are_read_as_python_reads_them) {
    EXPECT_EQ(Sole("never(\"a.f\", 'a \"quoted\" \\'word\\'')\n")->target, "a \"quoted\" 'word'");
    EXPECT_EQ(Sole("never(\"a.f\", \"\"\"three\n\\tlines\"\"\")\n")->target, "three\n\tlines");
    EXPECT_EQ(Sole("never(\"a.f\", r\"\\n\")\n")->target, "\\n");
}

TEST(IndexBuilder, what_a_file_holds_besides_entries) {
    const auto index = built(
        "from catalogue.lib.other import helper as help_\nimport einops\nfrom a import b as c\nLIMIT = 3\n\n\ndef _private(x):\n    return "
        "x\n");
    const auto local = [&](std::string_view name) {
        for (const Local& one : index->locals)
            if (one.name == name) return one;
        ADD_FAILURE() << name;
        return Local{};
    };
    EXPECT_EQ(local("help_").from_file, "lib/other.py");
    EXPECT_EQ(local("einops").import_line, "import einops");
    EXPECT_EQ(local("c").import_line, "from a import b as c");
    EXPECT_FALSE(local("LIMIT").span.empty());
    EXPECT_FALSE(local("_private").span.empty());
    EXPECT_EQ(index->entries.size(), 0u);
}

TEST(IndexBuilder, malformed_files_are_named_with_their_line) {
    EXPECT_TRUE(error_of("x = 1\nfor i in y:\n    pass\n").starts_with("lib/ops.py:2: only definitions"));
    EXPECT_TRUE(error_of("\n\nprint(1)\n").starts_with("lib/ops.py:3: a call at the top"));
    EXPECT_TRUE(error_of("x = = 1\n").starts_with("lib/ops.py:1: "));
    EXPECT_TRUE(error_of("@rule(name)\ndef f():\n    pass\n").ends_with("the name of an entry must be a string literal"));
    EXPECT_TRUE(error_of("@rule()\ndef f():\n    pass\n").ends_with("an entry without a name"));
    EXPECT_TRUE(error_of("@rule(\"a\", mutate=\"x\")\ndef f():\n    pass\n").ends_with("unknown keyword of an entry"));
    EXPECT_TRUE(error_of("keep(name)\n").ends_with("a registration takes string literals"));
    EXPECT_TRUE(error_of("keep(\"a\", sugest=\"b\")\n").ends_with("unknown keyword of a registration"));
    EXPECT_TRUE(error_of("constant(\"a\")\n").ends_with("a name and a text are needed"));
    EXPECT_TRUE(error_of("never(\"a\", (\"b\", \"c\"))\n").ends_with("a name and a text are needed"));
}

TEST(IndexBuilder, an_unreadable_folder_is_an_error) {
    const auto files = read_folder("/nowhere/at/all");
    ASSERT_FALSE(files);
    EXPECT_NE(files.error().message.find("/nowhere/at/all"), std::string::npos);
}

TEST(IndexBuilder, the_catalogue_of_the_project_is_well_formed) {
    const auto files = read_folder(MLXIFY_SOURCE_DIR "/catalogue");
    ASSERT_TRUE(files) << files.error().message;
    const auto index = build_index(*files);
    ASSERT_TRUE(index) << index.error().message;
    EXPECT_GT((*index)->entries.size(), 500u);
}

}  // namespace
}  // namespace mlxify::catalogue
