"""Wrong usage and unreadable input: exit code 2, a message, nothing written. Previews: nothing verified, nothing written."""

import json
import os
import subprocess
from pathlib import Path

import pytest
from installed_program import GATE, mlxify

UNCONVERTIBLE = """import torch
import torch.nn as nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.stream = torch.cuda.Stream()

    def forward(self, x):
        return x + 1
"""


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["frobnicate"],
        ["convert"],
        ["convert", "missing.py"],
        ["convert", "--print", "nonsense", "gate.py"],
        ["convert", "--diff", "--json", "gate.py"],
        ["convert", "--jobs", "0", "gate.py"],
        ["convert", "--draft", "mlx_architectures/draft.py", "gate.py"],
        ["convert", "--call", "Gate(8)(f32[2, 8])", "gate.py", "other.py"],
        ["convert", "gate.py", "below/gate.py"],
        ["convert", "empty"],
        ["convert", "--catalogue", "no-such-folder", "gate.py"],
        ["convert", "--sarif", "gate.py", "gate.py"],
        ["convert", "--html", "gate.py", "gate.py"],
        ["verify", "--sarif", "gate.py", "gate.py", "other.py"],
        ["verify", "gate.py"],
        ["verify", "gate.py", "missing.py"],
        ["ship", "gate.py"],
        ["explain", "MX9999"],
    ],
    ids=" ".join,
)
def test_wrong_usage(gate: Path, arguments: list[str]):
    folder = gate.parent
    (folder / "other.py").write_text(GATE)
    (folder / "below").mkdir()
    (folder / "below/gate.py").write_text(GATE)
    (folder / "empty").mkdir()
    before = sorted(folder.rglob("*"))
    ran = mlxify(*arguments, cwd=folder)
    assert ran.code == 2, ran
    assert ran.out == "" and ran.err.strip()
    assert sorted(folder.rglob("*")) == before


def test_version_and_help(tmp_path: Path):
    version = mlxify("--version", cwd=tmp_path)
    assert version.code == 0 and version.out.startswith("mlxify ")
    text = mlxify("--help", cwd=tmp_path)
    assert text.code == 0
    for command in ("convert", "verify", "ship", "explain", "doctor"):
        assert command in text.out


@pytest.mark.parametrize(
    ("content", "code"),
    [(b"name = '\xff'\n", "MX1001"), (b"x" * (21 << 20), "MX1004")],
    ids=["not UTF-8", "too large"],
)
def test_unreadable_files_are_named_with_their_code(tmp_path: Path, content: bytes, code: str):
    (tmp_path / "net.py").write_bytes(content)
    ran = mlxify("convert", "--json", "net.py", cwd=tmp_path)
    assert ran.code == 2
    (report,) = ran.files
    assert report["outcome"] == "unreadable"
    assert [d["code"] for d in report["diagnostics"]] == [code]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_named_pipe_is_not_waited_for(tmp_path: Path):
    os.mkfifo(tmp_path / "net.py")
    assert mlxify("convert", "net.py", cwd=tmp_path, timeout=20).code == 2


def test_a_refusal_shows_code_place_reason_and_help(tmp_path: Path):
    (tmp_path / "net.py").write_text(UNCONVERTIBLE)
    ran = mlxify("convert", "net.py", cwd=tmp_path)
    assert ran.code == 1
    assert "net.py:8:23: MX4102 " in ran.out
    assert "  8 |         self.stream = torch.cuda.Stream()\n" in ran.out
    assert "    |                       ^" in ran.out
    assert "  help: " in ran.out
    assert [p.name for p in tmp_path.iterdir()] == ["net.py"]


def test_json_of_a_refusal(tmp_path: Path):
    (tmp_path / "net.py").write_text(UNCONVERTIBLE)
    ran = mlxify("convert", "--json", "net.py", cwd=tmp_path)
    report, summary = ran.lines
    assert report["outcome"] == "refused" and report["stage"] == "rules"
    refusal = next(d for d in report["diagnostics"] if d["severity"] == "refusal")
    assert (refusal["code"], refusal["place"]["line"], refusal["place"]["column"]) == ("MX4102", 8, 23)
    assert refusal["suggestion"]
    assert summary["type"] == "summary" and summary["schema"] == 1 and summary["outcomes"]["refused"] == 1


def test_unreached_lines_are_those_of_the_saved_file(gate: Path):
    """The header stands above them, and a second run that finds the proof says the same."""
    gate.write_text(GATE.replace("        # one gate", "        if x.shape[0] == 5:\n            return x\n        # one gate"))
    for _ in range(2):
        (report,) = mlxify("convert", "--json", "--call", "Gate(8)(f32[2, 8])", "gate.py", cwd=gate.parent).files
        lines = (gate.parent / "mlx_architectures/gate.py").read_text().splitlines()
        assert [lines[line - 1].strip() for line in report["unreached_lines"]] == ["return x"]
        assert 5 < report["executable_lines"] < len(lines)


