#!/usr/bin/env python3
"""Prints one table: what, our figure, the rival's figure of the same run, their ratio, the goal, whether it is met.

    bench.py [ROW…]      all rows, or some: forest table_v1 calls tensors trees start latency many

Servers are pinned to one core and clients to the other; figures are medians of five. BENCH_QUICK=1 measures shorter.
"""

import importlib
import platform
import re
import subprocess
import sys
import traceback

from measuring import APUS, CACHE, CLIENT_CORE, CONNECTIONS, QUICK, ROUNDS, SECONDS, SERVER_CORE, TURNS, Row, Workplace

ROWS = ["forest", "table_v1", "calls", "tensors", "trees", "start", "latency", "many"]


def output(*command):
    try:
        result = subprocess.run([*map(str, command)], capture_output=True, text=True)
    except OSError:
        return "none"
    return (result.stdout + result.stderr).strip()


def first(text):
    match = re.search(r"\d+(\.\d+)+", text)
    return match.group() if match else text


def settings(work):
    processor = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), "")
    mlserver = output(CACHE / "venv-mlserver/bin/python", "-c",
                      "import importlib.metadata as m; print(m.version('mlserver'))")
    print(f"{platform.release()}, {processor}; apus {first(output(APUS, 'version'))}, nginx {first(output('nginx', '-v'))}, "
          f"wrk {first(output('wrk', '-v'))}, h2load {first(output('h2load', '--version'))}, mlserver {mlserver}, "
          + ", ".join(f"{name} {version}" for name, version in work.versions.items()))
    print(f"servers on core {SERVER_CORE}, clients on core {CLIENT_CORE}; medians of {ROUNDS}, {SECONDS} s each, in turns of {SECONDS / TURNS:g} s; "
          f"{CONNECTIONS} connections where nothing else is said; 1,000 different rows in shuffled order; response cache off, "
          "metrics on; rivals without access logs, MLServer with parallel_workers 0, one thread for BLAS and OpenMP"
          + ("; QUICK, not for keeps" if QUICK else ""))


def main():
    chosen = sys.argv[1:] or ROWS
    unknown = set(chosen) - set(ROWS)
    if unknown:
        raise SystemExit(f"bench: no such rows: {', '.join(sorted(unknown))}; there are {' '.join(ROWS)}")
    work = Workplace()
    failed = False
    try:
        settings(work)
        print(f"{'':62} {'apus':>16} {'rival':>34} {'ratio':>9} {'reach':>8}")
        for name in chosen:
            try:
                for row in importlib.import_module(f"rows.{name}").run(work):
                    print(row.line(), flush=True)
            except Exception:
                failed = True
                reason = traceback.format_exc(limit=-1).strip().splitlines()[-1]
                print(Row(f"{name}: could not be measured", "", "", None, "").line() + f" {reason[:300]}", flush=True)
    finally:
        work.close()
    raise SystemExit(1 if failed else 0)


if __name__ == "__main__":
    main()
