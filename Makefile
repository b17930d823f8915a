# Everything from a fresh machine with Python 3.11 or newer: `make run` to ask, `make test` for all that CI runs.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
TORCH := torch==2.13.0
# pip's default torch on Linux is a CUDA build of several GB; name an index of CPU builds here to avoid it.
TORCH_INDEX_URL ?=
# What is installed, version by version; `make lock` writes it. Empty for the newest that pyproject.toml allows.
LOCK ?= constraints.txt
LOCK_FLAGS ?= --upgrade
INSTALL := $(BIN)/python -m pip install --quiet $(if $(LOCK),--constraint $(LOCK))
HANOIDX_DATA ?= data
export HANOIDX_DATA
# As `hanoidx` itself has it: the matrices are small, and threads would wait for each other.
export OMP_NUM_THREADS ?= 1
export OPENBLAS_NUM_THREADS ?= 1

.DEFAULT_GOAL := help
.PHONY: help venv lock run test newest check evaluate bench train graph vectors tune soak load scale snapshot clean

help:
	@echo "make run        install, build the snapshot if there is none, and ask in the terminal"
	@echo "make test       what CI runs: make check, then every test"
	@echo "make check      formatting, lint and types"
	@echo "make evaluate   the dev questions: a table here, details in $(HANOIDX_DATA)/evaluation.html"
	@echo "make bench      speed and memory (BENCH_FLAGS=--quick for the short form)"
	@echo "make train      learn all that is learned: the reader, its calibration, what tells messages apart (long)"
	@echo "make tune       measure every number of index/tuned.py by cross-validation over documents (long)"
	@echo "make graph      write the encoder's graph, index/model/model.onnx, from its weights"
	@echo "make vectors    encode the bundled documents anew for index/model/vectors/, which spares a first build"
	@echo "make soak       1,000 messages a channel while the server is killed 20 times (SOAK_FLAGS)"
	@echo "make load       how many messages a second one server bears (LOAD_FLAGS)"
	@echo "make scale      build, change and search 50,000 synthetic passages (SCALE_FLAGS)"
	@echo "make newest     make test with the newest release of everything, in $(VENV)/newest"
	@echo "make venv       only the environment, in $(VENV), with the versions of constraints.txt"
	@echo "make lock       write constraints.txt anew with the newest releases (LOCK_FLAGS= adds only what is missing)"
	@echo "make clean      remove the environment and the built data"

$(VENV)/.installed: pyproject.toml $(LOCK)
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "hanoidx needs Python 3.11 or newer: make PYTHON=python3.12 …")'
	$(PYTHON) -m venv $(VENV)
	$(INSTALL) --upgrade pip setuptools
	$(INSTALL) --no-deps $(if $(TORCH_INDEX_URL),--index-url $(TORCH_INDEX_URL)) $(TORCH)
	$(INSTALL) --no-build-isolation --editable '.[dev]' $(TORCH)
	touch $@

venv: $(VENV)/.installed

# One version of everything for all Pythons and machines; LOCK_FLAGS= keeps what is there and adds what is new.
lock:
	$(PYTHON) -m venv $(VENV)/lock
	$(VENV)/lock/bin/python -m pip install --quiet --upgrade uv
	printf '%s\n' $(TORCH) pip setuptools | $(VENV)/lock/bin/uv pip compile --quiet --universal --python-version 3.11 \
		--fork-strategy fewest --no-annotate --custom-compile-command 'make lock' --extra dev $(LOCK_FLAGS) \
		--output-file constraints.txt pyproject.toml -

snapshot: venv
	@test -f "$(HANOIDX_DATA)/current" || $(BIN)/hanoidx index build

run: snapshot
	@$(BIN)/hanoidx repl

check: venv
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

# Files run side by side, in the order of their names: those with few but long tests are not left for the end.
test: check
	$(BIN)/pytest --numprocesses auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder

# Says whether a release newer than constraints.txt breaks us, in an environment of its own.
newest:
	rm -rf $(VENV)/newest
	$(MAKE) VENV=$(VENV)/newest LOCK= test

evaluate: snapshot
	$(BIN)/hanoidx evaluate --questions tests/data/questions-dev.jsonl --history tests/data/history.jsonl \
		--json $(HANOIDX_DATA)/evaluation.json --html $(HANOIDX_DATA)/evaluation.html

bench: snapshot
	$(BIN)/python tests/bench.py $(BENCH_FLAGS)

train: snapshot
	$(BIN)/python tests/train_reader.py
	$(BIN)/python tests/fit_ranking.py
	$(BIN)/python tests/fit_likely.py
	$(BIN)/python tests/fit_recognise.py
	$(BIN)/python tests/fit_danger.py

graph: venv
	$(BIN)/python -m index.graph

vectors: venv
	$(BIN)/python -m index.shipped

tune: snapshot
	$(BIN)/python tests/tune.py $(TUNE_FLAGS)

soak: snapshot
	$(BIN)/python tests/soak.py $(SOAK_FLAGS)

load: snapshot
	$(BIN)/python tests/load.py $(LOAD_FLAGS)

scale: venv
	$(BIN)/python tests/scale.py $(SCALE_FLAGS)

clean:
	rm -rf $(VENV) $(HANOIDX_DATA)
