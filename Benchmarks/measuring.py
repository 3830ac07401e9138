"""What every row needs: servers pinned to one core, load from the other, medians, the table."""

import contextlib
import dataclasses
import functools
import http.client
import json
import os
import pathlib
import random
import re
import shutil
import signal
import socket
import statistics
import subprocess
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent
APUS = pathlib.Path(os.environ.get("APUS_BIN", ROOT / ".build/release/apus"))
CACHE = pathlib.Path(os.environ.get("APUS_CACHE", pathlib.Path.home() / ".cache/apus"))
QUICK = os.environ.get("BENCH_QUICK") == "1"
ROUNDS = 3 if QUICK else 5
SECONDS = 1 if QUICK else 4
# A round's time is divided into so many turns of each server.
TURNS = 4 if QUICK else 8
SERVER_CORE, CLIENT_CORE = "0", "1"
CONNECTIONS = 32


@dataclasses.dataclass
class Row:
    """One line of the table. `ratio` is as the goal asks for it: bigger is better, unless `reach` begins with <."""

    what: str
    ours: str
    rival: str
    ratio: float | None
    reach: str
    note: str = ""

    @property
    def met(self):
        if self.ratio is None or not self.reach:
            return ""
        limit = float(re.search(r"[\d.]+", self.reach.replace(",", "")).group())
        return "met" if (self.ratio <= limit if self.reach.startswith("≤") else self.ratio >= limit) else "NOT MET"

    def line(self):
        ratio = "" if self.ratio is None else f"{self.ratio:8.2f}"
        notes = [self.ratio.spread] if isinstance(self.ratio, Ratio) else []
        notes += [self.note] if self.note else []
        return (f"{self.what:62} {self.ours:>16} {self.rival:>34} {ratio:>9} {self.reach:>8}  {self.met:7} "
                f"{'; '.join(notes)}").rstrip()


class Ratio(float):
    """The median of the rounds' ratios, which remembers the least and the greatest one."""

    def __new__(cls, ratios):
        made = super().__new__(cls, statistics.median(ratios))
        made.spread = f"rounds {min(ratios):.2f} to {max(ratios):.2f}"
        return made


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def resident(pid):
    """Mebibytes."""
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return 0.0


