# `make demo` and `make test` need Python 3.11 or later with venv, and nothing else that is not installed here.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
LOCKED := $(BIN)/pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r
AGREED := $(BIN)/pip check --disable-pip-version-check
EDIT   := $(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
BUILD  := pyproject.toml hatch_build.py $(wildcard proto/*/*.proto proto/*/*/*.proto)

.PHONY: help demo test fuzz check format bench image clean
help: ## show what there is
	@sed -n 's/^\([a-z]*\):.*## /  make \1: /p' Makefile

demo: $(VENV)/.demo ## a demo bank, a master and two agents: one run of 70 s
	@$(BIN)/python examples/demo.py

# Side by side: the system tests, which mostly wait for processes that they start; and the others, which compute and give
# way to them. Only those are traced that call the code within their own process; not the fuzzes, which are minutes of
# pure computation.
test: $(VENV)/.dev $(VENV)/httpbin/.done check ## every check: format, lint, types, tests, coverage
	@$(BIN)/coverage erase
	@{ nice $(BIN)/pytest -o faulthandler_timeout=1800 tests/fleet tests/fuzz && \
	nice $(BIN)/coverage run -m pytest --ignore=tests/fleet --ignore=tests/fuzz --ignore=tests/system; } & others=$$!; \
	$(BIN)/pytest tests/system; code=$$?; \
	wait $$others && exit $$code
	@$(BIN)/coverage combine --quiet
	@$(BIN)/coverage report --skip-covered --skip-empty

fuzz: $(VENV)/.dev ## 100,000 random sequences of faults in a fleet, and as many plans against odd responses (two hours)
	@GRADUAL_FUZZ=100000 $(BIN)/pytest -o faulthandler_timeout=0 tests/fleet tests/fuzz -k 'any_faults or is_internal'

check: $(VENV)/.dev ## format, lint and types
	@$(BIN)/ruff format --check --quiet . || { echo "run: make format" >&2; exit 1; }
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy

format: $(VENV)/.dev ## format the code
	@$(BIN)/ruff check --fix --quiet . ; $(BIN)/ruff format --quiet .

bench: $(VENV)/.dev ## side by side with the peers that can be installed here; prints tables with ratios
	@$(BIN)/python -m bench

image: ## the images gradual and gradual-agent, with Docker (docs/docker.md)
	@deploy/docker/build.sh

clean: ## remove the environment and everything generated
	rm -rf $(VENV) gradual_common/wire gradual_master/wire .mypy_cache .pytest_cache .ruff_cache .hypothesis .coverage*

$(BIN)/python:
	@command -v $(PYTHON) >/dev/null || { echo "Gradual needs Python 3.11 or later: '$(PYTHON)' is not there; try make PYTHON=/path/to/python3" >&2; exit 2; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Gradual needs Python 3.11 or later; this is $$($(PYTHON) --version); try make PYTHON=/path/to/python3" >&2; exit 2; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { echo "Python's venv module is absent; on Debian: apt-get install python3-venv" >&2; exit 2; }
	@echo "Setting up $(VENV)"
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.demo: $(BIN)/python requirements/demo.lock $(BUILD)
	@$(LOCKED) requirements/demo.lock && $(EDIT) && $(AGREED) && touch $@

$(VENV)/.dev: $(BIN)/python requirements/dev.lock $(BUILD)
	@$(LOCKED) requirements/dev.lock && $(EDIT) && $(AGREED) && touch $@ $(VENV)/.demo

$(VENV)/httpbin/.done: $(BIN)/python requirements/httpbin.lock
	@$(PYTHON) -m venv $(VENV)/httpbin
	@$(VENV)/httpbin/bin/pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements/httpbin.lock && touch $@
