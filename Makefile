# Two commands on a fresh machine: `make serve` and `make test`. Everything else builds on the same .venv/.
PYTHON ?= python3
BIN := .venv/bin
SUDO := $(if $(filter 0,$(shell id -u)),,sudo)
LABEL_STUDIO := 1.23.2
N ?= 10
PORT ?= 8000

.PHONY: help install serve test check e2e e2e-long faults starter encoder bench-speed clean

help:
	@grep -E '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 18

.venv/bin/python:
	$(PYTHON) -m venv .venv

.venv/.base: pyproject.toml | .venv/bin/python
	$(BIN)/pip install --quiet --disable-pip-version-check -e . -c constraints.txt
	@touch $@

.venv/.test: pyproject.toml | .venv/bin/python
	$(BIN)/pip install --quiet --disable-pip-version-check -e '.[test]' -c constraints.txt
	@touch $@ .venv/.base

install: .venv/.base ## make the environment .venv/ with the base install

serve: .venv/.base ## install, migrate an embedded SQLite, serve API and docs on 127.0.0.1:8000 (PORT=)
	$(BIN)/io-coding db upgrade
	$(BIN)/io-coding serve --port $(PORT)

test: .venv/.test ## make the environment with the test extra and run the suite
	$(BIN)/python -m pytest -m 'not e2e and not slow'

check: .venv/.test ## format, lint, types, architecture, documents, and the slow tests
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -m 'not e2e and not slow' tests/test_architecture.py tests/test_docstrings.py tests/docs
	$(BIN)/python -m pytest -m slow
	$(BIN)/io-coding taxonomy validate taxonomy/io-themes/1.0.0.yaml --strict
	$(BIN)/io-coding corpus check training/corpus/starter.jsonl --min-positives 40 --min-counters 15

# A browser of the system, and two environments: one drives it and our service, the other is Label Studio alone.
.venv-e2e/.done: pyproject.toml
	$(PYTHON) -m venv .venv-e2e
	.venv-e2e/bin/pip install --quiet --disable-pip-version-check -e '.[e2e,label-studio]' -c constraints.txt
	@touch $@

.venv-label-studio/.done:
	$(PYTHON) -m venv .venv-label-studio
	.venv-label-studio/bin/pip install --quiet --disable-pip-version-check label-studio==$(LABEL_STUDIO)
	@touch $@

e2e: .venv-e2e/.done .venv-label-studio/.done ## drive the docs page and a real Label Studio in a real browser
	command -v chromium >/dev/null || { $(SUDO) apt-get update -qq && $(SUDO) apt-get install -qq -y chromium; }
	.venv-e2e/bin/python -m pytest -m 'e2e and not long' tests/e2e

e2e-long: .venv-e2e/.done .venv-label-studio/.done ## push 1,000 and 5,000 narratives to a real Label Studio
	.venv-e2e/bin/python -m pytest -m 'e2e and long' tests/e2e

faults: .venv/.test ## lose, repeat and reorder events, kill the server in mid-sync: N= seeded rounds
	FAULT_ROUNDS=$(N) $(BIN)/python -m pytest tests/label_studio/test_faults.py

starter: .venv/.test ## train models/starter anew from the starter corpus
	$(BIN)/io-coding train --recipe training/recipes/starter.yaml --output models/starter --replace

# torch has an environment of its own: the one that serves stays without it.
.venv-encoder/.done: pyproject.toml
	$(PYTHON) -m venv .venv-encoder
	.venv-encoder/bin/pip install --quiet --disable-pip-version-check -e '.[encoder]' -c constraints.txt
	@touch $@

encoder: .venv-encoder/.done ## export the encoder anew from the packaged weights to build/encoder
	rm -rf build/encoder
	.venv-encoder/bin/python training/export_encoder.py --output build/encoder

bench-speed: .venv-encoder/.done ## the suggest path beside sentence-transformers on the same sentences
	.venv-encoder/bin/python training/benchmarks/speed.py

clean: ## remove the environment and all caches
	rm -rf .venv .venv-* .cache .mypy_cache .ruff_cache .pytest_cache
