#include "catalogue/catalogue.h"

#include <gtest/gtest.h>

#include <unistd.h>
#include <filesystem>
#include <fstream>
#include <thread>

#include "catalogue/index_builder.h"

namespace mlxify::catalogue {
namespace {

constexpr const char* kOps = R"py(from mlxify.catalogue import *
from catalogue.lib.parts import _half as half, shared
from numpy import prod

LIMIT = 3


def _private(x):
    return x


@rule("lib.f", "lib.g")
def f(x, dim=0):
    return mx.f(x, axis=dim)


@rule("lib.f")
def f_again(x):
    return x


@definition("lib.C")
class C(nn.Module):
    """Stands for lib.C."""


constant("lib.float", "mx.float32")
never("lib.inner.*", "inside")
never("lib.f", "not with k", argument="k")
keep("lib.inner.kept")
keep("lib.free.*")
defaults("mx.f", axis=0, keepdims=False)
)py";
constexpr const char* kParts = "def _half(x):\n    return x / 2\n\n\nfrom catalogue.lib.deeper import shared\n";
constexpr const char* kDeeper = "def shared(x):\n    return _own(x)\n";

class CatalogueTest : public testing::Test {
protected:
    CatalogueTest()
        : index_(std::move(*build_index({{"lib/ops.py", kOps}, {"lib/parts.py", kParts}, {"lib/deeper.py", kDeeper}}))),
          catalogue_(index_->view()) {}

    std::unique_ptr<OwnedIndex> index_;
    Catalogue catalogue_;
};

TEST_F(CatalogueTest, finds_the_first_alternative) {
    const Entry* entry = catalogue_.find("lib.f");
    ASSERT_NE(entry, nullptr);
    EXPECT_EQ(entry->kind, EntryKind::rule);
    EXPECT_EQ(catalogue_.body(*entry).name, "f");
    EXPECT_EQ(catalogue_.alternatives("lib.f").size(), 3u);
    EXPECT_EQ(catalogue_.find("lib.unknown"), nullptr);
    EXPECT_EQ(catalogue_.find("lib"), nullptr);
    EXPECT_EQ(catalogue_.find(""), nullptr);
}

TEST_F(CatalogueTest, a_pattern_covers_what_has_no_entry_of_its_own) {
    ASSERT_NE(catalogue_.find("lib.inner.deep.name"), nullptr);
    EXPECT_EQ(catalogue_.find("lib.inner.deep.name")->target, "inside");
    EXPECT_EQ(catalogue_.find("lib.inner.kept")->kind, EntryKind::keep);
    EXPECT_EQ(catalogue_.find("lib.free.anything")->kind, EntryKind::keep);
    EXPECT_EQ(catalogue_.find("lib.innermost"), nullptr);
}

TEST_F(CatalogueTest, defaults_are_no_entries_of_a_name) {
    EXPECT_EQ(catalogue_.find("mx.f"), nullptr);
    EXPECT_EQ(catalogue_.mlx_default("mx.f", "axis"), "0");
    EXPECT_EQ(catalogue_.mlx_default("mx.f", "keepdims"), "False");
    EXPECT_EQ(catalogue_.mlx_default("mx.f", "dtype"), "");
    EXPECT_EQ(catalogue_.mlx_default("mx.g", "axis"), "");
}

TEST_F(CatalogueTest, a_body_stands_by_itself_without_its_decorators) {
    const Body& function = catalogue_.body(*catalogue_.find("lib.g"));
    EXPECT_EQ(function.text, "def f(x, dim=0):\n    return mx.f(x, axis=dim)");
    EXPECT_EQ(function.tree[function.node].kind, syntax::Kind::function_def);
    EXPECT_EQ(function.tree[function.node].span.begin, 0u);
    EXPECT_EQ(function.file, "lib/ops.py");
    const Body& class_body = catalogue_.body(*catalogue_.find("lib.C"));
    EXPECT_EQ(class_body.name, "C");
    EXPECT_TRUE(class_body.text.starts_with("class C(nn.Module):"));
    EXPECT_EQ(&catalogue_.body(*catalogue_.find("lib.f")), &function) << "two names of one function share its body";
}

TEST_F(CatalogueTest, python_names_are_seen_from_their_file) {
    const std::uint32_t ops = 0;
    ASSERT_NE(catalogue_.local(ops, "_private"), nullptr);
    EXPECT_EQ(catalogue_.local(ops, "f")->name, "f");
    EXPECT_EQ(catalogue_.local(ops, "LIMIT")->name, "LIMIT");
    EXPECT_EQ(catalogue_.local(ops, "unknown"), nullptr);
    EXPECT_EQ(catalogue_.local(1, "LIMIT"), nullptr) << "another file's constant";
}

TEST_F(CatalogueTest, imports_lead_to_other_files_through_any_number_of_them) {
    ASSERT_NE(catalogue_.local(0, "shared"), nullptr);
    EXPECT_EQ(catalogue_.local(0, "shared")->file, "lib/deeper.py");
    EXPECT_EQ(catalogue_.import_line(0, "prod"), "from numpy import prod");
    EXPECT_EQ(catalogue_.import_line(0, "shared"), "");
}

TEST_F(CatalogueTest, several_threads_get_the_same_bodies) {
    std::vector<const Body*> seen(8);
    std::vector<std::thread> threads;
    for (std::size_t at = 0; at < seen.size(); ++at)
        threads.emplace_back([&, at] { seen[at] = &catalogue_.body(*catalogue_.find("lib.C")); });
    for (std::thread& thread : threads) thread.join();
    for (const Body* body : seen) EXPECT_EQ(body, seen[0]);
}

TEST_F(CatalogueTest, a_folder_of_the_user_comes_first) {
    const auto folder = std::filesystem::temp_directory_path() / ("mlxify-catalogue-" + std::to_string(::getpid()));
    std::filesystem::create_directories(folder);
    std::ofstream(folder / "own.py") << "constant(\"lib.float\", \"mx.bfloat16\")\n";
    const auto both = Catalogue::with_folders(index_->view(), {folder.string()});
    std::ofstream(folder / "own.py") << "constant(\"lib.float\")\n";
    const auto broken = Catalogue::with_folders(index_->view(), {folder.string()});
    std::filesystem::remove_all(folder);
    ASSERT_TRUE(both) << both.error().message;
    EXPECT_EQ(both->find("lib.float")->target, "mx.bfloat16");
    ASSERT_NE(both->find("lib.g"), nullptr);
    EXPECT_EQ(both->body(*both->find("lib.g")).name, "f");
    EXPECT_FALSE(broken);
}

}  // namespace
}  // namespace mlxify::catalogue
