# Two commands matter: `make run` serves the demo, `make test` builds everything and runs every test.

CONFIGURATION ?= Release
# linux-arm64 is cross-compiled with Debian's gcc-aarch64-linux-gnu and libc6-dev-arm64-cross.
RID ?= linux-x64
# Anything but nothing: the build with the Kafka sink, edge and librdkafka.so beside it.
KAFKA ?=
ANALYZERS ?= false
EDGE_DIR := artifacts/edge$(if $(KAFKA),-kafka)$(if $(filter-out linux-x64,$(RID)),-$(RID))
EDGE := $(EDGE_DIR)/edge
EDGE_FAULTS_DIR := artifacts/edge-faults
EDGE_FAULTS := $(EDGE_FAULTS_DIR)/edge
# The load test: a private service, unless URL= names one that is yours. ARGS= takes every other option.
SCENARIO ?= mixed
RATE ?= 1000
MINUTES ?= 1
LOAD_URL := $(if $(filter command environment override,$(firstword $(origin URL))),$(URL))
READER ?= all
SECONDS ?= 60
DATA_DIR ?= data
URL ?= http://127.0.0.1:8080
FLEET_PORT ?= 8070
GEO := artifacts/geoip/country.mmdb
DIST_DIR := artifacts/dist
# Of the tag vX.Y.Z that HEAD is at or comes after (X.Y.Z-N-gCOMMIT); without a tag that of the build.
VERSION ?= $(or $(patsubst v%,%,$(shell git describe --tags --match 'v[0-9]*' 2>/dev/null)),$(shell sed -n 's:.*<VersionPrefix>\(.*\)</VersionPrefix>.*:\1:p' Directory.Build.props))

.PHONY: help build publish publish-faults benchmarks geo run fleet load test test-arm64 test-image test-mixed test-faults fuzz format dist clean test-kafka

help:
	@echo "make run      publish the native binary and serve the demo on $(URL)"
	@echo "make fleet    publish the native binary and run one origin, two edges, PostgreSQL and ClickHouse on loopback, from port $(FLEET_PORT) on"
	@echo "make test     build everything and run all tests, the native binary's included"
	@echo "make load     load-test a private service: SCENARIO=campaign RATE=5000 MINUTES=2; URL= names a running one of yours"
	@echo "make publish  build the native binary as $(EDGE); RID=linux-arm64 cross-compiles, KAFKA=1 adds the Kafka sink"
	@echo "make benchmarks   the benchmarks as native code; artifacts/benchmarks/Edge.Benchmarks lists them"
	@echo "make test-arm64   cross-compile for arm64 and run the smoke tests on that binary under qemu-user-static"
	@echo "make test-kafka   build with the Kafka sink and run its tests, against brokers that the tests bring"
	@echo "make test-image   build the container image without an engine, by buildah, and run its tests (Debian, as root)"
	@echo "make format   check the formatting, change nothing"
	@echo "make test-mixed   a fleet of two versions: PREVIOUS=COMMIT is built and run beside this one"
	@echo "make test-faults  the long tier of the fault tests, for hours; EDGE_FAULT_MINUTES=N bounds each test"
	@echo "make fuzz     fuzz the readers of bytes from outside: READER=pictify SECONDS=600; without them all, a minute each (Debian's afl++)"
	@echo "make dist     archives for amd64 and arm64 with bill of materials and checksums, in $(DIST_DIR)"
	@echo "make clean    remove what was built (never the data directory)"

build:
	dotnet build Edge.sln -c $(CONFIGURATION) --nologo

# Analyzers run once, in build; of the build with Kafka in test-kafka. What compiles the rules is the same for every build, and restored as such.
publish:
	$(if $(KAFKA),dotnet restore tools/RuleCompiler)
	dotnet publish src/Edge -c $(CONFIGURATION) -r $(RID) -p:RunAnalyzers=$(ANALYZERS) $(if $(KAFKA),-p:EdgeKafka=true) --nologo -o $(EDGE_DIR)

# The binary that can be told to fail; for the fault tests, never shipped.
publish-faults:
	dotnet publish src/Edge -c $(CONFIGURATION) -r linux-x64 -p:EdgeFaults=true --nologo \
		-o $(EDGE_FAULTS_DIR)

# What benchmarks measure when they shall say something about the program that is shipped: artifacts/benchmarks/Edge.Benchmarks COMMAND.
benchmarks:
	dotnet publish tests/Edge.Benchmarks -c Release -r linux-x64 -p:NativeBenchmarks=true --nologo -o artifacts/benchmarks

# The free country file; says in one line what is missing when it cannot be built, and everything else works without it.
geo:
	@geoip/build-free.sh $(GEO) || true

run: publish geo
	$(if $(EDGE__GEO__DATABASE),,EDGE__GEO__DATABASE=$(wildcard $(GEO))) $(EDGE) serve --demo --data-dir $(DATA_DIR) --urls $(URL)

# One origin and two edges, with PostgreSQL and ClickHouse where they are installed; ends all with Ctrl+C or SIGTERM.
fleet: publish
	tools/fleet/run.sh $(EDGE) artifacts/fleet $(FLEET_PORT)

