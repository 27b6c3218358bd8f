# What a person types. Every line is a script that can be run without make, too.
.DEFAULT_GOAL := help
.PHONY: help demo test format lint types bench clean

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## /  make \1\t/p' $(MAKEFILE_LIST) | expand -t 16

demo: ## see it work: real disk images into a service on this machine, and back out
	@scripts/demo

test: ## every check: format, lint, types, layers, tests
	@scripts/setup --test --peers
	@scripts/check

format: ## rewrite the code in the house's format
	@scripts/setup
	@.venv/bin/ruff check --quiet --fix-only
	@.venv/bin/ruff format

lint: ## ruff and the layers
	@scripts/setup
	@scripts/check format lint scripts layers

types: ## mypy, strict
	@scripts/setup
	@scripts/check types

bench: ## speed, against the floor of this machine
	@scripts/setup --test
	@.venv/bin/python -m benchmarks.ingest

clean: ## remove what was made here: environments, caches
	rm -rf .venv .venv-* .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache build dist src/*.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
