#!/usr/bin/env bash
# Builds every fuzzer of fuzz/ with sanitizers and runs each for FUZZ_SECONDS (60). Inputs: what was ever found (fuzz/findings), golden
# cases, examples. A finding stops the run; its input is in build/fuzz/NAME_fuzz.last: shorten it and add it to fuzz/findings/.
set -euo pipefail
cd "$(dirname "$0")/.."

seconds=${FUZZ_SECONDS:-60}
cmake --preset fuzz --log-level=WARNING > /dev/null
inputs=()
for folder in fuzz/findings tests/golden examples; do
    if [ -d "$folder" ]; then inputs+=("$folder"); fi
done
for source in fuzz/*_fuzz.cpp; do
    name=$(basename "$source" .cpp)
    cmake --build build/fuzz --target "$name" -- --quiet
    echo "mlxify: $name for $seconds s"
    if grep -q 'CMAKE_CXX_COMPILER:.*clang' build/fuzz/CMakeCache.txt; then
        # libFuzzer adds what it learns to its first folder, which must not be one of ours.
        mkdir -p "build/fuzz/corpus/$name"
        "build/fuzz/$name" -max_total_time="$seconds" "build/fuzz/corpus/$name" "${inputs[@]}"
    else
        "build/fuzz/$name" --seconds "$seconds" --seed "${FUZZ_SEED:-$RANDOM}" "${inputs[@]}"
    fi
done
