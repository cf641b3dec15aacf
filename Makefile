# One word per task; `make` alone lists them.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.ready
PLUGIN_SOURCES := $(shell find wp-plugin/assets -type f 2>/dev/null) wp-plugin/package.json
BUNDLE := wp-plugin/build/inbox.js
MODULES := wp-plugin/node_modules/.ready
export UV_PYTHON_DOWNLOADS := never

.PHONY: help
help: ## List the commands
	@grep -hE '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-18s %s\n", $$1, $$2}'

# --- Set up ---------------------------------------------------------------------------------------------------------

.PHONY: setup
setup: $(STAMP) ## Make .venv with the pinned packages and the project; quick when nothing changed
	@:

$(STAMP): requirements.txt requirements-dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed; say: make setup PYTHON=/path/to/python3.11") if sys.version_info < (3, 11) else 0'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) \
		|| { rm -rf $(VENV); echo 'As root, say: apt-get install -y make python3-venv'; exit 1; }
	@echo 'Setting up $(VENV)'
	@if $(BIN)/uv --version >/dev/null 2>&1 || $(BIN)/python -m pip install -q uv; then \
		$(BIN)/uv pip install -q --python $(BIN)/python --compile-bytecode --require-hashes -r requirements.txt -r requirements-dev.txt \
		&& $(BIN)/uv pip install -q --python $(BIN)/python --no-deps --no-build-isolation -e .; \
	else \
		$(BIN)/python -m pip install -q --require-hashes -r requirements.txt -r requirements-dev.txt \
		&& $(BIN)/python -m pip install -q --no-deps --no-build-isolation -e .; \
	fi
	@touch $@

PIN := $(abspath $(BIN))/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	--no-emit-find-links --custom-compile-command 'make requirements' $(if $(UPGRADE),--upgrade)
PIN_FOLDER := .

.PHONY: requirements pin
requirements: setup pin ## Pin requirements*.in again, with hashes (UPGRADE=1 takes the newest releases)
pin:
	@cd $(PIN_FOLDER) && $(PIN) requirements.in -o requirements.txt && $(PIN) requirements-dev.in -o requirements-dev.txt

# --- Run ------------------------------------------------------------------------------------------------------------

.PHONY: demo
demo: setup ## Sidecar and demo shop, one proposal applied and undone, demo-report.html (ONCE=1 stops after it)
	@$(BIN)/devskyy demo $(if $(ONCE),--once)

.PHONY: wordpress
wordpress: setup ## A real shop with the plugin, paired (HPOS=off ORDERS=n ELEMENTOR=1 PORT=n FRESH=1)
	@$(BIN)/python -m tests.wordpress.stack up $(if $(HPOS),--hpos $(HPOS)) $(if $(ORDERS),--orders $(ORDERS)) \
		$(if $(ELEMENTOR),--elementor) $(if $(PORT),--port $(PORT)) $(if $(FRESH),--fresh)

.PHONY: wordpress-stop
wordpress-stop: setup ## Stop what `make wordpress` started
	@$(BIN)/python -m tests.wordpress.stack down

# --- Test and check -------------------------------------------------------------------------------------------------

.PHONY: test
test: setup ## All tests that can run here; what is missing for the others is named
	@$(BIN)/python -m tests.suites

.PHONY: e2e
e2e: setup ## The tests in a real browser on a real shop; fails when they cannot run
	@$(BIN)/python -m tests.suites browser

.PHONY: chaos
chaos: setup ## kill -9 of sidecar, worker and PHP during 10,000 events and 1,000 applies (ARGS='--events 600 --applies 60')
	@$(BIN)/python -m bench.chaos $(ARGS)

.PHONY: bench-sync
bench-sync: setup ## First sync by the signed export against paging wc/v3, on one real shop
	@$(BIN)/python -m bench.bench_sync

