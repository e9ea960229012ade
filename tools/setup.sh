#!/usr/bin/env bash
# Everything that the build needs and this repository does not hold: system libraries, the virtual environment .venv with pinned
# packages, the C sources of tree-sitter. Each step looks first and does nothing when its result is there. `make setup` calls it.
set -euo pipefail
cd "$(dirname "$0")/.."

say() { echo "mlxify: $*"; }
fail() { echo "mlxify: $*" >&2; exit 1; }

readonly apt_packages=(libfmt-dev libcli11-dev nlohmann-json3-dev libtomlplusplus-dev libgtest-dev libbenchmark-dev)
readonly blas_package=libopenblas0-serial

# Homebrew's folders are no default of the compiler.
if command -v brew > /dev/null; then
    CPATH="$(brew --prefix)/include${CPATH:+:$CPATH}"
    export CPATH
fi

have_headers() {
    local header
    for header in fmt/format.h CLI/CLI.hpp nlohmann/json.hpp toml++/toml.h gtest/gtest.h benchmark/benchmark.h; do
        echo "#include <$header>"
    done | "${CXX:-c++}" -std=c++20 -x c++ -E - > /dev/null 2>&1
}

# On Linux MLX's wheel brings the reference BLAS; with this one proofs of convolutional networks take a tenth of the time.
have_blas() {
    [ "$(uname)" != Linux ] || { PATH="$PATH:/sbin:/usr/sbin" ldconfig -p 2> /dev/null | grep -F libopenblas.so.0 > /dev/null; }
}

# apt-get, as root, on the packages $@; the package lists of a fresh machine are empty or old, and fetched only when the first try needs them.
apt_install() {
    local as_root=()
    if [ "$(id -u)" != 0 ]; then
        command -v sudo > /dev/null || return 1
        as_root=(sudo)
    fi
    local install=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@")
    "${install[@]}" < /dev/null > /dev/null 2>&1 ||
        { "${as_root[@]}" apt-get update -qq < /dev/null && "${install[@]}" < /dev/null > /dev/null; }
}

install_blas() {
    have_blas && return
    if command -v apt-get > /dev/null; then
        say "installing a fast BLAS for MLX with apt-get: $blas_package"
        apt_install "$blas_package" || true
    fi
    have_blas || say "no OpenBLAS here (Debian: $blas_package): proofs of convolutional networks will be slow"
}

install_system_libraries() {
    have_headers && return
    if command -v brew > /dev/null; then
        say "installing C++ libraries with Homebrew"
        brew bundle --quiet --file=tools/Brewfile
    elif command -v apt-get > /dev/null; then
        [ "$(id -u)" = 0 ] || command -v sudo > /dev/null || fail "please have root run: apt-get install ${apt_packages[*]}"
        say "installing C++ libraries with apt-get: ${apt_packages[*]}"
        apt_install "${apt_packages[@]}"
    fi
    have_headers || fail "missing C++ libraries: fmt, CLI11, nlohmann-json, toml++, GoogleTest, Google Benchmark" \
        "(Debian: ${apt_packages[*]})"
}

# The test of the HTML report opens it in a browser. One is installed where nobody minds, in a container or for continuous integration;
# elsewhere that test takes the browser that is there, or says that it is skipped.
install_browser() {
    local name
    for name in chromium chromium-browser google-chrome google-chrome-stable; do
        if command -v "$name" > /dev/null; then return; fi
    done
    if [ "$(id -u)" != 0 ] || ! command -v apt-get > /dev/null; then return; fi
    say "installing chromium with apt-get, for the test of the HTML report"
    apt_install chromium || say "there is no chromium here: that test will be skipped"
}

# A Python 3.11 by whatever name; a name may exist and still not run (a version manager's shim).
find_python() {
    local name
    for name in "${PYTHON:-python3.11}" python3.11 /usr/bin/python3.11 python3 python; do
        if "$name" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info[:2] != (3, 11))' > /dev/null 2>&1; then
            echo "$name"
            return
        fi
    done
    fail "Python 3.11 (with venv) is needed; set PYTHON=/path/to/python3.11"
}

# True if the program $1 is there in version $2 or newer.
have_tool() {
    local version
    version=$("$1" --version 2> /dev/null | grep -oE '[0-9]+\.[0-9]+(\.[0-9]+)?' | head -1) || return 1
    [ "$(printf '%s\n%s\n' "$2" "$version" | sort -V | head -1)" = "$2" ]
}

make_environment() {
    if ! .venv/bin/python -c '' 2> /dev/null; then
        local python
        python=$(find_python)
        say "making the virtual environment .venv"
        "$python" -m venv --clear .venv
    fi
    local wanted
    wanted=$(cat requirements/*.txt)
    if [ "$(cat .venv/requirements.ready 2> /dev/null)" != "$wanted" ]; then
        say "installing pinned Python packages into .venv (PyTorch and MLX among them: minutes on a first run)"
        local locked=(--requirement requirements/packages.txt)
        if ! have_tool cmake 3.25 || ! have_tool ninja 1.11; then
            locked+=(--requirement requirements/build_tools.txt)
        fi
        local install=(.venv/bin/python -m pip install -qq --disable-pip-version-check --no-input)
        "${install[@]}" --require-hashes "${locked[@]}"
        "${install[@]}" --requirement requirements/torch.txt
        echo "$wanted" > .venv/requirements.ready
    fi
    # The Python package is used where it stands.
    local site
    site=$(.venv/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
    if [ "$(cat "$site/mlxify.pth" 2> /dev/null)" != "$PWD/python" ]; then
        echo "$PWD/python" > "$site/mlxify.pth"
    fi
}

command -v "${CXX:-c++}" > /dev/null || fail "a C++20 compiler is needed (gcc 12 or newer, clang 15 or newer)"
install_system_libraries
install_blas
install_browser
make_environment
.venv/bin/python tools/fetch_tree_sitter.py .cache/tree-sitter
