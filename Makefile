# Everything runs in .venv, which is built once and again whenever pyproject.toml changes.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
TESTS ?= tests
FULL ?=

.PHONY: help install demo test check format-check lint types imports bench faults format clean
.DEFAULT_GOAL := help

help:
	@echo "make demo    install, then show the node reading phantoms end to end (about a minute)"
	@echo "make test    install, then run the tests (TESTS=tests/unit for a part of them)"
	@echo "make check   format, lint, types, import contract and tests"
	@echo "make bench   time and memory of the whole node, beside references of the same run"
	@echo "make faults  inject faults into a node of its own: kills, power loss, full disks (FULL=1: the long form, into docs/reliability.md)"
	@echo "make format  rewrite the code in the project's format"
	@echo "make clean   remove .venv, caches and the demo's output"

install: $(INSTALLED)

$(INSTALLED): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(None if (3, 11) <= sys.version_info < (3, 14) else "Python 3.11 to 3.13 is needed: make PYTHON=python3.11 ...")'
	@echo "Installing into $(VENV) ..."
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev]'
	@touch $@

demo: install
	@$(BIN)/python -m dicom_node.operate.demo

test: install
	@$(BIN)/python -m pytest $(TESTS)

check: format-check lint types imports test

format-check: install
	@$(BIN)/ruff format --check .

lint: install
	@$(BIN)/ruff check .

types: install
	@$(BIN)/mypy

imports: install
	@$(BIN)/lint-imports

bench: install
	@$(BIN)/python -m dicom_node.operate.bench

faults: install
	@$(BIN)/python -m tests.faults $(if $(FULL),--full --output docs/reliability.md)

format: install
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .import_linter_cache build dist demo
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
