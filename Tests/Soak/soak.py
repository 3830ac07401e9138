"""A server under load for minutes, while its models are loaded, unloaded and swapped, requests are cancelled and
worker processes are killed. Every answer is checked; memory must stay flat.

    SOAK_SECONDS=600 python Tests/Soak/soak.py          needs the `boosters` environment and the release binary

The Python workers run in the `clients` environment (SOAK_PYTHON names another interpreter that has kserve).
Prints one line a minute and, at the end, what was counted. Ends with 1 where an answer was wrong, a request was
dropped that was not aimed at what was killed, or memory grew.
"""

import collections
import http.client
import json
import os
import pathlib
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

import joblib
import lightgbm
import numpy as np
import xgboost
from sklearn.datasets import load_iris
from sklearn.ensemble import RandomForestClassifier
from sklearn.svm import SVC

ROOT = pathlib.Path(__file__).resolve().parents[2]
APUS = os.environ.get("APUS", str(ROOT / ".build/release/apus"))
SECONDS = float(os.environ.get("SOAK_SECONDS", "600"))
ROWS, LABELS = load_iris(return_X_y=True)
SWAPPED_LABELS = (LABELS + 1) % 3


def free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    for probe in sockets:
        probe.bind(("127.0.0.1", 0))
    ports = [probe.getsockname()[1] for probe in sockets]
    for probe in sockets:
        probe.close()
    return ports


class Model:
    """A model in the repository, and which answers are right at the moment."""

    def __init__(self, folder, name, writers):
        self.folder, self.name, self.writers = folder, name, writers
        (folder / name).mkdir()
        self.right = [writers[0](folder / name)]

    def swap(self, index):
        """Puts another model in its place; until it is loaded both answers are right."""
        with tempfile.TemporaryDirectory(dir=self.folder.parent) as place:
            answers = self.writers[index](pathlib.Path(place))
            for file in pathlib.Path(place).iterdir():
                os.replace(file, self.folder / self.name / file.name)
        self.right = [*self.right, answers]

    def settle(self):
        self.right = self.right[-1:]


def sklearn_writer(make, labels):
    model = make().fit(ROWS, labels)

    def write(folder):
        joblib.dump(model, folder / "model.joblib")
        return model.predict(ROWS)

    return write


def xgboost_writer(labels):
    model = xgboost.train({"objective": "multi:softprob", "num_class": 3, "nthread": 1}, xgboost.DMatrix(ROWS, labels), 20)

    def write(folder):
        model.save_model(folder / "model.ubj")
        return model.predict(xgboost.DMatrix(ROWS))

    return write


def lightgbm_writer(labels):
    parameters = {"objective": "multiclass", "num_class": 3, "verbose": -1, "num_threads": 1}
    model = lightgbm.train(parameters, lightgbm.Dataset(ROWS, labels), 20)

    def write(folder):
        model.save_model(folder / "model.bst")
        return model.predict(ROWS)

    return write


# A user's program, which tells what process it runs in.
KSERVE_MODEL = '''
import os
import time

import kserve


class Doubler(kserve.Model):
    def load(self):
        self.ready = True

    def predict(self, payload, headers=None):
        time.sleep(0.001)
        return {"predictions": [[2 * value for value in row] for row in payload["instances"]], "worker": os.getpid()}
'''
CACHE = pathlib.Path(os.environ.get("APUS_CACHE", pathlib.Path.home() / ".cache/apus"))
PYTHON = os.environ.get("SOAK_PYTHON", str(CACHE / "venv-clients/bin/python"))


