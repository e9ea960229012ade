#!/usr/bin/env bash
# The main job on one example, in a scratch git repository with a bare remote: convert, prove, save, commit, push; then the same
# command again, which changes nothing. `make demo` builds first and calls this. $1: another model file.
set -euo pipefail
cd "$(dirname "$0")/.."

readonly program="$PWD/.venv/bin/mlxify"
readonly model="${1:-examples/delta_rule.py}"
scratch=$(mktemp -d "${TMPDIR:-/tmp}/mlxify-demo-XXXXXX")
readonly scratch
trap 'rm -rf "$scratch"' EXIT

# Apart from the user's own configuration: no signing, no hooks, an author of its own.
export GIT_CONFIG_GLOBAL="$scratch/gitconfig" GIT_CONFIG_NOSYSTEM=1
git config --global user.name "mlxify demo"
git config --global user.email "demo@example.org"
git config --global init.defaultBranch main

say() { printf '\n\033[1m%s\033[0m\n' "$*"; }
if [ ! -t 1 ] || [ -n "${NO_COLOR:-}" ]; then say() { printf '\n%s\n' "$*"; }; fi

git init --quiet --bare "$scratch/remote.git"
git clone --quiet "$scratch/remote.git" "$scratch/work" 2> /dev/null
name=$(basename "$model")
cp "$model" "$scratch/work/$name"
cd "$scratch/work"
git add -- "$name"
git commit --quiet -m "Add a PyTorch model"
git push --quiet --set-upstream origin HEAD
before=$(git hash-object "$name")

say "\$ mlxify ship $name"
"$program" ship "$name"

say "\$ mlxify ship $name     # again: nothing changes"
"$program" ship "$name"

say "\$ git log --stat origin/main -1"
git log --stat --format='%h %s%n%n%b' -1 origin/main

say "\$ diff $name mlx_architectures/$name | head -40"
diff "$name" "mlx_architectures/$name" | head -40 || true

if [ "$before" != "$(git hash-object "$name")" ]; then
    echo "mlxify: the original changed" >&2
    exit 1
fi
if [ -n "$(git status --porcelain)" ] || [ "$(git rev-parse HEAD)" != "$(git rev-parse origin/main)" ]; then
    echo "mlxify: something was left uncommitted or was not pushed" >&2
    git status --short >&2
    exit 1
fi
say "the original is as it was, the remote has the commit"
