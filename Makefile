# What CI runs (.ci/run) is these targets and nothing else.

GO    ?= go
TOOL   = $(GO) tool -modfile=tools/go.mod
SCALE ?= 1
COUNT ?= 3
ONLY  ?=
SEEDS ?= 1000000
FIRST ?= 0

.DEFAULT_GOAL := help
.PHONY: help build test race lint fuzz e2e sim sim-nightly bench bench-smoke generate deps clean

help: ## print this list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: ## compile everything
	$(GO) build ./...

test: ## run all tests
	$(GO) test ./...

race: ## run the tests under the race detector, the long ones shortened; end-to-end tests build programs of their own
	$(GO) test -race -short $$($(GO) list ./... | grep -v /internal/e2e)

lint: ## gofmt, go vet, staticcheck, and golangci-lint where it is installed
	@.ci/gofmt
	$(GO) vet ./...
	$(TOOL) staticcheck ./...
	@if command -v golangci-lint >/dev/null; then golangci-lint run ./...; else echo "golangci-lint is not installed: left out"; fi

fuzz: ## run every fuzz target for some seconds: FUZZ_SECONDS=60 for all together at most that long
	@.ci/fuzz

e2e: ## run the examples and the end-to-end tests as a new user would
	@.ci/e2e

sim: ## simulate the scheduler; SEED=7 replays one seed and tells what happens
	$(GO) test -count=1 ./internal/core/sim $(if $(SEED),-v -args -sim.seed=$(SEED))

sim-nightly: ## play a million scenarios on all cores: SEEDS=1000000 FIRST=0; one that fails is shrunk and told as a script
	$(GO) run ./cmd/kiln sim --seeds $(SEEDS) --seed $(FIRST)

bench: ## print the speed table: SCALE=1 COUNT=3 ONLY='sort|join'; with SPARK_HOME set, Spark's column too
	$(GO) run ./bench -scale '$(SCALE)' -count '$(COUNT)' -only '$(ONLY)'

bench-smoke: ## run every benchmark once, tiny
	@work=$$(mktemp -d) && trap 'rm -rf "$$work"' EXIT && $(GO) run ./bench -scale 0.001 -engines 'hand|kiln' -work "$$work"

generate: ## make generated code and the list of the exported API anew
	$(GO) generate ./...
	$(GO) test ./internal/lint -run API -rewrite

deps: ## list what a user's program links, and what is out of date
	$(GO) list -deps -f '{{with .Module}}{{if not .Main}}{{.Path}} {{.Version}}{{end}}{{end}}' . | sort -u
	$(GO) list -m -u -f '{{if and .Update (not .Indirect)}}{{.Path}} {{.Version}} -> {{.Update.Version}}{{end}}' all

clean: ## remove what builds, tests and benchmarks left behind
	$(GO) clean -testcache
	rm -rf "$${TMPDIR:-/tmp}/kiln-bench"
	find . -name '*.test' -o -name '*.prof' -o -name '*.out' | xargs -r rm -f
