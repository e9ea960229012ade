"""The mutators plant what they say, and what they plant in a small verified model is caught."""

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from kinds import KINDS, mutants

CODE = Path(__file__).parent
ROOT = CODE.parents[1]
MODEL = """
import mlx.core as mx
import mlx.nn as nn


class Gate(nn.Module):
    def __init__(self, dim, eps=1e-5):
        super().__init__()
        self.norm = nn.LayerNorm(dim)
        self.proj = nn.Linear(dim, dim)
        self.eps = eps

    def __call__(self, x):
        a, b = mx.split(self.proj(self.norm(x)), 2, axis=-1)
        y = nn.silu(a) * b / (mx.abs(b).sum(axis=-1, keepdims=True) + self.eps)
        return x[..., : y.shape[-1]] + y
"""


def test_enough_kinds():
    assert len(KINDS) >= 40


def test_mutants_keep_the_lines_before_them_and_parse():
    found = list(mutants(MODEL))
    assert len({mutant.text for mutant in found}) > 20
    for mutant in found:
        compile(mutant.text, "mutant", "exec")
        assert mutant.text.splitlines()[: mutant.line - 1] == MODEL.splitlines()[: mutant.line - 1]
        assert mutant.text != MODEL
    kinds = Counter(mutant.kind for mutant in found)
    expected = {
        "wrong_activation",
        "swapped_names",
        "lost_residual",
        "lost_keepdims",
        "wrong_eps",
        "skipped_norm",
        "other_axis",
    }
    assert expected <= kinds.keys()


@pytest.mark.parametrize("change", [("nn.silu", "nn.gelu"), ("x[..., :", "0.1 * x[..., :"), ("1e-5", "1e-2")])
def test_equivalence_tells_other_functions_apart(tmp_path, change):
    assert change[0] in MODEL
    (tmp_path / "one.py").write_text(MODEL)
    (tmp_path / "same.py").write_text(MODEL.replace("a, b =", "first, b =").replace("(a)", "(first)"))
    (tmp_path / "other.py").write_text(MODEL.replace(*change))
    (tmp_path / "samples.json").write_text(json.dumps(["Gate(8)(f32[2, 3, 8])"]))

    def compared(with_file: str) -> dict:
        command = [sys.executable, CODE / "equivalence.py", "one.py", with_file, "samples.json"]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
        return json.loads(done.stdout.splitlines()[-1])

    assert compared("same.py")["equivalent"]
    assert "difference" in compared("other.py")


def test_the_verifier_catches_what_is_planted(tmp_path):
    tool, piece, page = ROOT / "tools/mutation.py", tmp_path / "piece.json", tmp_path / "page.md"
    command = [sys.executable, tool, ROOT / "examples/mlp.py", "--per-file", "12", "--least", "1", "--json", piece]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "score 100.00 % over 12 mutants of 1 files" in done.stdout

    rows = json.loads(piece.read_text())["rows"]
    converted = {row["line"] for row in rows if row["outcome"] == "caught"}
    assert len(converted) > 3  # lines that the proof reached: on others nothing is caught
    foreign = {**rows[0], "group": "elsewhere", "file": "secret.py", "outcome": "survived", "reason": "differs by 1"}
    (tmp_path / "other.json").write_text(json.dumps({"rows": [foreign], "left_out": [["elsewhere", "x.py", "no"]]}))
    command = [sys.executable, tool, "--merge", piece, tmp_path / "other.json", "--page", page, "--least", "0.98"]
    assert subprocess.run(command, capture_output=True, check=False).returncode == 1
    text = page.read_text()
    assert "2 files, 13 mutants:" in text and "1 survived" in text and "1 of elsewhere" in text
    assert f"| elsewhere | {foreign['line']} | {foreign['kind'].replace('_', ' ')} |  |  | differs by 1 |" in text
    assert "secret.py" not in text  # others' files are counted, not quoted
