#!/usr/bin/env bash
# Compares predictions with every scikit-learn version that Tests/Requirements pins. Ends with "N passed, M failed".
set -euo pipefail
cd "$(dirname "$0")/../.."
source Scripts/cache.sh
swift build -c release --static-swift-stdlib --product ExactnessDriver
passed=0 failed=0
for environment in "$APUS_CACHE"/venv-sklearn-*; do
  # Two versions at a time would only slow each other down: training uses one core, and so does the driver.
  if "$environment/bin/python" Tests/Exactness/exactness.py --driver .build/release/ExactnessDriver "$@"; then
    passed=$((passed + 1))
  else
    failed=$((failed + 1))
  fi
done
echo "exactness: $passed passed, $failed failed"
[ "$failed" = 0 ]
