# Two commands on a fresh machine: `make run` and `make test`. PYTHON names the interpreter (3.10 or newer).
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PYTEST := $(BIN)/python -m pytest
# Three at once, for some wait for browsers; each with one thread, a file's tests together, what takes longest first.
TOGETHER := -n 3 --dist loadfile --no-loadscope-reorder

.PHONY: run install test coverage test-all soak check messages clean

run: install
	$(BIN)/python app.py

install: $(VENV)/installed

$(VENV)/installed: requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || { echo "Python 3.10 or newer is needed: make PYTHON=python3.11 $(MAKECMDGOALS)"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	touch $@

$(VENV)/installed-dev: $(VENV)/installed requirements-dev.txt requirements-ray.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt -r requirements-ray.txt
	touch $@

# Linter, types, floors and every test that guards behaviour.
test: $(VENV)/installed-dev check
	OMP_NUM_THREADS=1 $(PYTEST) $(TOGETHER) -m "not alone and not long"
	$(PYTEST) -m "alone and not long"

# The same with coverage, which takes a seventh longer, printed at the end.
coverage: $(VENV)/installed-dev check
	rm -f .coverage .coverage.*
	OMP_NUM_THREADS=1 $(PYTEST) --cov $(TOGETHER) -m "not alone and not long" --cov-report=
	$(PYTEST) --cov -m "alone and not long" --cov-append --cov-report=term

# Besides those: 50 visitors at once, long trainings, and the published files of the Hub (skipped without network).
test-all: coverage soak
	$(PYTEST) -m long

# 50 visitors at once, 500 runs, memory and files watched; some minutes.
soak: $(VENV)/installed-dev
	$(BIN)/python -m tests.support.soak

check: $(VENV)/installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

CATALOGUE := demos/i18n
TEMPLATES := $(CATALOGUE)/pentimento.pot
BABEL := $(BIN)/python -m babel.messages.frontend

# After a visible text was changed: what has no translation yet gets an empty msgstr in zh_CN/LC_MESSAGES/pentimento.po.
# Write it there, then run this again; both files are committed.
messages: $(VENV)/installed-dev
	$(BABEL) -q extract -F $(CATALOGUE)/babel.cfg --no-location --sort-output --no-wrap -o $(TEMPLATES) .
	$(BABEL) -q update -D pentimento -i $(TEMPLATES) -d $(CATALOGUE) -l zh_CN \
	  --init-missing --no-wrap --ignore-obsolete --no-fuzzy-matching --ignore-pot-creation-date
	$(BABEL) -q compile -D pentimento -d $(CATALOGUE) -l zh_CN
	rm $(TEMPLATES)

clean:
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache
