# Framegate. `make` or `make help` lists the targets.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

PYTHON ?= python3
APP_STAMP := .venv/.installed-app
DEV_STAMP := .venv/.installed-dev
MODELS_STAMP := .venv-triton/.installed
PEERS_STAMP := .venv-peers/.installed
TORCH_STAMP := .venv-torch/.installed
# A user's pip settings decide where packages come from; the lock files decide which.
PIP_INSTALL := -m pip install --disable-pip-version-check --quiet --no-deps --require-hashes

.PHONY: help demo test test-torch fetch up standins loadtest monitor bench bench-peers bench-overload bench-memory bench-loadgen bench-causes bench-monitor bench-faces bench-models bench-precision bench-scorer bench-zoo benchmark-vram benchmark-lifecycle benchmark-video-memory tune lint format certs key lock envs clean

help:  ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 16

demo: envs  ## the whole system under 10 to 200 cameras, with a report
	@.venv/bin/python -m scripts.demo

test: $(DEV_STAMP) $(MODELS_STAMP) lint  ## lint, types and every test
	@.venv/bin/python -m pytest

test-torch: $(DEV_STAMP) $(MODELS_STAMP) $(TORCH_STAMP)  ## what trains and imports models, with PyTorch
	@.venv-torch/bin/python -m pytest -c tests/torch/pytest.ini tests/torch

# make fetch NAME="pet-classifier vit-age-classifier"; make fetch ARGS="--all --kind gpu".
fetch: $(TORCH_STAMP)  ## a model of the zoo from its source: make fetch NAME=…; ARGS=--list shows them
	@.venv-torch/bin/python -m scripts.fetch_models $(NAME) $(ARGS)

up: standins  ## serve until Ctrl-C
	@.venv/bin/python -m scripts.up

standins: envs  ## models in place of those of the zoo whose weights are not here
	@.venv/bin/python -m scripts.make_standins --all $(ARGS)

loadtest: envs  ## the full progressive plan against `make up`
	@.venv/bin/python -m loadtest

monitor: envs  ## a line a second: GPU, queue and inference times; ARGS=--tui for the whole screen
	@.venv/bin/python -m monitor $(ARGS)

lint: $(DEV_STAMP)  ## ruff and mypy
	@.venv/bin/ruff check --quiet .
	@.venv/bin/ruff format --quiet --check .
	@.venv/bin/mypy

format: $(DEV_STAMP)  ## let ruff rewrite the layout
	@.venv/bin/ruff check --fix --quiet .
	@.venv/bin/ruff format .

# ARGS is handed on: make bench ARGS="--rounds 1 --model idle".
bench: envs  ## the gateway beside the kind it replaces and Triton alone
	@.venv/bin/python -m benchmarks.gateway $(ARGS)

bench-peers: envs $(PEERS_STAMP)  ## the gateway beside LitServe and BentoML
	@.venv/bin/python -m benchmarks.peers $(ARGS)

bench-overload: envs  ## five times more load than the gateway carries
	@.venv/bin/python -m benchmarks.overload $(ARGS)

bench-memory: envs  ## what a gateway worker weighs after 10,000 and 100,000 requests
	@.venv/bin/python -m benchmarks.memory $(ARGS)

bench-loadgen: envs  ## what one process of the load tester can send, and what it weighs
	@.venv/bin/python -m benchmarks.loadgen $(ARGS)

bench-causes: envs  ## what stops the system, brought about on purpose, and what the load tester says
	@.venv/bin/python -m benchmarks.causes $(ARGS)

bench-monitor: envs  ## what the monitor itself costs, in processor time, memory and start
	@.venv/bin/python -m benchmarks.monitor $(ARGS)

bench-faces: envs  ## how many faces are found, what else is, and how fast
	@.venv/bin/python -m benchmarks.faces $(ARGS)

bench-models: envs  ## ten pictures before every quality model in turn
	@.venv/bin/python -m benchmarks.quality_models $(ARGS)

bench-precision: $(TORCH_STAMP)  ## what fewer bits buy: MODEL=triton_models/<name>/1/model.onnx
	@.venv-torch/bin/python -m benchmarks.precision $(MODEL) $(ARGS)

bench-scorer: envs  ## CPU per frame of the measures in Triton
	@.venv/bin/python -m benchmarks.scorer_cpu

