"""A multi-model service: TrainedModels are fetched, loaded, answered and unloaded."""

import functools
import http.server
import json
import threading

import pytest

from conftest import SAMPLES, wait_until

BODY = json.loads((SAMPLES / "iris-input.json").read_text())


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *arguments):
        pass


@pytest.fixture
def files():
    handler = functools.partial(Quiet, directory=str(SAMPLES / "models"))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def trained_model(name, uri, memory="64Mi"):
    return {
        "apiVersion": "serving.kserve.io/v1alpha1", "kind": "TrainedModel", "metadata": {"name": name},
        "spec": {"inferenceService": "many-models",
                 "model": {"storageUri": uri, "framework": "sklearn", "memory": memory}},
    }


def apply(plane, namespace, *objects):
    body = {"apiVersion": "v1", "kind": "List", "items": list(objects)}
    plane.kubectl("apply", "-n", namespace, "-f", "-", stdin=json.dumps(body))


def test_trained_models_come_and_go(plane, namespace, files):
    host = f"many-models-{namespace}.localhost"

    def ask(name):
        return plane.request(f"/v1/models/{name}:predict", host, BODY)

    # The model is named before its service: it waits for it.
    apply(plane, namespace, trained_model("first", f"{files}/sklearn/iris/model.joblib"))
    plane.kubectl("apply", "-n", namespace, "-f", SAMPLES / "multi-model/service.yaml")
    plane.kubectl("wait", "-n", namespace, "--for=condition=Ready", "isvc/many-models", "--timeout=60s")
    plane.kubectl("wait", "-n", namespace, "--for=condition=Ready", "tm/first", "--timeout=30s")
    wait_until(lambda: ask("first") == (200, {"predictions": [1, 1]}), 30, "the first model's answer")

    apply(plane, namespace, trained_model("second", f"{files}/sklearn/iris-v2/model.joblib"),
          trained_model("large", f"{files}/sklearn/iris/model.joblib", memory="1Gi"))
    wait_until(lambda: ask("second")[0] == 200, 30, "the second model's answer")
    url = plane.kubectl("get", "-n", namespace, "tm/second", "-o", "jsonpath={.status.url}").stdout
    assert url.endswith("/v1/models/second:predict"), url
    plane.kubectl(
        "wait", "-n", namespace, "--for=condition=MemoryResourceAvailable=False", "tm/large", "--timeout=30s")
    assert ask("large")[0] == 404

    plane.kubectl("delete", "-n", namespace, "tm/first", "--timeout=30s")
    wait_until(lambda: ask("first")[0] != 200, 30, "the end of the first model")
    assert ask("second")[0] == 200
    # The service's models go with it.
    plane.kubectl("delete", "-n", namespace, "isvc/many-models", "--timeout=30s")
    wait_until(
        lambda: "second" not in plane.kubectl("get", "-n", namespace, "tm", "-o", "name").stdout, 30,
        "the end of the second model's object")
