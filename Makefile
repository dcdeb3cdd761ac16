PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
CORPUS ?= corpus/pretrain
SEEDS ?= 1

help: ## show the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | sort | awk -F'\t' '{printf "  %-18s %s\n", $$1, $$2}'

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.core: pyproject.toml constraints.txt | $(BIN)/python
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable .
	@touch $@

$(VENV)/.dev: pyproject.toml constraints.txt | $(BIN)/python
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[dev]'
	@touch $@ $(VENV)/.core

setup: $(VENV)/.dev ## install everything that tests and training need (some GB, for torch)

test: $(VENV)/.dev ## run the test suite (under 12 minutes on 2 cores)
	$(BIN)/python -m pytest -n 2 --dist loadfile

test-slow: $(VENV)/.dev ## run the tests that take longer
	$(BIN)/python -m pytest -m slow

check: $(VENV)/.dev ## lint, format and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/python -m mypy

format: $(VENV)/.dev ## format the code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

schemas: $(VENV)/.core ## write schemas/*.json from the code
	$(BIN)/python -c "from pathlib import Path; from rsdata import record; record.write_schemas(Path('schemas'))"

pretrain-corpus: $(VENV)/.core ## make a packed corpus from $$RSDATA_DATA, or from drawn sample scenes
	$(BIN)/rsdata run recipes/pretrain.yaml --out $(CORPUS)
	$(BIN)/rsdata stats $(CORPUS)

train-demo: $(VENV)/.dev ## train small models on drawn scenes and measure them (minutes; SEEDS=3 for spreads)
	$(BIN)/python tests/train_demo.py --out runs/train-demo --seeds $(SEEDS)

bench: $(VENV)/.dev ## compare with the peers (minutes)
	for script in tests/bench/bench_*.py; do $(BIN)/python $$script || exit 1; done

.PHONY: help setup test test-slow check format schemas pretrain-corpus train-demo bench
