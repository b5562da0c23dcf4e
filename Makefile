# Two commands matter: `make run` and `make test`. Each sets up what it needs first.
.DEFAULT_GOAL := help
BIN := .venv/bin
# Tests and benchmarks start the suite many times: uncompiled, each start would take three times as long.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help
help: ## Say what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: run
run: ## See the product: everything in one process with a demonstration, http://127.0.0.1:8080
	@scripts/setup.sh run
	@exec $(BIN)/borgerting demo

.PHONY: cluster
cluster: setup ## The suite with a demonstration on a real Kubernetes cluster of this machine's own (PORT=8080)
	@$(BIN)/python scripts/cluster.py start

.PHONY: cluster-stop
cluster-stop: ## Remove that cluster, and all that it holds
	@$(BIN)/python scripts/cluster.py stop

.PHONY: setup
setup: ## Make .venv with all that running and testing need
	@scripts/setup.sh test

.PHONY: check
check: setup ## Style, types, architecture, API contracts, generated code and translations
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python scripts/generate.py --check
	$(BIN)/python scripts/error_catalogue.py --check
	$(BIN)/python -m deploy.dashboards --check
	$(BIN)/python -m chassis.text check

# The cluster proves something else, and wants the machine to itself: it comes last, even where the first part failed.
.PHONY: test
test: setup ## Every test, the fast ones first, in two processes; then those on a real Kubernetes cluster, alone
	@failed=; \
	$(BIN)/python -m pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder tests/unit tests/architecture tests/contract tests/component tests/e2e tests/faults tests/browser tests/chart || failed=" the first part, whose last lines stand above those of the cluster;"; \
	$(BIN)/python -m pytest tests/cluster || failed="$$failed those on the cluster;"; \
	[ -z "$$failed" ] || { echo "make test: failed:$${failed%;}" >&2; exit 1; }

.PHONY: test-cluster
test-cluster: setup ## Of these only the last; Kubernetes is built once, in a quarter of an hour or more
	$(BIN)/python -m pytest tests/cluster

.PHONY: bench
bench: setup ## The benchmarks whose figures stand in the README (POOLS=folder of lottery pools)
	$(BIN)/python -m benchmarks.startup
	$(BIN)/python -m benchmarks.calls
	$(BIN)/python -m benchmarks.tenants
	$(BIN)/python -m benchmarks.flood
	$(BIN)/python -m benchmarks.events
	$(BIN)/python -m benchmarks.signups
	$(BIN)/python -m benchmarks.rolling
	$(BIN)/python -m benchmarks.grouping
	$(BIN)/python -m benchmarks.representation
	$(BIN)/python -m benchmarks.invitation
	$(BIN)/python -m benchmarks.dropout
	$(BIN)/python -m benchmarks.rotation
	$(BIN)/python -m benchmarks.ballots
	$(BIN)/python -m benchmarks.matching
	$(BIN)/python -m benchmarks.schedule
	$(BIN)/python -m benchmarks.deadlines
	$(if $(POOLS),,$(BIN)/python -m benchmarks.pools .bench/pools)
	$(BIN)/python -m benchmarks.lottery --pools $(or $(POOLS),.bench/pools)

.PHONY: generate
generate: setup ## Generate gen/ from proto/, and what docs/ and the dashboards have from the code
	$(BIN)/python scripts/generate.py
	$(BIN)/python scripts/error_catalogue.py
	$(BIN)/python -m deploy.dashboards
	$(BIN)/python -m deploy.supply.licences
	$(BIN)/python scripts/export_format.py

.PHONY: audit
audit: setup ## What is known against the locked packages; fails, too, where that cannot be asked
	$(BIN)/python -m deploy.supply.audit

LOCK := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-emit-find-links --no-header --no-annotate

.PHONY: lock
lock: setup ## Write the requirement locks anew
	$(LOCK) --upgrade --extra telemetry pyproject.toml -o requirements/runtime.txt
	$(LOCK) --upgrade --extra telemetry pyproject.toml requirements/dev.in -o requirements/dev.txt
	$(LOCK) --upgrade benchmarks/peers/requirements.in -o benchmarks/peers/requirements.txt
	$(LOCK) --upgrade benchmarks/peers/locust.in -o benchmarks/peers/locust.txt