# Its exit code is make's own; loadtests/README.md says how scripts run the program itself.
load: $(if $(LOAD_URL),,publish)
	dotnet build loadtests/Edge.LoadTests -c Release --nologo -v quiet -clp:ErrorsOnly
	EDGE_BINARY=$${EDGE_BINARY:-$(EDGE)} dotnet artifacts/bin/Edge.LoadTests/release/Edge.LoadTests.dll $(SCENARIO) --rate $(RATE) --minutes $(MINUTES) \
		$(if $(LOAD_URL),--url $(LOAD_URL)) $(ARGS)

test: publish publish-faults build
	EDGE_BINARY=$(CURDIR)/$(EDGE) EDGE_FAULT_BINARY=$(CURDIR)/$(EDGE_FAULTS) dotnet test Edge.sln -c $(CONFIGURATION) --no-build --nologo \
		--logger "trx;LogFilePrefix=tests" --logger "console;verbosity=normal" --results-directory artifacts/test-results

# Needs Debian's qemu-user-static, gcc-aarch64-linux-gnu and libc6-dev-arm64-cross; the libraries come from tools/arm64/root.sh.
test-arm64:
	$(MAKE) publish RID=linux-arm64
	tools/arm64/root.sh artifacts/arm64-root
	EDGE_BINARY=$(CURDIR)/tools/arm64/edge dotnet test tests/Edge.Tests -c $(CONFIGURATION) --no-build --nologo --filter Category=Smoke \
		--logger "trx;LogFilePrefix=arm64" --logger "console;verbosity=normal" --results-directory artifacts/test-results

# The build with Kafka and its tests, which are in no other target: the packages are needed here alone.
test-kafka:
	$(MAKE) publish KAFKA=1 ANALYZERS=true
	dotnet build tests/Edge.KafkaTests -c $(CONFIGURATION) --nologo
	EDGE_KAFKA_BINARY=$(CURDIR)/artifacts/edge-kafka/edge dotnet test tests/Edge.KafkaTests -c $(CONFIGURATION) --no-build --nologo \
		--logger "trx;LogFilePrefix=kafka" --logger "console;verbosity=normal" --results-directory artifacts/test-results

# Needs Debian's buildah, util-linux, tor-geoipdb and libmaxmind-db-writer-perl.
test-image:
	tools/image/build.sh artifacts/image
	EDGE_IMAGE=$(CURDIR)/artifacts/image dotnet test tests/Edge.Tests -c $(CONFIGURATION) --no-build --nologo --filter Category=Image \
		--logger "trx;LogFilePrefix=image" --logger "console;verbosity=normal" --results-directory artifacts/test-results

# Coverage-guided fuzzing of the readers; READER=all SECONDS=60. Needs Debian's afl++.
fuzz:
	tests/Edge.Fuzz/run.sh $(READER) $(SECONDS)

# Style and analyzers are errors of the build; the build does not look at blanks, line ends and the order of usings.
format:
	dotnet format whitespace Edge.sln --verify-no-changes --no-restore
	dotnet format whitespace src/Edge/Forwarding/Kafka --folder --verify-no-changes
	dotnet format whitespace tests/Edge.KafkaTests --folder --verify-no-changes

# The previous release is built in a worktree of its own: PREVIOUS names its tag or commit.
test-mixed: publish build
	rm -rf artifacts/previous
	git worktree prune
	git worktree add --detach artifacts/previous $(PREVIOUS)
	$(MAKE) -C artifacts/previous publish
	EDGE_BINARY=$(CURDIR)/$(EDGE) EDGE_PREVIOUS_BINARY=$(CURDIR)/artifacts/previous/$(EDGE) \
		dotnet test tests/Edge.Tests -c $(CONFIGURATION) --no-build --nologo --filter FullyQualifiedName~MixedVersionTests
	git worktree remove --force artifacts/previous

# Its results, to be copied to docs/durability.md, are printed at the end.
test-faults: publish publish-faults build
	rm -f artifacts/fault-results.md
	EDGE_FAULT_TIER=long EDGE_BINARY=$(CURDIR)/$(EDGE) EDGE_FAULT_BINARY=$(CURDIR)/$(EDGE_FAULTS) \
		dotnet test tests/Edge.FaultTests -c $(CONFIGURATION) --no-build --nologo --logger "console;verbosity=detailed"
	cat artifacts/fault-results.md

# Two runs on one commit give the same checksums.
dist:
	rm -rf $(DIST_DIR) artifacts/release
	set -e; for pair in amd64:linux-x64 arm64:linux-arm64; do \
		dotnet publish src/Edge -c Release -r $${pair#*:} -p:RunAnalyzers=false -p:EdgeRelease=true -p:ContinuousIntegrationBuild=true -p:Version=$(VERSION) \
			-p:SourceRevisionId=$$(git rev-parse HEAD) --nologo -o $(DIST_DIR)/$${pair%:*}; \
		tools/dist/archive.sh $(VERSION) $${pair%:*} $(DIST_DIR)/$${pair%:*}/edge $(DIST_DIR); \
		rm -rf $(DIST_DIR)/$${pair%:*}; \
	done
	cd $(DIST_DIR) && sha256sum *.tar.gz *.json > SHA256SUMS && cat SHA256SUMS

clean:
	rm -rf artifacts
