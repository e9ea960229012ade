# make            builds .venv/bin/mlxify, setting up what is missing
# make test       all tests and lints         make check   formats, then tests
# make demo       shows the compiler at work  make accept CASE=x   rewrites a golden file and shows the difference
# make corpus DIR=folder   converts every model of a folder and prints the table
# make conformance   proves the catalogue by PyTorch's own samples and writes docs/reference/conformance.md
# make mutation   plants small errors in verified files, counts which the verifier catches and writes docs/reference/mutation.md
# make kill       kills mlxify at 200 random moments and looks at what is left
# make bench-models, make bench-gpu   time converted models against their originals, on this CPU (and against ports by hand) or on a GPU
# make bench, make fuzz, make wheel, make test-wheel, make clean
# One target at a time; the parallelism is ninja's.
.NOTPARALLEL:
.DEFAULT_GOAL := build
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
export PATH := $(CURDIR)/.venv/bin:$(PATH)

PYTHON_IN_VENV := .venv/bin/python
BUILD := build/release
# On a machine of continuous integration a warning is an error.
PRESET := $(if $(CI),ci,release)
REQUIREMENTS := $(wildcard requirements/*.txt)

.PHONY: build setup test unit lint pytest check format demo bench bench-models bench-gpu fuzz corpus conformance mutation kill accept wheel test-wheel clean

setup: .venv/ready

.venv/ready: tools/setup.sh tools/fetch_tree_sitter.py $(REQUIREMENTS)
	@echo "mlxify: setting up (system libraries, .venv, sources of tree-sitter)"
	@tools/setup.sh
	@touch $@

$(BUILD)/build.ninja: .venv/ready CMakePresets.json
	@echo "mlxify: configuring $(BUILD) (preset $(PRESET))"
	@cmake --preset $(PRESET) --log-level=WARNING > /dev/null
	@touch $@

# Ninja's words, but for CMake's progress and that there is nothing to do.
define ninja
	@cmake --build $(BUILD) --target $(1) -- --quiet | { grep -vE 'no work to do|^-- ' || true; }
endef

build: $(BUILD)/build.ninja
	@echo "mlxify: building"
	$(call ninja,mlxify)
	@tools/install_program.sh $(BUILD)/mlxify .venv/bin/mlxify

unit: $(BUILD)/build.ninja
	@echo "mlxify: unit tests (C++)"
	$(call ninja,all)
	@$(BUILD)/mlxify_tests --gtest_brief=1
	@for fuzzer in $(BUILD)/*_fuzz; do $$fuzzer fuzz/findings $(wildcard tests/golden examples); done

lint: .venv/ready
	@echo "mlxify: lints (ruff, includes)"
	@ruff check --quiet --output-format=concise .
	@$(PYTHON_IN_VENV) tools/lint_includes.py src

pytest: build
	@echo "mlxify: tests (Python)"
	@$(PYTHON_IN_VENV) -m pytest -q

# pytest comes last: it also packs and runs the wheel (tests/wheel).
test: build lint unit pytest

format: .venv/ready
	@echo "mlxify: formatting"
	@git ls-files -z '*.cpp' '*.h' | xargs -0 clang-format -i
	@ruff format --quiet .
	@$(PYTHON_IN_VENV) tools/reference.py

check: format test

demo: build
	@bash tools/demo.sh

kill: build
	@echo "mlxify: killing whole runs at 200 random moments, and 200 that only save"
	@MLXIFY_KILLS=200 $(PYTHON_IN_VENV) -m pytest -q -s tests/cli/test_killed.py

bench: .venv/ready
	@echo "mlxify: building the benchmarks"
	@cmake --preset bench --log-level=WARNING > /dev/null
	@cmake --build build/bench --target mlxify_bench -- --quiet
	@build/bench/mlxify_bench

# Packages that hold ports by hand, without what they depend on.
build/ports/ready: requirements/ports.txt .venv/ready
	@rm -rf build/ports
	@$(PYTHON_IN_VENV) -m pip install -qq --disable-pip-version-check --no-input --no-deps --require-hashes --target build/ports --requirement $<
	@touch $@

bench-models: build build/ports/ready
	@echo "mlxify: timing converted models"
	@$(PYTHON_IN_VENV) tools/bench_models.py --device cpu --page docs/performance/cpu.md
	@echo "mlxify: timing converted models against ports that were written by hand"
	@$(PYTHON_IN_VENV) tools/bench_ports.py --ports build/ports --page docs/performance/ports.md

bench-gpu: build
	@echo "mlxify: timing converted models on the GPU"
	@$(PYTHON_IN_VENV) tools/bench_models.py --device gpu --list bench/models/gpu.json . $(if $(ASI),--list bench/models/asi.json $(ASI)) --page docs/performance/gpu.md
	@$(PYTHON_IN_VENV) tools/bench_models.py --device gpu --list bench/models/gpu_originals.json . --page docs/performance/gpu_originals.md

fuzz: .venv/ready
	@echo "mlxify: building the fuzzers"
	@bash tools/fuzz.sh

corpus: build
	@test -n "$(DIR)" || { echo "usage: make corpus DIR=folder" >&2; exit 2; }
	@$(PYTHON_IN_VENV) tools/corpus.py "$(DIR)"

conformance: build
	@$(PYTHON_IN_VENV) tools/conformance.py

mutation: build
	@echo "mlxify: planting errors in verified conversions"
	@$(PYTHON_IN_VENV) tools/mutation.py $(or $(DIR),examples) --page docs/reference/mutation.md

accept: build
	@test -n "$(CASE)" || { echo "usage: make accept CASE=name" >&2; exit 2; }
	@$(PYTHON_IN_VENV) tools/accept.py "$(CASE)"

# The wheel is packed from the same build folder, so that nothing is compiled twice.
wheel: build
	@echo "mlxify: packing the wheel into build/wheels"
	@$(PYTHON_IN_VENV) -m pip wheel . -qq --no-build-isolation --no-deps --wheel-dir build/wheels -C build-dir=$(BUILD)

test-wheel: build
	@echo "mlxify: packing, installing and running the wheel"
	@$(PYTHON_IN_VENV) -m pytest -q tests/wheel

clean:
	@echo "mlxify: removing build, .venv and .cache"
	@rm -rf build .venv .cache
