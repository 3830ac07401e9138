#!/usr/bin/env bash
# Coverage-guided fuzzing of every reader of outside bytes, with the toolchain's libFuzzer.
#   Scripts/fuzz.sh [NAME…]      SECONDS_EACH=300 seconds for each of Fuzz/Targets/Fuzz<NAME>.swift
#   PLANTED=1 Scripts/fuzz.sh    the same with a planted bug, which each target must find
# A finding is written to Fuzz/Findings and ends the run with an error.
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=${SECONDS_EACH:-300}
scratch=$PWD/.build/fuzz
planted=${PLANTED:-}

# The Swift targets whose code each fuzz target drives.
declare -A modules=(
  [JSON]="Basics Formats" [YAML]="Basics Formats" [HTTP]="Basics HTTPWire"
  [Kube]="Basics Formats KubeProtocol"
  [Pickle]="Basics Linux Formats InferenceProtocol Telemetry ModelRuntime ClassicRuntime"
)
declare -A libraries=([JSON]="-l:libyaml.a" [YAML]="-l:libyaml.a" [Kube]="-l:libyaml.a" [HTTP]="" [Pickle]="-l:libyaml.a -l:libz.a")

if [ $# -gt 0 ]; then names=("$@"); else names=(JSON YAML HTTP Kube Pickle); fi
# Swift would print its own backtrace and keep libFuzzer from writing the input down.
export SWIFT_BACKTRACE=enable=no
mkdir -p "$scratch/bin" "$scratch/work" Fuzz/Findings
for name in "${names[@]}"; do
  last=$(echo "${modules[$name]}" | awk '{ print $NF }')
  swift build --scratch-path "$scratch" --target "$last" -Xswiftc -sanitize=fuzzer -Xswiftc -O >/dev/null
  built=$(swift build --scratch-path "$scratch" --show-bin-path)
  objects=()
  for module in ${modules[$name]} CShims; do
    while IFS= read -r object; do objects+=("$object"); done < <(find "$built/$module.build" -name '*.o' 2>/dev/null)
  done
  defines=()
  [ -z "$planted" ] || defines=(-D PLANTED_BUG)
  includes=()
  for library in CYAML CZlib COpenSSL CShims; do
    map=Sources/CLibraries/$library/module.modulemap
    [ -f "$map" ] || map=$built/$library.build/module.modulemap
    [ ! -f "$map" ] || includes+=(-Xcc "-fmodule-map-file=$map")
  done
  # shellcheck disable=SC2086
  swiftc -O -parse-as-library -sanitize=fuzzer "${defines[@]}" -I "$built/Modules" "${includes[@]}" \
    "Fuzz/Targets/Fuzz$name.swift" "${objects[@]}" ${libraries[$name]} -o "$scratch/bin/$name"
  work="$scratch/work/$name${planted:+-planted}"
  mkdir -p "$work"
  log="$scratch/$name.log"
  echo "fuzz: $name for $seconds s${planted:+ (with a planted bug)}"
  status=0
  "$scratch/bin/$name" -max_total_time="$seconds" -max_len=16384 -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
    -artifact_prefix="Fuzz/Findings/$name${planted:+-planted}-" "$work" "Fuzz/Corpus/$name" >"$log" 2>&1 || status=$?
  if [ -n "$planted" ]; then
    grep -q 'planted bug' "$log" || { echo "fuzz: $name did not find the planted bug"; tail -n 20 "$log"; exit 1; }
    executions=$(grep -oE '^#[0-9]+' "$log" | tail -n 1)
    echo "fuzz: $name found the planted bug after ${executions#\#} executions"
    rm -f "Fuzz/Findings/$name-planted-"*
  else
    grep -E 'stat::(number_of_executed_units|peak_rss_mb)' "$log" || true
    grep -oE 'cov: [0-9]+ ft: [0-9]+' "$log" | tail -n 1 || true
    [ "$status" = 0 ] || { echo "fuzz: $name has a finding, see Fuzz/Findings"; tail -n 40 "$log"; exit 1; }
  fi
done
