# The verbs a person types. `make` alone prints them.
PY := .venv/bin/python
STAMP := .venv/.installed
STUDY ?= dge
NAME ?= mine
PARALLEL := -n logical --maxprocesses 4 --dist loadfile
.DEFAULT_GOAL := help
.PHONY: help book test test-long faults run check compare serve publish data full-size bench pictures check-code lock clean

help: ## print this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' Makefile

book: $(STAMP) ## execute what is stale, build the site, say where to open it
	@$(PY) -m analysis_lib book

test: $(STAMP) ## run the test suite, or T=tests/test_lasso.py
	@$(PY) -m pytest $(if $(T),$(T),-m "not long" $(PARALLEL))

test-long: $(STAMP) ## run the tests that take minutes: faults by the dozen, whole reports
	@$(PY) -m pytest -m long $(if $(T),$(T),$(PARALLEL))

faults: $(STAMP) ## write tests/faults/README.md from the tests of faults
	@$(PY) -m tests.faults.table

run: $(STAMP) ## one run: STUDY=dge NAME=strict P="p_threshold=0.01" or F=params.yml
	@$(PY) -m analysis_lib run $(STUDY) --name $(NAME) $(if $(F),-f "$(F)") $(P)

check: $(STAMP) ## what a run would do, without models: STUDY=dge P="data=my.csv"
	@$(PY) -m analysis_lib check $(STUDY) $(if $(F),-f "$(F)") $(P)

compare: $(STAMP) ## runs of one study side by side: RUNS="dge/default dge/strict"
	@$(PY) -m analysis_lib compare $(RUNS)

serve: $(STAMP) ## show the book to this machine's browser, built anew on changes (PORT=8000)
	@$(PY) -m analysis_lib serve $(if $(PORT),--port $(PORT))

publish: $(STAMP) ## make the book, and write it into build/publish (or TO=…) for any static host
	@$(PY) -m analysis_lib publish $(if $(TO),"$(TO)")

data: $(STAMP) ## download the real data, verified: all of it, or that of one STUDY
	@$(PY) -m analysis_lib data --download $(if $(filter command line environment,$(origin STUDY)),$(STUDY))

full-size: $(STAMP) ## both neuron studies on simulated data of the published shapes
	@$(PY) -m analysis_lib run ephys_lasso --name full simulate=full
	@$(PY) -m analysis_lib run geo_validation --name full models=ephys_lasso/full

bench: $(STAMP) ## measure what is claimed to be fast, each beside its peer
	@$(PY) benchmarks/__main__.py

pictures: $(STAMP) ## take the README's pictures of the built book (needs Chromium)
	@$(PY) -m tests.site.pictures

check-code: $(STAMP) ## ruff, mypy, and oxlint for the scripts of the pages
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .
	@$(PY) -m mypy
	@.venv/bin/oxlint --quiet --deny-warnings book/_static

lock: $(STAMP) ## renew requirements.lock from pyproject.toml
	@$(PY) -m uv pip compile --quiet --universal --generate-hashes --no-emit-index-url \
	    --no-header --python-version 3.11 --group dev --upgrade pyproject.toml -o requirements.lock

clean: ## remove runs, downloads and the built site; the environment stays
	rm -rf build book/_build

# One environment, from the lock file alone; the stamp is written last, so that a set-up that was
# cut off is begun again.
$(STAMP): requirements.lock pyproject.toml
	@python=$$(sh .ci/find-python "$(PYTHON)") && \
	echo "Setting up .venv with $$python: a few minutes, once." && \
	"$$python" -m venv --clear .venv
	@$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(PY) -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $(STAMP)
