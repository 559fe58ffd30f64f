# usersync. `make` lists what there is to do.

PEOPLE ?= docs/example/people.csv
DATA   ?= .data/example
BIN    := bin/usersync
FUZZTIME ?= 30s

.PHONY: help build run test verify local bench lint fuzz clean

help: ## list the targets
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

build: ## build the command line to bin/usersync
	@CGO_ENABLED=0 go build -trimpath -o $(BIN) ./internal/cmd/usersync

run: build ## sync the example's people (or PEOPLE=path) into the built-in directory
	@.ci/example $(BIN) '$(subst ','\'',$(PEOPLE))' '$(subst ','\'',$(DATA))'

test: ## every test that needs only Go
	@go vet ./...
	@go test -count=1 ./...

verify: ## the real engines: DynamoDB Local, ASL engine, SAM CLI, containers, linters (installs them into .tools)
	@.ci/asl-validate internal/workflow/sync.asl.json
	@.ci/with-dynamodb go test -count=1 -tags verify ./internal/store/dynamo/...
	@.ci/with-dynamodb go test -count=1 -tags verify -run SettingsOfADeployment ./internal/cmd/usersync
	@ASL_ENGINE_SCRIPTED=yes .ci/with-asl-engine go test -count=1 -tags verify ./internal/local/...
	@.ci/servicestack
	@.ci/schemathesis
	@.ci/prism
	@.ci/template
	@SETTINGS=internal/rehearsal/testdata/companies.yaml .ci/local .ci/rehearse

local: build ## the whole chain of the deployment on this machine, until Ctrl-C (SETTINGS=path for companies of your own)
	@.ci/local

bench: build ## speed and memory of whole processes, beside their bars
	@go build -o bin/bench ./internal/bench
	@bin/bench -usersync $(BIN)
	@.ci/startup
	@.ci/with-dynamodb go test -count=1 -tags cost -timeout 20m -run Million -v ./internal/bench | grep ' people '

lint: ## formatting and vet
	@test -z "$$(gofmt -l internal functions)" || { gofmt -l internal functions; exit 1; }
	@go vet ./... && go vet -tags verify ./...

fuzz: ## fuzz every decoder of outside text, FUZZTIME each
	@go list -f '{{$$p := .ImportPath}}{{range .TestGoFiles}}{{$$p}} {{end}}{{range .XTestGoFiles}}{{$$p}} {{end}}' ./... | tr ' ' '\n' | sort -u | grep . | \
	while read -r package; do \
	  for target in $$(go test -list '^Fuzz' "$$package" | grep '^Fuzz'); do \
	    echo "$$package $$target"; go test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) "$$package" || exit 1; \
	  done; \
	done

# What `sam build` asks for: one target a function of template.yaml.
.PHONY: build-StartFunction build-StatusFunction build-DirectoryFunction build-FetchFunction build-UpsertFunction \
	build-SettleFunction build-FinishFunction build-NightlyFunction build-ReapFunction

build-StartFunction:     ; $(call build_function,start)
build-StatusFunction:    ; $(call build_function,status)
build-DirectoryFunction: ; $(call build_function,directory)
build-FetchFunction:     ; $(call build_function,fetch)
build-UpsertFunction:    ; $(call build_function,upsert)
build-SettleFunction:    ; $(call build_function,settle)
build-FinishFunction:    ; $(call build_function,finish)
build-NightlyFunction:   ; $(call build_function,nightly)
build-ReapFunction:      ; $(call build_function,reap)

GOARCH ?= arm64
define build_function
@CGO_ENABLED=0 GOOS=linux GOARCH=$(GOARCH) go build -tags lambda.norpc -trimpath -ldflags "-s -w" -o "$(ARTIFACTS_DIR)/bootstrap" ./functions/$(1)
endef

clean: ## remove what was built and the example's data
	@rm -rf bin .data
