# The verbs a person types. `make` alone prints them.
PY := .venv/bin/python
STAMP := .venv/.installed
STUDY ?= dge
NAME ?= mine
SECONDS ?= 300
# One worker more than there are cores: tests wait for kernels, browsers and clocks. What takes
# longest begins first (`LONGEST` in tests/conftest.py; left alone, xdist begins with the files of
# most tests). The long ones have little in common, and need not stay with those of their file.
CORES = $(shell getconf _NPROCESSORS_ONLN)
WORKERS = -n $$(( $(CORES) + 1 )) --maxprocesses 4
PARALLEL = $(WORKERS) --dist loadfile --no-loadscope-reorder
PARALLEL_LONG = $(WORKERS) --dist load --maxschedchunk 1
.DEFAULT_GOAL := help

# What a person gives reaches a recipe through its environment, to the letter: neither make nor the
# shell looks into it, and P is split into words by the program.
ASKED := $(if $(filter command line environment,$(origin STUDY)),$(value STUDY))
NAMED := $(if $(filter command line environment,$(origin NAME)),$(value NAME))
GIVEN := STUDY NAME F P RUNS TO PORT GRID JOBS MOST SCHEDULER
$(foreach name,$(GIVEN),$(eval override $(name) := $$(value $(name))))
ifneq (,$(filter book run check sweep compare serve publish data,$(MAKECMDGOALS)))
export ASKED NAMED $(GIVEN)
# Kernels look for it under Dask's own name.
$(if $(value SCHEDULER),$(eval export override DASK_SCHEDULER_ADDRESS := $$(value SCHEDULER)))
endif

# Meant for other programs of the user's; these would reach the imports of ours.
unexport PYTHONPATH PYTHONHOME PYTHONSTARTUP PYTHONOPTIMIZE PYTHONWARNINGS

.PHONY: help book test test-long faults run check sweep compare serve publish data full-size bench
.PHONY: pictures audit fuzz check-code lock clean

help: ## print this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' Makefile

book: $(STAMP) ## execute what is stale, build the site, say where to open it (JOBS=2)
	@exec $(PY) -m analysis_lib book $${JOBS:+--jobs="$$JOBS"}

test: $(STAMP) ## run the test suite, or T=tests/test_lasso.py
	@$(PY) -m pytest $(if $(T),$(T),-m "not long" $(PARALLEL))

test-long: $(STAMP) ## run the tests that take minutes: faults by the dozen, whole reports
	@$(PY) -m pytest -m long $(if $(T),$(T),$(PARALLEL_LONG))

faults: $(STAMP) ## write tests/faults/README.md from the tests of faults
	@$(PY) -m tests.faults.table

run: $(STAMP) ## one run: STUDY=dge NAME=strict P="p_threshold=0.01" or F=params.yml
	@exec $(PY) -m analysis_lib run -- "$$STUDY" --name="$$NAME" $${F:+--file="$$F"} --words="$$P"

check: $(STAMP) ## what a run would do, without models: STUDY=dge P="data=my.csv"
	@exec $(PY) -m analysis_lib check -- "$$STUDY" $${F:+--file="$$F"} --words="$$P"

sweep: $(STAMP) ## one study at many points: STUDY=dge GRID="seed=1,2,3" or F=sweep.yml (JOBS=2)
	@study="$$ASKED"; [ -n "$$study$$F" ] || study="$$STUDY"; \
	exec $(PY) -m analysis_lib sweep $${study:+-- "$$study"} $${F:+--file="$$F"} --words="$$P" \
	    $${GRID:+--grid="$$GRID"} $${NAMED:+--name="$$NAMED"} $${JOBS:+--jobs="$$JOBS"} \
	    $${SCHEDULER:+--scheduler="$$SCHEDULER"} $${MOST:+--most="$$MOST"}

compare: $(STAMP) ## runs of one study side by side: RUNS="dge/default dge/strict"
	@set -f; exec $(PY) -m analysis_lib compare -- $$RUNS

serve: $(STAMP) ## show the book to this machine's browser, built anew on changes (PORT=8000)
	@exec $(PY) -m analysis_lib serve $${PORT:+--port="$$PORT"}

publish: $(STAMP) ## make the book, and write it into build/publish (or TO=…) for any static host
	@exec $(PY) -m analysis_lib publish -- $${TO:+"$$TO"}

data: $(STAMP) ## download the real data, verified: all of it, or that of one STUDY
	@exec $(PY) -m analysis_lib data --download -- $${ASKED:+"$$ASKED"}

full-size: $(STAMP) ## both neuron studies on simulated data of the published shapes
	@$(PY) -m analysis_lib run ephys_lasso --name full simulate=full
	@$(PY) -m analysis_lib run geo_validation --name full models=ephys_lasso/full

bench: $(STAMP) ## measure what is claimed to be fast, each beside its peers (QUICK=1: tiny sizes)
	@$(PY) -m benchmarks $(if $(QUICK),--quick)

pictures: $(STAMP) ## take the README's pictures of the built book (needs Chromium)
	@$(PY) -m tests.site.pictures

audit: $(STAMP) ## known vulnerabilities of the locked packages (3: could not be asked), licences
	@$(PY) -m tests.audit

fuzz: $(STAMP) ## look for what breaks the readers of tables and parameters (SECONDS=300 TARGET= SEED=)
	@$(PY) -m tests.fuzz --seconds $(SECONDS) $(if $(TARGET),--target $(TARGET)) $(if $(SEED),--seed $(SEED))

check-code: $(STAMP) ## ruff, mypy, what no source may do, oxlint for the scripts of the pages
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .
	@$(PY) -m mypy
	@$(PY) -m tests.lint
	@.venv/bin/oxlint --quiet --deny-warnings book/_static

lock: $(STAMP) ## renew requirements.lock from pyproject.toml
	@$(PY) -m uv pip compile --quiet --universal --generate-hashes --no-emit-index-url \
	    --no-header --python-version 3.11 --group dev --upgrade pyproject.toml -o requirements.lock

clean: ## remove runs, downloads and the built site; the environment stays
	rm -rf build book/_build

# One environment, from the lock file alone: by uv, which takes seconds where pip takes minutes, or by
# pip, which knows of mirrors that were set up for pip alone. The stamp is written last, so that a
# set-up that was cut off is begun again. It holds what was set up, since a clock that jumped back
# makes a changed lock file look old; and it is as young as what it was made from, even if that is of
# tomorrow.
SET_UP := $(shell cat $(STAMP) 2>/dev/null)
ifneq ($(filter-out $(shell cksum requirements.lock pyproject.toml),$(SET_UP)),)
.PHONY: $(STAMP)
endif
$(STAMP): requirements.lock pyproject.toml
	@python=$$(sh .ci/find-python "$(PYTHON)") && \
	echo "Setting up .venv with $$python: a minute or a few, once." && \
	"$$python" -m venv --clear .venv
	@awk '/^uv==/ { on = 1 } on { print } on && !/\\$$/ { exit }' requirements.lock > .venv/uv.lock
	@$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r .venv/uv.lock
	@$(PY) -m uv pip install --quiet --python $(PY) --require-hashes -r requirements.lock || { \
	echo "uv could not do it; pip can, in some minutes." && \
	$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock; }
	@$(PY) -m uv pip install --quiet --offline --python $(PY) --no-deps --no-build-isolation -e .
	@cksum requirements.lock pyproject.toml > $(STAMP)
	@for file in $^; do if [ "$$file" -nt $(STAMP) ]; then touch -r "$$file" $(STAMP); fi; done
