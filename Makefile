# Everything goes through npm scripts, so that it runs on the Node that the project brings, whatever the machine has.

.DEFAULT_GOAL := help
.PHONY: help run test lint typecheck unit bench build clean format golden preview

# `##` behind a target is its line in `make help`.
help: ## Show this help
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

node_modules: package.json package-lock.json
	npm ci --loglevel=error
	@touch node_modules

run: node_modules ## Start the webhook with a throwaway certificate and print a curl line that tries it
	@npm run --silent kube-harden -- serve

preview: node_modules ## Show what would change: make preview FILE=pod.yaml [POLICY=hardened]
	@npm run --silent kube-harden -- preview -f $(or $(FILE),samples/nginx.yaml) -p $(or $(POLICY),hardened)

test: node_modules ## Lint, check the types and run all tests
	@npm run --silent lint
	@npm run --silent typecheck
	@npm run --silent unit

lint: node_modules ## Check style and layers
	@npm run --silent lint

typecheck: node_modules ## Check the types
	@npm run --silent typecheck

unit: node_modules ## Run the tests alone
	@npm run --silent unit

format: node_modules ## Mend style where a machine can
	@npm run --silent format

golden: node_modules ## Rewrite the golden files from what the engine says now; read the difference before you commit it
	@npm run --silent golden

bench: node_modules ## Measure microseconds per review, and the server against bare Node
	@npm run --silent bench

build: node_modules ## Compile to dist/
	@npm run --silent build

clean: ## Remove what make has made
	rm -rf node_modules dist coverage .kube-harden
