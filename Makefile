# One entry point for everything; `make help` lists the targets.
SHELL := /bin/bash
PREFIX ?= /usr/local
SWIFT ?= swift
RELEASE_FLAGS := -c release --static-swift-stdlib
APUS := .build/release/apus
PRELOAD := Sources/CLibraries/CPreloadBlob/generated/preload_bytes.inc

.PHONY: help setup build preload install demo test unit-tests client-tests check bench fuzz soak clean

help:
	@echo "make demo     set up, build, start a control plane, serve a model, ask it"
	@echo "make test     set up what tests need, run all of them"
	@echo "make build    the release binary: $(APUS)"
	@echo "make install  put it into PREFIX/bin (PREFIX=$(PREFIX))"
	@echo "make check    format, warnings, layers"
	@echo "make bench    print the figures with their rivals"
	@echo "make fuzz     coverage-guided fuzzing of every reader (SECONDS=300 each)"
	@echo "make soak     minutes under load, every answer checked (SOAK_SECONDS=600)"
	@echo "make clean    remove what was built"

setup:
	@Scripts/setup.sh build

preload: $(PRELOAD)

$(PRELOAD): Preload/preload.c Scripts/embed-preload.sh
	@Scripts/embed-preload.sh

build: setup preload
	@echo "build: $(APUS)"
	@$(SWIFT) build $(RELEASE_FLAGS) --product apus

install: build
	install -d $(DESTDIR)$(PREFIX)/bin
	install -m 755 $(APUS) $(DESTDIR)$(PREFIX)/bin/apus

demo: build
	@Scripts/demo.sh $(APUS)

test: setup preload
	@Scripts/test.sh

check: setup preload
	@Scripts/check.sh

bench: build
	@Scripts/setup.sh bench
	@$(SWIFT) build $(RELEASE_FLAGS) --product TreeBenchmark
	@Benchmarks/run.sh

fuzz: setup
	@Scripts/fuzz.sh

soak: build
	@Scripts/setup.sh test
	@"$${APUS_CACHE:-$$HOME/.cache/apus}/venv-boosters/bin/python" Tests/Soak/soak.py

clean:
	rm -rf .build $(dir $(PRELOAD))
