"""tools/bench_ports.py: its list of pairs, what it hands to a port, and its table. Nothing is timed."""

import ast
import json
import re

import bench_ports
import numpy as np
import pytest
from bench_ports import ROOT, Failed, Pair, Side, error_between, table, weights_of_port

from mlxify.workers import arrays
from mlxify.workers.arrays import Raw

PAIRS = json.loads(bench_ports.LIST.read_text())
PACKAGES = {"mlx_lm": "mlx-lm", "mlx_whisper": "mlx-whisper", "mlxim": "mlx-image"}  # by what is imported

pairs = pytest.mark.parametrize("item", PAIRS, ids=[item["port"] for item in PAIRS])


def defined(text: str) -> set[str]:
    return {node.name for node in ast.parse(text).body if isinstance(node, (ast.ClassDef, ast.FunctionDef))}


def called(expression: str) -> set[str]:
    """The names that an expression calls, and the classes that it names."""
    return {node.id for node in ast.walk(ast.parse(expression)) if isinstance(node, ast.Name)} - {"mx"}


@pairs
def test_original_defines_what_is_constructed(item):
    assert called(item["construct"]) <= defined((ROOT / item["file"]).read_text())


@pairs
def test_package_of_port_is_pinned(item):
    pinned = re.findall(r"^(\S+)==", (ROOT / "requirements/ports.txt").read_text(), re.MULTILINE)
    assert PACKAGES[item["port"].partition(".")[0]] in pinned


@pairs
def test_port_defines_what_is_constructed(item):
    file = (ROOT / "build/ports" / item["port"].replace(".", "/")).with_suffix(".py")
    if not file.exists():
        pytest.skip("the ports are installed by `make bench-models`")
    assert called(item["port_construct"]) <= defined(file.read_text())


def test_every_original_has_a_pair():
    originals = {str(path.relative_to(ROOT)) for path in (ROOT / "bench/models/originals").glob("*.py")}
    assert originals == {item["file"] for item in PAIRS}


def raw(*shape: int) -> Raw:
    return Raw.of(np.arange(np.prod(shape), dtype=np.float32).reshape(shape))


def test_weights_get_names_and_layouts_of_the_port():
    item = {"renames": [["^head\\.", "model.head."], ["^tied$", ""]], "layouts": {"4": [0, 2, 3, 1]}}
    weights = {"head.kernel": raw(2, 3, 5, 7), "bias": raw(4), "tied": raw(1), "mask": raw(9)}
    given = weights_of_port(weights, item, unsaved=["mask"])
    assert {name: value.shape for name, value in given.items()} == {"model.head.kernel": (2, 5, 7, 3), "bias": (4,)}
    assert np.array_equal(given["model.head.kernel"].values, weights["head.kernel"].values.transpose(0, 2, 3, 1))


def test_two_weights_of_one_name_are_refused():
    with pytest.raises(Failed, match="two weights become `w`"):
        weights_of_port({"a.w": raw(1), "b.w": raw(1)}, {"renames": [["^.*\\.", ""]]})


def test_outputs_that_cannot_be_compared_are_not_equal(tmp_path):
    ones = np.ones((2, 3), np.float32)
    outputs = {"same": ones, "near": ones * 1.5, "wide": ones[:1], "nan": ones * np.nan}
    for name, values in outputs.items():
        arrays.write(str(tmp_path / name), {"leaf.0": Raw.of(values)})
    arrays.write(str(tmp_path / "none"), {})
    assert [error_between(tmp_path / "same", tmp_path / name) for name in [*outputs, "none"]] == [0, 0.5, *[np.inf] * 3]
    assert error_between(tmp_path / "none", tmp_path / "none") == np.inf


def test_module_is_imported_without_its_packages(tmp_path):
    folder = tmp_path / "package" / "models"
    folder.mkdir(parents=True)
    for init in (tmp_path / "package", folder):
        (init / "__init__.py").write_text("raise ImportError('what no model needs')")
    (folder / "size.py").write_text("SIZE = 3")
    (folder / "net.py").write_text(
        "import mlx.nn as nn\n\nfrom .size import SIZE\n\n\ndef net():\n    return nn.Linear(SIZE, 2)\n"
    )
    side = Side("mlx", "cpu", [str(tmp_path)])
    try:
        side.ask("import", module="package.models.net")
        built = side.ask("construct", expression="net()")
    finally:
        side.end()
    assert {parameter["name"]: parameter["shape"] for parameter in built["parameters"]} == {
        "weight": [2, 3],
        "bias": [2],
    }


def pair(model: str, ratio: float, error: float, options: str = "") -> Pair:
    return Pair(model, "CNN", f"package.{model}", options, 1_250_000, error, 0.2, 0.1, 0.1 * ratio, ratio, ratio / 2)


def test_table_sums_up_the_ratios():
    text = table(
        [pair("a", 0.5, 1e-6), pair("b", 0.9, 2e-6), pair("c", 1.1, 3e-7, "--layout channels-last")], ["d (not verified)"], "2 CPU cores", 15
    )
    assert "2 CPU cores, " in text and "medians of 15 turns" in text
    assert "| b | CNN | `package.b` | 1.2 M | 2.0e-06 | 200.0 | 100.0 | 90.0 | **0.90** | 0.45 |" in text
    assert (
        "3 pairs. Ratio of the conversion's time to the port's: median 0.90, best 0.50, worst 1.10; of processor time: median 0.45"
        in text
    )
    assert "| c (`--layout channels-last`) | CNN |" in text
    assert "Largest error 2.0e-06." in text
    assert "Not measured: d (not verified)." in text


def test_table_of_nothing_says_so():
    assert "No pair ran." in table([], [], "2 CPU cores", 15)
