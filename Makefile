# Every target is short and calls a real tool. `make` alone lists them.
# The Python that makes .venv: the first of these that runs and suits. `make lab PYTHON=...` names another.
SUITS = import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info < (3, 15))
PYTHON ?= $(shell for python in python3 python3.13 python3.12 python3.11 python3.14 python; do \
	$$python -c '$(SUITS)' >/dev/null 2>&1 && echo $$python && break; done)
NO_PYTHON = No Python 3.11 to 3.14 with venv found. Install one (Debian, Ubuntu: apt install python3 python3-venv) or name it: \
	make lab PYTHON=/path/to/python3.12
PY = .venv/bin/python
ARGS ?=
export PIP_DISABLE_PIP_VERSION_CHECK = 1

.PHONY: help setup lab test pythons run release outputs bench lock clean

help: ## list the targets
	@sed -n 's/^\([a-z]*\):.*## /  make \1\t/p' Makefile

lab: setup ## set up, check the machine and open JupyterLab (make lab ARGS=--no-browser)
	@$(PY) -m labsupport.cli open $(ARGS)

test: setup ## everything that has to hold (make test ARGS="-k gate")
	$(PY) -m pytest -n 2 --dist loadfile $(ARGS)

pythons: setup ## get numpy and scipy for this machine's other Pythons, so that `make test` compares them, too
	@$(PY) tests/pythons.py

run: setup ## execute all lessons into build/index.html (make run ARGS="01 -p seed 3")
	@$(PY) -m labsupport.cli run $(ARGS)

release: setup ## write the exercises from the solutions
	@$(PY) -m labsupport.cli release $(ARGS)

outputs: setup ## refresh the stored outputs of lessons and solutions (make outputs ARGS=01)
	@$(PY) -m labsupport.cli run --in-place $(ARGS)
	@$(PY) -m labsupport.cli release

bench: setup ## time the core
	$(PY) -m pytest tests/benchmarks $(ARGS)

lock: setup ## choose the versions anew, within the ranges of pyproject.toml
	$(PY) -m uv pip compile pyproject.toml --extra test --generate-hashes --universal --python-version 3.11.7 --fork-strategy fewest --no-header --no-emit-index-url -o requirements.lock $(ARGS)

clean: ## remove what was made: build/ and .venv
	rm -rf build .venv

setup: .venv/.ready ## make .venv; nothing to do when nothing changed

# The stamps are written last, so an interrupted set-up starts again. --clear: what the lock no longer names is gone.
.venv/.locked: requirements.lock
	@"$(PYTHON)" -c '$(SUITS)' 2>/dev/null || { echo '$(NO_PYTHON)' >&2; exit 1; }
	@echo "Setting up .venv with $(PYTHON): a few hundred MB and a minute or two, once. What you asked for comes after that."
	"$(PYTHON)" -m venv --clear .venv
	$(PY) -m pip install --require-hashes -r requirements.lock
	@touch $@

.venv/.ready: .venv/.locked pyproject.toml
	$(PY) -m pip install --quiet --no-deps --no-build-isolation -e .
	@touch $@
