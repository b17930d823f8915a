# Everything from a fresh machine with Python 3.11 or newer: `make run` to ask, `make test` for all that CI runs.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
TORCH := torch==2.13.0
# pip's default torch on Linux is a CUDA build of several GB; name an index of CPU builds here to avoid it.
TORCH_INDEX_URL ?=
HANOIDX_DATA ?= data
export HANOIDX_DATA

.DEFAULT_GOAL := help
.PHONY: help venv run test check evaluate bench fit tune soak load scale snapshot clean

help:
	@echo "make run        install, build the snapshot if there is none, and ask in the terminal"
	@echo "make test       what CI runs: make check, then every test"
	@echo "make check      formatting, lint and types"
	@echo "make evaluate   the dev questions: a table here, details in $(HANOIDX_DATA)/evaluation.html"
	@echo "make bench      speed and memory (BENCH_FLAGS=--quick for the short form)"
	@echo "make fit        fit the weights that rank citable units, and those that tell messages apart"
	@echo "make tune       measure every number of index/tuned.py by cross-validation over documents (long)"
	@echo "make soak       1,000 messages a channel while the server is killed 20 times (SOAK_FLAGS)"
	@echo "make load       how many messages a second one server bears (LOAD_FLAGS)"
	@echo "make scale      build, change and search 50,000 synthetic passages (SCALE_FLAGS)"
	@echo "make venv       only the environment, in $(VENV)"
	@echo "make clean      remove the environment and the built data"

$(VENV)/.installed: pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "hanoidx needs Python 3.11 or newer: make PYTHON=python3.12 …")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet $(if $(TORCH_INDEX_URL),--index-url $(TORCH_INDEX_URL)) $(TORCH)
	$(BIN)/python -m pip install --quiet --editable '.[dev]' $(TORCH)
	touch $@

venv: $(VENV)/.installed

snapshot: venv
	@test -f "$(HANOIDX_DATA)/current" || $(BIN)/hanoidx index build

run: snapshot
	@$(BIN)/hanoidx repl

check: venv
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

test: check
	$(BIN)/pytest

evaluate: snapshot
	$(BIN)/hanoidx evaluate --questions tests/data/questions-dev.jsonl --history tests/data/history.jsonl \
		--json $(HANOIDX_DATA)/evaluation.json --html $(HANOIDX_DATA)/evaluation.html

bench: snapshot
	$(BIN)/python tests/bench.py $(BENCH_FLAGS)

fit: snapshot
	$(BIN)/python tests/fit_ranking.py
	$(BIN)/python tests/fit_recognise.py
	$(BIN)/python tests/fit_danger.py

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
