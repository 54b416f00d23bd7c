# Everything a person types. `make demo` and `make test` install what they need first; nothing but git, make and Python 3.11 or newer is assumed.

PYTHON ?= python3
TOOLS  := .tools
VENV   := .venv
RUN    := $(VENV)/bin/python
UV     := PYTHONPATH=$(TOOLS) $(PYTHON) -m uv
STAMP  := $(VENV)/.installed
PEERS  := $(TOOLS)/peers
XDIST  ?= 3

SCENARIO ?= trading_company
REGISTER ?=
KEEP     ?=
KILLS    ?= 100
TARGET   ?= exact_online
SEEDS    ?= 300
SEED     ?=
FIRST    ?= 0
JOBS     ?= 2
STORE    ?= sqlite
RULES    ?= safety
RULE     ?=
N        ?= 20
BUSY     ?= 2
FOLDER   ?=
PART     ?=
FILES_MAX := 111

.PHONY: install demo test test-all check format crash simulate bench bench-peers clean lock connector matrix codes mutate soak walk

install: $(STAMP)

$(STAMP): requirements.lock pyproject.toml sandbox/pyproject.toml
	$(PYTHON) -m pip install -q --disable-pip-version-check --root-user-action=ignore --upgrade --target $(TOOLS) uv==0.13.8 2>/dev/null
	$(UV) venv -q --clear --python $(PYTHON) $(VENV)
	$(UV) pip install -q --python $(RUN) --require-hashes --compile-bytecode -r requirements.lock
	$(UV) pip install -q --python $(RUN) --no-deps --no-build-isolation -e . -e ./sandbox
	@touch $(STAMP)

demo: install
	@$(RUN) tools/demo.py --scenario $(SCENARIO) $(if $(REGISTER),--register "$(REGISTER)") $(if $(KEEP),--keep "$(KEEP)")

test: install
	$(RUN) -m pytest -n $(XDIST) --dist loadfile --no-loadscope-reorder -m "not slow" $(TESTS)

test-all: install
	$(RUN) -m pytest -n $(XDIST) --dist loadfile --no-loadscope-reorder

check: install
	$(VENV)/bin/ruff format --check -q .
	$(VENV)/bin/ruff check -q .
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports --no-cache
	$(RUN) tools/check_tree.py
	@$(RUN) tools/walk.py --most $(FILES_MAX) --quiet

format: install
	$(VENV)/bin/ruff check -q --fix .
	$(VENV)/bin/ruff format -q .

crash: install
	@$(RUN) tools/crash.py --kills $(KILLS) --target $(TARGET) --store $(STORE)

simulate: install
	@$(RUN) tools/simulate.py $(if $(filter people,$(TARGET)),--target people) $(if $(SEED),--seed $(SEED),--seeds $(SEEDS) --first $(FIRST) --jobs $(JOBS))

mutate: install
	@$(RUN) tools/mutate.py --rules $(RULES) $(if $(RULE),--rule "$(RULE)")

soak: install
	@$(RUN) tools/soak.py --passes $(N) --busy $(BUSY) $(if $(FOLDER),--folder "$(FOLDER)")

bench: install
	@$(RUN) tools/bench.py $(foreach part,$(PART),--part $(part))

bench-peers: install
	@test -x $(PEERS)/bin/python || $(UV) venv -q --python $(PYTHON) $(PEERS)
	@$(UV) pip install -q --python $(PEERS)/bin/python -r tools/peers/requirements.txt
	@$(RUN) tools/bench_peers.py --python $(PEERS)/bin/python

walk: install
	@$(RUN) tools/walk.py --most $(FILES_MAX)

connector: install
	@$(RUN) tools/connector.py "$(name)" --role "$(or $(role),ledger)"

matrix: install
	@$(RUN) tools/matrix.py

codes: install
	@$(RUN) tools/problem_codes.py

lock: install
	$(UV) pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate \
		--all-extras pyproject.toml -o requirements.lock

clean:
	rm -rf $(VENV) $(TOOLS) .mypy_cache .ruff_cache .pytest_cache .hypothesis .soak
