"""The main job: convert, prove, save, commit, push; and the same again, which changes nothing."""

from pathlib import Path

import pytest
from installed_program import GATE, Repository, mlxify


@pytest.fixture(scope="module")
def shipped(tmp_path_factory):
    """A repository where gate.py was shipped, beside another staged change: repository, first run, second run."""
    repository = Repository(tmp_path_factory.mktemp("ship"))
    (repository.path / "gate.py").write_text(GATE)
    (repository.path / "staged.txt").write_text("not ours\n")
    repository.git("add", "staged.txt")
    first = mlxify("ship", "gate.py", cwd=repository.path)
    heads = repository.git("rev-parse", "HEAD"), repository.remote_head()
    saved = (repository.path / "mlx_architectures/gate.py").stat()
    second = mlxify("ship", "--json", "gate.py", cwd=repository.path)
    return repository, first, second, heads, saved


def test_the_file_is_saved_committed_and_pushed(shipped):
    repository, first, _, (head, remote_head), _ = shipped
    assert first.code == 0, first
    assert "gate.py → mlx_architectures/gate.py  saved, verified" in first.out
    assert "pushed to origin/main" in first.out
    assert head == remote_head
    assert repository.git("show", "--format=", "--name-only", head) == "mlx_architectures/gate.py"


def test_the_message_carries_the_figures(shipped):
    repository, _, _, (head, _), _ = shipped
    message = repository.git("log", "-1", "--format=%B", head)
    assert message.startswith("Convert gate.py to MLX\n\nVerified against PyTorch by mlxify ")
    assert "Gate, values and gradients in float32:" in message
    assert "largest error, relative to scale: values " in message


def test_the_original_and_other_staged_changes_stay(shipped):
    repository, *_ = shipped
    assert (repository.path / "gate.py").read_text() == GATE
    assert repository.git("diff", "--cached", "--name-only") == "staged.txt"


def test_the_same_command_again_changes_nothing_and_says_so(shipped):
    repository, _, second, (head, _), saved = shipped
    assert second.code == 0, second
    (report,) = second.files
    assert report["outcome"] == "unchanged"
    assert report["git"]["committed"] is False and report["git"]["pushed_to"] is None
    assert repository.git("rev-parse", "HEAD") == head == repository.remote_head()
    now = (repository.path / "mlx_architectures/gate.py").stat()
    assert (now.st_mtime_ns, now.st_ino) == (saved.st_mtime_ns, saved.st_ino)


def test_the_saved_file_says_what_was_proved(shipped):
    repository, *_ = shipped
    path = repository.path / "mlx_architectures/gate.py"
    text = path.read_text()
    compile(text, str(path), "exec")
    assert text.startswith('"""A small gate.\n\nConverted from PyTorch to MLX by mlxify ')
    assert "Original: gate.py\nsha256: " in text
    assert "Verified against PyTorch: Gate, values and gradients in float32." in text
    assert "# one gate per feature" in text and '"""Lets through what its gate allows."""' in text


def test_the_sample_that_was_used_can_be_given_back(shipped):
    repository, _, second, *_ = shipped
    call = second.files[0]["entries"][0]["samples"][0]["call"]
    ran = mlxify("convert", "--check", "--json", "--call", call, "gate.py", cwd=repository.path)
    assert ran.files[0]["entries"][0]["samples"][0] == {"call": call, "origin": "--call"}


def test_a_pair_can_be_verified_alone(shipped):
    repository, *_ = shipped
    good = mlxify("verify", "gate.py", "mlx_architectures/gate.py", cwd=repository.path)
    assert good.code == 0 and "verified" in good.out
    wrong = (
        (repository.path / "mlx_architectures/gate.py").read_text().replace("self.proj(x) *", "1.01 * self.proj(x) *")
    )
    (repository.path / "wrong.py").write_text(wrong)
    bad = mlxify("verify", "--json", "gate.py", "wrong.py", cwd=repository.path)
    assert bad.code == 1
    assert "MX6004" in {d["code"] for d in bad.files[0]["diagnostics"]}


@pytest.mark.parametrize("name", ["-rf gate.py", "line\nbreak 'and\" quotes.py"], ids=["dash", "quotes"])
def test_odd_names(tmp_path: Path, name: str):
    repository = Repository(tmp_path)
    (repository.path / name).write_text(GATE)
    ran = mlxify("ship", "--json", "--", name, cwd=repository.path)
    assert ran.code == 0, ran
    assert (repository.path / "mlx_architectures" / name).exists()
    assert ran.files[0]["git"]["committed"] and repository.git("rev-parse", "HEAD") == repository.remote_head()


def test_check_writes_nothing_and_a_link_is_not_followed(tmp_path: Path):
    (tmp_path / "gate.py").write_text(GATE)
    check = mlxify("convert", "--check", "gate.py", cwd=tmp_path)
    assert check.code == 1 and "would change" in check.out
    assert not (tmp_path / "mlx_architectures").exists()
    (tmp_path / "elsewhere.txt").write_text("precious\n")
    (tmp_path / "mlx_architectures").mkdir()
    (tmp_path / "mlx_architectures/gate.py").symlink_to("../elsewhere.txt")
    ran = mlxify("convert", "gate.py", cwd=tmp_path)
    assert ran.code == 1 and "MX7001" in ran.out
    assert (tmp_path / "elsewhere.txt").read_text() == "precious\n"
