#!/usr/bin/env bash
# What needs no running program: formatting, and a build in which every warning is an error.
set -euo pipefail
cd "$(dirname "$0")/.."
echo "check: swift format"
swift format lint --strict --recursive --configuration .swift-format Package.swift Sources Tests Benchmarks
echo "check: no warnings"
swift build --build-tests -Xswiftc -warnings-as-errors --scratch-path .build/check
echo "check: shell scripts parse"
for script in Scripts/*.sh Benchmarks/*.sh Tests/Exactness/*.sh .ci/run; do bash -n "$script"; done
echo "check: passed"
