# What one does with this project, a word each; `make` alone lists them.
.DEFAULT_GOAL := help
.PHONY: help install demo run check test test-long bench kafka lock clean

PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check --no-input
# The tests run in Python's development mode, in which records refuse writes at run time (domain/record.py).
PYTEST := $(BIN)/python -X dev -m pytest
# --no-deps and --no-build-isolation: nothing is installed that the lock file does not name with its hash.
INSTALL_THIS := $(PIP) install --no-deps --no-build-isolation --editable .

help:  ## list these words
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

install: $(VENV)/.development  ## the environment in .venv with all that the words below need

# A stamp is newer than what it was made from, so a second run costs nothing.
$(VENV)/.python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Crossconnect needs Python 3.11 or newer: make PYTHON=/path/to/python3.11")'
	@echo "Making the environment in $(VENV) (once) …"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.runtime: requirements.txt pyproject.toml | $(VENV)/.python
	@$(PIP) install --require-hashes --requirement requirements.txt
	@$(INSTALL_THIS)
	@touch $@

$(VENV)/.development: requirements-dev.txt pyproject.toml | $(VENV)/.python
	@echo "Installing what development needs (once) …"
	@$(PIP) install --require-hashes --requirement requirements-dev.txt
	@$(INSTALL_THIS)
	@touch $(VENV)/.runtime $@

demo: $(VENV)/.runtime  ## orders from door to install base, shown as they move, in under three minutes
	@$(BIN)/crossconnect demo

run: $(VENV)/.runtime  ## the engine with API, console and simulators on http://127.0.0.1:8080
	@CROSSCONNECT_SIMULATORS=$${CROSSCONNECT_SIMULATORS:-all} $(BIN)/crossconnect serve

check: $(VENV)/.development  ## lint, format, types, import contracts, and the tests that need no server
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@CROSSCONNECT_EXAMPLES=0.1 $(PYTEST) -q -n 2 -m "not servers"

test: $(VENV)/.development  ## every test, on a real PostgreSQL and a real Kafka
	@$(PYTEST)

test-long: $(VENV)/.development  ## the properties alone, with twenty times the examples, others in each run
	@CROSSCONNECT_EXAMPLES=20 $(PYTEST) -m random

bench: $(VENV)/.development  ## benchmarks: a table, and tests/benchmarks/results.json
	@$(BIN)/python -m tests.benchmarks

kafka: $(VENV)/.runtime  ## a real Kafka on this machine without Docker, until stopped
	@$(BIN)/python -m deploy.kafka-local

lock: $(VENV)/.development  ## pin every dependency with its hashes
	@$(COMPILE) --output-file requirements.txt pyproject.toml
	@$(COMPILE) --extra dev --constraint requirements.txt --output-file requirements-dev.txt pyproject.toml

COMPILE := $(BIN)/pip-compile --quiet --generate-hashes --allow-unsafe --build-deps-for editable --strip-extras --no-header --no-annotate \
	--no-emit-index-url --no-emit-trusted-host --no-emit-find-links --no-emit-options

clean:  ## remove the environment, caches and what a run left
	rm -rf $(VENV) .run .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
