# make demo [VIDEO=file]   segment a synthetic drive (or your video) and say where the results are
# make test                all quick tests
# make slow                the tests that take minutes
# make docs                the documentation site, written to out/site/index.html
# make bench               every benchmark, into benchmarks/results, and the tables of README and docs
# make reproduce           the paper's tables and figures, part of bench, and docs/results.md
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
DOCS := .venv/.docs

export UV_HTTP_TIMEOUT ?= 600

.PHONY: demo test slow lint types docs bench reproduce clean

demo: $(READY)
	$(BIN)/python examples/demo.py $(if $(VIDEO),"$(VIDEO)")

test: $(READY)
	$(BIN)/python -m pytest

slow: $(READY)
	$(BIN)/python -m pytest -m slow --timeout 600

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(READY)
	$(BIN)/mypy

docs: $(DOCS)
	PATH="$(CURDIR)/$(BIN):$$PATH" NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build

bench: $(READY)
	$(BIN)/python -m benchmarks
	$(BIN)/python -m benchmarks pages

reproduce: $(READY)
	$(BIN)/python -m benchmarks reproduce
	$(BIN)/python -m benchmarks pages

$(READY): pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	$(BIN)/uv pip install --quiet --python $(BIN)/python --editable . --group dev
	touch $@

$(DOCS): $(READY)
	$(BIN)/uv pip install --quiet --python $(BIN)/python --group docs
	touch $@

clean:
	rm -rf .venv out
