"""A file that was proved is not proved again, unless anything has changed that the proof depends on."""

from pathlib import Path

import pytest
from installed_program import GATE, mlxify

CALL = "Gate(8)(f32[2, 8])"


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


def convert(folder: Path, cache: Path, *options: str) -> dict:
    """The report on gate.py."""
    ran = mlxify("convert", "--json", *options, "gate.py", cwd=folder, XDG_CACHE_HOME=str(cache))
    assert ran.code == 0, ran.out + ran.err
    return ran.files[0]


def entries(cache: Path) -> list[Path]:
    return sorted(cache.rglob("*.proof"))


def test_an_unchanged_file_is_proved_once(gate: Path, cache: Path):
    first = convert(gate.parent, cache, "--call", CALL)
    saved = gate.parent / "mlx_architectures/gate.py"
    text = saved.read_bytes()
    saved.unlink()
    second = convert(gate.parent, cache, "--call", CALL)
    assert not first["proved_earlier"] and second["proved_earlier"]
    assert saved.read_bytes() == text
    for field in ("sha256", "outcome", "level", "stage", "entries", "diagnostics", "helpers", "unreached_lines"):
        assert second[field] == first[field], field


def test_what_a_proof_depends_on_makes_it_anew(gate: Path, cache: Path):
    convert(gate.parent, cache, "--call", CALL)
    assert not convert(gate.parent, cache, "--call", CALL, "--no-cache")["proved_earlier"]
    assert not convert(gate.parent, cache, "--call", "Gate(4)(f32[2, 4])")["proved_earlier"]
    gate.write_text(GATE.replace("torch.sigmoid", "torch.tanh"))
    assert not convert(gate.parent, cache, "--call", CALL)["proved_earlier"]
    assert "mx.tanh" in (gate.parent / "mlx_architectures/gate.py").read_text()
    assert len(entries(cache)) == 3


def test_a_damaged_proof_is_none(gate: Path, cache: Path):
    convert(gate.parent, cache, "--call", CALL)
    (proof,) = entries(cache)
    for damaged in (b"", b"\xff\xff", proof.read_bytes()[:-40]):
        proof.write_bytes(damaged)
        assert not convert(gate.parent, cache, "--call", CALL)["proved_earlier"]


def test_a_refusal_is_not_kept(gate: Path, cache: Path):
    gate.write_text(GATE.replace("self.proj(x) *", "self.proj(x).undefined() *"))
    ran = mlxify("convert", "--call", CALL, "gate.py", cwd=gate.parent, XDG_CACHE_HOME=str(cache))
    assert ran.code == 1
    assert entries(cache) == []


def test_a_file_that_imports_its_neighbours_is_proved_each_time(gate: Path, cache: Path):
    (gate.parent / "neighbour.py").write_text("SCALE = 2.0\n")
    gate.write_text("import neighbour\n" + GATE.replace("return ", "return neighbour.SCALE * "))
    ran = mlxify("convert", "--call", CALL, "gate.py", cwd=gate.parent, XDG_CACHE_HOME=str(cache))
    assert entries(cache) == [], ran.out
