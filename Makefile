# Two commands matter: `make book` builds the HTML, `make test` checks everything.
# The README gives the same in plain commands for machines without make.

VENV := .venv
ifeq ($(OS),Windows_NT)
BIN := $(VENV)/Scripts
else
BIN := $(VENV)/bin
endif
READY := $(VENV)/.ready
BUILD := $(BIN)/python -m tools.build

# A Python from 3.11 to 3.13: `make PYTHON=/path/to/python book` names one by hand.
SUPPORTED := import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))
PYTHON ?= $(firstword $(foreach p,python3 python python3.11 python3.12 python3.13,\
	$(shell $(p) -c "$(SUPPORTED)" >/dev/null 2>&1 && echo $(p))))

.DEFAULT_GOAL := help
.PHONY: help book pdf test check notebooks twice full lab serve bench lock clean

help: ## list the commands
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "make %-10s %s\n", $$1, $$2}' Makefile

$(READY): requirements.txt constraints.txt pyproject.toml
	@$(or $(PYTHON),false) -c "$(SUPPORTED)" || { echo "This book needs Python 3.11, 3.12 or 3.13: install one, or name it as in 'make PYTHON=/path/to/python3.12 book'." >&2; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -c "$(SUPPORTED)" || { echo "$(VENV) holds an unsupported Python: run 'make clean', then try again." >&2; exit 1; }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt -c constraints.txt
	@touch $(READY)

book: $(READY) ## build the book and print the path of its first page
	$(BUILD)

pdf: book ## print the whole book as one PDF
	$(BIN)/python -m tools.pdf

test: $(READY) ## lint, types, unit tests, every notebook, site build, browser tests
	$(BIN)/python -m tools.test

check: $(READY) ## all that concerns one chapter: make check CHAPTER=vision/cnn
	@test -n "$(CHAPTER)" || { echo "Say which chapter: make check CHAPTER=vision/cnn" >&2; exit 1; }
	$(BIN)/python -m tools.test "$(CHAPTER)"

notebooks: $(READY) ## execute the changed chapters in place
	$(BIN)/python -m tools.notebooks

twice: $(READY) ## run each cell of every chapter twice in place and say what changes
	$(BIN)/python -m tools.notebooks --all --twice

lab: book ## open the chapters in Jupyter Lab, in plain Markdown
	$(BIN)/jupyter lab _build/plain/chapters

full: $(READY) ## run what is stale or missing at full size, and store the results
	$(BIN)/python -m tools.full

serve: book ## serve the built book on localhost
	$(BIN)/python -m http.server --bind 127.0.0.1 --directory _build/html 8000

bench: $(READY) ## print the speed ratios and page weights
	$(BIN)/python -m tools.bench

lock: $(READY) ## write down the exact set of packages that is installed
	$(BIN)/python -m tools.lock

clean: ## remove the environment and everything built
	rm -rf $(VENV) _build _ext/katex/node_modules .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage
