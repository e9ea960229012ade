"""The JSON report of mlxify (docs/reference/json.md) as other tools read it."""

import json


def file_reports(output: bytes) -> list[dict]:
    """The `file` objects among the lines, in order; the rest from a line that was cut off on is lost."""
    reports = []
    for line in output.decode(errors="replace").splitlines():
        try:
            reports.append(json.loads(line))
        except json.JSONDecodeError:
            break
    return [report for report in reports if report["type"] == "file"]
