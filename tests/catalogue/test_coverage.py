"""The catalogue knows what model files use, every module of torch.nn, and most operators of PyTorch's own database."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))

import coverage


@pytest.fixture(scope="module")
def measured() -> coverage.Coverage:
    return coverage.measure()


def test_every_name_that_models_use_has_an_entry_or_a_considered_no(measured: coverage.Coverage) -> None:
    assert measured.used == []


def test_every_module_of_torch_has_an_entry_or_a_considered_no(measured: coverage.Coverage) -> None:
    assert measured.modules == []


def test_most_operators_and_modules_of_the_databases_are_converted(measured: coverage.Coverage) -> None:
    assert measured.converted_operators >= 450
    assert measured.converted_modules >= 100


def test_every_considered_no_of_a_module_says_what_to_do() -> None:
    known = coverage.Known(coverage.load(coverage.ROOT / "catalogue"))
    silent = [
        name
        for name, entry in known.by_name.items()
        if entry.kind == "never" and name.startswith("torch.nn.") and not entry.suggest
    ]
    assert silent == []
