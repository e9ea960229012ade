"""Take what the compiler prints now as the expected output of a golden case, and show what that changes.

    python tools/accept.py CASE [--program PATH]

CASE is a folder of tests/golden with an `input.py`; its `expected.py` is written anew (or for the first time) and the difference
printed. Nothing is written when the compiler fails. Exit code 0 when written or unchanged, 1 when the compiler failed,
2 when there is no such case.
"""

import argparse
import difflib
import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent


def converted(program: Path, source: Path) -> str | None:
    """The text that `program` prints for `source`, or None, with its own words on standard error, when it fails."""
    layout = "channels-last" if source.parent.name.startswith("channels_last") else "auto"  # as tests/golden does
    command = [program, "convert", source, "--print", "text", "--layout", layout]
    done = subprocess.run(command, capture_output=True, check=False)
    if done.returncode != 0:
        sys.stderr.buffer.write(done.stdout + done.stderr)
        return None
    return done.stdout.decode("utf-8")


def read(path: Path) -> str:
    """The text of a file with its line breaks as they are; empty when the file is not there."""
    return path.read_bytes().decode("utf-8") if path.is_file() else ""


def difference(before: str, after: str, name: str) -> str:
    """A unified diff of two texts."""
    lines = difflib.unified_diff(
        before.splitlines(keepends=True), after.splitlines(keepends=True), f"{name} (before)", f"{name} (now)"
    )
    return "".join(line if line.endswith("\n") else f"{line}\n\\ no newline at the end\n" for line in lines)


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="accept.py", description="Rewrite the expected output of a golden case.")
    parser.add_argument("case", help="name of a folder of tests/golden")
    parser.add_argument("--program", type=Path, default=REPOSITORY / ".venv" / "bin" / "mlxify")
    parser.add_argument("--golden", type=Path, default=REPOSITORY / "tests" / "golden", help="the folder of the cases")
    options = parser.parse_args(arguments)

    folder = options.golden / options.case
    if not (folder / "input.py").is_file():
        print(f"mlxify: no golden case `{options.case}`: {folder / 'input.py'} is not there", file=sys.stderr)
        return 2
    text = converted(options.program, folder / "input.py")
    if text is None:
        print(f"mlxify: `{options.case}` was not converted; nothing was written", file=sys.stderr)
        return 1
    expected = folder / "expected.py"
    before = read(expected)
    if expected.is_file() and before == text:
        print(f"mlxify: {options.case} is unchanged")
        return 0
    sys.stdout.write(difference(before, text, f"{options.case}/expected.py"))
    expected.write_bytes(text.encode("utf-8"))
    print(f"mlxify: wrote {expected}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