def test_a_file_that_does_not_parse(tmp_path: Path):
    (tmp_path / "net.py").write_text("import torch\n\ndef f(x:\n    return x\n")
    ran = mlxify("convert", "net.py", cwd=tmp_path)
    assert ran.code == 1 and "MX1002" in ran.out


def test_diff_is_what_patch_takes(gate: Path):
    ran = mlxify("convert", "--diff", "gate.py", cwd=gate.parent)
    assert ran.code == 0
    text = mlxify("convert", "--print", "text", "gate.py", cwd=gate.parent).out
    assert "import mlx.nn as nn" in text and "torch" not in text
    assert [p.name for p in gate.parent.iterdir()] == ["gate.py"]
    subprocess.run(
        ["git", "apply", "--unsafe-paths", "-p0", "-"], input=diff_onto(ran.out), text=True, cwd=gate.parent, check=True
    )
    assert gate.read_text() == text


def diff_onto(diff: str) -> str:
    """The same change with one name on both sides."""
    return diff.replace("+++ mlx_architectures/gate.py", "+++ gate.py")


@pytest.mark.parametrize("stage", ["syntax", "names", "facts", "rules", "layout", "text"])
def test_every_stage_can_be_printed(gate: Path, stage: str):
    ran = mlxify("convert", "--print", stage, "gate.py", cwd=gate.parent)
    assert ran.code == 0 and "Gate" in ran.out + GATE and ran.out.strip()
    assert [p.name for p in gate.parent.iterdir()] == ["gate.py"]


def test_previews_take_folders(gate: Path):
    (gate.parent / "below").mkdir()
    (gate.parent / "below/net.py").write_text(GATE)
    ran = mlxify("convert", "--diff", ".", cwd=gate.parent)
    assert ran.code == 0
    assert ran.out.count("\n+++ ") == 2


@pytest.mark.parametrize("call", ["Gate(8)(f32[2, 9])", "Gate(8)(f32[2, 8], undefined)", "Gate(8)(f32[2"])
def test_a_call_that_does_not_run_is_refused(gate: Path, call: str):
    """No other sample takes its place: the user would think that theirs was proved."""
    ran = mlxify("convert", "--json", "--call", call, "gate.py", cwd=gate.parent)
    assert ran.code == 1
    assert [d["code"] for d in ran.files[0]["diagnostics"] if d["severity"] == "refusal"] == ["MX6002"]
    assert not (gate.parent / "mlx_architectures").exists()


def test_findings_for_code_scanning(tmp_path: Path):
    (tmp_path / "net.py").write_text(UNCONVERTIBLE)
    for _ in range(2):  # the second log is written over the first
        assert mlxify("convert", "--sarif", "log.sarif", "net.py", cwd=tmp_path).code == 1
    (run,) = json.loads((tmp_path / "log.sarif").read_text())["runs"]
    result = next(result for result in run["results"] if result["level"] == "error")
    assert result["ruleId"] == "MX4102"
    place = result["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "net.py"
    assert place["region"]["startLine"] == 8


def test_explain(tmp_path: Path):
    page = mlxify("explain", "MX4102", cwd=tmp_path)
    assert page.code == 0 and page.out.startswith("# MX4102: ")
    assert mlxify("explain", "mx4102", cwd=tmp_path).out == page.out
    rule = mlxify("explain", "F.pad", cwd=tmp_path)
    assert rule.code == 0 and "torch.nn.functional.pad" in rule.out and "mx.pad" in rule.out
    never = mlxify("explain", "torch.cuda.Stream", cwd=tmp_path)
    assert never.code == 0 and "cannot be converted" in never.out and "help: " in never.out
    unknown = mlxify("explain", "torch.frobnicate", cwd=tmp_path)
    assert unknown.code == 1 and "no entry" in unknown.err


def test_a_catalogue_of_ones_own_wins(tmp_path: Path):
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules/own.py").write_text(
        "from mlxify.catalogue import *\n\n\n"
        '@rule("torch.sigmoid")\ndef sigmoid(input):\n    return 1 / (1 + mx.exp(-input))\n'
    )
    (tmp_path / "gate.py").write_text(GATE)
    ran = mlxify("convert", "--print", "text", "--catalogue", "rules", "gate.py", cwd=tmp_path)
    assert ran.code == 0 and "mx.exp(-self.gate(x))" in ran.out


def test_doctor_finds_what_verification_needs(tmp_path: Path):
    ran = mlxify("doctor", cwd=tmp_path)
    assert ran.code == 0, ran.out
    assert "✓ torch" in ran.out and "✓ mlx" in ran.out and "verification can run" in ran.out


def test_doctor_without_torch(tmp_path: Path):
    bare = tmp_path / "python"
    bare.write_text("#!/bin/sh\necho 'No module named torch' >&2\nexit 1\n")
    bare.chmod(0o755)
    ran = mlxify("doctor", "--python", bare, cwd=tmp_path)
    assert ran.code == 1 and "✗" in ran.out and "help: " in ran.out
