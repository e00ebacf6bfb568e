# Each target sets up what it needs, on a fresh machine too: Python 3.11 or newer with venv, and a package index.
PYTHON ?= python3
OUT := out/quickstart
CASES ?= 100000
LANGUAGES ?= excel powershell python

VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.installed

export RAY_USAGE_STATS_ENABLED := 0

.PHONY: help run test fuzz oracle lint style types format slow bench clean
.DELETE_ON_ERROR:

help: ## this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /make \1\t/' | expand -t 14

run: $(READY) ## make two small datasets, show some pairs and say what to do next
	$(BIN)/python -m pipeline run --config pipeline/presets/quickstart.yaml --out $(OUT)
	$(BIN)/python -m pipeline run --config pipeline/presets/quickstart-renoise.yaml --out $(OUT)-renoise

test: $(READY) ## the fast tests
	$(BIN)/python -m pytest

lint: style types ## style and types

style: $(READY)
	$(BIN)/ruff check
	$(BIN)/ruff format --check

types: $(READY)
	$(BIN)/mypy

format: $(READY) ## lay the sources out as style wants them
	$(BIN)/ruff format

slow: $(READY) ## kills, faults and clusters: minutes
	$(BIN)/python -m pytest tests/slow
	$(BIN)/python tests/slow/gpt4o_faults.py
	$(BIN)/python tests/slow/gpt4o_faults.py --transport batch

fuzz: $(READY) ## hostile inputs: CASES=100000 of each of LANGUAGES, by SEED, with snippets of CORPORA=DIR
	set -e; for language in $(LANGUAGES); do \
		$(BIN)/python tests/slow/fuzz_validators.py --language $$language --cases $(CASES) \
			$(if $(SEED),--seed $(SEED)) $(if $(CORPORA),--corpora "$(CORPORA)"); done

oracle: $(READY) ## PowerShell's parser against PowerShell's own answers, in ORACLE=DIR
	@if [ -d "$(ORACLE)" ]; then $(BIN)/python tests/oracle/powershell.py "$(ORACLE)"; \
		else echo "no folder of PowerShell's answers: make oracle ORACLE=DIR"; fi

bench: $(READY) ## speed and memory, as ratios in one run; the scripts there that want data are run by hand
	set -e; for name in denoising_step training_step memory run_overhead flame_speed repair_overhead; do \
		echo "== $$name"; $(BIN)/python tests/benchmarks/$$name.py; done

clean: ## everything that the targets made
	rm -rf $(VENV) out/quickstart out/quickstart-renoise .hypothesis .mypy_cache .pytest_cache .ruff_cache build *.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "repairgen needs Python 3.11 or newer; name one, as in: make $(MAKECMDGOALS) PYTHON=python3.11" >&2; exit 2; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	@touch $@
