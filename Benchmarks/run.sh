#!/usr/bin/env bash
# Prints the figures with their rivals in one table, then those of the control plane. `make bench` builds the release
# binaries first. Arguments choose rows (see bench.py); BENCH_QUICK=1 measures shorter.
set -euo pipefail
cd "$(dirname "$0")/.."
source Scripts/cache.sh
for pair in nginx:nginx-light wrk:wrk h2load:nghttp2-client; do
  command -v "${pair%:*}" >/dev/null || { echo "bench: ${pair%:*} is missing; install Debian's ${pair#*:}" >&2; exit 1; }
done
status=0
python3 Benchmarks/bench.py "$@" || status=$?
if [ $# = 0 ]; then
  python3 Benchmarks/control_plane.py || status=$?
  python3 Benchmarks/control_plane_scale.py || status=$?
fi
exit "$status"
