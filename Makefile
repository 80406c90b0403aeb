# make demo [VIDEO=file]   segment a synthetic drive (or your video) and say where the results are
# make test                all quick tests
# make slow                the tests that take minutes
# make docs                the documentation site, written to out/site/index.html
# make bench               the tables of README and docs, written to benchmarks/results
# make reproduce           the paper's tables and figures, written to benchmarks/results/reproduce and docs/results.md
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
DOCS := .venv/.docs
DATA ?= $(or $(WARPSEG_TEST_DATA),../shared/data)

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
	$(BIN)/python benchmarks/labels.py --model camvid --out benchmarks/results/labels.json
	$(BIN)/python benchmarks/network.py --out benchmarks/results/network.json
	$(BIN)/python benchmarks/keyframes.py --data "$(DATA)" --out benchmarks/results/keyframes.json
	$(BIN)/python benchmarks/motion_construction.py --data "$(DATA)" --out benchmarks/results/motion_construction.json
	$(BIN)/python benchmarks/drive.py --data "$(DATA)" --out benchmarks/results/drive.json
	$(BIN)/python benchmarks/motion.py --data "$(DATA)" --out benchmarks/results/motion.json
	$(BIN)/python benchmarks/fusion_constants.py --data "$(DATA)" --out benchmarks/results/fusion_constants.json
	$(BIN)/python benchmarks/second_network.py --data "$(DATA)"
	$(BIN)/python benchmarks/fusion.py --data "$(DATA)" --out benchmarks/results/fusion.json
	$(BIN)/python benchmarks/figure.py
	$(BIN)/python benchmarks/fusion_page.py
	$(BIN)/python benchmarks/scale.py --out benchmarks/results/scale.json
	$(BIN)/python benchmarks/speed.py --data "$(DATA)"

reproduce: $(READY)
	for what in table1 fig4 table2 fig2 fig5; do \
		$(BIN)/warpseg reproduce $$what --dataset camvid --root "$(DATA)/camvid" --out out/reproduce/camvid || exit 1; \
		$(BIN)/warpseg reproduce $$what --dataset streets --out out/reproduce/streets || exit 1; \
	done
	for data in camvid streets; do \
		mkdir -p benchmarks/results/reproduce/$$data && \
		cp out/reproduce/$$data/*.json out/reproduce/$$data/*.png benchmarks/results/reproduce/$$data/ || exit 1; \
	done
	$(BIN)/python benchmarks/results_page.py

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
