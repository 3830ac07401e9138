"""From exec to readiness with a model of 10 MB, and resident memory: KServe in the same run."""

import os
import signal
import statistics
import subprocess
import time

from measuring import APUS, JSON, SERVER_CORE, Row, apus, ask, free_port, kserve, resident, rounds, v2_body


def exec_to_ready(model):
    """Until the readiness byte comes on the inherited descriptor: no polling in between."""
    reader, writer = os.pipe()
    cores = os.sched_getaffinity(0)
    # Inherited: a program in between that pins the server would count as its own.
    os.sched_setaffinity(0, {int(SERVER_CORE)})
    begin = time.perf_counter()
    process = subprocess.Popen(
        [APUS, "server", "--model_name=iris", f"--model_dir={model}", "--framework=xgboost",
         f"--http_port={free_port()}", f"--grpc_port={free_port()}"], pass_fds=[writer],
        env={**os.environ, "APUS_READY_FD": str(writer)}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    os.sched_setaffinity(0, cores)
    os.close(writer)
    try:
        if not os.read(reader, 1):
            raise RuntimeError("the server ended before it was ready")
        return time.perf_counter() - begin
    finally:
        os.close(reader)
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def kserve_ready(model):
    with kserve(model / "model.json", "xgboost") as rival:
        return rival.ready_seconds


def memory(server, row):
    for _ in range(100):
        status, body = ask(server.port, "POST", "/v2/models/iris/infer", v2_body(row), JSON)
        if status != 200:
            raise RuntimeError(body)
    return resident(server.pid)


def run(work):
    model = work.models / "large"
    # Of ours the median of several starts per round, which take less than a tenth of a second together.
    other, mine, ratio = rounds(lambda: kserve_ready(model) * 1000,
                                lambda: statistics.median(exec_to_ready(model) for _ in range(5)) * 1000)
    yield Row("exec -> ready, XGBoost model of 10 MB", f"{mine:.1f} ms", f"KServe {other:.0f} ms", ratio, "≥ 50")
    row = work.iris["rows"][0]
    with apus(work.models / "forest", "sklearn") as ours:
        mine = memory(ours, row)
    with kserve(work.models / "forest/model.joblib", "sklearn") as rival:
        other = memory(rival, row)
    yield Row("resident memory, iris forest, after 100 requests", f"{mine:.1f} MB", f"KServe {other:.0f} MB", mine / other,
              "≤ 0.1")
