#!/usr/bin/env bash
# Coverage-guided fuzzing of every reader of outside bytes, with the toolchain's libFuzzer.
#   Scripts/fuzz.sh [NAME…]      SECONDS_EACH=300 seconds for each of Fuzz/Targets/Fuzz<NAME>.swift
#   PLANTED=1 Scripts/fuzz.sh    the same with a planted bug, which each target must find
# The first line of a target says what it drives: `// fuzz: module=<Swift target> reader=<folder or file>[,…]`, and which
# files are compiled with it: `with=<file>[,…]`. Words of its language are in Fuzz/Dictionaries/<NAME>.dict. After a run
# the share of the reader's lines that the corpus reaches is printed (COVERAGE=0 leaves that out).
# A finding is written to Fuzz/Findings and ends the run with an error.
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=${SECONDS_EACH:-300}
scratch=${FUZZ_SCRATCH:-$PWD/.build/fuzz}
planted=${PLANTED:-}
coverage=${COVERAGE:-1}
# An input that takes longer is a finding; more where the run may be paused.
slowest=${SLOWEST_SECONDS:-10}
# The toolchain's own: others that are installed do not read its profiles.
toolchain=$(dirname "$(readlink -f "$(command -v swift)")")
libraries=(-l:libyaml.a -l:libz.a -l:libexpat.a -l:libnghttp2.a -l:libssl.a -l:libcrypto.a -l:libsqlite3.a)

if [ $# -gt 0 ]; then
  names=("$@")
else
  mapfile -t names < <(ls Fuzz/Targets | sed -n 's/^Fuzz\(.*\)\.swift$/\1/p')
fi
# Swift would print its own backtrace and keep libFuzzer from writing the input down.
export SWIFT_BACKTRACE=enable=no
mkdir -p "$scratch/bin" "$scratch/work" Fuzz/Findings
# Moved into place at once: several runs may share the folder.
swift package --scratch-path "$scratch" describe --type json >"$scratch/package.$$" 2>/dev/null
mv "$scratch/package.$$" "$scratch/package.json"

setting() { sed -n "1s|^// fuzz:.* $2=\\([^ ]*\\).*|\\1|p" "Fuzz/Targets/Fuzz$1.swift"; }

# The target and all that it depends on.
closure() {
  python3 - "$scratch/package.json" "$1" <<'PYTHON'
import json, sys
targets = {t["name"]: t.get("target_dependencies", []) for t in json.load(open(sys.argv[1]))["targets"]}
found, pending = [], [sys.argv[2]]
while pending:
    name = pending.pop()
    if name not in found:
        found.append(name)
        pending += targets.get(name, [])
print(*found)
PYTHON
}

# compile NAME OUTPUT SCRATCH FLAG… : the target's program, its modules built with the flags.
compile() {
  local name=$1 output=$2 place=$3
  shift 3
  local module built objects=() includes=() map flags=() shared
  module=$(setting "$name" module)
  IFS=, read -ra shared <<<"$(setting "$name" with)"
  for flag in "$@"; do flags+=(-Xswiftc "$flag"); done
  swift build --scratch-path "$place" --target "$module" "${flags[@]}" >"$scratch/build.log" 2>&1 ||
    { tail -n 40 "$scratch/build.log"; return 1; }
  built=$(swift build --scratch-path "$place" --show-bin-path)
  for dependency in $(closure "$module"); do
    [ ! -d "$built/$dependency.build" ] ||
      while IFS= read -r object; do objects+=("$object"); done < <(find "$built/$dependency.build" -name '*.o')
    map=Sources/CLibraries/$dependency/module.modulemap
    [ -f "$map" ] || map=$built/$dependency.build/module.modulemap
    [ ! -f "$map" ] || includes+=(-Xcc "-fmodule-map-file=$map")
  done
  swiftc -parse-as-library "$@" ${planted:+-D PLANTED_BUG} -I "$built/Modules" "${includes[@]}" \
    "Fuzz/Targets/Fuzz$name.swift" "${shared[@]}" "${objects[@]}" "${libraries[@]}" -o "$output"
}

# The lines of the reader that the corpus and what was found in the run reach.
report_coverage() {
  local name=$1 work=$2 readers
  readers=$(setting "$name" reader)
  [ -n "$readers" ] || return 0
  compile "$name" "$scratch/bin/$name-coverage" "$scratch/coverage" -sanitize=fuzzer -profile-generate -profile-coverage-mapping
  LLVM_PROFILE_FILE="$scratch/$name.profraw" "$scratch/bin/$name-coverage" -runs=0 -timeout=60 -rss_limit_mb=4096 \
    "$work" "Fuzz/Corpus/$name" >"$scratch/$name-coverage.log" 2>&1 || tail -n 5 "$scratch/$name-coverage.log"
  "$toolchain/llvm-profdata" merge -sparse "$scratch/$name.profraw" -o "$scratch/$name.profdata"
  local sources
  IFS=, read -ra sources <<<"$readers"
  "$toolchain/llvm-cov" report "$scratch/bin/$name-coverage" -instr-profile "$scratch/$name.profdata" -show-functions=false \
    "${sources[@]/#/$PWD/}" >"$scratch/$name-coverage.txt" 2>/dev/null
  awk -v name="$name" '/^TOTAL/ { print "fuzz: " name " reaches " $10 " of the reader'"'"'s " $8 " lines" }' \
    "$scratch/$name-coverage.txt"
}

for name in "${names[@]}"; do
  compile "$name" "$scratch/bin/$name" "$scratch" -O -sanitize=fuzzer
  work="$scratch/work/$name${planted:+-planted}"
  mkdir -p "$work"
  log="$scratch/$name.log"
  words=()
  [ ! -e "Fuzz/Dictionaries/$name.dict" ] || words=("-dict=Fuzz/Dictionaries/$name.dict")
  echo "fuzz: $name for $seconds s${planted:+ (with a planted bug)}"
  status=0
  "$scratch/bin/$name" -max_total_time="$seconds" -max_len=16384 -timeout="$slowest" -rss_limit_mb=2048 -print_final_stats=1 "${words[@]}" \
    -artifact_prefix="Fuzz/Findings/$name${planted:+-planted}-" "$work" "Fuzz/Corpus/$name" >"$log" 2>&1 || status=$?
  if [ -n "$planted" ]; then
    grep -q 'planted bug' "$log" || { echo "fuzz: $name did not find the planted bug"; tail -n 20 "$log"; exit 1; }
    executions=$(grep -oE '^#[0-9]+' "$log" | tail -n 1 || true)
    echo "fuzz: $name found the planted bug after ${executions:-#0} executions"
    rm -f "Fuzz/Findings/$name-planted-"*
  else
    grep -E 'stat::(number_of_executed_units|peak_rss_mb)' "$log" || true
    grep -oE 'cov: [0-9]+ ft: [0-9]+' "$log" | tail -n 1 || true
    [ "$status" = 0 ] || { echo "fuzz: $name has a finding, see Fuzz/Findings"; tail -n 40 "$log"; exit 1; }
    [ "$coverage" = 0 ] || report_coverage "$name" "$work"
  fi
done
