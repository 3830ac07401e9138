#!/usr/bin/env bash
# Every test: the Swift ones, then real clients against the release binary. APUS_TEST_ONLY=swift|clients|exactness
# runs a part. Ends with one line that counts them all.
set -euo pipefail
cd "$(dirname "$0")/.."
source Scripts/cache.sh
only=${APUS_TEST_ONLY:-}
passed=0 failed=0 skipped=0
log=$(mktemp)
failures=$(mktemp)
trap 'rm -f "$log" "$failures"' EXIT

# Adds a runner's own counts to the sum; a runner that failed without counting counts as one failure.
count() {
  local status=$1 ok=$2 bad=$3 left=$4
  if [ "$status" != 0 ] && [ "$bad" = 0 ]; then bad=1; fi
  passed=$((passed + ok)) failed=$((failed + bad)) skipped=$((skipped + left))
}

number_before() { grep -oE "[0-9]+ $1" "$log" | tail -n 1 | grep -oE '^[0-9]+' || echo 0; }

run_swift() {
  echo "test: Swift unit, table and in-process tests"
  local status=0
  # As many at a time as there are cores: more only wait for one another, some of them with a time limit.
  swift test --experimental-maximum-parallelization-width "$(nproc)" 2>&1 | tee "$log" | grep -vE '^(◇|\[[0-9]+/[0-9]+\]|✔ Test )' || status=1
  local total bad
  total=$(grep -oE 'Test run with [0-9]+ tests' "$log" | tail -n 1 | grep -oE '[0-9]+' || echo 0)
  bad=$(grep -cE '^✘ Test [^r].*failed after' "$log" || true)
  if ! grep -q '^✔ Test run with' "$log"; then status=1; else status=0; fi
  grep -E '^✘ Test .* recorded an issue|: error: ' "$log" >>"$failures" || true
  count "$status" $((total - bad)) "$bad" 0
}

run_pytest() {
  local status=0
  "$APUS_CACHE/venv-clients/bin/python" -m pytest -q "$@" 2>&1 | tee "$log" || status=1
  count "$status" "$(number_before passed)" "$(($(number_before failed) + $(number_before 'errors?')))" \
    "$(number_before skipped)"
}

Scripts/setup.sh test
echo "test: building the release binary that the clients drive"
swift build -c release --static-swift-stdlib --product apus
if [ -z "$only" ] || [ "$only" = swift ]; then run_swift; fi
if [ -z "$only" ] || [ "$only" = clients ]; then
  echo "test: kubectl, the Python client and the kserve SDK against the release binary"
  run_pytest Tests/Clients
fi
if [ -z "$only" ] || [ "$only" = exactness ]; then
  echo "test: predictions against scikit-learn"
  Tests/Exactness/run.sh 2>&1 | tee "$log" && status=0 || status=1
  count "$status" "$(number_before passed)" "$(number_before failed)" 0
fi
# Once more what failed, where a reader looks first.
[ ! -s "$failures" ] || { echo "test: what failed:"; cut -c1-400 "$failures"; }
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ]
