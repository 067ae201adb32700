# Everything goes through npm scripts, so that it runs on the Node that the project brings, whatever the machine has.

.DEFAULT_GOAL := help
.PHONY: help run test lint typecheck unit fuzz bench build clean format golden preview oracle e2e e2e-node

# `##` behind a target is its line in `make help`.
help: ## Show this help
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# npm writes this file last, so an install that was broken off is made again.
installed := node_modules/.package-lock.json

$(installed): package.json package-lock.json
	@npm ci --loglevel=error >&2
	@touch $@

run: $(installed) ## Start the webhook with a throwaway certificate and print a curl line that tries it
	@npm run --silent kube-harden -- serve

preview: $(installed) ## Show what would change: make preview FILE=pod.yaml [POLICY=hardened]
	@npm run --silent kube-harden -- preview -f "$(or $(FILE),samples/nginx.yaml)" -p $(or $(POLICY),hardened)

test: $(installed) ## Lint, check the types and run all tests but e2e
	@npm run --silent lint
	@npm run --silent typecheck
	@npm run --silent unit

lint: $(installed) ## Check style and layers
	@npm run --silent lint

typecheck: $(installed) ## Check the types
	@npm run --silent typecheck

unit: $(installed) ## Run the tests alone
	@npm run --silent unit

fuzz: $(installed) ## Try properties ten times as often by a random seed, and say which: make fuzz [PROPERTY_SEED=1]
	@npm run --silent fuzz

format: $(installed) ## Mend style where a machine can
	@npm run --silent format

golden: $(installed) ## Rewrite the golden files from what the engine says now; read the difference before you commit it
	@npm run --silent golden

e2e: $(installed) ## Run it against real API servers (needs Go, or KUBEBUILDER_ASSETS)
	@npm run --silent e2e

e2e-node: $(installed) ## Run it on a real node of a real cluster (needs root, Go and some Debian packages)
	@npm run --silent e2e-node

oracle: $(installed) ## Hold it against Kubernetes' own validation, Pod Security and storage code (needs Go)
	@npm run --silent oracle

bench: $(installed) ## Measure microseconds per review, the server against bare Node, and what hostile reviews cost
	@npm run --silent bench

build: $(installed) ## Compile to dist/
	@npm run --silent build

clean: ## Remove what make has made
	rm -rf node_modules dist coverage .kube-harden
