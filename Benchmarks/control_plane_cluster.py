"""An `apus up` of its own for a measurement, with a client that needs little processor time itself."""

import base64
import contextlib
import http.client
import json
import os
import pathlib
import re
import resource
import shutil
import signal
import ssl
import subprocess
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
APUS = pathlib.Path(os.environ.get("APUS_BIN", ROOT / ".build/release/apus"))
TICKS = os.sysconf("SC_CLK_TCK")
SERVICES = "/apis/serving.kserve.io/v1beta1/namespaces/{}/inferenceservices"


def processor_seconds(pid):
    """User and kernel time of a process so far."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def mebibytes(pid, *fields, file="status"):
    """The sum of some lines of /proc/<pid>/status or smaps_rollup."""
    total = 0
    for line in pathlib.Path(f"/proc/{pid}/{file}").read_text().splitlines():
        if line.startswith(tuple(field + ":" for field in fields)):
            total += int(line.split()[1])
    return total / 1024


def descendants(pid):
    found = [pid]
    for parent in found:
        with contextlib.suppress(OSError):
            for thread in pathlib.Path(f"/proc/{parent}/task").iterdir():
                found += map(int, (thread / "children").read_text().split())
    return found[1:]


class NotFound(Exception):
    pass


class API:
    """The Kubernetes API over one kept TLS connection. One thread at a time."""

    def __init__(self, folder):
        text = (pathlib.Path(folder) / "kubeconfig").read_text()
        server = re.search(r"server: \"?https://([\d.]+):(\d+)", text)
        authority = base64.b64decode(re.search(r"certificate-authority-data: (\S+)", text).group(1))
        self.token = re.search(r"token: (\S+)", text).group(1).strip('"')
        self.host, self.port = server.group(1), int(server.group(2))
        self.context = ssl.create_default_context(cadata=authority.decode())
        self.context.check_hostname = False
        self.connection = None

    def connect(self):
        connection = http.client.HTTPSConnection(self.host, self.port, timeout=120, context=self.context)
        connection.connect()
        return connection

    def send(self, method, path, body=None, content="application/json"):
        """The answer's bytes; an error is raised."""
        self.connection = self.connection or self.connect()
        headers = {"Authorization": f"Bearer {self.token}", "Accept": "application/json", "Content-Type": content}
        self.connection.request(method, path, None if body is None else json.dumps(body), headers)
        answer = self.connection.getresponse()
        data = answer.read()
        if answer.status == 404:
            raise NotFound(path)
        if answer.status >= 300:
            raise RuntimeError(f"{method} {path}: {answer.status} {data[:300]!r}")
        return data

    def json(self, method, path, body=None, content="application/json"):
        return json.loads(self.send(method, path, body, content))

    def watch(self, path):
        """Events, as they come, until the connection ends."""
        connection = self.connect()
        connection.request("GET", path, headers={"Authorization": f"Bearer {self.token}"})
        answer = connection.getresponse()
        if answer.status != 200:
            raise RuntimeError(f"watch {path}: {answer.status} {answer.read(300)!r}")
        while line := answer.readline():
            yield json.loads(line)


class Cluster:
    """`apus up` in a folder of its own, until the end of its `with`: then nothing of it is left."""

    def __init__(self, store, models=None):
        # A connection for each watcher, and one for each pod's probes.
        limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="apus-plane-"))
        endpoints = self.folder / "endpoints.json"
        command = [APUS, "up", "--data-dir", self.folder, "--api-port", "0", "--gateway-port", "0"]
        if store != "sqlite":
            command += ["--store", store]
        if models:
            (self.folder / "config.yaml").write_text(json.dumps({"claims": {"models": str(models)}}))
        self.log = (self.folder / "up.log").open("wb")
        self.process = subprocess.Popen(command, stdout=self.log, stderr=self.log, stdin=subprocess.DEVNULL)
        try:
            end = time.monotonic() + 60
            while not endpoints.exists():
                if self.process.poll() is not None or time.monotonic() > end:
                    raise RuntimeError(f"apus up does not start: {(self.folder / 'up.log').read_text()[-2000:]}")
                time.sleep(0.001)
            self.gateway = int(json.loads(endpoints.read_text())["gateway"].rsplit(":", 1)[1])
        except BaseException:
            self.close()
            raise

    @property
    def pid(self):
        return self.process.pid

    def api(self):
        return API(self.folder)

    def apus(self, *arguments):
        environment = {**os.environ, "KUBECONFIG": str(self.folder / "kubeconfig"), "APUS_DATA_DIR": str(self.folder)}
        return subprocess.Popen([APUS, *map(str, arguments)], env=environment, stdout=subprocess.DEVNULL,
                                stderr=subprocess.PIPE)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(60)
        except subprocess.TimeoutExpired:
            # Its pods end with it: their supervisors read from pipes that it holds.
            self.process.kill()
            self.process.wait()
        self.log.close()
        shutil.rmtree(self.folder, ignore_errors=True)
