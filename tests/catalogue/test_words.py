"""The words of catalogue files state entries, and mean what they say when Python runs them."""

from pathlib import Path

import mlx.core as mx
import pytest

from mlxify import catalogue
from mlxify.catalogue import Refused, constant, defaults, dissolve, is_tensor, known, mutated, never, refuse, rule


@pytest.fixture(autouse=True)
def own_registry(monkeypatch: pytest.MonkeyPatch) -> list[catalogue.Entry]:
    stated: list[catalogue.Entry] = []
    monkeypatch.setattr(catalogue, "_entries", stated)
    return stated


def test_one_entry_for_each_name(own_registry: list[catalogue.Entry]) -> None:
    @rule("torch.a", "torch.Tensor.a", view_of="input", fields=("values", "indices"))
    def a(input):
        return input

    assert [entry.qualified for entry in own_registry] == ["torch.a", "torch.Tensor.a"]
    assert all(entry.python is a and entry.view_of == "input" and entry.kind == "rule" for entry in own_registry)
    assert own_registry[0].fields == ("values", "indices")
    assert next(catalogue.named("torch.Tensor.a")).python is a


def test_last_text_is_target_or_reason(own_registry: list[catalogue.Entry]) -> None:
    constant("torch.long", "torch.int64", "mx.int64")
    never("torch.x.*", "there is none", suggest="do without", argument="out")
    dissolve("torch.no_grad", stops_gradient=True)
    defaults("mx.stack", axis=0)
    assert [(entry.kind, entry.qualified, entry.target) for entry in own_registry[:3]] == [
        ("constant", "torch.long", "mx.int64"),
        ("constant", "torch.int64", "mx.int64"),
        ("never", "torch.x.*", "there is none"),
    ]
    assert (own_registry[2].suggest, own_registry[2].argument) == ("do without", "out")
    assert own_registry[3].stops_gradient
    assert own_registry[4].values == {"axis": 0}


def test_entries_name_the_traps_that_they_guard(own_registry: list[catalogue.Entry]) -> None:
    @rule("torch.a", trap="grids")
    def a(input):
        return input

    constant("torch.b", "mx.b", trap=("grids", "repeats"))
    assert [entry.trap for entry in own_registry] == [("grids",), ("grids", "repeats")]


def test_every_trap_is_guarded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    entries = catalogue.load(Path(__file__).resolve().parents[2] / "catalogue")
    guarded = {name for entry in entries for name in entry.trap}
    stated = [trap.name for trap in catalogue.traps()]
    assert len(stated) == len(set(stated)) > 30
    assert guarded <= set(stated)
    assert all(trap.rules or trap.name in guarded for trap in catalogue.traps())


def test_words_of_bodies() -> None:
    assert known(False) and mutated(1)
    assert is_tensor(mx.zeros(1)) and not is_tensor(1.0)
    with pytest.raises(Refused, match=r"no such thing \(use another\)"):
        refuse("no such thing", suggest="use another")


def test_folder_must_be_a_catalogue(tmp_path) -> None:
    with pytest.raises(ValueError, match="not named `catalogue`"):
        catalogue.load(tmp_path)
