"""The embedded server with 1, 10, 100 and 1,000 services, each with a model of its own, over both stores.

BENCH_QUICK=1 stops at 100. Everything runs on loopback and free ports, in folders that are removed at the end.
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile

import control_plane_changes as changes
import control_plane_models as models
from control_plane_cluster import Cluster, mebibytes
from control_plane_services import bring_up, measure_idle

HERE = pathlib.Path(__file__).resolve().parent
QUICK = os.environ.get("BENCH_QUICK") == "1"
COUNTS = [1, 10, 100] if QUICK else [1, 10, 100, 1000]
FULL = 1000
WATCHERS = 100 if QUICK else 1000
CHANGES = 10 if QUICK else 20
# Services that come and go while the others stand still.
SPARE = 50
failures = []


def row(what, value, unit, limit=None, digits=1):
    """A line of the table; figures that are to stay below a limit are met or not."""
    met = ""
    if limit is not None:
        met = "met" if value < limit else "NOT MET"
        if value >= limit:
            failures.append(what)
    reach = "" if limit is None else f"< {limit:g} {unit}"
    print(f"{what:72} {value:12,.{digits}f} {unit:6} {reach:>12}  {met}", flush=True)


def quantile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def report_ramp(store, count, result):
    isFull = count == FULL
    row(f"{store}, {count}: apply -> all Ready", result["ready"], "s", digits=2)
    row(f"{store}, {count}: apply -> all have answered as their model does", result["answered"], "s",
        60 if isFull else None, digits=2)
    row(f"{store}, {count}: processor time of apus up meanwhile", result["processor"], "s", digits=2)
    for kind, values in result.get("latencies", {}).items():
        limit = 10 if isFull and kind != "patch" else None
        row(f"{store}, {count}: API {kind} p50 meanwhile", quantile(values, 0.5) * 1000, "ms")
        row(f"{store}, {count}: API {kind} p99 meanwhile ({len(values)} calls)", quantile(values, 0.99) * 1000, "ms",
            limit)


def report_idle(store, count, idle):
    isFull = count == FULL
    row(f"{store}, {count}: apus up idle, share of a core", idle["processor"], "%", 1 if isFull else None, digits=2)
    row(f"{store}, {count}: apus up resident", idle["resident"], "MB", 150 if isFull else None)
    row(f"{store}, {count}: pods idle, share of a core", idle["pods processor"], "%", digits=2)
    row(f"{store}, {count}: pods, {idle['processes']} processes, memory together", idle["pods"], "MB")


def report_watchers(store, cluster):
    client = subprocess.Popen(
        [sys.executable, HERE / "control_plane_watchers.py", cluster.folder, str(WATCHERS), str(CHANGES)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    before = mebibytes(cluster.pid, "VmRSS")
    result = json.loads(client.stdout.readline() or "{}")
    after = mebibytes(cluster.pid, "VmRSS")
    client.communicate(timeout=60)
    if not result:
        raise RuntimeError("the watchers did not get their events")
    latencies = result["latencies"]
    row(f"{store}: a change reaches {WATCHERS} watchers, p50", quantile(latencies, 0.5) * 1000, "ms")
    row(f"{store}: a change reaches {WATCHERS} watchers, p99", quantile(latencies, 0.99) * 1000, "ms")
    row(f"{store}: memory per watcher, TLS included", (after - before) / WATCHERS * 1024, "KB")


def measure(store, folder):
    work = {}
    for count in COUNTS:
        with Cluster(store, folder) as cluster:
            report_ramp(store, count, bring_up(cluster, count, reads=count >= 100))
            if count == 1:
                report_watchers(store, cluster)
                continue
            if count >= 100:
                report_idle(store, count, measure_idle(cluster))
            work[count] = changes.measure(cluster, count, CHANGES)
            row(f"{store}, {count}: work per service that comes and goes", work[count]["processor"], "ms")
            row(f"{store}, {count}: revisions of the store for that", work[count]["revisions"], "")
    # Flat: ten or a hundred times as many services may cost half as much again for what caches hold less well.
    row(f"{store}: work per change among {COUNTS[-1]:,}, in times of that among {COUNTS[1]}",
        work[COUNTS[-1]]["processor"] / work[COUNTS[1]]["processor"], "x", 1.5, digits=2)


def main():
    print(f"\nservices with a model of their own, one pod each{'; QUICK, not for keeps' if QUICK else ''}")
    with tempfile.TemporaryDirectory(prefix="apus-models-") as folder:
        models.write(pathlib.Path(folder), COUNTS[-1] + SPARE)
        for store in sys.argv[1:] or ["memory", "sqlite"]:
            measure(store, folder)
    if failures:
        print(f"not met: {', '.join(failures)}")


if __name__ == "__main__":
    main()
