"""kubectl 1.20 and a current one against the embedded API server: neither may notice a difference."""

import json
import subprocess

import pytest

from conftest import KUBECTLS, SAMPLES, iris_service, wait_until

pytestmark = pytest.mark.parametrize("version", ["1.20", "current"])
IRIS = json.loads((SAMPLES / "iris-input.json").read_text())


def run(plane, namespace, version):
    return lambda *arguments, **options: plane.kubectl("-n", namespace, *arguments, version=version, **options)


def test_a_model_service_from_apply_to_delete(plane, namespace, version):
    kubectl = run(plane, namespace, version)
    assert "inferenceservice.serving.kserve.io/sklearn-iris created" in kubectl(
        "apply", "-f", SAMPLES / "sklearn-iris.yaml").stdout
    kubectl("wait", "--for=condition=Ready", "isvc/sklearn-iris", "--timeout=60s")
    assert "unchanged" in kubectl("apply", "-f", SAMPLES / "sklearn-iris.yaml").stdout

    header, row = kubectl("get", "isvc").stdout.splitlines()[:2]
    for column in ["NAME", "URL", "READY", "PREV", "LATEST", "PREVROLLEDOUTREVISION", "LATESTREADYREVISION", "AGE"]:
        assert column in header
    assert "True" in row and "http://sklearn-iris-" in row
    assert "sklearn-iris-predictor-" in kubectl("get", "pods", "-o", "wide").stdout
    assert "kind: InferenceService" in kubectl("get", "isvc", "sklearn-iris", "-o", "yaml").stdout
    document = json.loads(kubectl("get", "isvc", "sklearn-iris", "-o", "json").stdout)
    assert document["status"]["observedGeneration"] == document["metadata"]["generation"]
    url = kubectl("get", "isvc", "sklearn-iris", "-o", "jsonpath={.status.url}").stdout
    answer = subprocess.run(
        ["curl", "-sS", f"{url}/v1/models/sklearn-iris:predict", "-d", f"@{SAMPLES / 'iris-input.json'}"],
        capture_output=True, text=True, check=True)
    assert json.loads(answer.stdout) == {"predictions": [1, 1]}

    described = kubectl("describe", "isvc", "sklearn-iris").stdout
    assert "InferenceServiceReady" in described and "Predictor Ready" in described.replace("PredictorReady", "Predictor Ready")
    kubectl("logs", "-l", "serving.kserve.io/inferenceservice=sklearn-iris")
    assert "Started" in kubectl("get", "events").stdout
    assert "deleted" in kubectl("delete", "-f", SAMPLES / "sklearn-iris.yaml").stdout
    wait_until(lambda: "No resources found" in kubectl("get", "pods").stderr, 30, "the pods' end")


def test_a_deployment_is_patched_scaled_and_rolled_out(plane, namespace, version):
    kubectl = run(plane, namespace, version)
    deployment = {
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "sleeper"},
        "spec": {
            "replicas": 1, "selector": {"matchLabels": {"app": "sleeper"}},
            "template": {
                "metadata": {"labels": {"app": "sleeper"}},
                "spec": {"terminationGracePeriodSeconds": 1, "containers": [
                    {"name": "main", "image": "local/sleep", "command": ["sh", "-c", "echo started; exec sleep 600"]}]},
            },
        },
    }
    kubectl("apply", "-f", "-", stdin=json.dumps(deployment))
    assert "successfully rolled out" in kubectl("rollout", "status", "deployment/sleeper", "--timeout=60s").stdout
    kubectl("scale", "deployment/sleeper", "--replicas=3")
    kubectl("rollout", "status", "deployment/sleeper", "--timeout=60s")
    assert kubectl("get", "deployment", "sleeper", "-o", "jsonpath={.status.readyReplicas}").stdout == "3"
    kubectl("patch", "deployment", "sleeper", "-p", json.dumps(
        {"spec": {"template": {"spec": {"containers": [{"name": "main", "env": [{"name": "A", "value": "1"}]}]}}}}))
    kubectl("rollout", "status", "deployment/sleeper", "--timeout=60s")
    assert kubectl("get", "deployment", "sleeper", "-o",
                   "jsonpath={.spec.template.spec.containers[0].command[0]}").stdout == "sh"
    assert "3/3" in kubectl("get", "deployments").stdout
    assert "started" in kubectl("logs", "deployment/sleeper").stdout
    kubectl("delete", "deployment", "sleeper")
    wait_until(lambda: "No resources found" in kubectl("get", "pods").stderr, 30, "the pods' end")


def test_watch_shows_changes_as_they_happen(plane, namespace, version):
    watcher = subprocess.Popen(
        [KUBECTLS[version], "--kubeconfig", plane.kubeconfig, "-n", namespace, "get", "configmaps", "-w",
         "-o", "jsonpath={.metadata.name}={.data.key}{\"\\n\"}"],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        kubectl = run(plane, namespace, version)
        kubectl("create", "configmap", "seen", "--from-literal=key=first")
        lines = iter(watcher.stdout.readline, "")
        assert any("seen=first" in line for line in lines)
        kubectl("patch", "configmap", "seen", "--type=merge", "-p", '{"data":{"key":"second"}}')
        assert any("seen=second" in line for line in lines)
    finally:
        watcher.terminate()
        watcher.wait()


def test_labels_selectors_and_secrets(plane, namespace, version):
    kubectl = run(plane, namespace, version)
    kubectl("create", "secret", "generic", "s", "--from-literal=password=geheim")
    kubectl("label", "secret", "s", "tier=gold")
    assert "s" in kubectl("get", "secrets", "-l", "tier in (gold)", "-o", "name").stdout
    assert kubectl("get", "secrets", "-l", "tier!=gold", "-o", "name").stdout.strip() == ""
    assert kubectl("get", "secret", "s", "-o", "jsonpath={.data.password}").stdout == "Z2VoZWlt"


def test_a_changed_service_is_applied_again(plane, namespace, version):
    """In both forms; the framework's field has become a model meanwhile."""
    for form in ["model", "sklearn"]:
        service = iris_service(f"again-{form}")
        predictor = service["spec"]["predictor"]
        if form == "sklearn":
            predictor["sklearn"] = {"storageUri": predictor.pop("model")["storageUri"]}
        for outcome, replicas in [("created", 0), ("configured", 1)]:
            predictor["minReplicas"] = replicas
            told = plane.kubectl(
                "-n", namespace, "apply", "-f", "-", stdin=json.dumps(service), version=version).stdout
            assert outcome in told, told
        plane.apus("apply", "-n", namespace, "-f", "-", stdin=json.dumps(service)).stdout
        found = json.loads(
            plane.kubectl("-n", namespace, "get", "isvc", f"again-{form}", "-o", "json", version=version).stdout)
        assert found["spec"]["predictor"]["minReplicas"] == 1
        assert found["spec"]["predictor"]["model"]["modelFormat"] == {"name": "sklearn"}


def test_an_unknown_field_is_refused_with_its_path(plane, namespace, version):
    service = iris_service("typo")
    service["spec"]["predictor"]["modle"] = {"x": 1}
    result = plane.kubectl("-n", namespace, "apply", "-f", "-", stdin=json.dumps(service), version=version, check=False)
    assert result.returncode != 0
    assert "modle" in result.stderr


def test_a_wrong_type_is_refused_with_its_path(plane, namespace, version):
    service = iris_service("wrong", minReplicas="many")
    result = plane.kubectl("-n", namespace, "apply", "-f", "-", stdin=json.dumps(service), version=version, check=False)
    assert result.returncode != 0
    assert "minReplicas" in result.stderr
