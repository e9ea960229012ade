"""The HTML report in a real browser: it draws what the JSON report says, and the console stays silent."""

import html
import json
import os
import re
import sys
from pathlib import Path

import browser
import pytest
from installed_program import GATE, mlxify

BROWSER = browser.find()
# Debian's set-up installs one (tools/setup.sh), so there its absence is a fault.
needs_browser = pytest.mark.skipif(
    BROWSER is None and not (os.environ.get("CI") and sys.platform == "linux"), reason="no Chromium on this machine"
)
NASTY = "</script><script>console.error('no')</script>"
MODEL = f'''"""Two layers. {NASTY}"""
import torch
import torch.nn as nn
import torch.nn.functional as F


class Net(nn.Module):
    def __init__(self, dim=8):
        super().__init__()
        self.conv = nn.Conv2d(3, dim, 3)
        self.head = nn.Linear(dim, 4)

    def forward(self, x):
        if x.shape[0] == 77:
            return x  # no sample
        x = F.relu(self.conv(x)).mean(dim=(2, 3))  # é🙂
        return torch.softmax(self.head(x), dim=-1)
'''

# Measures the drawn page from within, uses it as a reader would, and leaves what it found in the document.
PROBE = """
const box = (selector) => [...document.querySelectorAll(selector)].map((e) => e.getBoundingClientRect());
const drawn = (selector) => box(selector).filter((b) => b.width > 0 && b.height > 0).length;
const found = {};
const note = () => Object.assign(found, {
  sections: drawn("section"), stages: drawn("ol.ladder li"), plots: drawn("svg.scatter"), marks: drawn("svg.scatter circle"),
  bars: drawn(".errors .bar"), limits: drawn(".errors .limit"), weights: drawn("table.weights tbody tr"), timing: drawn(".timing .bar"),
  rows: document.querySelectorAll(".pane:last-child .row .number:not(:empty)").length, changed: drawn(".row.added"),
  unreached: [...document.querySelectorAll(".row.unreached .number")].map((e) => Number(e.textContent)),
  traps: drawn("table.traps tbody tr"), firstTraps: document.querySelector("table.traps").textContent,
  rules: drawn(".rule"), lines: [...document.querySelectorAll(".pane:last-child .text")].map((e) => e.textContent),
  left: [...document.querySelectorAll(".pane")[0].querySelectorAll(".text")].map((e) => e.textContent),
  spill: document.documentElement.scrollWidth - innerWidth, title: document.querySelector("h2").textContent,
  scripts: document.querySelectorAll("script").length,
  background: getComputedStyle(document.body).backgroundColor, ink: getComputedStyle(document.body).color,
});
note();
const [one, other] = document.querySelectorAll(".pane");
other.scrollTop = 40;
other.dispatchEvent(new Event("scroll")); // the browser's own comes with a frame, and this page may be closed before
const rule = [...document.querySelectorAll(".pane:last-child .rule")].find((e) => e.textContent.startsWith("mx.softmax"));
rule.dispatchEvent(new MouseEvent("mouseover", { bubbles: true }));
found.tooltip = document.getElementById("tooltip").textContent;
found.tooltipShown = drawn("#tooltip");
found.lit = document.querySelectorAll(".rule.lit").length;
rule.dispatchEvent(new MouseEvent("mouseout", { bubbles: true }));
found.tooltipGone = drawn("#tooltip") === 0;
found.scrolled = [one.scrollTop, other.scrollTop];
document.querySelectorAll("nav button")[1].click();
found.second = document.querySelector("h2").textContent;
const result = document.createElement("pre");
result.id = "found";
result.textContent = JSON.stringify(found);
document.body.append(result);
"""


def probed(page: Path, **size: int) -> tuple[dict, list[str]]:
    """What the probe found in the page, and the console."""
    with_probe = page.with_name("probed.html")
    with_probe.write_text(page.read_text().replace("</body>", f"<script>{PROBE}</script></body>"))
    document, console = browser.opened(BROWSER, with_probe, **size)
    result = re.search(r'<pre id="found">(.*?)</pre>', document, re.DOTALL)
    assert result, console
    return json.loads(html.unescape(result[1])), console


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict]:
    """A page of two files, and the JSON report of the first."""
    folder = tmp_path_factory.mktemp("page")
    (folder / "net.py").write_text(MODEL)
    (folder / "gate.py").write_text(GATE)
    ran = mlxify("convert", "--json", "--html", "report.html", "net.py", "gate.py", cwd=folder)
    assert ran.code == 0, ran
    return folder / "report.html", ran.files[0]


