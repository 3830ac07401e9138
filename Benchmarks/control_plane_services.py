"""Many InferenceServices with a model each: from apply to the first answer, then idle."""

import http.client
import json
import pathlib
import queue
import subprocess
import sys
import tempfile
import threading
import time

import control_plane_models as models
from control_plane_cluster import SERVICES, Cluster, descendants, mebibytes, processor_seconds

HERE = pathlib.Path(__file__).resolve().parent
TIMEOUT = 300


class Answers:
    """Sends each service that turns Ready its first request, and compares the answer with its model's."""

    def __init__(self, cluster, count, senders=2):
        self.cluster, self.count = cluster, count
        self.ready, self.answered, self.wrong = {}, {}, []
        self.work = queue.SimpleQueue()
        self.done = threading.Event()
        self.threads = [threading.Thread(target=self._watch, daemon=True)]
        self.threads += [threading.Thread(target=self._send, daemon=True) for _ in range(senders)]
        for thread in self.threads:
            thread.start()

    def _watch(self):
        try:
            for event in self.cluster.api().watch(SERVICES.format("default") + "?watch=true"):
                found = event["object"]
                name = found["metadata"]["name"]
                conditions = found.get("status", {}).get("conditions", [])
                if name not in self.ready and any(
                        c["type"] == "Ready" and c["status"] == "True" for c in conditions):
                    self.ready[name] = time.perf_counter()
                    self.work.put(name)
        except Exception as error:
            if not self.done.is_set():
                self.wrong.append(f"the watch ended: {error}")
                self.done.set()

    def _send(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.cluster.gateway, timeout=60)
        while True:
            name = self.work.get()
            index = int(name.rsplit("-", 1)[1])
            connection.request("POST", f"/v1/models/{name}:predict", b'{"instances": [[1, 2, 3, 4]]}', {
                "Host": f"{name}-default.localhost", "Content-Type": "application/json"})
            answer = connection.getresponse()
            body = answer.read()
            wanted = {"predictions": [models.value(index)]}
            if answer.status != 200 or json.loads(body) != wanted:
                self.wrong.append(f"{name} answered {answer.status} {body[:200]!r}, not {wanted}")
            self.answered[name] = time.perf_counter()
            if len(self.answered) >= self.count:
                self.done.set()

    def wait(self):
        if not self.done.wait(TIMEOUT) or self.wrong:
            raise RuntimeError(f"{len(self.ready)} of {self.count} services were ready and {len(self.answered)} "
                               f"answered; {'; '.join(self.wrong[:3])}")


def bring_up(cluster, count, reads=False):
    """Applies `count` services by one `apus apply`, and waits for their first answers."""
    reader = None
    if reads:
        reader = subprocess.Popen([sys.executable, HERE / "control_plane_reader.py", cluster.folder],
                                  stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    manifests = cluster.folder / "services.json"
    manifests.write_text("\n---\n".join(json.dumps(models.manifest(index)) for index in range(count)))
    answers = Answers(cluster, count)
    before, begin = processor_seconds(cluster.pid), time.perf_counter()
    apply = cluster.apus("apply", "-f", manifests)
    _, problem = apply.communicate(timeout=TIMEOUT)
    applied = time.perf_counter()
    if apply.returncode != 0:
        raise RuntimeError(f"apus apply: {problem[:500]!r}")
    answers.wait()
    result = {
        "applied": applied - begin, "ready": max(answers.ready.values()) - begin,
        "answered": max(answers.answered.values()) - begin,
        "processor": processor_seconds(cluster.pid) - before}
    if reader:
        output, _ = reader.communicate(timeout=60)
        result["latencies"] = json.loads(output)
    return result


def measure_idle(cluster, settle=10, seconds=30):
    """Processor time and memory of `apus up` with all services idle, and of their pods."""
    time.sleep(settle)
    pods = descendants(cluster.pid)
    before = processor_seconds(cluster.pid), sum(map(processor_seconds, pods))
    time.sleep(seconds)
    return {
        "processor": (processor_seconds(cluster.pid) - before[0]) / seconds * 100,
        "pods processor": (sum(map(processor_seconds, pods)) - before[1]) / seconds * 100,
        "resident": mebibytes(cluster.pid, "VmRSS"),
        "private": mebibytes(cluster.pid, "Private_Clean", "Private_Dirty", file="smaps_rollup"),
        "pods": sum(mebibytes(pid, "Pss", file="smaps_rollup") for pid in pods), "processes": len(pods)}
