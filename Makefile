# Two commands matter: `make run` serves the demo, `make test` builds everything and runs every test.

AOT_FRAMEWORK ?= net9.0
CONFIGURATION ?= Release
EDGE_DIR := artifacts/edge
EDGE := $(EDGE_DIR)/edge
DATA_DIR ?= data
URL ?= http://127.0.0.1:8080

.PHONY: help build publish run test clean

help:
	@echo "make run      publish the native binary and serve the demo on $(URL)"
	@echo "make test     build everything and run all tests, the native binary's included"
	@echo "make publish  build the native binary as $(EDGE)"
	@echo "make clean    remove what was built (never the data directory)"

build:
	dotnet build Edge.sln -c $(CONFIGURATION) --nologo

publish:
	dotnet publish src/Edge -c $(CONFIGURATION) -f $(AOT_FRAMEWORK) -r linux-x64 -p:AotFramework=$(AOT_FRAMEWORK) --nologo -o $(EDGE_DIR)

run: publish
	$(EDGE) serve --demo --data-dir $(DATA_DIR) --urls $(URL)

test: publish build
	EDGE_BINARY=$(CURDIR)/$(EDGE) dotnet test Edge.sln -c $(CONFIGURATION) --no-build --nologo \
		--logger "trx;LogFilePrefix=tests" --logger "console;verbosity=normal" --results-directory artifacts/test-results

clean:
	rm -rf artifacts
