.DEFAULT_GOAL := help
# A count: a time can run out in the middle of an input, which go test takes for a failure.
FUZZTIME ?= 20000x

.PHONY: help
help: ## Show this list
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /\1\t/' | expand -t 12

.PHONY: generate
generate: ## Write gen/ and apiDefinition.swagger.json anew from openapi/connector.yaml
	go generate ./...

.PHONY: update
update: ## Write the golden files and the generated pages of the documentation
	go test ./internal/mapping ./internal/proxy ./internal/cli ./internal/e2e -run 'TestGoldens|TestActions|TestGeneratedPages|TestLoadPicture' -update

.PHONY: format
format: ## Fail unless every file is formatted
	@test -z "$$(gofmt -l .)" || { echo "not formatted:"; gofmt -l .; exit 1; }

.PHONY: lint
lint: ## Run vet, staticcheck and a look at go.mod
	go vet ./...
	go tool staticcheck ./...
	go mod tidy -diff

.PHONY: generated
generated: ## Fail unless the generated files are current
	go generate ./...
	git diff --exit-code -- gen apiDefinition.swagger.json

.PHONY: test
test: ## Run the tests with the race detector
	go test -race -shuffle=on ./...

.PHONY: fuzz
fuzz: ## Fuzz every parser FUZZTIME times each
	go test ./internal/mapping -run '^$$' -fuzz FuzzAppend -fuzztime $(FUZZTIME)
	go test ./internal/auth -run '^$$' -fuzz FuzzKeysFile -fuzztime $(FUZZTIME)
	go test ./internal/auth -run '^$$' -fuzz FuzzToken -fuzztime $(FUZZTIME)
	go test ./internal/entra -run '^$$' -fuzz FuzzRefused -fuzztime $(FUZZTIME)
	go test ./internal/partnercenter -run '^$$' -fuzz FuzzNextPage -fuzztime $(FUZZTIME)
	go test ./internal/partnercenter -run '^$$' -fuzz FuzzRetryAfter -fuzztime $(FUZZTIME)
	go test ./internal/server -run '^$$' -fuzz FuzzGuard -fuzztime $(FUZZTIME)

.PHONY: bench
bench: ## Run the benchmarks: projection, limiter, and the served binary beside a plain reverse proxy
	go test ./internal/mapping ./internal/ratelimit/... -run '^$$' -bench . -cpu 1
	go test ./internal/e2e -run '^$$' -bench . -benchtime 1x

.PHONY: load
load: ## Drive the served binary at a constant rate beside a plain reverse proxy and draw docs/load.svg anew
	go test ./internal/e2e -run '^TestLoad$$' -count 1 -v -load 10s

.PHONY: check
check: format lint generated test fuzz ## All that CI runs
