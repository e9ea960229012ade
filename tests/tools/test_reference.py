"""docs/reference/apis is what tools/reference.py makes of the catalogue."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))

import reference  # noqa: E402


def test_pages_are_up_to_date() -> None:
    command = [sys.executable, str(ROOT / "tools/reference.py"), "--check"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_a_page_says_what_an_entry_becomes_and_what_is_to_be_known(tmp_path: Path, monkeypatch) -> None:
    source = tmp_path / "catalogue/lib/some.py"
    source.parent.mkdir(parents=True)
    source.write_text(
        '"""Some of a library."""\n\n'
        "# It rounds.\n@rule('lib.f', 'lib.T.f')\ndef f(x, mode='a'):\n    if mode != 'a':\n"
        "        refuse('only a', suggest='write b')\n    return mx.round(x)\n\n\n"
        "@definition('lib.C', argument='groups')\nclass C(nn.Module):\n    \"\"\"A layer.\"\"\"\n\n\n"
        "constant('lib.pi', 'mx.pi')\nnever('lib.g', 'there is none', suggest='use f')\n"
    )
    monkeypatch.setattr(reference, "ROOT", tmp_path)
    lines = reference.page(source, {"lib.f": "3 of 4 samples pass"}).splitlines()
    assert lines[-4:] == [
        "| `lib.f`<br>`lib.T.f` | `mx.round(x)` | It rounds.; refused: only a (write b); 3 of 4 samples pass |",
        "| `lib.C` | `C`, defined in the file: A layer. | where the call passes `groups` |",
        "| `lib.pi` | `mx.pi` |  |",
        "| `lib.g` | not converted | there is none; instead: use f |",
    ]
