"""`kill -9` at random moments: what is saved is the old file or the new verified one, and the next run goes on as if nothing had been.

Two kinds of runs are killed. `proves`: the whole job, of which saving is the last thousandth. `saves`: the proof is of an earlier run, so that
most moments lie near the saving. MLXIFY_KILLS sets how many moments of each are tried (`make kill`: 200); without it there are
200 together, as many as continuous integration has time for.
"""

import concurrent.futures
import contextlib
import math
import os
import random
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from installed_program import GATE, PROGRAM, mlxify

KILLS = int(os.environ.get("MLXIFY_KILLS", "0"))
SIDES = 2  # folders in which runs are killed at the same time
VERSIONS = [GATE, GATE.replace("torch.sigmoid", "torch.tanh")]
CALL = ["--call", "Gate(8)(f32[2, 8])"]


@dataclass
class Side:
    """A folder with one original in two versions, and what each becomes when nobody interferes."""

    folder: Path
    outputs: list[str] = field(default_factory=list)
    seconds: float = 0.0  # of an undisturbed run

    @property
    def saved(self) -> Path:
        return self.folder / "mlx_architectures/gate.py"

    @property
    def variables(self) -> dict[str, str]:
        return {"TMPDIR": str(self.folder / "tmp"), "XDG_CACHE_HOME": str(self.folder / "cache")}

    def prepare(self, options: list[str]) -> None:
        for name in ("tmp", "cache"):
            (self.folder / name).mkdir(parents=True)
        for again in (False, True):
            for version in (0, 1):
                (self.folder / "gate.py").write_text(VERSIONS[version])
                begin = time.monotonic()
                assert mlxify("convert", *options, *CALL, "gate.py", cwd=self.folder, **self.variables).code == 0
                self.seconds = time.monotonic() - begin
                if not again:
                    self.outputs.append(self.saved.read_text())
        assert self.outputs[0] != self.outputs[1]

    def kill_one(self, options: list[str], version: int, share: float) -> bool:
        """Kills a run on that version after a share of its usual time, which an infinite one lets end. Whether it was still running; fails if it left anything wrong."""
        (self.folder / "gate.py").write_text(VERSIONS[version])
        before = self.saved.read_text()
        command = [PROGRAM, "convert", *options, *CALL, "gate.py"]
        process = subprocess.Popen(
            command,
            cwd=self.folder,
            env={**os.environ, **self.variables},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(min(share * self.seconds, 600))
        process.kill()
        killed = process.wait() != 0
        after = self.saved.read_text()
        assert after in (before, self.outputs[version]), f"killed after {share:.3f} of a run: {after[:200]!r}"
        assert killed or after == self.outputs[version]
        assert (self.folder / "gate.py").read_text() == VERSIONS[version]
        deadline = time.monotonic() + 20
        while (stray := processes_below(self.folder)) and time.monotonic() < deadline:
            time.sleep(0.01)
        assert not stray, f"killed after {share:.3f} of a run: {stray}"
        return killed

    def left_behind(self) -> list[Path]:
        own = {self.folder / "gate.py", self.saved}
        return [p for p in self.folder.rglob("*") if p not in own and not p.is_dir() and p.suffix != ".proof"]


def processes_below(folder: Path) -> list[str]:
    """Command lines of the processes whose working directory or scratch folder lies below."""
    found = []
    for entry in Path("/proc").iterdir() if sys.platform == "linux" else []:
        if entry.name.isdigit():
            try:
                lies_below = Path(os.readlink(entry / "cwd")).is_relative_to(folder)
                if lies_below or str(folder).encode() in (entry / "environ").read_bytes():
                    found.append((entry / "cmdline").read_bytes().decode(errors="replace"))
            except OSError:  # it ended, or is not ours
                continue
    return found


@pytest.mark.parametrize(("kind", "options", "count"), [("proves", ["--no-cache"], 20), ("saves", [], 180)])
def test_killed_at_any_moment(tmp_path: Path, kind: str, options: list[str], count: int):
    moments = random.Random(kind)
    count = KILLS or count

    def kill_on(number: int) -> tuple[Side, int, int]:
        side = Side(tmp_path / str(number))
        side.prepare(options)
        killed = done = 0
        for share in plans[number]:
            before = side.saved.read_text()
            # The other version than the saved one: a run that comes to its end always changes the file.
            killed += side.kill_one(options, 1 - side.outputs.index(before), share)
            done += side.saved.read_text() != before
        return side, killed, done

    # Times a little beyond a run's usual end, too: the end itself is a moment, and runs vary. The last one lets a run save for sure.
    plans = [[moments.uniform(0, 1.1) for _ in range(number, count - SIDES, SIDES)] + [math.inf] for number in range(SIDES)]
    with concurrent.futures.ThreadPoolExecutor(SIDES) as pool:
        sides = list(pool.map(kill_on, range(SIDES)))
    assert sum(len(plan) for plan in plans) == count
    assert sum(killed for _, killed, _ in sides) > count / 3  # else these were no kills
    assert 0 < sum(done for _, _, done in sides) < count  # before the saving, and after it
    for side, _, _ in sides:  # a run that nobody kills works, and clears away what the killed ones left
        version = 1 - side.outputs.index(side.saved.read_text())
        (side.folder / "gate.py").write_text(VERSIONS[version])
        for path in side.left_behind():  # what is empty may be a run's that has just begun, until it is a minute old
            os.utime(path, (time.time() - 120,) * 2)
        ran = mlxify("convert", "--no-cache", *CALL, "gate.py", cwd=side.folder, **side.variables)
        assert ran.code == 0 and side.saved.read_text() == side.outputs[version]
        assert side.left_behind() == []
    print(f"{kind}: {count} moments, {[(killed, done) for _, killed, done in sides]}")
