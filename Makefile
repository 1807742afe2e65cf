# Everything a developer or an operator does with this project. `make help` lists it.
SHELL := /bin/sh
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
UV_VERSION := 0.13.9
STAMP := $(VENV)/.complete

.DEFAULT_GOAL := help
.PHONY: help setup run test lint types proto proto-check proto-release test-external laws mutants bench bench-expiry bench-old-member fmt lock clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(STAMP) ## Create .venv with everything; .venv/bin/loyalty runs

$(STAMP): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed; $(PYTHON) is $$($(PYTHON) --version). Try: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check "uv==$(UV_VERSION)"
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements.lock
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --editable .
	@touch $@

run: setup ## Start the service on its own Postgres and Redis, ready for calls
	@exec $(BIN)/loyalty serve

test: setup lint types proto-check ## Lint, types, contracts, every test
	$(BIN)/python -m pytest

lint: setup ## Style, import rules
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports --no-cache

types: setup ## mypy --strict
	$(BIN)/mypy

proto: setup ## Generate sdk/ from proto/
	$(BIN)/python tools/proto.py generate

proto-check: setup ## buf lint, buf breaking, and that the generated code is the contract's
	$(BIN)/python tools/proto.py check

proto-release: setup ## Take today's contract as the one later changes may not break
	$(BIN)/python tools/proto.py release

test-external: setup ## Store and service tests on servers of yours: LOYALTY_TEST_DATABASE_URL=… LOYALTY_TEST_REDIS_URL=… make test-external
	@test -n "$$LOYALTY_TEST_DATABASE_URL" || { echo "set LOYALTY_TEST_DATABASE_URL (and LOYALTY_TEST_REDIS_URL)"; exit 1; }
	$(BIN)/python -m pytest

HISTORIES ?= 2000

laws: setup ## The ledger's laws on thousands of new random histories: HISTORIES=2000
	LOYALTY_LAW_HISTORIES=$(HISTORIES) $(BIN)/python -m pytest -o timeout=0 tests/ledger_model tests/ledger_laws tests/store/test_ledger_laws.py

mutants: setup ## Break each law in a copy, and see its tests fail
	$(BIN)/python tools/mutants.py

bench: setup ## Rates beside pgbench, in one run
	$(BIN)/python -m benchmarks

bench-expiry: setup ## A million lots that expire the same night, beside a plain UPDATE (takes a quarter of an hour)
	$(BIN)/python -m benchmarks.expiry

bench-old-member: setup ## What a command costs on a member of five years, beside a new one
	$(BIN)/python -m benchmarks.old_member

fmt: setup ## Format
	$(BIN)/ruff check --fix --quiet . || true
	$(BIN)/ruff format .
	$(BIN)/buf format -w proto

lock: setup ## Take the newest versions of all dependencies into requirements.lock
	$(BIN)/uv pip compile --quiet --universal --upgrade --generate-hashes --python-version 3.11 --group dev pyproject.toml -o requirements.lock --custom-compile-command "make lock"

clean: ## Remove .venv and caches; keeps data
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
