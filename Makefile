.DEFAULT_GOAL := help

# Programs that are not in go.mod, so that their dependencies do not mix with the service's.
REVIVE     := github.com/mgechev/revive@v1.17.0
MISSPELL   := github.com/golangci/misspell/cmd/misspell@v0.8.0
ACTIONLINT := github.com/rhysd/actionlint/cmd/actionlint@v1.7.12
PRETTIER   := prettier@3.10.1
GORELEASER := github.com/goreleaser/goreleaser/v2@v2.15.1

# gin without MessagePack, which saves a fifth of a cold build and 6 MB. Nothing here uses it. The other settings are
# those of a release, so that what tests and releases compile is compiled once.
export GOFLAGS     := $(GOFLAGS) -tags=nomsgpack -trimpath
export CGO_ENABLED := 0

GOARCH      ?= $(shell go env GOARCH)
COMMIT_TIME  = $(shell git log -1 --format=%ct)

# Inputs for each fuzz target. A duration could end within an input, which go test reports as a failure.
FUZZTIME ?= 10000x

# Tests of memory limits. The race detector multiplies the memory that is measured, so these run without it.
MEMORY_TESTS := ^(TestGiantAnswers|TestMCPGiantAnswers|TestHalfOpenConnections|TestMillionIdentities)$$

.PHONY: help
help: ## Show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 20

# Packages whose tests run without the race detector: they generate and read files, drive a browser, or start hundreds of
# processes, which it makes ten times as slow. So do some tests of other packages.
PLAIN_TESTS := ^(TestPackage|TestMigrate|TestCommands|TestLinks|TestDefinitionMCP|TestGeneratedPages|TestScripts$$|TestMCPFaults$$|TestOnActivityWeek)
PLAIN       := ./deploy ./docs/... ./internal/definition/... ./internal/e2e/browser ./internal/e2e/console ./internal/icon/... ./internal/migrate/...

# Packages whose tests take longest, which begin first.
SLOWEST := ./internal/e2e ./internal/ratelimit/redislimit

.PHONY: check
check: lint generated test memory plain fuzz ## All that CI runs, except mcp-clients

.PHONY: lint
lint: format vet ## Check format, correctness, style and spelling
	go tool staticcheck ./...
	go run $(REVIVE) -config revive.toml -exclude ./gen/... -set_exit_status ./...
	git ls-files -z -- '*.go' '*.md' '*.yaml' '*.yml' '*.toml' '*.lua' '*.sh' '*.ps1' Makefile Dockerfile | xargs -0 go run $(MISSPELL) -error -locale US -i cancelled,licences
	git ls-files -z -- '*.sh' .ci/run | xargs -0 shellcheck
	go run $(ACTIONLINT)
	go run $(GORELEASER) check --quiet
	go mod tidy -diff

.PHONY: format
format: ## Fail unless every file is formatted
	@test -z "$$(gofmt -l .)" || { echo "not formatted:"; gofmt -l .; exit 1; }

.PHONY: vet
vet: ## Run go vet, for Windows and macOS too
	go vet ./...
	GOOS=windows go vet ./...
	GOOS=darwin go vet ./...

.PHONY: test-short
test-short: ## Run the quick tests
	go test -short ./...

.PHONY: test-all
test-all: ## Run all tests without the race detector
	go test ./...

.PHONY: test
test: ## Run the tests with the race detector, except those of memory limits and of the packages of plain
	CGO_ENABLED=1 go test -race -shuffle=on -timeout 30m -skip '$(MEMORY_TESTS)|$(PLAIN_TESTS)' $(SLOWEST) $(filter-out $(shell go list $(PLAIN)),$(shell go list ./...))

.PHONY: memory
memory: ## Run the tests of memory limits
	go test -run '$(MEMORY_TESTS)' ./internal/e2e ./internal/ratelimit

.PHONY: plain
plain: ## Run the tests for which the race detector costs more than it finds
	go test -shuffle=on $(PLAIN)
	go test -shuffle=on -run '$(PLAIN_TESTS)' ./internal/cli ./internal/e2e ./internal/proxy

