"""The 99th percentile of an open loop at half of the maximum rate: nginx under the same load in the same run."""

import pathlib
import statistics
import subprocess

from measuring import CLIENT_CORE, CONNECTIONS, ROUNDS, SECONDS, Row, apus, load, nginx, v2_body


def percentile(port, body, path, rate, log):
    """Microseconds. h2load's log has a line per request: begin, status, time taken."""
    log.unlink(missing_ok=True)
    subprocess.run(
        ["taskset", "-c", CLIENT_CORE, "h2load", "--h1", f"--rps={max(1, rate // CONNECTIONS)}", f"-c{CONNECTIONS}",
         "-D", str(SECONDS), "-d", body, "-H", "content-type: application/json", f"--log-file={log}",
         f"http://127.0.0.1:{port}{path}"], check=True, stdout=subprocess.DEVNULL)
    times = []
    for line in log.read_text().splitlines():
        _, status, taken = line.split()[:3]
        if status != "200":
            raise RuntimeError(f"h2load saw {line}")
        times.append(int(taken))
    times.sort()
    return times[int(len(times) * 0.99)]


def run(work):
    body, log = pathlib.Path(work.folder) / "open-loop", pathlib.Path(work.folder) / "h2load.log"
    body.write_bytes(v2_body(work.iris["rows"][0]))
    requests = work.iris_requests()
    path = "/v2/models/iris/infer"
    with apus(work.models / "forest", "sklearn") as ours, nginx(work.folder / "nginx-latency") as rival:
        half = int(min(load(ours.port, requests)[0], load(rival.port, requests)[0]) / 2)
        mine, other = [], []
        for _ in range(ROUNDS):
            mine.append(percentile(ours.port, body, path, half, log))
            other.append(percentile(rival.port, body, path, half, log))
        mine, other = statistics.median(mine), statistics.median(other)
        yield Row(f"p99 latency, open loop at {half:,}/s, half of the maximum rate", f"{mine} us", f"nginx {other} us",
                  mine / other, "≤ 2")
