"""The answer follows the model, wherever the model comes from."""

import http.server
import json
import pathlib
import shutil
import threading
import urllib.parse

import joblib
import pytest
from sklearn import datasets
from sklearn.svm import SVC

from conftest import SAMPLES, ControlPlane, iris_service

BODY = json.loads((SAMPLES / "iris-input.json").read_text())


@pytest.fixture
def exchanged(tmp_path):
    """A model that calls every flower something else."""
    features, labels = datasets.load_iris(return_X_y=True)
    joblib.dump(SVC(gamma="scale").fit(features, labels + 40), tmp_path / "model.joblib")
    return tmp_path / "model.joblib"


def ask(plane, name):
    plane.kubectl("wait", "--for=condition=Ready", f"isvc/{name}", "--timeout=60s")
    return plane.request(f"/v1/models/{name}:predict", f"{name}-default.localhost", BODY)


def test_another_model_gives_another_answer(tmp_path, exchanged):
    samples = tmp_path / "samples"
    shutil.copytree(SAMPLES, samples)
    plane = ControlPlane(tmp_path / "data", samples=samples).start()
    try:
        plane.kubectl("apply", "-f", samples / "sklearn-iris.yaml")
        assert ask(plane, "sklearn-iris") == (200, {"predictions": [1, 1]})
        shutil.copy(exchanged, samples / "models/sklearn/iris/model.joblib")
        plane.kubectl("rollout", "restart", "deployment/sklearn-iris-predictor")
        plane.kubectl("rollout", "status", "deployment/sklearn-iris-predictor", "--timeout=60s")
        assert ask(plane, "sklearn-iris") == (200, {"predictions": [41, 41]})
    finally:
        plane.stop()


class Bucket(http.server.BaseHTTPRequestHandler):
    """Cloud Storage's JSON API for one bucket with one object, as an emulator answers it."""

    def do_GET(self):
        url = urllib.parse.urlparse(self.path)
        name = "models/sklearn/1.0/model/model.joblib"
        if url.path == "/storage/v1/b/kfserving-examples/o":
            prefix = urllib.parse.parse_qs(url.query)["prefix"][0]
            body = json.dumps({"items": [{"name": name}]} if name.startswith(prefix) else {}).encode()
        elif urllib.parse.unquote(url.path) == f"/storage/v1/b/kfserving-examples/o/{name}":
            body = self.server.model.read_bytes()
        else:
            return self.send_error(404)
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def test_the_first_yaml_of_kserves_documentation_runs_from_a_bucket(tmp_path, exchanged):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Bucket)
    server.model = pathlib.Path(exchanged)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    service = iris_service("sklearn-iris", "gs://kfserving-examples/models/sklearn/1.0/model")
    address = f"http://127.0.0.1:{server.server_address[1]}"
    plane = ControlPlane(tmp_path / "data", environment={"STORAGE_EMULATOR_HOST": address}).start()
    try:
        plane.kubectl("apply", "-f", "-", stdin=json.dumps(service))
        assert ask(plane, "sklearn-iris") == (200, {"predictions": [41, 41]})
    finally:
        plane.stop()
        server.shutdown()
        server.server_close()
