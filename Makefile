# `make run` is the whole product, `make test` proves it. Both need only Python 3.11+ and make.
PYTHON ?= python3
UV := $(or $(shell command -v uv),.uv/bin/uv)
BIN := .venv/bin
SYNC = $(UV) sync --quiet --locked --python "$$($(PYTHON) -c 'import sys; print(sys.executable)')"

# With it every process compiles anew all that it imports, which takes longer than the rest of its start.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: run test check migrate seed backup restore bench chaos

run: .venv/ready
	@exec $(BIN)/python run.py

test: .venv/ready
	$(BIN)/pytest --numprocesses 4 --dist loadfile --no-loadscope-reorder

check: .venv/ready
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy .
	$(BIN)/oxfmt --check backoffice/admin/static/*.js
	$(BIN)/oxlint --deny-warnings backoffice/admin/static
	$(BIN)/piccolo backoffice lint

migrate: .venv/ready
	$(BIN)/piccolo backoffice migrate

seed: .venv/ready
	$(BIN)/python -m seed

# FILE=flowcrm.dump; to restore over a database that is not empty: REPLACE=1
FILE_OF_BACKUP = "$(or $(FILE),$(error Say which file, for example: make $@ FILE=flowcrm.dump))"
backup: .venv/ready
	$(BIN)/python -m backoffice.database.backup save -- $(FILE_OF_BACKUP)

restore: .venv/ready
	$(BIN)/python -m backoffice.database.backup load $(if $(filter 1,$(REPLACE)),--replace) -- $(FILE_OF_BACKUP)

bench: .venv/ready
	$(SYNC) --group bench
	$(BIN)/python -m benchmarks

# SECONDS=60 (at most 240), SEED=5 to repeat a run, WORKERS=1, CLERKS=20, PGBOUNCER=1
chaos: .venv/ready
	$(BIN)/python -m tests.chaos $(if $(SECONDS),--seconds $(SECONDS)) $(if $(SEED),--seed $(SEED)) \
		$(if $(WORKERS),--workers $(WORKERS)) $(if $(CLERKS),--clerks $(CLERKS)) $(if $(PGBOUNCER),--pgbouncer)

.venv/ready: uv.lock pyproject.toml | $(UV)
	$(SYNC)
	@touch $@

.uv/bin/uv:
	$(PYTHON) -m venv .uv
	.uv/bin/pip install --quiet --disable-pip-version-check uv==0.13.8
