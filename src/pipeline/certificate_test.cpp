#include "pipeline/certificate.h"

#include <gtest/gtest.h>

#include "pipeline/docstring.h"
#include "pipeline/header.h"
#include "source/source_text.h"

namespace mlxify::pipeline {
namespace {

const std::string kSha256(64, 'a');

verify::EntryProof proof_of(std::string name, std::vector<std::string> calls) {
    verify::EntryProof entry;
    entry.name = std::move(name);
    entry.level = verify::Level::verified;
    for (std::string& call : calls) entry.samples.push_back({std::move(call), "search"});
    entry.stages = {{"gradients", verify::StageResult::passed, ""}};
    return entry;
}

// What a file is saved with, read back from a docstring of each kind.
std::string saved(const verify::Verdict& verdict, std::string_view text = "import mlx.core as mx\n") {
    const source::SourceText original("net.py", "x = 1\n");
    return with_header(text, verification_header({"net.py", kSha256, "0.1.0"}, verdict, {"an assumption"}, {}, original));
}

TEST(Certificate, IsWhatTheHeaderStates) {
    const std::string quoted = R"(Net(name="it\"s", path='a\\b', empty="")(f32[2, 8]))";
    const std::string long_call = "Net(" + std::string(20, 'a') + "=1, " + std::string(60, 'b') + "=[1, 2, 3], " + std::string(50, 'c') + "=2)(f32[2, 8])";
    verify::Verdict verdict;
    verdict.entries = {proof_of("Net", {quoted, long_call}), proof_of("loss", {"loss(f32[2])"})};
    verdict.not_proved = {"helper"};
    for (const std::string_view text : {"import mlx.core as mx\n", "\"\"\"A net.\"\"\"\n", "'A net.'\r\nx = 1\r\n", "# Copyright\n\nx = 1\n"}) {
        const auto certificate = read_certificate(saved(verdict, text));
        ASSERT_TRUE(certificate) << text;
        EXPECT_EQ(certificate->version, "0.1.0");
        EXPECT_EQ(certificate->file_name, "net.py");
        EXPECT_EQ(certificate->sha256, kSha256);
        ASSERT_EQ(certificate->entries.size(), 2U);
        EXPECT_EQ(certificate->entries[0].name, "Net");
        EXPECT_EQ(certificate->entries[0].quantities, "values and gradients");
        EXPECT_EQ(certificate->entries[0].calls, (std::vector<std::string>{quoted, long_call}));
        EXPECT_FALSE(certificate->entries[0].abbreviated);
        EXPECT_EQ(certificate->entries[1].calls, std::vector<std::string>{"loss(f32[2])"});
    }
}

TEST(Certificate, ATensorSpelledOutIsNotRepeated) {
    std::string numbers = "1";
    for (int i = 0; i < 400; ++i) numbers += ", 1";
    verify::Verdict verdict;
    verdict.entries = {proof_of("Net", {"Net(8)(f32[2, 8], i64([" + numbers + "]))"})};
    const auto certificate = read_certificate(saved(verdict));
    ASSERT_TRUE(certificate);
    EXPECT_TRUE(certificate->entries[0].abbreviated);
    EXPECT_TRUE(certificate->entries[0].calls.empty());
}

TEST(Certificate, ATextWithoutOneSaysSo) {
    EXPECT_FALSE(read_certificate("import mlx.core as mx\n"));
    EXPECT_FALSE(read_certificate("\"\"\"A net.\"\"\"\n"));
    verify::Verdict verdict;
    verdict.entries = {proof_of("Net", {"Net()(f32[2])"})};
    std::string changed = saved(verdict);
    changed.replace(changed.find(kSha256), 4, "");
    EXPECT_FALSE(read_certificate(changed));
}

TEST(Certificate, IsHeldAgainstTheNewProof) {
    verify::Verdict verdict;
    verdict.entries = {proof_of("Net", {"Net()(f32[2])", "Net()(f32[3])"})};
    const auto certificate = read_certificate(saved(verdict));
    ASSERT_TRUE(certificate);
    EXPECT_TRUE(not_borne_out(*certificate, verdict).empty());

    verify::Verdict less = verdict;
    less.entries[0].stages.clear();  // no gradients
    EXPECT_EQ(not_borne_out(*certificate, less).size(), 1U);
    less = verdict;
    less.entries[0].level = verify::Level::verified_for_inference;
    EXPECT_EQ(not_borne_out(*certificate, less).size(), 1U);
    less = verdict;
    less.entries[0].samples.pop_back();
    EXPECT_EQ(not_borne_out(*certificate, less).size(), 1U);
    less.entries.clear();
    EXPECT_EQ(not_borne_out(*certificate, less).size(), 1U);
}

}  // namespace
}  // namespace mlxify::pipeline
