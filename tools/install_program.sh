#!/usr/bin/env bash
# tools/install_program.sh BUILT INSTALLED: copies a program when it changed, in one step, so that a running one is not disturbed.
set -euo pipefail
if ! cmp -s "$1" "$2"; then
    cp "$1" "$2.new"
    mv -f "$2.new" "$2"
    echo "mlxify: installed $2"
fi