# Programs that speak the Model Context Protocol. Their lock file names no registry.
CLIENTS := internal/e2e/testdata/clients

.PHONY: mcp-clients
mcp-clients: $(CLIENTS)/node_modules/.package-lock.json ## Run the MCP conformance suite and clients from npm
	go test ./internal/e2e -run '^TestMCPPrograms$$' -count 1 -v -clients

# Libraries that the console serves to browsers. Their lock file names no registry either.
LIBRARIES := internal/console/vendored

.PHONY: screenshots
screenshots: ## Write the pictures of the console in docs/console, with Chromium
	go test ./internal/e2e/console -run '^TestCompareScreenshotPictures$$' -count 1 -pictures

.PHONY: console-format
console-format: ## Format the console's JavaScript and CSS, with npm
	npx --yes $(PRETTIER) --print-width 120 --embedded-language-formatting off --write 'internal/console/static/{,pages/,parts/}*.{js,css}'

.PHONY: console-libraries
console-libraries: $(LIBRARIES)/node_modules/.package-lock.json ## Copy the libraries of the console from npm
	go run ./$(LIBRARIES)

%/node_modules/.package-lock.json: %/package-lock.json
	npm ci --prefix $* --ignore-scripts --no-audit --no-fund --loglevel=error

.PHONY: fuzz
fuzz: ## Fuzz every target for FUZZTIME inputs
	@grep -rqE --include='*_test.go' '^func Fuzz[A-Za-z0-9]+' internal || { echo "no fuzz targets"; exit 1; }
	@grep -rHoE --include='*_test.go' '^func Fuzz[A-Za-z0-9]+' internal | while IFS=: read -r file target; do \
		echo "$${target#func } in $${file%/*}"; \
		go test "./$${file%/*}" -run '^$$' -fuzz "^$${target#func }$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 100x || exit 1; \
	done

.PHONY: dist
dist: ## Build what a release has into dist: archives, checksums and SBOMs for each system
	go run $(GORELEASER) release --snapshot --clean --skip=sign,docker

.PHONY: image
image: ## Build the image for this processor with buildah, as connector
	GOOS=linux go build -buildvcs=true -ldflags '-s -w' -o dist/image/linux/$(GOARCH)/connector ./cmd/connector
	mkdir -p dist/image/deploy && cp -R deploy/image dist/image/deploy
	buildah build --platform linux/$(GOARCH) --timestamp $(COMMIT_TIME) -f Dockerfile -t connector dist/image

.PHONY: generate
generate: ## Write gen/ and apiDefinition.swagger.json from openapi/connector.yaml, and the icon's PNG from its SVG
	go generate ./...

.PHONY: generated
generated: ## Fail unless the generated files are current
	go generate ./...
	git diff --exit-code -- gen apiDefinition.swagger.json internal/icon/icon.png

.PHONY: update
update: ## Write the golden files, the generated pages of the documentation and the zips of its examples
	go test ./internal/mapping ./internal/proxy ./internal/cli ./internal/e2e ./internal/definition ./internal/definition/registration ./docs/flows ./internal/mcp ./internal/migrate ./internal/migrate/report ./internal/e2e/browser ./internal/e2e/console -run 'TestGolden|TestCompareScreenshot|TestToolList|TestText$$|TestActions|TestGeneratedPages|TestLoadPicture|TestPackages|TestMigrateExample' -update

.PHONY: bench
bench: ## Run the benchmarks: projection, limiter, and the served binary beside a plain reverse proxy
	go test ./internal/mapping ./internal/ratelimit/... ./internal/migrate -run '^$$' -bench . -cpu 1
	go test ./internal/e2e -run '^$$' -bench . -benchtime 1x

.PHONY: load
load: ## Call the served binary at a constant rate beside a plain reverse proxy and draw docs/load.svg
	go test ./internal/e2e -run '^TestLoad$$' -count 1 -v -load 10s
