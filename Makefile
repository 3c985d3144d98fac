# Hindsight. `make` alone lists what there is; README.md says more.

SHELL       := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

# Go is often unpacked without being put into PATH, and sudo takes it out again.
export PATH := $(PATH):/usr/local/go/bin
export GOBIN := $(CURDIR)/.cache/bin

# Installs what a target needs and this machine lacks; SETUP=true leaves that out.
SETUP := build/setup.sh
ARGS  :=

VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
# The version comes from above; Go's own look at the repository fails when somebody else owns it.
export GOFLAGS := $(GOFLAGS) -buildvcs=false

# On some ARM kernels the race detector cannot run (47-bit addresses and fewer).
RACE := $(if $(filter x86_64,$(shell uname -m)),-race)

GO_TEST   := go test -json -vet=off -p 2 -timeout 20m
RESULTS   := .cache/results
COUNT     := .cache/bin/testcount
GOLANGCI_VERSION := v2.12.2
GOLANGCI  := .cache/bin/golangci-lint-$(GOLANGCI_VERSION)

.PHONY: help build run test test-go test-frontend test-flows test-hardware test-long lint bench clean frontend $(COUNT)

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' Makefile

build: ## install what is missing, build bin/hindsight
	@$(SETUP) build
	@$(MAKE) -s frontend
	go build -trimpath -ldflags "-X main.version=$(VERSION)" -o bin/hindsight ./appliance/cmd/hindsight

run: build ## build, record and serve; ARGS='--video demo' hands flags on
	@$(SETUP) captions
	@build/vosk.sh >/dev/null || echo "make run: it goes on without captions" >&2
	@exec bin/hindsight serve $(ARGS)

test: ## every test that needs no virtual device, at most 25 minutes on 2 cores
	@$(SETUP) test
	@build/vosk.sh >/dev/null
	@$(MAKE) --no-print-directory test-frontend test-go

test-frontend: frontend
	@mkdir -p $(RESULTS)
	cd frontend && npm run --silent check
	build/vitest.sh frontend test $(RESULTS)/frontend.count

# No part of test yet: their bounds are still to be proven on a calm machine.
test-flows: frontend ## the page of a real recorder in a real browser
	@$(SETUP) test
	@build/vosk.sh >/dev/null
	@mkdir -p $(RESULTS)
	go build -trimpath -ldflags "-X main.version=$(VERSION)" -o bin/hindsight ./appliance/cmd/hindsight
	build/vitest.sh flows flows $(RESULTS)/flows.count

test-go: frontend $(COUNT)
	@mkdir -p $(RESULTS)
	go vet ./...
	$(GO_TEST) $(RACE) ./... | $(COUNT) -name go -o $(RESULTS)/go.count

test-hardware: ## tests in a guest with virtual camera and sound card, at most 20 minutes
	@$(SETUP) hardware
	@$(MAKE) -s frontend $(COUNT)
	@mkdir -p $(RESULTS)
	go vet -tags hardware ./...
	build/tagged.sh hardware | xargs -r $(GO_TEST) -p 1 -tags hardware | $(COUNT) -name hardware -o $(RESULTS)/hardware.count

test-long: ## tests that take hours
	@$(SETUP) test
	@build/vosk.sh >/dev/null
	@$(MAKE) -s frontend $(COUNT)
	@mkdir -p $(RESULTS)
	build/tagged.sh long | xargs -r $(GO_TEST) -timeout 24h -tags long | $(COUNT) -name long -o $(RESULTS)/long.count

lint: ## style, arrows between packages, budgets, links
	@$(SETUP) lint
	@$(MAKE) -s frontend $(GOLANGCI)
	go run ./build/lint
	cd frontend && npm run --silent check
	CGO_ENABLED=0 go vet ./...
	@shellcheck -x $$(git ls-files -co --exclude-standard | xargs -r grep -lIE '^#!.*\b(ba|)sh$$')
	GOLANGCI_LINT_CACHE="$(CURDIR)/.cache/golangci-lint" $(GOLANGCI) run

bench: build ## figures: Go benchmarks, the recorder, replay, the page; HISTORY= VIEWERS= PAGE=no leave out
	@$(SETUP) test
	@build/vosk.sh >/dev/null
	go test -run '^$$' -bench . -benchmem -p 1 -timeout 60m ./... | sed -e '/^PASS$$/d' -e '/no test files/d'
	bin/hindsight bench $(ARGS)
	build/bench-replay.sh bin/hindsight $(ARGS)
	build/bench-page.sh bin/hindsight $(ARGS)

clean: ## remove what was built
	rm -rf bin .cache frontend/node_modules

# The page, embedded by the binary: built again only when its sources changed.
FRONTEND_SOURCES := $(shell find frontend -name node_modules -prune -o -path frontend/dist -prune -o -type f -print)

frontend: frontend/dist/index.html

frontend/node_modules/.package-lock.json: frontend/package.json frontend/package-lock.json
	cd frontend && npm ci --no-audit --no-fund --loglevel=error
	@touch $@

frontend/dist/index.html: frontend/node_modules/.package-lock.json $(FRONTEND_SOURCES)
	cd frontend && npm run --silent build
	@touch $@

$(COUNT):
	@go build -o $@ ./build/testcount

# Built by the Go at hand, so that it understands the same language version.
$(GOLANGCI):
	go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI_VERSION)
	@mv .cache/bin/golangci-lint $@
