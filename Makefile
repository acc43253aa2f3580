# Runs from a checkout and from an unpacked sdist; needs make and Python 3.11 or later, and nothing else.

PYTHON ?= python3
BIN := .venv/bin
INSTALLED := .venv/installed
SCRATCH := build/constraints
# The source package of PyPI that holds the whole tree of llama.cpp.
LLAMA_CPP := llama_cpp_python-0.3.36
LLAMA_CPP_TREE := $(LLAMA_CPP)/vendor/llama.cpp
# The torch that the trainer was tried with. The three go together, and only in these builds.
TORCH := torch==2.14.1 torchvision==0.29.1 torchaudio==2.11.0

# Empty is unset: where Python may keep what it has compiled, the trainer starts in a third of the time.
export PYTHONDONTWRITEBYTECODE :=

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo test llama-cpp test-next test-trainers test-axolotl trainer-keys trainer-rows coverage mutants \
	lint bench rehearse docs venv constraints clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' Makefile
	@echo
	@echo '  PYTHON=python3.12 selects the interpreter; demo, test, coverage, mutants and bench accept ARGS="..."'

demo: $(INSTALLED) ## Train a tiny Qwen3 on the CPU, from raw data to adapter (first run: installs the trainer)
	@$(BIN)/lf-qwen3 demo $(ARGS)

# A file in one of three processes: two wait for a browser or a trainer's start half of their time, and each may
# run the trainer, so that more would want more memory than a laptop has. A test whose process dies is tried twice
# more, in a process of its own.
PYTEST := -m pytest --numprocesses 3 --max-worker-restart 2 --dist loadfile --no-loadscope-reorder

test: $(INSTALLED) ## Run the whole test suite
	@$(BIN)/python $(PYTEST) $(ARGS)

# Nothing is compiled: the converter is a Python program, and the server that tests its files is in the wheel.
llama-cpp: .venv/llama.cpp ## Fetch llama.cpp's converter, without which the tests of GGUF files are skipped

.venv/llama.cpp: | $(INSTALLED)
	@rm -rf build/llama-cpp
	@$(BIN)/python -m pip download --quiet --no-deps --no-binary llama-cpp-python --dest build/llama-cpp \
		$(subst llama_cpp_python-,llama-cpp-python==,$(LLAMA_CPP))
	@cd build/llama-cpp && tar -xzf $(LLAMA_CPP).tar.gz $(LLAMA_CPP_TREE)/convert_hf_to_gguf.py \
		$(LLAMA_CPP_TREE)/conversion $(LLAMA_CPP_TREE)/gguf-py
	@mv build/llama-cpp/$(LLAMA_CPP_TREE) $@
	@rm -rf build/llama-cpp

# The trainer's check of the versions beside it is switched off: a checkout may want newer ones.
test-next: $(INSTALLED) ## Run the contract tests with the trainer in the checkout LLAMAFACTORY_SRC=/path
	@test -f "$(LLAMAFACTORY_SRC)/src/llamafactory/__init__.py" || { \
		echo 'error: LLAMAFACTORY_SRC names no checkout of LLaMA-Factory' >&2; \
		echo 'hint: make test-next LLAMAFACTORY_SRC=/path/to/LLaMA-Factory' >&2; exit 1; }
	@PYTHONPATH="$(CURDIR):$(LLAMAFACTORY_SRC)/src" DISABLE_VERSION_CHECK=1 \
		$(BIN)/python -m pytest -m llamafactory --ignore tests/e2e $(ARGS)

# Another trainer each in an environment of its own, with what it needs and does not declare. uv resolves Axolotl in
# minutes, pip in half an hour.
TRAINERS := build/trainers
TRAINER_TORCH ?= torch==2.13.0
ms-swift := ms-swift==4.6.0 math-verify==0.9.0 msgspec
trl := trl==1.16.0 peft math-verify==0.9.0
verl := verl==0.9.1 fastapi uvicorn
axolotl := axolotl==0.21.0
# The loss mask of Unsloth, without the CUDA libraries of the whole.
UNSLOTH_ZOO := unsloth_zoo==2026.10.9
AXOLOTL_PYTHON ?= python3.12

# The installed environments are the tests' to find: what is missing is skipped, and said.
test-trainers: $(INSTALLED) $(foreach name,ms-swift trl verl,$(TRAINERS)/$(name)/installed) ## Test rows and configs with TRL, ms-swift and verl, each in an environment of its own
	@$(BIN)/python -m pytest -m 'trainers and not axolotl' $(ARGS)

test-axolotl: $(INSTALLED) $(TRAINERS)/axolotl/installed ## The same for Axolotl, which needs Python 3.12 (AXOLOTL_PYTHON=...) and 8 GB
	@$(BIN)/python -m pytest -m axolotl $(ARGS)

trainer-rows: $(INSTALLED) ## Write the golden rows again, each file after its trainer processed the rows correctly
	@LF_QWEN3_WRITE_ROWS=1 $(BIN)/python -m pytest -m trainers tests/recipes/trainers/test_in_trainers.py \
		-k 'feeds_the_ids or reads_the_ids' $(ARGS)

