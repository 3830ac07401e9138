#!/usr/bin/env bash
# Compares predictions with every scikit-learn version that Tests/Requirements pins, and with the other libraries.
# Arguments go to exactness.py. Ends with "N passed, M failed".
set -euo pipefail
cd "$(dirname "$0")/../.."
source Scripts/cache.sh
swift build -c release --static-swift-stdlib --product ExactnessDriver
passed=0 failed=0
compare() {
  if "$@" --driver .build/release/ExactnessDriver; then passed=$((passed + 1)); else failed=$((failed + 1)); fi
}
for environment in "$APUS_CACHE"/venv-sklearn-*; do
  # Two versions at a time would only slow each other down: training uses one core, and so does the driver.
  compare "$environment/bin/python" Tests/Exactness/exactness.py "$@"
  compare "$environment/bin/python" Tests/Exactness/ensembles.py
  compare "$environment/bin/python" Tests/Exactness/classic.py
done
for environment in "$APUS_CACHE"/venv-boosters*; do
  compare "$environment/bin/python" Tests/Exactness/boosters.py
done
compare "$APUS_CACHE/venv-onnx/bin/python" Tests/Exactness/onnx_models.py
echo "exactness: $passed passed, $failed failed"
[ "$failed" = 0 ]
