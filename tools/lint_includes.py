"""Check the order of the folders of src/: a folder includes only folders that stand before it.

    python tools/lint_includes.py SRC

Looks at every `#include "folder/..."` line below SRC. Tests obey the same order as the code that they stand beside. Prints one line
per offence (`src/names/x.cpp:3: ...`) and exits with 1 if there is any, with 2 when SRC is no folder of ours.
"""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

# DESIGN: the stages in their one straight line; `store` comes last, `base` and `diagnostics` are everybody's.
ORDER = (
    "base",
    "diagnostics",
    "source",
    "syntax",
    "names",
    "infer",
    "catalogue",
    "rules",
    "idiom",
    "layout",
    "rewrite",
    "verify",
    "report",
    "store",
    "pipeline",
    "cli",
)
# The one folder that may see the headers of tree-sitter.
TREE_SITTER_FOLDER = "syntax"

INCLUDE = re.compile(r'^\s*#\s*include\s*(?:"([^"]+)"|<([^>]+)>)')


def offences_of(path: Path, folder: str) -> Iterator[tuple[int, str]]:
    """Yield (line number, what is wrong) for each bad include of one file of `folder`."""
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        match = INCLUDE.match(line)
        if not match:
            continue
        quoted, bracketed = match.groups()
        name = quoted or bracketed
        if name.startswith("tree_sitter/"):
            if folder != TREE_SITTER_FOLDER:
                yield number, f"only `{TREE_SITTER_FOLDER}` may include `{name}`"
        elif quoted:
            included = quoted.split("/")[0]
            if "/" not in quoted or included not in ORDER:
                yield number, f"`{quoted}` is not named from src/ on"
            elif ORDER.index(included) > ORDER.index(folder):
                yield number, f"`{folder}` stands before `{included}` and must not include `{quoted}`"


def offences(source_root: Path) -> Iterator[str]:
    """Yield one line per offence below `source_root`, in the order of the paths."""
    for path in sorted(source_root.rglob("*")):
        if path.suffix not in {".h", ".cpp", ".def"}:
            continue
        folder = path.relative_to(source_root).parts[0]
        if folder not in ORDER:
            yield f"{path}:1: the folder `{folder}` has no place in the order of tools/lint_includes.py"
            continue
        for number, message in offences_of(path, folder):
            yield f"{path}:{number}: {message}"


def main(arguments: list[str]) -> int:
    if len(arguments) != 1 or not Path(arguments[0]).is_dir():
        print("usage: lint_includes.py SRC", file=sys.stderr)
        return 2
    found = list(offences(Path(arguments[0])))
    for line in found:
        print(line)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
