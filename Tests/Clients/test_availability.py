"""Nothing that people do to a service in the open may fail a request; two control planes do not meet."""

import json
import threading

from conftest import SAMPLES, ControlPlane, iris_service

BODY = json.loads((SAMPLES / "iris-input.json").read_text())


class Load:
    """Requests without a pause from a few threads; remembers whatever was not answered 200."""

    def __init__(self, plane, name, threads=3):
        self.plane, self.name = plane, name
        self.stopping = threading.Event()
        self.failures, self.answered = [], 0
        self.lock = threading.Lock()
        self.threads = [threading.Thread(target=self.run) for _ in range(threads)]

    def run(self):
        while not self.stopping.is_set():
            try:
                status, answer = self.plane.request(
                    f"/v1/models/{self.name}:predict", f"{self.name}-default.localhost", BODY)
            except Exception as error:  # a broken connection is a failed request like any other
                status, answer = 0, repr(error)
            with self.lock:
                if status == 200 and answer == {"predictions": [1, 1]}:
                    self.answered += 1
                else:
                    self.failures.append((status, answer))

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stopping.set()
        for thread in self.threads:
            thread.join(60)


def test_restarts_and_scaling_under_load_fail_no_request(tmp_path):
    plane = ControlPlane(tmp_path / "data").start()
    try:
        plane.kubectl("apply", "-f", "-", stdin=json.dumps(iris_service("busy", minReplicas=2)))
        plane.kubectl("wait", "--for=condition=Ready", "isvc/busy", "--timeout=60s")
        deployment = "deployment/busy-predictor"
        plane.kubectl("rollout", "status", deployment, "--timeout=60s")
        with Load(plane, "busy") as load:
            for number in range(3):
                plane.kubectl("patch", "isvc", "busy", "--type=merge", "-p", json.dumps(
                    {"spec": {"predictor": {"annotations": {"round": str(number)}}}}))
                plane.kubectl("rollout", "status", deployment, "--timeout=60s")
            for replicas in (4, 1, 3):
                plane.kubectl("patch", "isvc", "busy", "--type=merge", "-p", json.dumps(
                    {"spec": {"predictor": {"minReplicas": replicas}}}))
                plane.kubectl("rollout", "status", deployment, "--timeout=60s")
                plane.kubectl("wait", f"--for=jsonpath={{.status.replicas}}={replicas}", deployment, "--timeout=60s")
        assert not load.failures, (len(load.failures), load.failures[:3], load.answered)
        assert load.answered > 100
    finally:
        plane.stop()


def test_two_control_planes_run_side_by_side(tmp_path):
    planes = [ControlPlane(tmp_path / name).start() for name in ("first", "second")]
    try:
        for plane in planes:
            plane.kubectl("apply", "-f", SAMPLES / "sklearn-iris.yaml")
        for plane in planes:
            plane.kubectl("wait", "--for=condition=Ready", "isvc/sklearn-iris", "--timeout=60s")
            status, answer = plane.request("/v1/models/sklearn-iris:predict", "sklearn-iris-default.localhost", BODY)
            assert (status, answer) == (200, {"predictions": [1, 1]})
        addresses = {plane.kubectl("get", "pods", "-o", "jsonpath={.items[0].status.podIP}").stdout for plane in planes}
        assert len(addresses) == 2
        planes[0].stop()
        status, _ = planes[1].request("/v1/models/sklearn-iris:predict", "sklearn-iris-default.localhost", BODY)
        assert status == 200
    finally:
        for plane in planes:
            plane.stop()
