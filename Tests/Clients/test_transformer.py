"""Unmodified kserve.Model transformers and explainers in front of native predictors, over V1 and V2."""

import json
import pathlib
import sys

import pytest
from conftest import iris_service

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
