"""The digest of an installation moves with all that a model could import from it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[2] / "python"


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    """One of installed packages, one of plain sources."""
    installed, sources = tmp_path / "installed", tmp_path / "sources"
    (installed / "thing-1.0.dist-info").mkdir(parents=True)
    (sources / "models").mkdir(parents=True)
    (sources / "models/layers.py").write_text("SCALE = 1\n")
    return installed, sources


def digest(*folders: Path) -> str:
    path = os.pathsep.join(map(str, [PACKAGE, *folders]))
    command = [sys.executable, "-P", "-m", "mlxify.installation"]
    return subprocess.check_output(command, env={**os.environ, "PYTHONPATH": path}, text=True).strip()


def test_it_stays_while_nothing_changes(folders: tuple[Path, Path]):
    assert len(digest(*folders)) == 64
    assert digest(*folders) == digest(*folders)


def test_it_moves_with_what_is_installed(folders: tuple[Path, Path]):
    installed, _ = folders
    before = digest(*folders)
    (installed / "thing-1.0.dist-info").rename(installed / "thing-1.1.dist-info")
    assert digest(*folders) != before


def test_it_moves_with_a_source_on_the_module_path(folders: tuple[Path, Path]):
    _, sources = folders
    before = digest(*folders)
    (sources / "models/layers.py").write_text("SCALE = 20\n")
    assert digest(*folders) != before


def test_an_editable_installation_has_none(folders: tuple[Path, Path]):
    installed, _ = folders
    (installed / "__editable___thing_finder.py").write_text("MAPPING = {}\n")
    assert digest(*folders) == ""
