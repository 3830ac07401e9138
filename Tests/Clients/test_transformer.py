"""Unmodified kserve.Model transformers and explainers in front of native predictors, over V1 and V2."""

import json
import pathlib
import sys

import pytest
from conftest import iris_service, wait_until
from test_canary import BODY, Load, component, deployments, patch

SCRIPT = pathlib.Path(__file__).with_name("custom_transformer.py")
ROWS = [[68, 28, 48, 14], [60, 34, 45, 16]]


def transformer(protocol):
    return {"containers": [{
        "name": "kserve-container", "image": "local/scaler:v1", "command": [sys.executable, str(SCRIPT)],
        "args": [f"--predictor_protocol={protocol}"], "env": [{"name": "PYTHONUNBUFFERED", "value": "1"}]}]}


def conditions(plane, namespace, name):
    document = json.loads(plane.kubectl("-n", namespace, "get", "isvc", name, "-o", "json").stdout)
    return {entry["type"]: entry["status"] for entry in document["status"]["conditions"]}, document["status"]


@pytest.mark.parametrize("protocol", ["v1", "v2"])
def test_a_transformer_stands_before_its_predictor(plane, namespace, protocol):
    document = iris_service("scaled")
    document["spec"]["predictor"]["model"]["protocolVersion"] = protocol
    document["spec"]["predictor"]["model"]["runtime"] = "kserve-sklearnserver"
    document["spec"]["transformer"] = transformer(protocol)
    plane.kubectl("-n", namespace, "apply", "-f", "-", stdin=json.dumps(document))
    plane.kubectl("-n", namespace, "wait", "--for=condition=Ready", "isvc/scaled", "--timeout=90s", timeout=120)
    found, status = conditions(plane, namespace, "scaled")
    assert found["TransformerReady"] == found["PredictorReady"] == found["IngressReady"] == "True"
    assert set(status["components"]) == {"predictor", "transformer"}
    assert f"scaled-transformer.{namespace}" in status["address"]["url"]

    host = f"scaled-{namespace}.localhost"
    if protocol == "v1":
        code, answer = plane.request("/v1/models/scaled:predict", host, {"instances": ROWS})
        assert code == 200, answer
        assert answer == {"predictions": [1, 1], "by": "transformer"}
        plain = {"instances": [[value / 10 for value in row] for row in ROWS]}
        code, answer = plane.request(
            "/v1/models/scaled:predict", f"scaled-predictor-{namespace}.localhost", plain)
        assert (code, answer) == (200, {"predictions": [1, 1]})
    else:
        tensor = {"name": "input-0", "shape": [2, 4], "datatype": "FP64", "data": sum(ROWS, [])}
        code, answer = plane.request("/v2/models/scaled/infer", host, {"inputs": [tensor]})
        assert code == 200, answer
        assert answer["outputs"][0]["data"] == [1, 1]
        assert answer["parameters"] == {"by": "transformer"}
    # Knative's form of the host leads to the same place.
    assert plane.request("/v1/models/scaled", f"scaled.{namespace}.localhost")[0] == 200


def test_a_transformer_that_cannot_start_takes_ready_away(plane, namespace):
    document = iris_service("broken")
    document["spec"]["transformer"] = {"containers": [{
        "name": "kserve-container", "image": "x", "command": [sys.executable, "-c", "raise SystemExit('no scaler')"]}]}
    plane.kubectl("-n", namespace, "apply", "-f", "-", stdin=json.dumps(document))
    plane.kubectl(
        "-n", namespace, "wait", "--for=condition=TransformerReady=False", "isvc/broken", "--timeout=60s", timeout=90)
    plane.kubectl(
        "-n", namespace, "wait", "--for=condition=PredictorReady", "isvc/broken", "--timeout=60s", timeout=90)
    found, _ = conditions(plane, namespace, "broken")
    assert found["Ready"] == "False"


def test_a_predictors_canary_takes_its_share_of_a_transformers_requests(plane, namespace):
    document = iris_service("split")
    document["spec"]["transformer"] = transformer("v1")
    plane.kubectl("-n", namespace, "apply", "-f", "-", stdin=json.dumps(document))
    plane.kubectl("-n", namespace, "wait", "--for=condition=Ready", "isvc/split", "--timeout=90s", timeout=120)
    first = wait_until(
        lambda: component(plane, namespace, "split").get("latestRolledoutRevision"), 20, "a rolled out revision")

    def way():
        service = json.loads(plane.kubectl("-n", namespace, "get", "service", "split-predictor", "-o", "json").stdout)
        return service["metadata"]["annotations"].get("apus.dev/reached-by")

    assert way() is None, "without a canary the transformer asks the pods themselves"
    rows = {"instances": [[value * 10 for value in row] for row in BODY["instances"]]}
    with Load(plane, f"split-{namespace}.localhost", "split", rows) as load:
        wait_until(lambda: len(load.answers) == 1, 20, "answers of the first model")
        patch(plane, namespace, "split", {
            "canaryTrafficPercent": 50, "model": {"storageUri": "pvc://samples/models/sklearn/iris-v2"}})
        # The transformer keeps its connections: they follow the Service all the same.
        wait_until(lambda: len(load.answers) == 2, 60, "answers of both models")
        assert way() == "gateway"
        patch(plane, namespace, "split", {"canaryTrafficPercent": None})
        wait_until(lambda: way() is None, 60, "the end of the promotion")
        wait_until(
            lambda: deployments(plane, namespace) == {
                "deployment.apps/split-predictor", "deployment.apps/split-transformer"}, 60, "two Deployments")
        load.answers.clear()
        wait_until(lambda: sum(load.answers.values()) > 20, 30, "requests after it")
        assert len(load.answers) == 1
        assert component(plane, namespace, "split")["latestRolledoutRevision"] != first
    assert not load.failures, load.failures[:3]
    assert all(json.loads(answer)["by"] == "transformer" for answer in load.answers)
