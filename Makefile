# What a developer and CI run. make without a target lists them.

VERSION  ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
TAGS     := nomsgpack
LINT     := github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0
FUZZTIME ?= 30s
CHAOS_SECONDS ?= 60
SEED     ?= 0
SHELL    := /bin/bash

export CGO_ENABLED ?= 0

.DEFAULT_GOAL := help
.PHONY: help build needs test check lint report-sample bench fuzz chaos image clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

build: ## bin/holdfast, as the image has it
	go build -tags $(TAGS) -trimpath -ldflags "-s -w -X main.version=$(VERSION)" -o bin/holdfast ./cmd/holdfast

needs: ## install what the tests need, or say what is missing
	@.ci/needs git redis-server

test: needs ## go vet and all tests, against a real redis-server and a real git
	go vet -tags $(TAGS) ./...
	go test -tags $(TAGS) -timeout 15m ./...

check: needs lint ## test, with the race detector, formatting, linters and known vulnerabilities
	@.ci/vuln $(TAGS)
	@.ci/needs gcc
	CGO_ENABLED=1 go test -tags $(TAGS) -race -timeout 30m ./...

lint: ## formatting, go vet and golangci-lint
	@unformatted="$$(gofmt -l cmd config internal policy trackers webhook)"; \
	  if [ -n "$$unformatted" ]; then echo "not formatted, run gofmt -w on:"; echo "$$unformatted"; exit 1; fi
	go vet -tags $(TAGS) ./...
	@if command -v golangci-lint >/dev/null && golangci-lint version 2>/dev/null | grep -q 'version v\?2\.'; \
	  then golangci-lint run; else go run $(LINT) run; fi

report-sample: needs ## bin/report: the weekly report of a generated ledger, in every form
	go test -tags $(TAGS) -count=1 -run TheGeneratedReport ./internal/app -sample $(CURDIR)/bin/report

bench: build ## the figures that the project quotes, each beside a peer
	@.ci/needs git redis-server
	go test -tags $(TAGS) -run '^$$' -bench . -timeout 30m ./internal/bench/...
	go test -tags $(TAGS) -run '^$$' -bench "Deployment|Mirror" -benchtime 20x -timeout 60m ./internal/reconcile

fuzz: ## each fuzz target for FUZZTIME (30s)
	@set -euo pipefail; \
	grep -rlE '^func Fuzz[A-Z]' --include='*_test.go' . | sort | while read -r file; do \
	  for target in $$(sed -nE 's/^func (Fuzz[A-Za-z0-9_]+)\(.*/\1/p' "$$file"); do \
	    echo "== $$file $$target"; \
	    go test -tags $(TAGS) -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 100x "$$(dirname "$$file")" </dev/null; \
	  done; \
	done

chaos: build ## kills and misbehaving trackers for CHAOS_SECONDS (60); SEED=n plays one again; see docs/chaos.md
	@.ci/needs git redis-server
	@go build -tags $(TAGS) -o bin/chaos ./internal/chaos/cmd
	@bin/chaos -holdfast bin/holdfast -seconds $(CHAOS_SECONDS) -seed $(SEED) $(if $(WEATHER),-weather $(WEATHER)) $(if $(CHAOS_REDIS),-redis $(CHAOS_REDIS))

image: ## the container image
	docker build --build-arg VERSION=$(VERSION) -t holdfast:$(VERSION) .

clean: ## remove what the targets made
	rm -rf bin
