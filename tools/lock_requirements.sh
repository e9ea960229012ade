#!/usr/bin/env bash
# Writes requirements/NAME.txt from requirements/NAME.in: every version, every hash, for all platforms. Run it after a change to an .in
# file; `tools/lock_requirements.sh --upgrade` also moves what is not pinned there.
set -euo pipefail
cd "$(dirname "$0")/.."

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
.venv/bin/python -m venv "$scratch"
"$scratch/bin/pip" install -qq uv
for name in packages build_tools ports; do
    alone=
    if [ "$name" = ports ]; then alone=--no-deps; fi  # nothing but their models is imported
    "$scratch/bin/uv" pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-header $alone \
        --custom-compile-command tools/lock_requirements.sh "$@" "requirements/$name.in" --output-file "requirements/$name.txt"
done
