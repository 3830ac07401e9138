"""A service that follows its requests: one pod, several, one, none, and one again; no request fails."""

import json
import threading
import time

import pytest

from conftest import SAMPLES, ControlPlane, iris_service, wait_until

BODY = json.loads((SAMPLES / "iris-input.json").read_text())
PREFIX = "autoscaling.knative.dev/"


class Load:
    """Requests from a few threads, with a pause after each; remembers whatever was not answered 200."""

    def __init__(self, plane, name, threads, pause=0.0):
        self.plane, self.name, self.pause = plane, name, pause
        self.stopping = threading.Event()
        self.failures, self.answered, self.lock = [], 0, threading.Lock()
        self.threads = [threading.Thread(target=self.run) for _ in range(threads)]

    def ask(self):
        try:
            answer = self.plane.request(
                f"/v1/models/{self.name}:predict", f"{self.name}-default.localhost", BODY, timeout=60)
        except Exception as error:  # a broken connection is a failed request like any other
            answer = (0, repr(error))
        with self.lock:
            if answer == (200, {"predictions": [1, 1]}):
                self.answered += 1
            else:
                self.failures.append(answer)

    def run(self):
        while not self.stopping.is_set():
            self.ask()
            self.stopping.wait(self.pause)

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stopping.set()
        for thread in self.threads:
            thread.join(90)


def get(plane, kind, name):
    return json.loads(plane.kubectl("get", kind, name, "-o", "json").stdout)


def scale(plane, name):
    """Wanted and ready pods."""
    deployment = get(plane, "deployment", f"{name}-predictor")
    return deployment["spec"]["replicas"], deployment["status"].get("readyReplicas", 0)


def pods(plane):
    return json.loads(plane.kubectl("get", "pods", "-o", "json").stdout)["items"]


def is_ready(plane, name):
    conditions = get(plane, "isvc", name)["status"]["conditions"]
    return {entry["type"]: entry["status"] for entry in conditions}["Ready"] == "True"


@pytest.fixture
def own_plane(tmp_path):
    plane = ControlPlane(tmp_path / "data").start()
    yield plane
    plane.stop()
    wait_until(lambda: not plane.descendants(), 5, "the end of every process")


def test_one_to_many_to_one_to_none_to_one(own_plane):
    plane = own_plane
    service = iris_service("busy", minReplicas=0, maxReplicas=3, scaleMetric="rps", scaleTarget=10)
    service["metadata"]["annotations"] = {PREFIX + "window": "6s", PREFIX + "target-utilization-percentage": "100"}
    plane.kubectl("apply", "-f", "-", stdin=json.dumps(service))
    plane.kubectl("wait", "--for=condition=Ready", "isvc/busy", "--timeout=60s")
    assert scale(plane, "busy") == (1, 1)

    with Load(plane, "busy", threads=4) as surge:
        wait_until(lambda: scale(plane, "busy") == (3, 3), 60, "three pods under load")
        seen = {pod["status"]["podIP"] for pod in pods(plane)}
        assert len(seen) == 3
    with Load(plane, "busy", threads=1, pause=0.5) as trickle:
        wait_until(lambda: scale(plane, "busy") == (1, 1), 60, "one pod for a trickle")
    # The last pod goes a window after the last request, and not before.
    quiet_since = time.monotonic()
    wait_until(lambda: scale(plane, "busy") == (0, 0), 60, "no pod without requests")
    assert time.monotonic() - quiet_since > 4
    wait_until(lambda: not pods(plane), 30, "the end of the last pod")
    assert is_ready(plane, "busy")

    # Many at once on a service that sleeps: all wait for the same first pod.
    first = Load(plane, "busy", threads=0)
    askers = [threading.Thread(target=first.ask) for _ in range(20)]
    for asker in askers:
        asker.start()
    for asker in askers:
        asker.join(90)
    assert first.answered == 20, first.failures[:3]
    assert scale(plane, "busy")[0] >= 1
    for load in (surge, trickle, first):
        assert not load.failures, (len(load.failures), load.failures[:3], load.answered)
    assert surge.answered > 100
    events = json.loads(plane.kubectl("get", "events", "-o", "json").stdout)["items"]
    changes = [event["message"] for event in events if event["reason"] == "Scaled"]
    assert any("from 1 to 0 pods" in change for change in changes), changes
    assert any("from 0 to 1 pods" in change for change in changes), changes
