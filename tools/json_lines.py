"""The JSON report of mlxify (docs/reference/json.md) as other tools read it, and what they write."""

import json
from pathlib import Path
from typing import Any


def file_reports(output: bytes) -> list[dict]:
    """The `file` objects among the lines, in order; the rest from a line that was cut off on is lost."""
    reports = []
    for line in output.decode(errors="replace").splitlines():
        try:
            reports.append(json.loads(line))
        except json.JSONDecodeError:
            break
    return [report for report in reports if report["type"] == "file"]


def write_json(path: Path, content: Any) -> None:
    """All of it or nothing: a run that is killed while it writes leaves the file that stood there."""
    part = path.with_name(path.name + ".part")
    part.write_text(json.dumps(content, indent=1) + "\n")
    part.replace(path)
