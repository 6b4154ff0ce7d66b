# Everything runs in .venv, through "python -m", so that a path with spaces works.
PY := .venv/bin/python
export PYTHONDONTWRITEBYTECODE := 1
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: help setup demo up test lint format types torture bench clean

help:
	@echo "make demo     set up, then run the nightly reconciliation against a real ERP and two demo banks"
	@echo "make up       set up, then start everything (database, workers, scheduler, console) and stay"
	@echo "make test     set up, then run all tests"
	@echo "make lint     ruff, mypy, robocop, import-linter"
	@echo "make torture  the long crash and random tests; make bench prints figures"

setup:
	@bash .ci/setup

demo: setup
	@$(PY) -m cobranza demo run

up: setup
	@$(PY) -m cobranza up

# Two at a time: most of the long tests wait for a browser, a server or a killed process.
test: setup
	@$(PY) -m pytest -n 2 --dist loadgroup

lint: setup
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .
	@$(PY) -m mypy cobranza connectors classifiers keywords
	@$(PY) -m robocop check robots keywords
	@$(PY) -c "from importlinter.cli import lint_imports_command; lint_imports_command()"

format: setup
	@$(PY) -m ruff check --fix .
	@$(PY) -m ruff format .

torture: setup
	@$(PY) -m pytest -m torture --timeout=7200 -s

bench: setup
	@$(PY) -m pip install -q -c constraints.txt -e '.[bench]'
	@$(PY) -m pytest -m bench --timeout=3600 -s tests/bench

clean:
	rm -rf .mypy_cache .ruff_cache .pytest_cache build dist
