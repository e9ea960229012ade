"""tools/lint_includes.py: what it accepts and what it names."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
LINT = REPOSITORY / "tools" / "lint_includes.py"


def lint(source_root: Path) -> tuple[int, list[str]]:
    """Run the lint on a folder; returns its exit code and its lines with paths relative to that folder."""
    done = subprocess.run([sys.executable, LINT, source_root], capture_output=True, text=True, check=False)
    return done.returncode, [line.removeprefix(f"{source_root}/") for line in done.stdout.splitlines()]


def write(source_root: Path, name: str, text: str) -> None:
    path = source_root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


@pytest.mark.parametrize(
    "text",
    [
        '#include "base/span.h"\n',
        '#include "syntax/ast.h"\n#include "names/names.h"\n',
        "#include <vector>\n",
        '// #include "cli/options.h"\n',
    ],
)
def test_accepts_earlier_folders_and_the_standard_library(tmp_path: Path, text: str) -> None:
    write(tmp_path, "names/names.cpp", text)
    assert lint(tmp_path) == (0, [])


@pytest.mark.parametrize(
    ("file", "text", "line"),
    [
        ("syntax/a.h", '\n#include "names/names.h"\n', "syntax/a.h:2: `syntax` stands before `names`"),
        ("base/a.h", '#include "diagnostics/diagnostic.h"\n', "base/a.h:1: `base` stands before `diagnostics`"),
        ("report/a_test.cpp", '#  include "store/store.h"\n', "report/a_test.cpp:1: `report` stands before `store`"),
        ("rules/a.cpp", '#include "plan.h"\n', "rules/a.cpp:1: `plan.h` is not named from src/ on"),
        ("rules/a.cpp", '#include "../base/span.h"\n', "rules/a.cpp:1: `../base/span.h` is not named from src/ on"),
        ("names/a.cpp", "#include <tree_sitter/api.h>\n", "names/a.cpp:1: only `syntax` may include"),
        ("helpers/a.cpp", "", "helpers/a.cpp:1: the folder `helpers` has no place"),
    ],
)
def test_names_file_line_and_reason(tmp_path: Path, file: str, text: str, line: str) -> None:
    write(tmp_path, file, text)
    code, lines = lint(tmp_path)
    assert code == 1
    assert len(lines) == 1
    assert lines[0].startswith(line)


def test_pipeline_and_cli_may_include_every_stage(tmp_path: Path) -> None:
    everything = '#include "store/store.h"\n#include "base/span.h"\n'
    write(tmp_path, "pipeline/convert.cpp", everything)
    write(tmp_path, "cli/main.cpp", everything + '#include "pipeline/convert.h"\n')
    assert lint(tmp_path) == (0, [])


def test_syntax_may_include_tree_sitter(tmp_path: Path) -> None:
    write(tmp_path, "syntax/parse.cpp", "#include <tree_sitter/api.h>\n")
    assert lint(tmp_path) == (0, [])


def test_a_missing_folder_is_wrong_usage(tmp_path: Path) -> None:
    assert lint(tmp_path / "missing")[0] == 2


def test_the_build_adds_the_folders_in_the_same_order() -> None:
    sys.path.insert(0, str(LINT.parent))
    try:
        from lint_includes import ORDER
    finally:
        sys.path.pop(0)
    cmake = (REPOSITORY / "CMakeLists.txt").read_text()
    loop = re.search(r"foreach\(folder IN ITEMS ([a-z ]+)\)", cmake)
    assert loop
    assert [*loop.group(1).split(), *re.findall(r"^mlxify_add_folder\((\w+)\)$", cmake, re.MULTILINE)] == list(ORDER)
