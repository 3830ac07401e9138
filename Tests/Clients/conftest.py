"""Fixtures: a control plane of one's own on free ports, and the clients that talk to it."""

import contextlib
import functools
import http.server
import json
import os
import pathlib
import shutil
import signal
import subprocess
import threading
import time
import urllib.error
import urllib.request
import uuid

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
APUS = pathlib.Path(os.environ.get("APUS", ROOT / ".build/release/apus"))
CACHE = pathlib.Path(os.environ.get("APUS_CACHE", pathlib.Path.home() / ".cache/apus"))
KUBECTLS = {"1.20": CACHE / "kubectl-bookworm/kubectl", "current": CACHE / "kubectl-trixie/kubectl"}
SAMPLES = ROOT / "samples"


def wait_until(condition, timeout=30.0, what="the condition"):
    """Polls an outside process until `condition` returns something true, and returns that."""
    deadline = time.monotonic() + timeout
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > deadline:
            raise AssertionError(f"{what} did not hold within {timeout} s")
        time.sleep(0.02)


class ControlPlane:
    """One `apus up` with a data directory of its own."""

    def __init__(self, data_dir, samples=SAMPLES, environment=None, arguments=()):
        self.data_dir = pathlib.Path(data_dir)
        self.samples = samples
        self.arguments = list(arguments)
        # Marks every process that descends from this one, so that leftovers can be found.
        self.mark = f"APUS_TEST_MARK={uuid.uuid4()}"
        name, value = self.mark.split("=")
        self.environment = {**os.environ, name: value, **(environment or {})}
        self.process = None

    def start(self, timeout=20.0):
        endpoints = self.data_dir / "endpoints.json"
        endpoints.unlink(missing_ok=True)
        self.log = open(f"{self.data_dir}.log", "ab")
        self.process = subprocess.Popen(
            [APUS, "up", "--data-dir", self.data_dir, "--api-port", "0", "--gateway-port", "0",
             "--samples", self.samples, *self.arguments],
            env=self.environment, stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)
        wait_until(lambda: endpoints.exists() or self.process.poll() is not None, timeout, "endpoints.json")
        assert self.process.poll() is None, f"apus up ended: {self.output()}"
        addresses = json.loads(endpoints.read_text())
        self.api, self.gateway = addresses["api"], addresses["gateway"]
        return self

    @property
    def kubeconfig(self):
        return self.data_dir / "kubeconfig"

    def output(self):
        return pathlib.Path(f"{self.data_dir}.log").read_text(errors="replace")[-4000:]

    def stop(self, number=signal.SIGTERM, timeout=40):
        if self.process and self.process.poll() is None:
            self.process.send_signal(number)
            self.process.wait(timeout)
        if self.process:
            self.log.close()

    def descendants(self):
        """Process ids that carry this control plane's mark or name its data directory, zombies aside."""
        found = []
        wanted = [self.mark.encode(), str(self.data_dir).encode()]
        for entry in pathlib.Path("/proc").iterdir():
            if not entry.name.isdigit():
                continue
            try:
                traces = (entry / "environ").read_bytes() + (entry / "cmdline").read_bytes()
                if int(entry.name) != os.getpid() and any(word in traces for word in wanted):
                    found.append(int(entry.name))
            except OSError:
                continue
        return found

    def kubectl(self, *arguments, version="current", check=True, stdin=None, timeout=90):
        result = subprocess.run(
            [KUBECTLS[version], *map(str, arguments)], input=stdin, capture_output=True, text=True, timeout=timeout,
            env={**self.environment, "KUBECONFIG": str(self.kubeconfig), "HOME": str(self.data_dir)})
        if check:
            assert result.returncode == 0, f"kubectl {' '.join(map(str, arguments))}: {result.stderr}\n{result.stdout}"
        return result

    def apus(self, *arguments, check=True, stdin=None, timeout=90):
        result = subprocess.run(
            [APUS, *map(str, arguments)], input=stdin, capture_output=True, text=True, timeout=timeout,
            env={**self.environment, "KUBECONFIG": str(self.kubeconfig), "APUS_DATA_DIR": str(self.data_dir)})
        if check:
            assert result.returncode == 0, f"apus {' '.join(map(str, arguments))}: {result.stderr}\n{result.stdout}"
        return result

    def request(self, path, host, body=None, headers=None, timeout=30):
        """A request through the gateway. Returns status and parsed JSON."""
        data = None if body is None else (body if isinstance(body, bytes) else json.dumps(body).encode())
        request = urllib.request.Request(
            self.gateway + path, data=data,
            headers={"Host": host, "Content-Type": "application/json", **(headers or {})})
        try:
            with urllib.request.urlopen(request, timeout=timeout) as answer:
                return answer.status, json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read() or b"null")


@pytest.fixture(scope="session")
def plane(tmp_path_factory):
    control_plane = ControlPlane(tmp_path_factory.mktemp("plane") / "data").start()
    yield control_plane
    control_plane.stop()
    wait_until(lambda: not control_plane.descendants(), 5, "the end of every process")


@pytest.fixture
def namespace(plane):
    """A namespace that goes away with the test."""
    name = f"t-{uuid.uuid4().hex[:8]}"
    plane.kubectl("create", "namespace", name, version="1.20")
    yield name
    plane.kubectl("delete", "namespace", name, "--wait=true", check=False)


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *arguments):
        pass


@pytest.fixture(scope="session")
def files():
    """The address of a web server that has the samples' models."""
    handler = functools.partial(Quiet, directory=str(SAMPLES / "models"))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@contextlib.contextmanager
def store(kind, folder):
    """An object store that holds what a folder holds; gives what the store says of itself."""
    python = CACHE / "venv-storage/bin/python"
    process = subprocess.Popen(
        [python, pathlib.Path(__file__).parent / f"object_stores/{kind}.py", folder], stdin=subprocess.PIPE,
        stdout=subprocess.PIPE, text=True)
    try:
        yield json.loads(process.stdout.readline())
    finally:
        process.stdin.close()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@pytest.fixture(scope="session")
def sample_bucket(tmp_path_factory):
    """A store with the bucket `models`, which has the iris model in the folder `iris`: address, id and secret."""
    root = tmp_path_factory.mktemp("sample-bucket")
    (root / "models").mkdir()
    shutil.copytree(SAMPLES / "models/sklearn/iris", root / "models/iris")
    with store("s3", root) as s3:
        yield s3


def iris_service(name, storage_uri="pvc://samples/models/sklearn/iris", **predictor):
    return {
        "apiVersion": "serving.kserve.io/v1beta1", "kind": "InferenceService", "metadata": {"name": name},
        "spec": {"predictor": {"model": {"modelFormat": {"name": "sklearn"}, "storageUri": storage_uri}, **predictor}},
    }
