"""Golden cases: what the compiler prints for each small file, and what must hold of everything it prints.

A case is a folder with `input.py` and either `expected.py` (the converted text, byte for byte) or `expected.diagnostics` (refusals,
one a line: `line:column code message`). `make accept CASE=name` writes `expected.py` anew. A case whose expected.py is right but not
printed yet stands in known_failures.txt with its reason: it must then fail, so that a repair is noticed; its properties must hold all the
same. `name/twice` is a case whose output does not stay as it is when it is converted again.
"""

import ast
import io
import json
import re
import subprocess
import sys
import tokenize
from collections import Counter
from pathlib import Path

import pytest
from golden_program import FOLDER, Printed, convert_all

CASES = sorted(path.parent.name for path in FOLDER.glob("*/input.py"))
KNOWN_FAILURES = dict(
    line.split(": ", 1) for line in (FOLDER / "known_failures.txt").read_text().splitlines() if line and line[0] != "#"
)
PRAGMA = re.compile(r"#\s*(noqa|type: ?ignore|pylint:|pragma:|fmt:|isort:|ruff:|mypy:|pyright:)")

case_names = pytest.mark.parametrize("name", CASES)


@pytest.fixture(scope="session")
def printed() -> dict[str, Printed]:
    """What the compiler prints for every case, out of one process."""
    return convert_all({name: FOLDER / name / "input.py" for name in CASES})


@pytest.fixture(scope="session")
def converted(printed) -> dict[str, bytes]:
    """The text of the cases that are converted."""
    return {name: one.text for name, one in printed.items() if not one.refusals}


@pytest.fixture(scope="session")
def sound(converted) -> dict[str, bytes]:
    """The text of those of them that are not known to be wrong."""
    return {name: text for name, text in converted.items() if name not in KNOWN_FAILURES}


@pytest.fixture(scope="session")
def converted_again(converted, tmp_path_factory) -> dict[str, Printed]:
    """What the compiler prints for its own output."""
    folder = tmp_path_factory.mktemp("converted")
    files = {}
    for name, text in converted.items():
        files[name] = folder / name / "input.py"
        files[name].parent.mkdir()
        files[name].write_bytes(text)
    return convert_all(files)


def text_of(converted: dict[str, bytes], name: str) -> bytes:
    """The converted text; skips the test for a case that is refused."""
    if name not in converted:
        pytest.skip("refused: there is no output")
    return converted[name]


def source_of(name: str) -> bytes:
    return (FOLDER / name / "input.py").read_bytes()


def test_every_known_failure_is_a_case():
    assert {name.removesuffix("/twice") for name in KNOWN_FAILURES} <= set(CASES)


@case_names
def test_prints_what_is_expected(name, printed, request):
    if name in KNOWN_FAILURES:
        request.applymarker(pytest.mark.xfail(reason=KNOWN_FAILURES[name], strict=True))
    expected_text = FOLDER / name / "expected.py"
    expected_refusals = FOLDER / name / "expected.diagnostics"
    assert expected_text.is_file() != expected_refusals.is_file(), (
        "one of expected.py and expected.diagnostics is needed"
    )
    if expected_refusals.is_file():
        assert printed[name].refusals == expected_refusals.read_text(encoding="utf-8").splitlines()
        assert printed[name].text == b"", "a refused file prints nothing"
    else:
        assert printed[name].refusals == []
        assert printed[name].text.decode() == expected_text.read_bytes().decode()


@case_names
def test_the_output_parses(name, converted):
    ast.parse(text_of(converted, name))


@case_names
def test_converting_twice_changes_nothing(name, converted, converted_again, request):
    if name + "/twice" in KNOWN_FAILURES:
        request.applymarker(pytest.mark.xfail(reason=KNOWN_FAILURES[name + "/twice"], strict=True))
    text = text_of(converted, name)
    assert converted_again[name].refusals == []
    assert converted_again[name].text.decode() == text.decode()


@case_names
def test_nothing_of_torch_is_left(name, converted):
    words = {token.string for token in tokens(text_of(converted, name)) if token.type == tokenize.NAME}
    assert not words & {"torch", "nn_functional", "torchvision"}


@case_names
def test_comments_are_all_there(name, converted):
    before = comments(source_of(name), without=lines_left_out(source_of(name), text_of(converted, name)))
    after = comments(text_of(converted, name))
    gone = {comment for comment in before if "left out" in comment}  # in a branch that is never taken
    assert not gone & set(after)
    assert not {comment for comment in before - after if comment not in gone}


