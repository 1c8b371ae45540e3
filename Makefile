# Portcullis: `make run` shows it working, `make test` tests all of it. `make help` lists the rest.

SWIFT ?= swift
DEBUG := .build/debug
RELEASE := .build/release
FUZZ_COUNT ?= 1000000
FUZZ_HTTP_COUNT ?= $(FUZZ_COUNT)
SOAK_SECONDS ?= 1800
# The last commit whose gateways read version 1 of the export only.
OLD ?= 2fd4f0b
OLD_FOLDER := .build/upgrade/$(OLD)

.DEFAULT_GOAL := help
.PHONY: help setup build release man run test lint unit build-tests unit-tests kernel worker-library worker configuration versions databases node master examples rollouts moves link demo end-to-end end-to-end-one end-to-end-two packaging pacemaker beside-release beside-lab cluster upgrade schemathesis fuzz fuzz-short soak soak-short long bench format clean
# What bears a neighbour has it by Tests/lanes; make -j adds none.
.NOTPARALLEL:

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 22

run: ## ADMIN, a gateway in the lab machine, clients and servers: see it work; Ctrl-C ends it
	@scripts/setup run
	$(SWIFT) build --product portcullis-admin
	$(SWIFT) build --product portcullis-gateway
	$(SWIFT) build --product portcullis-checks
	$(SWIFT) build --product portcullis-node
	$(SWIFT) build --product portcullis-keeper
	$(SWIFT) build --product portcullis-master
	$(SWIFT) build --product portcullis
	PORTCULLIS_BIN=$(CURDIR)/$(DEBUG) demo/run

test: setup lint build-tests beside-release beside-lab demo end-to-end-two soak-short ## everything below but bench, with its own set-up

# Each stage below runs by itself, too. Tests wait much of their time, and a build's links use one processor.
beside-release:
	@Tests/lanes release 'unit-tests kernel'

# Two lab machines keep a processor busy each; what runs on the host waits most of its time. Only the last lane has ports of
# the loopback address.
beside-lab:
	@Tests/lanes end-to-end-one 'pacemaker packaging examples databases link fuzz-short' 'configuration versions node master worker rollouts moves schemathesis'

setup: ## packages by apt, and the lab machine's kernel
	@scripts/setup test

lint: ## swift format --strict, the walls between targets and their map, text read by Characters, shellcheck
	$(SWIFT) format lint --strict --recursive --parallel Package.swift Sources Tests Benchmarks examples/tgctl/Package.swift examples/tgctl/Sources
	SWIFT="$(SWIFT)" scripts/check-imports
	scripts/check-map
	scripts/check-text
	shellcheck -x pacemaker/portcullis-functions scripts/setup .ci/run $$(git ls-files | xargs awk 'FNR == 1 && /^#!\/bin\/(ba)?sh/ {print FILENAME} {nextfile}')

unit: build-tests unit-tests ## the tests of the pure core and of nftables on the host's kernel (in namespaces)

build-tests:
	$(SWIFT) build --build-tests

# The bundle by itself: `swift test` would wait for a build beside it.
unit-tests:
	NO_COLOR=1 Tests/failures-last $(DEBUG)/portcullisPackageTests.xctest --testing-library swift-testing --no-parallel

kernel: ## the tests that need IPVS, in the lab machine
	Tests/failures-last Tests/Lab/kernel-tests

build: ## debug build of everything
	$(SWIFT) build

release: ## release build of the executables, with their manual pages in .build/man
	$(SWIFT) build -c release --static-swift-stdlib
	scripts/make-man $(RELEASE) .build/man

man: ## the manual pages alone, of a debug build
	$(SWIFT) build
	scripts/make-man $(DEBUG) .build/man

worker-library: ## libportcullis-worker for services in C, and libportcullis-crash.so for LD_PRELOAD, in .build/worker
	scripts/make-worker-library

worker: ## the library of workers: crashes with gdb, notices, sockets, Lua
	Tests/Worker/run

configuration: ## the services' combined configurations: ADMIN, the command line and curl on loopback
	PORTCULLIS_BIN=$(CURDIR)/$(RELEASE) Tests/Configuration/run

versions: ## versions built, signed, verified and unpacked by the command line; strangers, kills and full disks
	PORTCULLIS_BIN=$(CURDIR)/$(RELEASE) Tests/Versions/run

databases: ## portcullis-database with PostgreSQL, pgbouncer and SQLite: patches, refusals, locks, kills
	PORTCULLIS_BIN=$(CURDIR)/$(RELEASE) Tests/Databases/run

node: ## portcullis-node, -keeper and -master on loopback: versions, refusals, processes, kills
	PORTCULLIS_BIN=$(CURDIR)/$(RELEASE) Tests/Node/run

master: ## portcullis-master on loopback: failures, reloads, hung workers, kill -9 under 500 connections a second
	PORTCULLIS_BIN=$(CURDIR)/$(RELEASE) Tests/Master/run

examples: ## tg, tgctl and pgw (nginx) under node and master: reloads, restarts under load, crashes of Swift
	PORTCULLIS_BIN=$(CURDIR)/$(RELEASE) Tests/Examples/run

rollouts: ## upgrades, failures, ways back and kills of rollouts, with ADMIN and four nodes on loopback
	PORTCULLIS_BIN=$(CURDIR)/$(RELEASE) Tests/Rollouts/run

moves: ## services move under load: ADMIN, two nodes and a played gateway on loopback, kills at each stage
	PORTCULLIS_BIN=$(CURDIR)/$(RELEASE) Tests/Moves/run

