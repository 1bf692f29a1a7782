# Tribune's targets; the same ones run in CI. `make` prints this help.
SHELL := /bin/sh
.DEFAULT_GOAL := help
UV_VERSION := 0.13.9
PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3 python; do \
	command -v $$p >/dev/null 2>&1 && $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: help setup check test bench demo run lock clean

help: ## print this help
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

$(READY): requirements.lock requirements-dev.lock Makefile
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed and was not found; install it, or name it: make PYTHON=/path/to/python3"; exit 78; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || { echo "python cannot make a venv; on Debian and Ubuntu: apt install python3-venv"; exit 78; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check "uv==$(UV_VERSION)"
	@VIRTUAL_ENV=$(CURDIR)/$(VENV) $(BIN)/uv pip install --quiet --require-hashes -r requirements-dev.lock
	@touch $@

setup: $(READY) ## install the locked dependencies into .venv

check: $(READY) ## lint, types, import arrows
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

test: $(READY) ## every test; ARGS= goes to pytest
	@if command -v npm >/dev/null 2>&1 && node -e 'process.exit(+(process.versions.node.split(".")[0] < 18))' 2>/dev/null; then \
		test tests/evm/node_modules/.package-lock.json -nt tests/evm/package-lock.json \
		|| npm --prefix tests/evm ci --silent --no-audit --no-fund \
		|| echo "npm could not install tests/evm: the EVM tests will be skipped"; \
	else echo "Node >= 18 not found: the EVM tests will be skipped"; fi
	$(BIN)/python -m pytest $(ARGS)

bench: $(READY) ## the table of figures, each beside its peer; ARGS=--json for lines
	@$(BIN)/python -m bench $(ARGS)

demo: $(READY) ## the whole bot against a recorded chain and a local Discord; ARGS="--once" plays it and ends
	@$(BIN)/python -m bot demo $(ARGS)

run: $(READY) ## the bot itself, with the settings of config/ and .env
	@$(BIN)/python -m bot run $(ARGS)

lock: $(READY) ## resolve pyproject.toml again into the two lock files
	$(BIN)/uv pip compile -q --universal --generate-hashes --no-annotate --custom-compile-command "make lock" pyproject.toml -o requirements.lock
	$(BIN)/uv pip compile -q --universal --generate-hashes --no-annotate --custom-compile-command "make lock" pyproject.toml --group dev -o requirements-dev.lock

clean: ## remove what the targets made
	rm -rf $(VENV) tests/evm/node_modules tests/evm/out .mypy_cache .ruff_cache .pytest_cache .hypothesis
