# The two commands of the README are `make run` and `make test`; neither needs a step before it.
.DEFAULT_GOAL := help
SHELL := bash
.SHELLFLAGS := -euo pipefail -c

CARGO ?= cargo
PYTHON := $(CURDIR)/.venv/bin/python
CARD_CHECK := $(CURDIR)/.tools/adaptivecards/node_modules
export PATH := $(CURDIR)/.tools/bin:$(PATH)

.PHONY: help
help: ## This list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

.PHONY: run
run: build ## Build and start everything; the demo if no tenant is configured
	@exec target/release/leitwarte up

.PHONY: build
build: ## Build every program in release mode
	@scripts/setup build
	$(CARGO) build --release --workspace

.PHONY: test
test: test-setup lint test-all deny ## Everything that must hold: format, lints, docs, every test, dependencies

.PHONY: test-setup
test-setup: ## Install what the tests need (or say what is missing)
	@scripts/setup test

.PHONY: lint
lint: ## Formatting, clippy (pedantic) and documentation, warnings denied
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets --locked -- -D warnings
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --workspace --no-deps --locked --quiet

.PHONY: test-all
# Programs are built with the tests, so that what both need is compiled once; those in containers apart, as they are shipped.
test-all: ## Every test, on real processes and with foreign clients
	$(CARGO) build --workspace --all-targets --locked
	LEITWARTE_PYTHON="$(PYTHON)" LEITWARTE_CARD_CHECK="$(CARD_CHECK)" scripts/test

.PHONY: openapi
openapi: ## Write the API's document anew from the code
	$(CARGO) run --quiet -p leitwarte-tests --bin openapi

.PHONY: deny
deny: ## Licences, sources, duplicates and known vulnerabilities of every dependency
	@scripts/deny

.PHONY: roles-exhaustive
roles-exhaustive: ## Every pair of disturbances of every change of roles (make test takes a sample)
	ROLES_EXHAUSTIVE=1 $(CARGO) test --release --locked -p role-sync --test exhaustive -- --nocapture --test-threads=4

.PHONY: bench
bench: build ## Measure speed and memory, side by side with cargo-lambda
	@scripts/setup test
	LEITWARTE_PYTHON="$(PYTHON)" $(CARGO) run --release --quiet -p leitwarte-tests --bin bench

.PHONY: measure
measure: ## Measure images, memory at rest and cold starts of the release build in containers
	@scripts/setup test
	PROFILE=release NEXTEST_SUCCESS_OUTPUT=immediate RUST_TEST_NOCAPTURE=1 scripts/test --test containers at_rest

.PHONY: screenshots
screenshots: ## Every page of the demo as pictures in target/screenshots, in both themes, on a desk and on a phone
	@scripts/setup test
	$(CARGO) build --workspace --locked
	$(CARGO) run --quiet --locked -p leitwarte-tests --bin screenshots

# `docker compose` where it is installed, else docker-compose. The demo, as long as no tenant is configured.
COMPOSE = $(shell docker compose version >/dev/null 2>&1 && echo docker compose || echo docker-compose) -p leitwarte \
	-f local/compose.yaml $(if $(wildcard config-profiles/config-*-profile.json),,-f local/compose.demo.yaml)

.PHONY: images
images: ## Build every program here and pack each into a container image
	@scripts/setup build
	@scripts/images

.PHONY: up
up: images ## Start everything in containers; the demo if no tenant is configured
	@mkdir -p config-profiles role-certs certs/notifications certs/sharepoint certs/sign-in secrets/database secrets/tls
	$(COMPOSE) up --detach --no-build

.PHONY: down
down: ## Stop the containers; their data stays
	$(COMPOSE) down

.PHONY: logs
logs: ## Follow what the containers print
	$(COMPOSE) logs --follow --tail 50

.PHONY: stack
stack: ## Deploy to several machines: Docker Swarm over PostgreSQL (local/stack.yaml)
	@scripts/stack deploy

.PHONY: fmt
fmt: ## Format the code
	$(CARGO) fmt --all

.PHONY: clean
clean: ## Remove everything that was built
	$(CARGO) clean
	rm -rf .venv .tools