@case_names
def test_bytes_keep_their_form(name, converted):
    """Byte order mark, line breaks, final line break and the ends of lines are the author's."""
    source, text = source_of(name), text_of(converted, name)
    assert text.startswith(b"\xef\xbb\xbf") == source.startswith(b"\xef\xbb\xbf")
    assert text.endswith(b"\n") == source.endswith(b"\n")
    if b"\r\n" in source:
        assert text.count(b"\n") == text.count(b"\r\n")
    else:
        assert b"\r" not in text
    blanks = re.compile(rb"[ \t]+\r?$", re.M)
    assert len(blanks.findall(text)) <= len(blanks.findall(source)), "blanks at the end of a line"


@case_names
def test_blank_lines_are_the_authors(name, converted):
    """No edit leaves a hole: never more than two blank lines in a row, and none at the ends."""
    lines = text_of(converted, name).decode("utf-8-sig").splitlines()
    if not lines:
        pytest.skip("an empty file")
    assert lines[0].strip() and lines[-1].strip()
    assert "\n\n\n\n" not in "\n".join(line.rstrip() for line in lines)


def test_the_order_of_files_changes_nothing(printed):
    backwards = convert_all({name: FOLDER / name / "input.py" for name in reversed(CASES)})
    assert backwards == printed


@pytest.mark.parametrize("rules", ["F821,F811,F541,E9", "F401"], ids=["names", "imports"])
def test_the_linter_has_nothing_new_to_say(rules, sound, tmp_path):
    """No name is undefined or bound twice, no import unused that was not so in the input."""
    files = {name: tmp_path / f"{name}.py" for name in sound}
    for name, path in files.items():
        path.write_bytes(sound[name])
    before = lint({name: FOLDER / name / "input.py" for name in sound}, rules)
    new = {name: said - before[name] for name, said in lint(files, rules).items() if said - before[name]}
    assert not new


def test_the_output_can_be_imported(sound, tmp_path):
    """Each output runs as a module in a process that has MLX but no torch."""
    pytest.importorskip("mlx.core")
    for name, text in sound.items():
        (tmp_path / f"golden_{name}.py").write_bytes(text)
    ran = subprocess.run([sys.executable, "-c", IMPORTS, tmp_path], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    assert json.loads(ran.stdout) == {}


IMPORTS = """
import importlib, json, pathlib, sys
sys.modules["torch"] = None  # importing it fails
sys.path.insert(0, sys.argv[1])
failed = {}
for path in sorted(pathlib.Path(sys.argv[1]).glob("golden_*.py")):
    try:
        importlib.import_module(path.stem)
    except Exception as error:
        failed[path.stem] = f"{type(error).__name__}: {error}"
json.dump(failed, sys.stdout)
"""


def tokens(text: bytes) -> list[tokenize.TokenInfo]:
    return list(tokenize.tokenize(io.BytesIO(text).readline))


def comments(text: bytes, without: set[int] = frozenset()) -> Counter[str]:
    """The comments of a file, remarks to tools aside, outside of the lines `without`."""
    found = (token for token in tokens(text) if token.type == tokenize.COMMENT and token.start[0] not in without)
    return Counter(token.string.rstrip() for token in found if not PRAGMA.match(token.string))


def lines_left_out(source: bytes, text: bytes) -> set[int]:
    """Lines of the top-level functions, classes and main blocks that the output does not have."""
    after = {top_level_name(statement) for statement in ast.parse(text).body}
    lines = set()
    for statement in ast.parse(source).body:
        name = top_level_name(statement)
        if name and name not in after:
            lines |= set(range(statement.lineno, statement.end_lineno + 1))
    return lines


def top_level_name(statement: ast.stmt) -> str | None:
    if isinstance(statement, ast.FunctionDef | ast.ClassDef):
        return statement.name
    if isinstance(statement, ast.If) and "__name__" in ast.unparse(statement.test):
        return "__main__"
    return None


def lint(files: dict[str, Path], rules: str) -> dict[str, set[str]]:
    """By case, what ruff says of its file, without line numbers."""
    command = [
        sys.executable,
        "-m",
        "ruff",
        "check",
        "--isolated",
        "--no-cache",
        "--output-format=json",
        f"--select={rules}",
    ]
    ran = subprocess.run([*command, *files.values()], capture_output=True, text=True, check=False)
    assert ran.returncode in (0, 1), ran.stderr
    name_of = {str(path.resolve()): name for name, path in files.items()}
    said = {name: set() for name in files}
    for one in json.loads(ran.stdout):
        said[name_of[str(Path(one["filename"]).resolve())]].add(one["message"])
    return said