class Soak:
    def __init__(self, folder):
        self.folder = folder
        self.repository = folder / "models"
        self.repository.mkdir()
        forest = lambda: RandomForestClassifier(20, random_state=0, n_jobs=1)
        kinds = {
            "svc": [sklearn_writer(SVC, labels) for labels in (LABELS, SWAPPED_LABELS)],
            "forest": [sklearn_writer(forest, labels) for labels in (LABELS, SWAPPED_LABELS)],
            "xgb": [xgboost_writer(labels) for labels in (LABELS, SWAPPED_LABELS)],
            "lgb": [lightgbm_writer(labels) for labels in (LABELS, SWAPPED_LABELS)],
        }
        self.models = [Model(self.repository, name, writers) for name, writers in kinds.items()]
        self.visitor = Model(self.repository, "visitor", kinds["svc"])
        self.stop = threading.Event()
        self.counts = collections.Counter()
        self.faults = []
        self.workers = set()
        self.port, self.grpc_port = free_ports(2)
        (self.repository / "doubler").mkdir()
        (self.repository / "doubler/model.py").write_text(KSERVE_MODEL)
        (self.repository / "doubler/apus-model.json").write_text('{"framework": "python"}')
        self.log = open(folder / "server.log", "wb")
        self.process = subprocess.Popen(
            [APUS, "server", "--model_dir", str(self.repository), "--http_port", str(self.port), "--grpc_port",
             str(self.grpc_port), "--enable_latency_logging", "false", "--allow_python", "true"],
            stdout=self.log, stderr=self.log,
            env={**os.environ, "APUS_PYTHON_EXECUTABLE": PYTHON, "APUS_PYTHON_WORKERS": "2"})

    def fault(self, text):
        self.counts["faults"] += 1
        if len(self.faults) < 20:
            self.faults.append(text)

    def call(self, connection, method, path, body=None):
        data = None if body is None else json.dumps(body)
        connection.request(method, path, data, {"Content-Type": "application/json"} if data else {})
        answer = connection.getresponse()
        return answer.status, answer.read()

    def connect(self):
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)

    def wait_until_ready(self):
        for _ in range(600):
            try:
                if self.call(self.connect(), "GET", "/v2/health/ready")[0] == 200:
                    return
            except OSError:
                time.sleep(0.05)
        raise SystemExit("the server did not become ready: " + (self.folder / "server.log").read_text()[-2000:])

    # What runs side by side.

    def ask(self, seed):
        """Requests whose answers are known, one after the other on a kept connection."""
        generator = random.Random(seed)
        connection = self.connect()
        while not self.stop.is_set():
            model = generator.choice(self.models)
            indices = [generator.randrange(len(ROWS)) for _ in range(generator.choice([1, 1, 1, 5, 60]))]
            before = model.right
            rows = ROWS[indices]
            v1 = generator.random() < 0.4
            try:
                if v1:
                    status, text = self.call(connection, "POST", f"/v1/models/{model.name}:predict", {"instances": rows.tolist()})
                else:
                    tensor = {"name": "x", "datatype": "FP64", "shape": list(rows.shape), "data": rows.ravel().tolist()}
                    status, text = self.call(connection, "POST", f"/v2/models/{model.name}/infer", {"inputs": [tensor]})
            except (OSError, http.client.HTTPException) as error:
                self.fault(f"{model.name}: {error!r}")
                connection = self.connect()
                continue
            self.counts["requests"] += 1
            if status != 200:
                self.fault(f"{model.name}: {status} {text[:200]}")
                continue
            answer = json.loads(text)
            found = np.asarray(answer["predictions"] if v1 else answer["outputs"][0]["data"], dtype=float).ravel()
            known = [*before, *model.right]
            if not any(np.array_equal(found, np.asarray(right[indices], dtype=float).ravel()) for right in known):
                self.fault(f"{model.name}: a wrong answer {found[:6]} for rows {indices[:6]}")

    def swap(self):
        """Exchanges models in place: no request may notice more than another answer."""
        generator = random.Random(1)
        connection = self.connect()
        while not self.stop.wait(0.2):
            model = generator.choice(self.models)
            model.swap(generator.randrange(2))
            status, text = self.call(connection, "POST", f"/v2/repository/models/{model.name}/load")
            if status != 200:
                self.fault(f"loading {model.name}: {status} {text[:200]}")
            # Requests that began before may still be under way.
            time.sleep(0.2)
            model.settle()
            self.counts["swaps"] += 1

    def come_and_go(self):
        """A model that is unloaded and loaded: 200 or 503/404, never anything else."""
        connection = self.connect()
        body = {"instances": ROWS[:2].tolist()}
        while not self.stop.wait(0.05):
            for verb in ("unload", "load"):
                status, text = self.call(connection, "POST", f"/v2/repository/models/visitor/{verb}")
                if status != 200:
                    self.fault(f"{verb} visitor: {status} {text[:200]}")
                status, text = self.call(connection, "POST", "/v1/models/visitor:predict", body)
                if (verb == "load") != (status == 200) or status not in (200, 404, 503):
                    self.fault(f"visitor after {verb}: {status} {text[:200]}")
                self.counts["loads"] += 1

    def cancel(self):
        """Requests whose clients leave before the answer, and halves of requests."""
        generator = random.Random(2)
        rows = np.repeat(ROWS, 40, axis=0).tolist()
        body = json.dumps({"instances": rows}).encode()
        head = (f"POST /v1/models/forest:predict HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                f"Content-Length: {len(body)}\r\n\r\n").encode()
        while not self.stop.wait(0.02):
            with socket.create_connection(("127.0.0.1", self.port)) as client:
                client.sendall(head + body[:generator.choice([0, 100, len(body) // 2, len(body)])])
            self.counts["cancelled"] += 1

    def ask_workers(self, seed):
        """Requests to the Python model: only one that was computed by a killed worker may fail."""
        generator = random.Random(seed)
        connection = self.connect()
        while not self.stop.is_set():
            instances = [[generator.random() for _ in range(3)] for _ in range(generator.choice([1, 8]))]
            try:
                status, text = self.call(connection, "POST", "/v1/models/doubler:predict", {"instances": instances})
            except (OSError, http.client.HTTPException) as error:
                self.fault(f"doubler: {error!r}")
                connection = self.connect()
                continue
            self.counts["worker requests"] += 1
            if status == 503 and b"killed by signal 9" in text:
                self.counts["worker requests lost"] += 1
                continue
            answer = json.loads(text)
            if status != 200:
                self.fault(f"doubler: {status} {text[:200]}")
            elif answer["predictions"] != [[2 * value for value in row] for row in instances]:
                self.fault(f"doubler: a wrong answer {text[:200]} for {instances}")
            else:
                self.workers.add(answer["worker"])

    def kill(self):
        """Kills one of the worker processes that answered lately."""
        generator = random.Random(3)
        while not self.stop.wait(3):
            alive = [pid for pid in self.workers if os.path.exists(f"/proc/{pid}")]
            self.workers = set()
            if not alive:
                continue
            os.kill(generator.choice(alive), signal.SIGKILL)
            self.counts["killed"] += 1

    def memory(self):
        for line in pathlib.Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) / 1024
        return 0.0

    def run(self):
        self.wait_until_ready()
        threads = [threading.Thread(target=self.ask, args=(seed,)) for seed in range(4)]
        threads += [threading.Thread(target=self.ask_workers, args=(seed,)) for seed in range(4)]
        threads += [threading.Thread(target=work) for work in (self.swap, self.come_and_go, self.cancel, self.kill)]
        for thread in threads:
            thread.start()
        memory, started, lines = [], time.monotonic(), 0
        while time.monotonic() - started < SECONDS and self.process.poll() is None:
            time.sleep(min(5.0, SECONDS / 20))
            memory.append(self.memory())
            if time.monotonic() - started > 60 * (lines + 1):
                lines += 1
                print(f"soak: {lines} min, {memory[-1]:.1f} MB, {dict(self.counts)}", flush=True)
        self.stop.set()
        for thread in threads:
            thread.join()
        ended = self.process.poll()
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(40)
        self.log.close()
        if ended is not None:
            self.fault(f"the server ended by itself with {ended}: " + (self.folder / "server.log").read_text()[-2000:])
        elif code != 0:
            self.fault(f"the server ended with {code}")
        # A worker computes one request at a time, so no kill may cost more than one.
        if self.counts["worker requests lost"] > self.counts["killed"]:
            self.fault("more requests were lost than workers killed")
        if SECONDS >= 30 and not self.counts["killed"]:
            self.fault("no worker was killed")
        early = memory[len(memory) // 5: 2 * len(memory) // 5] or memory
        late = memory[-(len(memory) // 5):] or memory
        growth = max(late) - max(early)
        print(f"soak: {SECONDS:.0f} s, {dict(self.counts)}")
        print(f"soak: memory {max(early):.1f} MB early, {max(late):.1f} MB late")
        if growth > max(3.0, 0.05 * max(early)):
            self.fault(f"memory grew by {growth:.1f} MB")
        for fault in self.faults:
            print("soak: FAULT", fault)
        print("soak: failed" if self.faults else "soak: passed")
        return 1 if self.faults else 0


def main():
    folder = pathlib.Path(tempfile.mkdtemp(prefix="apus-soak-"))
    try:
        return Soak(folder).run()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


sys.exit(main())
