"""Pairs that somebody wrote by hand: right ones in many styles must be verified, wrong ones never.

Each folder holds an original, a right conversion, and variants of that: texts that are replaced in it. The wrong ones are the classic errors
of a port, each of which runs and gives an output of the right shape.
"""

import tomllib
from pathlib import Path

import pytest
from installed_program import mlxify

FOLDER = Path(__file__).parent
TOPICS = sorted(path.parent.name for path in FOLDER.glob("*/variants.toml"))
# Where a port can only be caught by its numbers. A variant that does not even run would be no test of the verdict.
STAGES_OF_NUMBERS = {
    "structure and shapes",
    "values",
    "gradients",
    "training mode",
    "weights map one to one",
    "other sizes",
}


def applied(text: str, replacements: list[list[str]]) -> str:
    for old, new in replacements:
        assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in the conversion"
        text = text.replace(old, new)
    return text


@pytest.mark.parametrize("topic", TOPICS)
def test_verdicts(topic: str, tmp_path: Path):
    folder = FOLDER / topic
    variants = tomllib.loads((folder / "variants.toml").read_text())
    converted = (folder / "converted.py").read_text()
    texts = {"right": {"as it stands": converted}, "wrong": {}}
    for kind in texts:
        for name, replacements in variants[kind].items():
            texts[kind][name] = applied(converted, replacements)
    calls = "".join(f"# mlxify: {call}\n" for call in variants["calls"])
    (tmp_path / "original.py").write_text(calls + (folder / "original.py").read_text())
    names = [(kind, name) for kind in texts for name in texts[kind]]
    files = []
    for number, (kind, name) in enumerate(names):
        files.append(tmp_path / f"{kind}_{number}.py")
        files[-1].write_text(texts[kind][name])

    options = variants.get("options", [])
    ran = mlxify("verify", "--json", *options, "original.py", *(file.name for file in files), cwd=tmp_path, timeout=300)
    assert len(ran.files) == len(names), ran.err
    mistaken = []
    for (kind, name), report in zip(names, ran.files, strict=True):
        said = [d["message"] for d in report["diagnostics"] if d["severity"] == "refusal"]
        if kind == "right" and (report["outcome"], report["level"]) != ("compared", "verified"):
            mistaken.append(f"right, but not verified: {name}: {said}")
        if kind == "wrong" and (report["outcome"] != "refused" or report["stage"] not in STAGES_OF_NUMBERS):
            mistaken.append(f"wrong, but {report['outcome']} at {report['stage']}: {name}: {said}")
    assert not mistaken, "\n".join(mistaken)
