# Every target checks what it needs first and installs it where it may (scripts/need); nothing else is to be set up.
.PHONY: help demo test lint fmt bench

help: ## what can be made here
	@grep -E '^[a-z]+:.*## ' Makefile | sed -E 's/^([a-z]+):.*## /  make \1\t/'

demo: ## run permdex with everything embedded and a generated organization
	@scripts/demo

test: ## all tests, with a real PostgreSQL and a real Elasticsearch that it starts itself
	@scripts/test

lint: ## rustfmt and clippy, warnings are errors
	@scripts/lint

fmt: ## format the code
	@scripts/need lint
	@scripts/cargo fmt

bench: ## measure, and print a table
	@scripts/bench