trainer-keys: ## Read the keys of the installed trainers again, into recipes/trainers/
	@for name in ms-swift trl verl axolotl; do \
		if [ -x $(TRAINERS)/$$name/bin/python ]; then $(TRAINERS)/$$name/bin/python bench/trainer_keys.py $$name || exit 1; \
		else echo "$$name is not installed: make test-trainers, test-axolotl" >&2; fi; done
	@if [ -n "$(EASYR1_SRC)" ]; then $(PYTHON) bench/trainer_keys.py easyr1 "$(EASYR1_SRC)"; \
		else echo 'EasyR1 is read in a checkout: make trainer-keys EASYR1_SRC=/path/to/EasyR1' >&2; fi

$(TRAINERS)/axolotl/installed: PYTHON := $(AXOLOTL_PYTHON)
$(TRAINERS)/%/installed:
	@if [ $* = axolotl ]; then $(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 12))' 2>/dev/null || { \
		echo 'error: "$(PYTHON)" is missing or older than Python 3.12, which Axolotl wants' >&2; \
		echo 'hint: make test-axolotl AXOLOTL_PYTHON=/path/to/python3.12 (apt, pyenv and uv have it)' >&2; exit 1; }; fi
	@$(python_is_good) && $(PYTHON) -m venv --clear $(@D)
	@$(@D)/bin/python -m pip install --upgrade 'pip>=25'
	@if [ $* = axolotl ]; then $(@D)/bin/python -m pip install uv && $(@D)/bin/python -m uv pip install \
		--python $(@D)/bin/python $(TRAINER_TORCH) $($*); \
	else $(@D)/bin/python -m pip install --no-compile $(TRAINER_TORCH) $($*); fi
	@if [ $* = trl ]; then $(@D)/bin/python -m pip install --no-compile --no-deps $(UNSLOTH_ZOO); fi
	@touch $@

coverage: $(INSTALLED) ## Run the whole test suite and print how much of each file it covers, branches too
	@$(BIN)/coverage erase
	@$(BIN)/coverage run $(PYTEST) $(ARGS)
	@$(BIN)/coverage combine --quiet
	@$(BIN)/coverage report

mutants: $(INSTALLED) ## Change the code in small ways and list what no test notices; ARGS="ledger" for a module
	@$(BIN)/python bench/mutants.py $(ARGS)

lint: $(INSTALLED) ## Check style and types
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

bench: $(INSTALLED) ## Measure speed and memory of convert and of the usual programs
	@$(BIN)/python bench/run.py $(ARGS)

rehearse: $(INSTALLED) ## Run every recipe in the real trainer on the CPU, with a tiny model
	@for recipe in recipes/*.yaml; do echo "== $$recipe"; $(BIN)/lf-qwen3 rehearse "$$recipe" || exit 1; done

# A page is written elsewhere first, so that a failure leaves the old one.
docs: $(INSTALLED) ## Make the site in build/site, and the pages and schemas that come from the code
	@mkdir -p build
	@$(BIN)/python -m lf_qwen3.api > build/api.md && mv build/api.md docs/api.md
	@for page in checks rows verdicts; do \
		$(BIN)/python -m lf_qwen3.proof.explain $$page > build/$$page.md && mv build/$$page.md docs || exit 1; done
	@$(BIN)/python -m lf_qwen3.trainer.schema
	@$(BIN)/python -m tests.docs.run
	@for picture in rooms terminal; do \
		$(BIN)/python -m docs.make.$$picture > build/$$picture.svg && mv build/$$picture.svg docs || exit 1; done
	@$(BIN)/python -m sphinx --fail-on-warning --keep-going --nitpicky --quiet docs build/site
	@echo 'open build/site/index.html'

venv: $(INSTALLED) ## Make .venv with the package, the real trainer and the test tools

# Modules are compiled when they are first imported (--no-compile): most of the trainer's never are.
$(INSTALLED): pyproject.toml constraints.txt
	@$(BIN)/python -c 'import pip' 2>/dev/null || { $(python_is_good) && $(PYTHON) -m venv --clear .venv; }
	@echo 'Installing into .venv: the first time about 3 GB to fetch, 7 GB on disk, some minutes.'
	@$(BIN)/python -m pip install --upgrade 'pip>=25'
	@$(BIN)/python -m pip install --no-compile --constraint constraints.txt --editable '.[train,dev]'
	@touch $@

constraints: ## Resolve all dependencies again and write constraints.txt
	@$(python_is_good) && $(PYTHON) -m venv --clear $(SCRATCH)
	@$(SCRATCH)/bin/python -m pip install --upgrade 'pip>=25'
	@$(SCRATCH)/bin/python -m pip install --no-compile $(TORCH) '.[train,dev]'
	@grep '^#' constraints.txt > build/constraints.txt
	@$(SCRATCH)/bin/python -m pip freeze --all --exclude pip --exclude lf-qwen3 >> build/constraints.txt
	@mv build/constraints.txt constraints.txt
	@rm -rf $(SCRATCH)

clean: ## Remove everything that make made, .venv too
	@rm -rf .venv build dist demo bench/data bench/out .pytest_cache .mypy_cache .ruff_cache .hypothesis
	@find . -name __pycache__ -prune -exec rm -rf {} +

define python_is_good
{ $(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	echo 'error: "$(PYTHON)" is missing or older than Python 3.11' >&2; \
	echo 'hint: name another: make PYTHON=/path/to/python3.11 $(MAKECMDGOALS)' >&2; exit 1; }; }
endef
