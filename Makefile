# `make run` and `make test` are all a fresh machine needs: each sets up .venv first.

PYTHON ?= python3
TORCH ?= torch==2.13.0
GRAPH ?= graphs/ppo_cart_pole.py
WORKERS ?= 2
N ?= 10000

VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: setup run test slow torture fuzz check fmt docs house bench ci

setup: $(READY)

$(READY): pyproject.toml tools/setup.sh
	tools/setup.sh "$(PYTHON)" "$(VENV)" "$(TORCH)"
	@touch $@

run: setup  # train, evaluate, and say where everything is
	$(BIN)/alfgraph run $(GRAPH)

test: setup  # the fast suite
	$(BIN)/pytest -n $(WORKERS)

slow: setup  # learning curves and long fuzzing
	$(BIN)/pytest -n $(WORKERS) -m slow

torture: setup  # kill runs of every test board at 50 random moments; each must resume to the same run
	PYTHONPATH=. OMP_NUM_THREADS=1 $(BIN)/python tools/torture.py

fuzz: setup  # mutants of good boards: what checks must run, what is rejected must deserve it
	PYTHONPATH=. OMP_NUM_THREADS=1 $(BIN)/python tools/fuzz.py --count $(N) --write \
		--log runs/fuzz-$(shell git rev-parse --short HEAD).jsonl

check: setup
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/lint-imports --no-cache --no-logo
	$(BIN)/mypy

fmt: setup
	$(BIN)/ruff format
	$(BIN)/ruff check --fix

docs: setup  # what the documents quote (pictures, a program) and list (files); tests compare it
	$(BIN)/python tools/documents.py
	$(BIN)/python tools/readmes.py

house: setup  # the code in numbers: rooms, circles, chains, sizes
	$(BIN)/python tools/house.py

bench: setup  # every figure the documentation gives, measured on this machine
	$(BIN)/pip --disable-pip-version-check install --quiet -e '.[bench]'
	set -e; for file in tools/bench/*.py; do echo "== $$file"; $(BIN)/python "$$file"; done

ci: check test
