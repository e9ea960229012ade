"""Bring the C sources of tree-sitter and tree-sitter-python out of their source distributions.

    python tools/fetch_tree_sitter.py FOLDER

pip downloads the two archives from the configured package index and checks them against the hashes of
requirements/tree_sitter.txt. FOLDER then holds `core/include`, `core/src`, `python/src`, `python/include/tree_sitter` (the core's
headers under the names that a generated parser includes) and, written last, the file `ready`. A folder that is
ready for the same hashes is left alone. Exit code 1, with pip's own message, when the index cannot be reached or a hash differs.
"""

import importlib.util
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

REQUIREMENTS = Path(__file__).resolve().parent.parent / "requirements" / "tree_sitter.txt"
GRAMMAR_HEADERS = ("parser.h", "alloc.h", "array.h", "ts_assert.h")


def download(folder: Path) -> None:
    """Leave the two hash-checked archives in `folder`. Raises CalledProcessError when pip fails."""
    command = [sys.executable, "-m", "pip", "download", "-qq", "--no-deps", "--no-binary", ":all:", "--require-hashes"]
    # pip asks a source distribution for its metadata, which takes setuptools; without isolation nothing unpinned is fetched.
    if importlib.util.find_spec("setuptools"):
        command.append("--no-build-isolation")
    subprocess.run([*command, "--dest", str(folder), "--requirement", str(REQUIREMENTS)], check=True)


def unpack(archive: Path, folder: Path) -> Path:
    """Unpack one archive below `folder` and return its single top folder."""
    with tarfile.open(archive) as archive_file:
        if hasattr(tarfile, "data_filter"):  # Python 3.11.4; the archives' hashes were checked
            archive_file.extraction_filter = tarfile.data_filter
        archive_file.extractall(folder)
        return folder / Path(archive_file.getnames()[0]).parts[0]


def arrange(core: Path, grammar: Path, folder: Path) -> None:
    """Copy what the build needs from the two unpacked distributions into `folder`."""
    shutil.copytree(core / "tree_sitter" / "core" / "lib" / "src", folder / "core" / "src")
    shutil.copytree(core / "tree_sitter" / "core" / "lib" / "include", folder / "core" / "include")
    shutil.copytree(grammar / "src", folder / "python" / "src")
    headers = folder / "python" / "include" / "tree_sitter"
    headers.mkdir(parents=True)
    for name in GRAMMAR_HEADERS:
        shutil.copy(folder / "core" / "src" / name, headers / name)


def main(target: Path) -> int:
    wanted = REQUIREMENTS.read_text()
    ready = target / "ready"
    if ready.is_file() and ready.read_text() == wanted:
        return 0
    print("mlxify: fetching the sources of tree-sitter and tree-sitter-python", flush=True)
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as scratch_name:
        scratch = Path(scratch_name)
        try:
            download(scratch)
        except subprocess.CalledProcessError as error:
            print(f"mlxify: pip could not download them (exit code {error.returncode})", file=sys.stderr)
            return 1
        core = unpack(next(scratch.glob("tree-sitter-0*.tar.gz")), scratch)
        grammar = unpack(next(scratch.glob("tree?sitter?python-*.tar.gz")), scratch)
        arranged = scratch / "arranged"
        arrange(core, grammar, arranged)
        (arranged / "ready").write_text(wanted)
        shutil.rmtree(target, ignore_errors=True)
        os.replace(arranged, target)
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]).resolve()))
