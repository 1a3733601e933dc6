# Everything from a bare Python 3.11+: `make run` and `make test` make .venv, install into it and go.
# Works with GNU make from 3.81 on (macOS has that one). Without make, see the README.

PYTHON =
VENV = .venv
PY = $(VENV)/bin/python
ARGS =
PYTEST_ARGS =
# Processes that share the test files out between them; three fill two cores, browsers and servers included.
TEST_WORKERS = 3
# In the order of tests/conftest.py; xdist's own would leave files of few long tests for the end.
SHARED = -n $(TEST_WORKERS) --dist loadfile --no-loadscope-reorder
TORCH_INDEX =

.DEFAULT_GOAL := help
.PHONY: help run test test-all check format bench install clean

help: ## say what there is
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo ""
	@echo "  PYTHON=...       which Python makes $(VENV) (else the newest of 3.11 to 3.14, then python3)"
	@echo "  TORCH_INDEX=...  where the first installation takes PyTorch from: for its CPU build, the address that"
	@echo "                   the selector on pytorch.org shows (on Linux the default build brings gigabytes of CUDA)"
	@echo "  ARGS=...         passed on to the dashboard, as in: make run ARGS='--port 9000 --no-browser'"
	@echo "  PYTEST_ARGS=...  passed on to pytest, as in: make test PYTEST_ARGS='-k launch'"
	@echo "  TEST_WORKERS=3   how many processes share the tests (0: this one, as for --pdb)"

run: $(VENV)/.run ## start the dashboard and open it in the browser
	@exec $(PY) -m sogaal app $(ARGS)

test: check ## make check, and every test that is not slow
	@$(PY) -m pytest $(SHARED) -m "not slow" $(PYTEST_ARGS)

test-all: check ## make check, and every test
	@$(PY) -m pytest $(SHARED) $(PYTEST_ARGS)

check: $(VENV)/.dev ## style, types and the direction of imports
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check --quiet . || { echo "Formatting differs: make format" >&2; exit 1; }
	@$(PY) -m mypy
	@$(VENV)/bin/lint-imports

format: $(VENV)/.dev ## bring the code into the common form
	@$(PY) -m ruff check --fix --quiet . || true
	@$(PY) -m ruff format .

bench: $(VENV)/.bench ## run every benchmark in benchmarks/
	@set -e; for file in benchmarks/[a-z]*.py; do \
		echo "== $$file"; $(PY) "$$file"; \
	done

install: $(VENV)/.run ## make the environment only

clean: ## remove the environment, caches and what was built; runs/ stays
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .grimp_cache build dist static
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Each stamp stands for one finished installation and is redone only when its sources are newer.

$(VENV)/.python:
	@python=""; \
	for name in "$(PYTHON)" python3.14 python3.13 python3.12 python3.11 python3; do \
		if test -n "$$name" && "$$name" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' \
			>/dev/null 2>&1; then python="$$name"; break; fi; \
		if test -n "$(PYTHON)"; then break; fi; \
	done; \
	if test -z "$$python"; then \
		if test -n "$(PYTHON)"; then echo "make: $(PYTHON) is no Python 3.11 or newer with venv and pip." >&2; \
		else echo "make: found no Python 3.11 or newer with venv and pip (on Debian and Ubuntu: apt install python3-venv)." \
			"If there is one, name it: make $(MAKECMDGOALS) PYTHON=/path/to/python3" >&2; fi; \
		exit 1; \
	fi; \
	if "$(PY)" -c 'import pip, sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; \
	then echo "Using the environment in $(VENV)"; \
	else echo "Making $(VENV) with $$("$$python" --version)"; "$$python" -m venv --clear "$(VENV)" || exit 1; fi; \
	touch $@

$(VENV)/.requirements: $(VENV)/.python requirements.txt
	@echo "Installing what sogaal needs (downloads much the first time, see the README)"
	@if test -n "$(TORCH_INDEX)"; then \
		$(PY) -m pip install --no-deps --index-url "$(TORCH_INDEX)" "$$(grep '^torch==' requirements.txt)"; \
	fi
	@$(PY) -m pip install -r requirements.txt
	@touch $@

$(VENV)/.run: $(VENV)/.requirements pyproject.toml
	@$(PY) -m pip install --quiet --no-deps -e .
	@touch $@

$(VENV)/.dev: $(VENV)/.run requirements-dev.txt
	@$(PY) -m pip install --quiet -r requirements-dev.txt
	@touch $@

$(VENV)/.bench: $(VENV)/.dev
	@$(PY) -m pip install --quiet -c requirements.txt -e '.[bench]'
	@touch $@
