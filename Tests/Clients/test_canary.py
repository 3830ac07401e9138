"""Canaries with real processes: shares, promotion and rollback without a failed request."""

import collections
import json
import threading
import time

from conftest import iris_service, wait_until

# The two sample models disagree about this flower.
BODY = {"instances": [[5.5, 2.8, 4.8, 1.6]]}


class Load:
    """Asks one service without pause, from two threads."""

    def __init__(self, plane, host, name, body=BODY):
        self.body = body
        self.answers = collections.Counter()
        self.failures = []
        self.ended = threading.Event()
        self.threads = [threading.Thread(target=self.run, args=(plane, host, name)) for _ in range(2)]

    def run(self, plane, host, name):
        while not self.ended.is_set():
            try:
                status, answer = plane.request(f"/v1/models/{name}:predict", host, self.body)
                if status == 200:
                    self.answers[json.dumps(answer)] += 1
                else:
                    self.failures.append((status, answer))
            except OSError as error:
                self.failures.append(error)

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        for thread in self.threads:
            thread.join()


def component(plane, namespace, name):
    document = json.loads(plane.kubectl("-n", namespace, "get", "isvc", name, "-o", "json").stdout)
    return document["status"]["components"]["predictor"]


def patch(plane, namespace, name, predictor):
    plane.kubectl(
        "-n", namespace, "patch", "isvc", name, "--type=merge", "-p", json.dumps({"spec": {"predictor": predictor}}))


def deployments(plane, namespace):
    return set(plane.kubectl("-n", namespace, "get", "deployments", "-o", "name").stdout.split())


def test_a_canary_is_split_promoted_and_rolled_back(plane, namespace):
    plane.kubectl("-n", namespace, "apply", "-f", "-", stdin=json.dumps(iris_service("shift")))
    plane.kubectl("-n", namespace, "wait", "--for=condition=Ready", "isvc/shift", "--timeout=60s", timeout=90)
    first = wait_until(
        lambda: component(plane, namespace, "shift").get("latestRolledoutRevision"), 20, "a rolled out revision")
    host = f"shift-{namespace}.localhost"
    with Load(plane, host, "shift") as load:
        patch(plane, namespace, "shift", {
            "canaryTrafficPercent": 30, "model": {"storageUri": "pvc://samples/models/sklearn/iris-v2"}})
        wait_until(
            lambda: component(plane, namespace, "shift")["latestReadyRevision"] != first, 30, "a ready canary")
        status = component(plane, namespace, "shift")
        assert status["latestRolledoutRevision"] == first
        assert [(entry["latestRevision"], entry["percent"]) for entry in status["traffic"]] == [(True, 30), (False, 70)]
        wait_until(lambda: len(load.answers) == 2, 20, "answers of both revisions")

        patch(plane, namespace, "shift", {"canaryTrafficPercent": None})
        wait_until(
            lambda: component(plane, namespace, "shift")["latestRolledoutRevision"] != first, 30, "the promotion")
        wait_until(
            lambda: deployments(plane, namespace) == {"deployment.apps/shift-predictor"}, 60, "one Deployment")
        assert component(plane, namespace, "shift")["previousRolledoutRevision"] == first

        patch(plane, namespace, "shift", {"model": {"storageUri": "pvc://samples/models/sklearn/iris"}})
        wait_until(
            lambda: component(plane, namespace, "shift")["latestRolledoutRevision"] == first, 60, "the rollback")
        time.sleep(0.2)
    assert not load.failures, load.failures[:3]


def test_a_canary_that_never_starts_gets_nothing(plane, namespace):
    plane.kubectl("-n", namespace, "apply", "-f", "-", stdin=json.dumps(iris_service("safe")))
    plane.kubectl("-n", namespace, "wait", "--for=condition=Ready", "isvc/safe", "--timeout=60s", timeout=90)
    first = wait_until(
        lambda: component(plane, namespace, "safe").get("latestRolledoutRevision"), 20, "a rolled out revision")
    with Load(plane, f"safe-{namespace}.localhost", "safe") as load:
        patch(plane, namespace, "safe", {
            "canaryTrafficPercent": 50, "model": {"storageUri": "pvc://samples/models/sklearn/nothing"}})
        plane.kubectl(
            "-n", namespace, "wait", "--for=condition=LatestDeploymentReady=False", "isvc/safe", "--timeout=60s",
            timeout=90)
        wait_until(lambda: sum(load.answers.values()) > 200, 30, "some requests")
    assert not load.failures, load.failures[:3]
    status = component(plane, namespace, "safe")
    assert status["latestReadyRevision"] == status["latestRolledoutRevision"] == first
