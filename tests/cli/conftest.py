"""Fixtures of the tests that drive the installed program."""

import os
from pathlib import Path

import pytest
from installed_program import GATE


@pytest.fixture(autouse=True, scope="session")
def own_git_configuration():
    """The user's hooks and signing are none of these tests' business."""
    os.environ["GIT_CONFIG_GLOBAL"] = os.devnull
    os.environ["GIT_CONFIG_NOSYSTEM"] = "1"


@pytest.fixture(autouse=True, scope="session")
def own_cache(tmp_path_factory: pytest.TempPathFactory):
    """What the user's earlier runs proved must not decide these tests, nor theirs the user's runs."""
    os.environ["XDG_CACHE_HOME"] = str(tmp_path_factory.mktemp("cache"))


@pytest.fixture
def gate(tmp_path: Path) -> Path:
    """The file gate.py in an empty folder."""
    path = tmp_path / "gate.py"
    path.write_text(GATE)
    return path
