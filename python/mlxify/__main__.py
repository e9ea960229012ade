"""`python -m mlxify ...` is the program `mlxify ...` of the same environment."""

import os
import sys
import sysconfig
from pathlib import Path


def program() -> Path | None:
    """The compiled program beside this interpreter's scripts, in the environment's or in the user's scheme."""
    schemes = [sysconfig.get_default_scheme(), sysconfig.get_preferred_scheme("user")]
    candidates = [Path(sysconfig.get_path("scripts", scheme)) / "mlxify" for scheme in schemes]
    return next((path for path in candidates if path.is_file()), None)


def main() -> int:
    path = program()
    if path is None:
        print("mlxify: the program is not installed in this environment; run `make build`", file=sys.stderr)
        return 2
    os.execv(path, [str(path), *sys.argv[1:]])


if __name__ == "__main__":
    sys.exit(main())