class Server:
    """A program on the server's core, until the end of its `with`."""

    def __init__(self, command, port, environment=None, ready="/v2/health/ready", folder=None):
        self.port = port
        self.begin = time.perf_counter()
        self.process = subprocess.Popen(
            ["taskset", "-c", SERVER_CORE, *map(str, command)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            env={**os.environ, **(environment or {})}, cwd=folder)
        self.wait(ready)
        self.ready_seconds = time.perf_counter() - self.begin

    def wait(self, path):
        end = time.monotonic() + 120
        while time.monotonic() < end:
            if self.process.poll() is not None:
                raise RuntimeError(f"{self.process.args} ended with {self.process.returncode}")
            with contextlib.suppress(OSError, http.client.HTTPException):
                if ask(self.port, "GET", path)[0] == 200:
                    return
            time.sleep(0.002)
        raise RuntimeError(f"{self.process.args} does not become ready")

    @property
    def pid(self):
        return self.process.pid

    def processor_seconds(self):
        """Of the program and its workers so far: (user, kernel)."""
        pids = [self.pid, *map(int, pathlib.Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split())]
        fields = [pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split() for pid in pids]
        tick = os.sysconf("SC_CLK_TCK")
        return sum(int(one[11]) for one in fields) / tick, sum(int(one[12]) for one in fields) / tick

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def apus(model_dir, framework, name="iris", more=()):
    """Our server with the flags that `apus up` gives it."""
    port = free_port()
    command = [APUS, "server", f"--model_name={name}", f"--model_dir={model_dir}", f"--http_port={port}",
               f"--grpc_port={free_port()}", *more]
    if framework:
        command.append(f"--framework={framework}")
    # Where `pip install onnxruntime` has put the library.
    return Server(command, port, {"APUS_ONNXRUNTIME": str(CACHE / "venv-onnx")})


def nginx(folder):
    folder = pathlib.Path(folder)
    (folder / "files").mkdir(parents=True, exist_ok=True)
    (folder / "temp").mkdir(exist_ok=True)
    (folder / "files/small").write_text("{}")
    (folder / "files/large").write_bytes(bytes(602_112))
    port = free_port()
    text = (HERE / "rivals/nginx.conf").read_text().replace("@FOLDER@", str(folder)).replace("@PORT@", str(port))
    (folder / "nginx.conf").write_text(text)
    return Server(["nginx", "-c", folder / "nginx.conf", "-p", folder], port, ready="/")


def kserve(path, framework):
    port = free_port()
    command = [CACHE / "venv-clients/bin/python", HERE / "rivals/kserve_server.py", "--model_name=iris",
               f"--path={path}", f"--framework={framework}", f"--http_port={port}", f"--grpc_port={free_port()}",
               "--configure_logging=false", "--enable_latency_logging=false"]
    # Its access log is a logger of uvicorn's; without the package's configuration nothing shows it.
    return Server(command, port, {"OMP_NUM_THREADS": "1"})


def mlserver(model, folder):
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    port = free_port()
    values = {"@PORT@": port, "@GRPC_PORT@": free_port(), "@METRICS_PORT@": free_port(), "@FOLDER@": folder,
              "@MODEL@": model}
    for source, target in [("mlserver-settings.json", "settings.json"), ("mlserver-logging.json", "logging.json"),
                           ("mlserver-model.json", "model-settings.json")]:
        text = (HERE / "rivals" / source).read_text()
        for key, value in values.items():
            text = text.replace(f'"{key}"', str(value)) if key.endswith("PORT@") else text.replace(key, str(value))
        (folder / target).write_text(text)
    program = CACHE / "venv-mlserver/bin/mlserver"
    return Server([program, "start", folder], port, {"OMP_NUM_THREADS": "1"})


def ask(port, method, path, body=None, headers=None):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request(method, path, body, headers or {})
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def lua_script(folder, requests):
    """A wrk script that sends the requests (path, headers, body file or text) in turn; returns its path."""
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    lines = ["local requests = {}", "local function read(path) local f = io.open(path, 'rb') local s = f:read('*a') "
             "f:close() return s end", "init = function()"]
    for index, (path, headers, body) in enumerate(requests):
        file = folder / f"body-{index}"
        file.write_bytes(body)
        fields = ", ".join(f'["{name}"]="{value}"' for name, value in headers.items())
        lines.append(f'  requests[{index + 1}] = wrk.format("POST", "{path}", {{{fields}}}, read("{file}"))')
    lines += ["end", "local i = 0",
              "request = function() i = i % #requests + 1 return requests[i] end"]
    script = folder / "wrk.lua"
    script.write_text("\n".join(lines))
    return script


def request_file(path, requests):
    """A file for `http_load` of the requests (path, headers, body); returns its path."""
    with open(path, "wb") as file:
        for target, headers, body in requests:
            fields = {"Host": "127.0.0.1", **headers, "Content-Length": str(len(body))}
            head = f"POST {target} HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in fields.items())
            whole = head.encode() + b"\r\n" + body
            file.write(len(whole).to_bytes(4, "little") + whole)
    return path


def load(port, requests, seconds=SECONDS, connections=CONNECTIONS):
    """Answers per second, and the median and the 99th percentile of the latency in microseconds."""
    result = subprocess.run(
        ["taskset", "-c", CLIENT_CORE, load_program(), str(port), requests, str(connections), str(seconds)],
        capture_output=True, text=True)
    if result.returncode != 0:
        raise RuntimeError(result.stderr.strip()[:2000])
    return tuple(map(float, result.stdout.split()))


@functools.cache
def load_program():
    folder = CACHE / "bench-tools"
    folder.mkdir(parents=True, exist_ok=True)
    subprocess.run(["cc", "-O2", "-o", folder / "http_load", HERE / "http_load.c"], check=True)
    return folder / "http_load"


def in_turns(ours, theirs, witness=None):
    """Rates of two measures that take short turns, so that both see the machine in the same states (a virtual machine's
    cores may move within seconds): (ours, theirs, the ratio), medians of the rounds. A measure gets its seconds and
    returns a rate. With a `witness`, a third measure that takes its turns between them, its rate comes last."""
    measures = [ours, theirs] + ([witness] if witness else [])
    figures = []
    for _ in range(ROUNDS):
        turns = [[measure(SECONDS / TURNS) for measure in measures] for _ in range(TURNS)]
        figures.append([statistics.mean(values) for values in zip(*turns)])
    medians = [statistics.median(values) for values in zip(*figures)]
    return (*medians[:2], Ratio([mine / other for mine, other, *_ in figures]), *medians[2:])


def processor_time(server, requests, seconds=SECONDS):
    """User and kernel microseconds per request under full load."""
    before, begin = server.processor_seconds(), time.perf_counter()
    answers = load(server.port, requests, seconds)[0] * (time.perf_counter() - begin)
    return [(after - first) / answers * 1e6 for first, after in zip(before, server.processor_seconds())]


def wrk(port, script, seconds=SECONDS, connections=CONNECTIONS):
    """Answers per second, and the median latency in microseconds."""
    output = subprocess.run(
        ["taskset", "-c", CLIENT_CORE, "wrk", "-t1", f"-c{connections}", f"-d{seconds}", "--latency", "--timeout", "30",
         "-s", script, f"http://127.0.0.1:{port}"], check=True, capture_output=True, text=True).stdout
    bad = re.search(r"Non-2xx or 3xx responses: (\d+)", output) or re.search(r"Socket errors: (.*)", output)
    if bad:
        raise RuntimeError(f"wrk saw failures:\n{output}")
    value, unit = re.search(r"50%\s+([\d.]+)(us|ms|s)", output).groups()
    return (float(re.search(r"Requests/sec:\s+([\d.]+)", output).group(1)),
            float(value) * {"us": 1, "ms": 1e3, "s": 1e6}[unit])


def rounds(ours, theirs):
    """The medians of two measurements that are made in turn, and of the rounds' ratios of the first to the second."""
    figures = [(ours(), theirs()) for _ in range(ROUNDS)]
    return (*(statistics.median(values) for values in zip(*figures)), Ratio([mine / other for mine, other in figures]))


def v2_body(row, datatype="FP64"):
    return json.dumps({"inputs": [{"name": "input-0", "shape": [1, len(row)], "datatype": datatype,
                                   "data": [row]}]}).encode()


JSON = {"Content-Type": "application/json"}


def rate(value):
    return f"{value:,.0f}/s"


class Workplace:
    """Models, rows and scripts, made once per run."""

    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="apus-bench-"))
        self.models = CACHE / "bench-models"
        self._make("versions.json", "venv-clients", "make_models.py")
        self.iris = json.loads((self.models / "iris.json").read_text())
        self.versions = json.loads((self.models / "versions.json").read_text())
        order = list(range(len(self.iris["rows"])))
        random.Random(8).shuffle(order)
        self.order = order

    def _make(self, product, environment, script):
        if (self.models / product).exists():
            return
        subprocess.run([CACHE / environment / "bin/python", HERE / script, self.models], check=True)

    def tensors(self):
        self._make("identity/model.onnx", "venv-onnx", "make_tensors.py")

    def iris_requests(self):
        rows = self.iris["rows"]
        return request_file(self.folder / "iris-requests", [
            ("/v2/models/iris/infer", JSON, v2_body(rows[index])) for index in self.order])

    def iris_script(self):
        rows = self.iris["rows"]
        requests = [("/v2/models/iris/infer", JSON, v2_body(rows[index])) for index in self.order]
        return lua_script(self.folder / "iris", requests)

    def close(self):
        shutil.rmtree(self.folder, ignore_errors=True)
