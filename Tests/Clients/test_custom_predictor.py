"""An unmodified kserve.Model script as a custom predictor: two replicas on the same ports, each for itself."""

import json
import pathlib
import sys

SCRIPT = pathlib.Path(__file__).with_name("custom_model.py")


def test_two_replicas_of_a_python_model_answer_each_for_itself(plane, namespace):
    document = {
        "apiVersion": "serving.kserve.io/v1beta1", "kind": "InferenceService", "metadata": {"name": "custom"},
        "spec": {"predictor": {"minReplicas": 2, "containers": [{
            "name": "kserve-container", "image": "local/custom-model:v1",
            "command": [sys.executable, str(SCRIPT)], "args": ["--model_name=custom"],
            "env": [{"name": "PYTHONUNBUFFERED", "value": "1"}]}]}},
    }
    plane.kubectl("-n", namespace, "apply", "-f", "-", stdin=json.dumps(document))
    plane.kubectl("-n", namespace, "wait", "--for=condition=Ready", "isvc/custom", "--timeout=90s", timeout=120)
    plane.kubectl("-n", namespace, "rollout", "status", "deployment/custom-predictor", "--timeout=90s", timeout=120)
    answers = []
    for number in range(40):
        status, answer = plane.request(
            "/v1/models/custom:predict", f"custom-{namespace}.localhost", {"instances": [number]})
        assert status == 200, answer
        assert answer["predictions"] == [number]
        answers.append((answer["pod"], answer["process"]))
    assert len({pod for pod, _ in answers}) == 2
    assert len({process for _, process in answers}) == 2