bench-zoo: envs  ## the model zoo under stress, with kills; memory, times and leaks
	@.venv/bin/python -m benchmarks.zoo $(ARGS)

benchmark-vram: envs  ## memory and loading times of the zoo's models; writes docs/vram-benchmark.md
	@.venv/bin/python -m scripts.benchmark_vram $(ARGS)

benchmark-lifecycle: $(TORCH_STAMP) $(MODELS_STAMP)  ## what loading and unloading a model costs, in three ways
	@.venv-torch/bin/python -m scripts.benchmark_lifecycle $(ARGS)

benchmark-video-memory: $(TORCH_STAMP)  ## clips on the device and in host memory: peaks, time, equal answers
	@.venv-torch/bin/python -m scripts.benchmark_video_memory $(ARGS)

tune: envs  ## find the batching that suits this machine, and write it as a profile
	@.venv/bin/python -m scripts.tune_batching

certs: envs  ## a self-signed certificate for HTTPS in var/tls/
	@.venv/bin/python -m scripts.certs

key: envs  ## an API key: make key NAME=camera SCOPES=infer,metrics
	@.venv/bin/python -m scripts.make_key $(NAME) $(if $(SCOPES),--scopes $(SCOPES))

lock: var/uv/.installed  ## renew the locked requirements from their .in files
	@for pair in 3.11:requirements/app 3.11:requirements/dev 3.10:triton_runtime/requirements \
	    3.11:benchmarks/peers/requirements; do \
	    var/uv/bin/uv pip compile --quiet --universal --no-annotate --generate-hashes \
	        --python-version $${pair%%:*} --custom-compile-command "make lock" \
	        --no-emit-package perf-analyzer --no-emit-package setuptools \
	        $${pair#*:}.in -o $${pair#*:}.txt; done
	@for alone in triton_runtime/server benchmarks/perf_analyzer; do \
	    var/uv/bin/uv pip compile --quiet --no-deps --no-annotate --generate-hashes \
	        --custom-compile-command "make lock" $$alone.in -o $$alone.txt; done

var/uv/.installed:
	@$(PYTHON) -m venv var/uv && var/uv/bin/pip install --quiet uv && touch $@

clean:  ## remove environments, logs and runs
	@rm -rf .venv .venv-triton .venv-peers .venv-torch var runs

envs: $(APP_STAMP) $(MODELS_STAMP)  ## make .venv and .venv-triton

# A stamp is written last, so an install that was interrupted is done again from nothing.
$(APP_STAMP): requirements/app.txt
	@$(PYTHON) scripts/check_python.py
	@echo "Installing the application's packages into .venv"
	@rm -rf .venv && $(PYTHON) -m venv .venv
	@.venv/bin/python $(PIP_INSTALL) -r requirements/app.txt
	@touch $@

$(DEV_STAMP): $(APP_STAMP) requirements/dev.txt
	@echo "Installing the test and lint packages into .venv"
	@.venv/bin/python $(PIP_INSTALL) -r requirements/dev.txt
	@touch $@

$(MODELS_STAMP): triton_runtime/requirements.txt triton_runtime/server.txt
	@$(PYTHON) scripts/check_python.py
	@echo "Installing Triton and the models' packages into .venv-triton"
	@rm -rf .venv-triton && $(PYTHON) -m venv .venv-triton
	@.venv-triton/bin/python $(PIP_INSTALL) -r triton_runtime/requirements.txt -r triton_runtime/server.txt
	@touch $@

$(PEERS_STAMP): benchmarks/peers/requirements.txt
	@echo "Installing what the gateway is measured beside into .venv-peers"
	@rm -rf .venv-peers && $(PYTHON) -m venv .venv-peers
	@.venv-peers/bin/python $(PIP_INSTALL) -r benchmarks/peers/requirements.txt
	@touch $@

# By version, without hashes: which build of PyTorch suits depends on the machine.
$(TORCH_STAMP): requirements/torch.txt
	@echo "Installing PyTorch, to train, to fetch and to import models, into .venv-torch"
	@rm -rf .venv-torch && $(PYTHON) -m venv .venv-torch
	@.venv-torch/bin/python -m pip install --disable-pip-version-check -qq -r requirements/torch.txt
	@touch $@
