#!/usr/bin/env bash
# Prints our figures, medians of five runs; `make bench` builds the release binary first.
set -euo pipefail
cd "$(dirname "$0")/.."
source Scripts/cache.sh
exec python3 Benchmarks/control_plane.py "$@"
