"""The samples whose parts run here answer with their own models' predictions."""

import json

from conftest import SAMPLES, ControlPlane

V1 = json.loads((SAMPLES / "iris-input.json").read_text())
V2 = json.loads((SAMPLES / "iris-input-v2.json").read_text())

# File, service, the first output of both flowers.
ANSWERS = {
    "sklearn-iris.yaml": ("sklearn-iris", [1, 1]),
    "frameworks/sklearn-field.yaml": ("sklearn-field", [1, 1]),
    "frameworks/xgboost.yaml": ("xgboost-iris", [1, 1]),
    "frameworks/lightgbm.yaml": ("lightgbm-iris", None),
    "frameworks/pmml.yaml": ("pmml-iris", None),
    "protocols/sklearn-v2.yaml": ("sklearn-v2", [1, 1]),
    "protocols/sklearn-v2-kserve.yaml": ("sklearn-v2-kserve", [1, 1]),
    "components/pod-fields.yaml": ("pod-fields", [1, 1]),
    "observability/batcher.yaml": ("batched", [1, 1]),
    "traffic/canary-first.yaml": ("iris-canary", [1, 1]),
    "traffic/frozen.yaml": ("frozen", [1, 1]),
}


def test_samples_that_run_here_answer(plane, namespace):
    files = [argument for name in ANSWERS for argument in ("-f", SAMPLES / name)]
    plane.kubectl("apply", "-n", namespace, *files)
    names = [f"isvc/{name}" for name, _ in ANSWERS.values()]
    plane.kubectl("wait", "-n", namespace, "--for=condition=Ready", *names, "--timeout=80s")
    for file, (name, expected) in ANSWERS.items():
        host = f"{name}-{namespace}.localhost"
        if "v2" in file:
            status, body = plane.request(f"/v2/models/{name}/infer", host, V2)
            assert status == 200, (file, body)
            data = body["outputs"][0]["data"]
        else:
            status, body = plane.request(f"/v1/models/{name}:predict", host, V1)
            assert status == 200, (file, body)
            data = body["predictions"]
        assert len(data) >= 2, (file, body)
        assert expected is None or [int(value) for value in data[:2]] == expected, (file, body)


def test_printed_definitions_can_be_applied_by_clients(tmp_path):
    plane = ControlPlane(tmp_path / "data").start()
    try:
        manifests = plane.apus("manifests", "all").stdout
        for version in ["1.20", "current"]:
            plane.kubectl("apply", "-f", "-", stdin=manifests, version=version)
        plane.kubectl("apply", "-f", SAMPLES / "components/pod-fields.yaml")
        answer = plane.kubectl(
            "patch", "isvc/pod-fields", "--type=merge", "-p", '{"spec":{"predictor":{"minReplica":1}}}', check=False)
        assert "unknown field \"spec.predictor.minReplica\"" in answer.stderr + answer.stdout
    finally:
        plane.stop()