link: ## masters' links to ADMIN: configurations, orders, tokens, kills, with ADMIN and a node on loopback
	PORTCULLIS_BIN=$(CURDIR)/$(RELEASE) Tests/Link/run

demo: ## what `make run` shows, checked: ADMIN on this host, the gateway in the lab machine
	PORTCULLIS_BIN=$(CURDIR)/$(RELEASE) PORTCULLIS_DEMO_PORT=18080 demo/run --once

end-to-end: ## clients, a gateway and servers around the release binaries, in the lab machine
	PORTCULLIS_BIN=$(CURDIR)/$(RELEASE) Tests/EndToEnd/run

end-to-end-one: # the part for a machine with one processor
	PORTCULLIS_BIN=$(CURDIR)/$(RELEASE) Tests/EndToEnd/run --part 1

end-to-end-two: # the part for a machine with two
	PORTCULLIS_BIN=$(CURDIR)/$(RELEASE) Tests/EndToEnd/run --part 2

packaging: ## the systemd units: their exposure, and both services at work under them in the lab machine
	PORTCULLIS_BIN=$(CURDIR)/$(RELEASE) Tests/Packaging/run

pacemaker: ## cluster-config with crmsh and pcs; the agents (ocf-tester, every return code) in the lab machine
	PORTCULLIS_BIN=$(CURDIR)/$(RELEASE) Tests/ClusterConfig/run
	PORTCULLIS_BIN=$(CURDIR)/$(RELEASE) Tests/Pacemaker/run

cluster: ## the pair with real corosync and pacemaker under load, keepalived beside it, on three lab machines
	@scripts/setup test
	$(SWIFT) build -c release --static-swift-stdlib
	PORTCULLIS_BIN=$(CURDIR)/$(RELEASE) Tests/Cluster/run -s

upgrade: ## an older version (OLD=commit) beside this one, under traffic, in the lab machine
	@scripts/setup test
	$(SWIFT) build -c release --static-swift-stdlib
	@[ -d $(OLD_FOLDER)/source ] || git worktree add --detach $(OLD_FOLDER)/source $(OLD)
	$(SWIFT) build -c release --static-swift-stdlib --package-path $(OLD_FOLDER)/source --scratch-path $(OLD_FOLDER)/build
	PORTCULLIS_BIN=$(CURDIR)/$(RELEASE) PORTCULLIS_OLD_BIN=$(CURDIR)/$(OLD_FOLDER)/build/release Tests/EndToEnd/run Tests/EndToEnd/upgrade.py

schemathesis: ## the REST API against its own OpenAPI description
	PORTCULLIS_BIN=$(CURDIR)/$(RELEASE) Tests/Schemathesis/run

fuzz: ## a million mutated inputs for each parser and for ADMIN (FUZZ_COUNT=n for another number)
	$(SWIFT) build -c release --static-swift-stdlib --product portcullis-fuzz
	$(RELEASE)/portcullis-fuzz csv --count $(FUZZ_COUNT)
	$(RELEASE)/portcullis-fuzz json --count $(FUZZ_COUNT)
	$(RELEASE)/portcullis-fuzz yaml --count $(FUZZ_COUNT)
	$(RELEASE)/portcullis-fuzz checks --count $(FUZZ_COUNT)
	$(RELEASE)/portcullis-fuzz manifest --count $(FUZZ_COUNT)
	$(RELEASE)/portcullis-fuzz keepalived --count $(FUZZ_COUNT)
	$(RELEASE)/portcullis-fuzz http --count $(FUZZ_HTTP_COUNT)

fuzz-short:
	@$(MAKE) --no-print-directory fuzz FUZZ_COUNT=50000 FUZZ_HTTP_COUNT=30000

soak: ## half an hour of random changes, crashes and drift with clients at work (SOAK_SECONDS=n for another time)
	@scripts/setup test
	$(SWIFT) build -c release --static-swift-stdlib
	PORTCULLIS_BIN=$(CURDIR)/$(RELEASE) Tests/Soak/run $(SOAK_SECONDS)

soak-short:
	PORTCULLIS_BIN=$(CURDIR)/$(RELEASE) Tests/Soak/run 120

long: ## what takes minutes and is no stage of `make test`: large versions, many kills, broken uploads, fleets of nodes and masters, a server that dies
	@scripts/setup test
	$(SWIFT) build -c release --static-swift-stdlib
	PORTCULLIS_BIN=$(CURDIR)/$(RELEASE) Tests/Versions/run -s Tests/Versions/long.py
	PORTCULLIS_BIN=$(CURDIR)/$(RELEASE) Tests/Long/run -s
	PORTCULLIS_BIN=$(CURDIR)/$(RELEASE) PORTCULLIS_MASTER_KILLS=1000 Tests/Master/run -s Tests/Master/test_kills.py
	PORTCULLIS_BIN=$(CURDIR)/$(RELEASE) PORTCULLIS_KILLS=200 Tests/Rollouts/run -s Tests/Rollouts/test_kills.py
	PORTCULLIS_BIN=$(CURDIR)/$(RELEASE) Tests/EndToEnd/run -m long Tests/EndToEnd/test_rollouts.py

bench: ## against ipvsadm, keepalived and nft in the same run; fails where a target is missed
	@scripts/setup test
	$(SWIFT) build -c release --static-swift-stdlib
	PORTCULLIS_BIN=$(CURDIR)/$(RELEASE) Benchmarks/run

format: ## formats the sources in place, and wraps the documents
	$(SWIFT) format --in-place --recursive --parallel Package.swift Sources Tests Benchmarks examples/tgctl/Package.swift examples/tgctl/Sources
	scripts/wrap-docs

clean: ## removes build products, keeps the lab's kernel
	rm -rf .build
