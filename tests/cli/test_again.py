"""`mlxify verify --again FILE` repeats what the header of a saved file states."""

import re
from pathlib import Path

import pytest
from installed_program import GATE, Ran, mlxify


@pytest.fixture(scope="module")
def converted(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """The texts of gate.py and of what it was saved as."""
    folder = tmp_path_factory.mktemp("converted")
    (folder / "gate.py").write_text(GATE)
    ran = mlxify("convert", "gate.py", cwd=folder)
    assert ran.code == 0, ran.out
    return GATE, (folder / "mlx_architectures/gate.py").read_text()


@pytest.fixture
def folder(tmp_path: Path, converted: tuple[str, str]) -> Path:
    original, saved = converted
    (tmp_path / "mlx_architectures").mkdir()
    (tmp_path / "gate.py").write_text(original)
    (tmp_path / "mlx_architectures/gate.py").write_text(saved)
    return tmp_path


def again(folder: Path, *options: str) -> Ran:
    return mlxify("verify", "--again", "--json", *options, "mlx_architectures/gate.py", cwd=folder)


def codes(ran: Ran) -> list[str]:
    return [d["code"] for d in ran.files[0]["diagnostics"] if d["severity"] == "refusal"]


def test_what_holds_is_shown_again(folder: Path):
    stated = re.findall(r"^- (Gate.*)$", (folder / "mlx_architectures/gate.py").read_text(), re.M)
    ran = again(folder)
    assert ran.code == 0, ran.out
    report = ran.files[0]
    assert report["outcome"] == "compared" and report["level"] == "verified"
    assert [sample["call"] for sample in report["entries"][0]["samples"]] == stated != []


def test_a_file_that_was_edited_is_not_what_it_states(folder: Path):
    saved = folder / "mlx_architectures/gate.py"
    text = saved.read_text()
    assert "mx.sigmoid(" in text
    saved.write_text(text.replace("mx.sigmoid(", "mx.tanh("))
    ran = again(folder)
    assert ran.code == 1
    assert "MX6004" in codes(ran)


def test_a_changed_original_is_another(folder: Path):
    original = folder / "gate.py"
    original.write_text(original.read_text() + "\n")
    ran = again(folder)
    assert ran.code == 1
    assert codes(ran) == ["MX6014"]


def test_the_original_is_found_by_its_content_or_named(folder: Path):
    (folder / "pytorch_arch").mkdir()
    (folder / "gate.py").rename(folder / "pytorch_arch/gate.py")
    (folder / "gate.py").write_text("x = 1\n")  # another file of that name
    assert again(folder).code == 0
    (folder / "elsewhere/deep").mkdir(parents=True)
    (folder / "pytorch_arch/gate.py").rename(folder / "elsewhere/deep/first.py")
    (folder / "gate.py").unlink()
    lost = again(folder)
    assert lost.code == 2 and "--original" in lost.files[0]["trouble"]
    assert again(folder, "--original", "elsewhere/deep/first.py").code == 0


def test_a_file_without_a_header_states_nothing(folder: Path):
    (folder / "mlx_architectures/gate.py").write_text("import mlx.core as mx\n")
    ran = again(folder)
    assert ran.code == 2 and "header" in ran.files[0]["trouble"]


def test_usage(folder: Path):
    assert mlxify("verify", "gate.py", cwd=folder).code == 2
    assert mlxify("verify", "--again", "--call", "Gate()(f32[2, 8])", "gate.py", cwd=folder).code == 2
    assert mlxify("verify", "--original", "gate.py", "gate.py", cwd=folder).code == 2


def test_inner_modules_with_channels_last_are_called_as_they_were(tmp_path: Path):
    lines = [
        "import torch.nn as nn",
        "",
        "",
        "class Block(nn.Module):",
        "    def __init__(self, n=4):",
        "        super().__init__()",
    ]
    lines += ["        self.conv = nn.Conv2d(n, n, 3, padding=1)", "        self.norm = nn.BatchNorm2d(n)", ""]
    lines += [
        "    def forward(self, x):",
        "        return self.norm(self.conv(x)) + x",
        "",
        "",
        "class Net(nn.Module):",
    ]
    lines += [
        "    def __init__(self):",
        "        super().__init__()",
        "        self.stem = nn.Conv2d(3, 4, 3)",
        "        self.block = Block()",
        "",
    ]
    lines += ["    def forward(self, x):", "        return self.block(self.stem(x)).mean((2, 3))", ""]
    (tmp_path / "net.py").write_text("\n".join(lines))
    saved = mlxify("convert", "net.py", "--layout", "channels-last", "--call", "Block(4)(f32[2, 4, 6, 5])", cwd=tmp_path)
    assert saved.code == 0, saved.out
    text = (tmp_path / "mlx_architectures/net.py").read_text()
    assert "images are held channels-last inside" in text and "- Block" in text
    ran = mlxify("verify", "--again", "--json", "mlx_architectures/net.py", cwd=tmp_path)
    assert ran.code == 0, ran.out