.PHONY: fuzz
fuzz: setup ## Schemathesis over all routes as every kind of caller (EXAMPLES=n, SEED=n, ROUTE=part of a path)
	@$(BIN)/python -m bench.fuzz $(if $(EXAMPLES),--examples $(EXAMPLES)) $(if $(SEED),--seed $(SEED)) \
		$(if $(ROUTE),--route $(ROUTE))

.PHONY: bench-api
bench-api: setup ## Reads, runs and events of the API under 50 clients (SHORT=1, EACH=seconds of a phase, FOLDER=to keep)
	@$(BIN)/python -m bench.bench_api $(if $(SHORT),--short) $(if $(EACH),--seconds $(EACH)) \
		$(if $(FOLDER),--folder $(FOLDER))

.PHONY: bench-forecast
bench-forecast: setup ## Accuracy on real demand, against statsforecast and M3's published forecasts (SHARE=0.72 ONLY=weekly)
	@$(BIN)/python -m bench.bench_forecast $(if $(SHARE),--share $(SHARE)) $(if $(ONLY),--only '$(ONLY)')

.PHONY: bench-forecast-speed
bench-forecast-speed: setup ## 10,000 daily series: seconds, memory, AutoETS beside it, Dask (SIZES=2500,5000,10000 SAMPLE=200)
	@$(BIN)/python -m bench.bench_forecast_speed $(if $(SIZES),--sizes $(SIZES)) $(if $(SAMPLE),--sample $(SAMPLE))

.PHONY: bench-inventory
bench-inventory: setup ## Holding cost of our stock decisions on real demand, against tuned rules and AutoETS (SHORT=1)
	@$(BIN)/python -m bench.bench_inventory $(if $(SHORT),--short)

.PHONY: lint
lint: setup ## ruff for Python; php -l and phpcs for PHP, where they are installed
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@if command -v php >/dev/null; then \
		git ls-files '*.php' | xargs -r -n 1 -P 2 php -l | { grep -v '^No syntax errors' || true; }; \
	else echo 'skipped php -l: PHP is not installed'; fi
	@if command -v phpcs >/dev/null; then phpcs -q; else echo 'skipped phpcs: apt-get install -y php-codesniffer'; fi

.PHONY: types
types: setup ## mypy --strict
	@$(BIN)/mypy

.PHONY: layers
layers: setup ## Who may import whom
	@$(BIN)/lint-imports

.PHONY: check-generated
check-generated: setup ## Generated files are what their sources make
	@bash .ci/check-generated

.PHONY: generate
generate: setup ## Make the generated files again
	@$(BIN)/devskyy openapi --output docs/openapi.json
	@$(BIN)/devskyy catalog
	@$(BIN)/devskyy access
	@$(MAKE) pot

# --- Plugin ---------------------------------------------------------------------------------------------------------

.PHONY: plugin-assets
plugin-assets: $(BUNDLE) ## Bundle the wp-admin pages into wp-plugin/build (needs Node.js 18 or newer)
	@:

$(BUNDLE): $(PLUGIN_SOURCES) $(MODULES)
	@cd wp-plugin && npm run --silent build
	@touch $@

.PHONY: plugin-modules
plugin-modules: $(MODULES)
	@:

$(MODULES): wp-plugin/package.json
	@command -v npm >/dev/null || { echo 'Node.js is missing. As root, say: apt-get install -y nodejs npm'; exit 1; }
	@cd wp-plugin && npm install --silent
	@touch $@

.PHONY: pot
pot: ## wp-plugin/languages/devskyy.pot, the template of translations (needs gettext)
	@$(PYTHON) .ci/pot.py

.PHONY: plugin-zip
plugin-zip: plugin-assets ## dist/devskyy.zip, to upload under Plugins > Add New
	@$(PYTHON) .ci/plugin_zip.py

.PHONY: clean
clean: ## Stop the shop and remove everything that the commands made
	@if test -x $(BIN)/python && test -d .wordpress; then $(BIN)/python -m tests.wordpress.stack down; fi
	rm -rf $(VENV) .bench .wordpress .demo dist build test-results demo-report.html wp-plugin/node_modules wp-plugin/build
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
	rm -rf .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .coverage