@needs_browser
def test_the_console_is_listened_to(tmp_path: Path):
    page = tmp_path / "faulty.html"
    page.write_text("<!doctype html><p id=x>here</p><script>nowhere.call()</script>")
    document, console = browser.opened(BROWSER, page)
    assert '<p id="x">here</p>' in document and any("nowhere" in line for line in console)


@needs_browser
@pytest.mark.parametrize("size", [{}, {"width": 500, "height": 800}], ids=["wide", "narrow"])
def test_it_draws_what_the_json_report_says(made, size):
    page, report = made
    found, console = probed(page, **size)
    assert console == []
    (entry,) = report["entries"]
    output = (page.parent / report["output"]).read_text()
    assert found["title"] == f"net.py → {report['output']}" and found["second"].startswith("gate.py → ")
    assert found["sections"] == 4  # the summary, the entry, the traps, both files
    assert found["stages"] == len(entry["stages"])
    assert found["plots"] == 2 and found["marks"] > 50
    assert found["bars"] == found["limits"] > 3
    assert found["weights"] == len(entry["weights"]) == 4
    assert found["timing"] == 2
    met = {trap["name"]: trap["places"] for trap in report["traps"]}
    assert {"omitted axis", "layout of images", "initial weights"} <= met.keys()
    softmax = next(number for number, line in enumerate(MODEL.splitlines(), 1) if "torch.softmax" in line)
    assert [(place["line"], place["rule"]) for place in met["omitted axis"]] == [(softmax, "torch.softmax")]
    assert found["traps"] == len(report["traps"]) and "without an axis" in found["firstTraps"]
    assert found["rows"] == len(output.splitlines()) and found["changed"] > 5
    assert found["unreached"] == report["unreached_lines"]
    assert [line for line in found["lines"] if line] == [line for line in output.splitlines() if line]
    assert [line for line in found["left"] if line] == [line for line in MODEL.splitlines() if line]
    assert found["scripts"] == 3  # the data, the page's own, the probe: none of the model
    assert found["spill"] <= 0
    assert found["tooltipShown"] == 1 and found["tooltipGone"]
    assert found["tooltip"].startswith("torch.softmax") and "→ mx.softmax(" in found["tooltip"]
    assert found["lit"] == 2  # on both sides
    assert found["scrolled"] == [40, 40]


@needs_browser
def test_a_refusal_is_drawn_too(tmp_path: Path):
    (tmp_path / "gate.py").write_text(GATE)
    wrong = GATE.replace("import torch\nimport torch.nn", "import mlx.core as mx\nimport mlx.nn").replace(
        "forward", "__call__"
    )
    wrong = (
        wrong.replace("torch.sigmoid", "mx.tanh")
        .replace("torch.Tensor", "mx.array")
        .replace("import mlx.nn as nn", "import mlx.nn as nn")
    )
    (tmp_path / "wrong.py").write_text(wrong)
    (tmp_path / "report.html").write_text("mine")
    command = ["verify", "--json", "--html", "report.html", "gate.py", "wrong.py"]
    assert mlxify(*command, cwd=tmp_path).code == 2  # what is there is no report
    (tmp_path / "report.html").unlink()
    for _ in range(2):  # the second page is written over the first
        ran = mlxify(*command, cwd=tmp_path)
        assert ran.code == 1
    assert ran.files[0]["stage"] == "values", ran
    document, console = browser.opened(BROWSER, tmp_path / "report.html")
    assert console == []
    assert re.search(r'class="bad" title="failed">✗', document) and "bar over" in document


def test_the_page_names_nothing_outside(made):
    page, _ = made
    text = page.read_text()
    for outside in ("http://", "https://", "@import", '<link rel="stylesheet', " src="):
        assert outside not in text
    assert NASTY not in text
