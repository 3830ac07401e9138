"""Start-up, time to Ready and memory of `apus up` and `apus server`; each figure is the median of five runs.

Rivals run in the same process of measurement where their packages are installed (the `clients` environment of the
tests): KServe's own model server is a Python program that imports the kserve package and scikit-learn.
"""

import json
import os
import pathlib
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[1]
APUS = ROOT / ".build/release/apus"
CACHE = pathlib.Path(os.environ.get("APUS_CACHE", pathlib.Path.home() / ".cache/apus"))
RUNS = int(os.environ.get("APUS_BENCH_RUNS", "5"))
IRIS = (ROOT / "samples/iris-input.json").read_bytes()


def now():
    return time.perf_counter()


def poll(condition, timeout=60, step=0.0005):
    end = now() + timeout
    while now() < end:
        if condition():
            return
        time.sleep(step)
    raise SystemExit("bench: gave up waiting")


def resident(pid, field="VmRSS"):
    """Mebibytes."""
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(field + ":"):
            return int(line.split()[1]) / 1024
    return 0.0


def private(pid):
    """Mebibytes that only this process holds."""
    total = 0
    for line in pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith(("Private_Clean", "Private_Dirty")):
            total += int(line.split()[1])
    return total / 1024


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def answers(port, path="/v2/health/ready"):
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
            return answer.status == 200
    except (urllib.error.URLError, ConnectionError, OSError):
        return False


def accepts(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


class Up:
    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.endpoints = self.folder / "endpoints.json"
        self.started = now()
        self.process = subprocess.Popen(
            [APUS, "up", "--data-dir", folder, "--api-port", "0", "--gateway-port", "0", "--samples",
             ROOT / "samples"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
        poll(self.endpoints.exists)
        self.api = json.loads(self.endpoints.read_text())["api"]
        self.gateway = json.loads(self.endpoints.read_text())["gateway"]
        poll(lambda: accepts(int(self.api.rsplit(":", 1)[1])))
        self.ready_seconds = now() - self.started
        self.environment = {**os.environ, "KUBECONFIG": str(self.folder / "kubeconfig"),
                            "APUS_DATA_DIR": str(self.folder)}

    def apus(self, *arguments):
        return subprocess.run([APUS, *map(str, arguments)], env=self.environment, check=True, capture_output=True,
                              text=True).stdout

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(60)


def measure_up():
    """(start → API accepts, idle memory, apply → Ready, first request's status after Ready)"""
    with tempfile.TemporaryDirectory() as folder:
        plane = Up(folder)
        try:
            time.sleep(2)  # idle: what is left once start-up has settled
            idle = resident(plane.process.pid)
            idle_private = private(plane.process.pid)
            begin = now()
            plane.apus("apply", "-f", ROOT / "samples/sklearn-iris.yaml")
            plane.apus("wait", "sklearn-iris", "--timeout", "60s")
            ready = now() - begin
            request = urllib.request.Request(
                plane.gateway + "/v1/models/sklearn-iris:predict", data=IRIS,
                headers={"Host": "sklearn-iris-default.localhost"})
            with urllib.request.urlopen(request, timeout=10) as answer:
                status = answer.status
            return plane.ready_seconds, idle, idle_private, ready, status
        finally:
            plane.stop()


def measure_server(command, environment=None):
    """(exec → ready, resident memory after one prediction)"""
    port = free_port()
    begin = now()
    process = subprocess.Popen([*map(str, command), f"--http_port={port}"], stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL, env={**os.environ, **(environment or {})})
    try:
        poll(lambda: accepts(port) and answers(port))
        ready = now() - begin
        urllib.request.urlopen(urllib.request.Request(
            f"http://127.0.0.1:{port}/v1/models/iris:predict", data=IRIS,
            headers={"Content-Type": "application/json"}), timeout=10).read()
        return ready, resident(process.pid)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


def measure_exec():
    """Seconds from exec to the readiness byte on the inherited descriptor: no polling in between."""
    reader, writer = os.pipe()
    port = free_port()
    begin = now()
    process = subprocess.Popen(
        [APUS, "server", "--model_name=iris", f"--model_dir={ROOT / 'samples/models/sklearn/iris'}",
         "--framework=sklearn", f"--http_port={port}"],
        pass_fds=[writer], env={**os.environ, "APUS_READY_FD": str(writer)}, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL)
    os.close(writer)
    try:
        os.read(reader, 1)
        return now() - begin
    finally:
        os.close(reader)
        process.send_signal(signal.SIGTERM)
        process.wait(60)


RIVAL = """
import argparse
import joblib, kserve
from kserve import Model, ModelServer, model_server
class SKLearn(Model):
    def load(self):
        self.model = joblib.load(self.path)
        self.ready = True
    def predict(self, payload, headers=None, response_headers=None):
        return {"predictions": self.model.predict(payload["instances"]).tolist()}
parser = argparse.ArgumentParser(parents=[model_server.parser])
parser.add_argument("--path")
arguments, _ = parser.parse_known_args()
model = SKLearn(arguments.model_name)
model.path = arguments.path
model.load()
ModelServer().start([model])
"""


def rival_command():
    """KServe's server around the same model file, where its packages are installed."""
    python = CACHE / "venv-clients/bin/python"
    if not python.exists():
        return None
    check = subprocess.run([python, "-c", "import kserve, sklearn, joblib"], capture_output=True)
    if check.returncode != 0:
        return None
    return [python, "-c", RIVAL, "--model_name=iris", "--path", ROOT / "samples/models/sklearn/iris/model.joblib"]


def row(what, ours, reach, rival=None, unit="ms"):
    ratio = f"{rival / ours:8.0f} x" if rival else " " * 10
    other = f"{rival:12.1f} {unit}" if rival else " " * 15
    print(f"{what:58} {ours:10.1f} {unit:3} {reach:>12} {other} {ratio}")


def main():
    print(f"medians of {RUNS} runs\n{'':58} {'apus':>14} {'reach':>12} {'KServe 0.20':>15} {'ratio':>10}")
    ups = [measure_up() for _ in range(RUNS)]
    assert all(result[4] == 200 for result in ups), "the request after Ready was not answered 200"
    row("apus up: start -> API accepts calls", statistics.median(r[0] for r in ups) * 1000, "< 500 ms")
    row("apply -> Ready=True, next request answered 200", statistics.median(r[3] for r in ups) * 1000, "< 2000 ms")
    row("apus up: idle resident memory", statistics.median(r[1] for r in ups), "< 60 MB", unit="MB")
    row("apus up: idle private memory", statistics.median(r[2] for r in ups), "", unit="MB")
    rival = rival_command()
    rivals = [measure_server(rival) for _ in range(RUNS)] if rival else []
    rival_ready = statistics.median(r[0] for r in rivals) * 1000 if rivals else None
    rival_memory = statistics.median(r[1] for r in rivals) if rivals else None
    row("apus server: exec -> ready (iris)", statistics.median(measure_exec() for _ in range(RUNS)) * 1000,
        "< 50 ms", rival_ready)
    command = [APUS, "server", "--model_name=iris", f"--model_dir={ROOT / 'samples/models/sklearn/iris'}",
               "--framework=sklearn"]
    servers = [measure_server(command) for _ in range(RUNS)]
    row("apus server: resident memory (iris)", statistics.median(r[1] for r in servers), "< 20 MB", rival_memory,
        unit="MB")
    if not rival:
        print("(no rival: the clients environment has no scikit-learn; run make test once)", file=sys.stderr)


if __name__ == "__main__":
    main()
