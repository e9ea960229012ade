"""Opens a page in a headless Chromium: the document as it is after its scripts ran, and what the console says."""

import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
ON_MACOS = "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"


def find() -> str | None:
    """The browser, or MLXIFY_BROWSER; None where there is none."""
    named = os.environ.get("MLXIFY_BROWSER")
    found = [named] if named else [shutil.which(name) for name in NAMES]
    return next((path for path in found if path), ON_MACOS if Path(ON_MACOS).exists() else None)


def opened(browser: str, page: Path, width: int = 1400, height: int = 1000) -> tuple[str, list[str]]:
    """(document, lines of the console) of a page whose scripts had three seconds."""
    with tempfile.TemporaryDirectory() as profile:
        command = [
            browser, "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-extensions", "--disable-dev-shm-usage",
            "--disable-background-networking", f"--user-data-dir={profile}", f"--window-size={width},{height}",
            "--virtual-time-budget=3000", "--enable-logging=stderr", "--dump-dom", page.resolve().as_uri(),
        ]  # fmt: skip
        done = subprocess.run(command, capture_output=True, timeout=100, check=True)
    said = done.stderr.decode(errors="replace")
    return done.stdout.decode(), [line for line in said.splitlines() if re.search(r"CONSOLE[:(]", line)]
