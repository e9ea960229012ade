#include "pipeline/header.h"

#include <gtest/gtest.h>

#include "pipeline/docstring.h"

namespace mlxify::pipeline {
namespace {

const std::string kHeader = "Converted from PyTorch to MLX by mlxify 0.1.0.\n\nOriginal: net.py\n";

TEST(Header, StandsAfterTheAuthorsWords) {
    EXPECT_EQ(with_header("\"\"\"A net.\"\"\"\nimport mlx\n", kHeader), "\"\"\"A net.\n\n" + kHeader + "\"\"\"\nimport mlx\n");
    EXPECT_EQ(with_header("# top\n\n'''A net.\n\nMore.\n'''\nx = 1\n", kHeader),
              "# top\n\n'''A net.\n\nMore.\n\n" + kHeader + "'''\nx = 1\n");
}

TEST(Header, ASingleQuotedDocstringGetsThreeOfItsQuotes) {
    EXPECT_EQ(with_header("'it\"\"\"s'; x = 1\n", kHeader), "'''it\"\"\"s\n\n" + kHeader + "'''; x = 1\n");
}

TEST(Header, OnlyTheLastOfJoinedPartsGrows) {
    EXPECT_EQ(with_header("(\"one \"  # it's\n r'two')\n", kHeader), "(\"one \"  # it's\n r'''two\n\n" + kHeader + "''')\n");
}

TEST(Header, AFileWithoutADocstringGetsOne) {
    EXPECT_EQ(with_header("import mlx\n", kHeader), "\"\"\"" + kHeader + "\"\"\"\n\nimport mlx\n");
    EXPECT_EQ(with_header("from __future__ import annotations\n", kHeader),
              "\"\"\"" + kHeader + "\"\"\"\n\nfrom __future__ import annotations\n");
    EXPECT_EQ(with_header("", kHeader), "\"\"\"" + kHeader + "\"\"\"\n");
    EXPECT_EQ(with_header("f'no {doc}'\n", kHeader), "\"\"\"" + kHeader + "\"\"\"\n\nf'no {doc}'\n");
    EXPECT_EQ(with_header("'no doc'.strip()\n", kHeader), "\"\"\"" + kHeader + "\"\"\"\n\n'no doc'.strip()\n");
}

TEST(Header, CommentsAboveStayAbove) {
    const std::string doc = "\"\"\"" + kHeader + "\"\"\"\n";
    EXPECT_EQ(with_header("#!/usr/bin/env python\n# -*- coding: utf-8 -*-\nimport mlx\n", kHeader),
              "#!/usr/bin/env python\n# -*- coding: utf-8 -*-\n" + doc + "\nimport mlx\n");
    EXPECT_EQ(with_header("# Copyright somebody\nimport mlx\n", kHeader), "# Copyright somebody\n" + doc + "\nimport mlx\n");
    EXPECT_EQ(with_header("# A small net.\n\nimport mlx\n", kHeader), "# A small net.\n" + doc + "\nimport mlx\n");
    EXPECT_EQ(with_header("# arrays\nimport mlx\n", kHeader), doc + "\n# arrays\nimport mlx\n");
    EXPECT_EQ(with_header("\xef\xbb\xbfimport mlx\n", kHeader), "\xef\xbb\xbf" + doc + "\nimport mlx\n");
}

TEST(Header, LineBreaksAreTheFiles) {
    std::string crlf;
    for (const char c : kHeader) crlf += c == '\n' ? std::string("\r\n") : std::string(1, c);
    EXPECT_EQ(with_header("\"\"\"A net.\"\"\"\r\nx = 1\r\n", kHeader), "\"\"\"A net.\r\n\r\n" + crlf + "\"\"\"\r\nx = 1\r\n");
}

TEST(Header, WhatWouldEndTheLiteralIsEscaped) {
    const std::string header = "name \"\"\" and \\ end\n";
    EXPECT_EQ(with_header("\"\"\"A.\"\"\"\n", header), "\"\"\"A.\n\nname \\\"\"\" and \\\\ end\n\"\"\"\n");
    EXPECT_EQ(with_header("r\"\"\"A.\"\"\"\n", header), "r\"\"\"A.\n\nname '\"\" and / end\n\"\"\"\n");
}

TEST(Header, ASecondOneReplacesTheFirst) {
    for (const std::string text : {"\"\"\"A net.\"\"\"\nx = 1\n", "import mlx\n", "'''A\n'''\n", "'A'\r\nx = 1\r\n", "# c\n\nx = 1\n", "'''A\n\n\n'''\n",
                                   "'''A\n\n  '''\n"}) {
        const std::string once = with_header(text, kHeader);
        EXPECT_EQ(with_header(once, kHeader), once) << text;
    }
}

TEST(Header, ErrorsAreRoundedUp) {
    EXPECT_EQ(rounded_up(0), "0");
    EXPECT_EQ(rounded_up(3.1e-7), "5e-07");
    EXPECT_EQ(rounded_up(5e-7), "5e-07");
    EXPECT_EQ(rounded_up(7e-7), "1e-06");
    EXPECT_EQ(rounded_up(1.2e-5), "2e-05");
}

TEST(Header, ASampleThatSpellsOutATensorIsCut) {
    verify::Verdict verdict;
    verify::EntryProof entry;
    entry.samples = {{"Net(8)(f32[2, 8], mask=i64([" + std::string(800, '1') + "]))", "search: mask"}};
    verdict.entries = {entry};
    const std::string text = verification_header({"net.py", "abc", "0.1.0"}, verdict, {}, {}, source::SourceText("net.py", ""));
    EXPECT_NE(text.find("\n- Net(8)(f32[2, 8], … (by search: mask)\n"), std::string::npos) << text;
}

TEST(Header, SaysWhichQuantitiesWereProved) {
    verify::EntryProof entry;
    entry.level = verify::Level::verified;
    EXPECT_EQ(proved_quantities(entry), "values (it has no gradient)");
    entry.stages = {{"gradients", verify::StageResult::skipped, ""}};
    EXPECT_EQ(proved_quantities(entry), "values (it has no gradient)");
    entry.stages = {{"gradients", verify::StageResult::passed, ""}};
    EXPECT_EQ(proved_quantities(entry), "values and gradients");
    entry.level = verify::Level::verified_for_inference;
    EXPECT_EQ(proved_quantities(entry), "values (inference only)");
}

TEST(Header, NamesFiguresSamplesAndLimits) {
    const source::SourceText original("net.py", "import torch\nmain()\n");
    verify::Verdict verdict;
    verify::EntryProof entry;
    entry.name = "Net";
    entry.level = verify::Level::verified;
    entry.original_dtype = "float32";
    entry.samples = {{"Net(8)(f32[2, 8])", "search"}, {"Net(8)(f32[3, 8])", "other sizes"}};
    entry.max_error = 3.1e-7;
    entry.gradient_error = 1.2e-6;
    entry.stages = {{"gradients", verify::StageResult::passed, ""}};
    verdict.entries = {entry};
    verdict.not_proved = {"Unused"};
    const std::vector<diagnostics::Diagnostic> remarks = {
        {diagnostics::Code::left_out, diagnostics::Severity::remark, {13, 19}, "the main block was left out", "", diagnostics::Trust::review}};
    EXPECT_EQ(verification_header({"net\n.py", "abc", "0.1.0"}, verdict, {"float64 became float32"}, remarks, original),
              "Converted from PyTorch to MLX by mlxify 0.1.0.\n\nOriginal: net\\n.py\nsha256: abc\n"
              "Verified against PyTorch: Net, values and gradients in float32.\n"
              "- Net(8)(f32[2, 8])\n- Net(8)(f32[3, 8])\n"
              "Largest error, relative to each array's scale: values 5e-07, gradients 2e-06.\n"
              "Assumptions:\n- float64 became float32\n"
              "Limitations:\n- the main block was left out (original line 2)\n"
              "Not proved:\n- Unused\n");
}

}  // namespace
}  // namespace mlxify::pipeline
