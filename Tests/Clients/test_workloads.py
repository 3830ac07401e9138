"""What a user's YAML holds beside services: claims, Jobs that fill them, StatefulSets; with real processes."""

import json
import pathlib

import pytest

from conftest import iris_service, wait_until

ROWS = {"instances": [[6.8, 2.8, 4.8, 1.4]]}


def claim(name):
    return {
        "apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": name},
        "spec": {"accessModes": ["ReadWriteOnce"], "storageClassName": "standard",
                 "resources": {"requests": {"storage": "1Gi"}}},
    }


def volume(name, claim_name):
    return {"name": name, "persistentVolumeClaim": {"claimName": claim_name}}


def apply(plane, namespace, *documents):
    listed = {"apiVersion": "v1", "kind": "List", "items": list(documents)}
    plane.kubectl("-n", namespace, "apply", "-f", "-", stdin=json.dumps(listed))


def get(plane, namespace, *words):
    return json.loads(plane.kubectl("-n", namespace, "get", *words, "-o", "json").stdout)


@pytest.mark.parametrize("version", ["1.20", "current"])
def test_a_job_fills_a_claim_that_a_service_reads(plane, namespace, version):
    copy = {"name": "copy", "image": "local/tools", "command": ["cp", "-r"],
            "args": ["/from/models/sklearn/iris", "/to/iris"],
            "volumeMounts": [{"name": "from", "mountPath": "/from"}, {"name": "to", "mountPath": "/to"}]}
    job = {
        "apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "fill"},
        "spec": {"backoffLimit": 0, "template": {"spec": {
            "restartPolicy": "Never", "containers": [copy],
            "volumes": [volume("from", "samples"), volume("to", "models")]}}},
    }
    apply(plane, namespace, claim("models"), job)
    kubectl = lambda *words, **options: plane.kubectl("-n", namespace, *words, version=version, **options)
    kubectl("wait", "--for=condition=complete", "job/fill", "--timeout=60s", timeout=90)
    assert "1/1" in kubectl("get", "job", "fill").stdout
    row = kubectl("get", "pvc", "models").stdout
    assert "Bound" in row and "1Gi" in row and "standard" in row
    found = get(plane, namespace, "pvc", "models")
    folder = pathlib.Path(get(plane, namespace, "pv", found["spec"]["volumeName"])["spec"]["hostPath"]["path"])
    assert (folder / "iris" / "model.joblib").exists()

    apply(plane, namespace, iris_service("iris", "pvc://models/iris"))
    kubectl("wait", "--for=condition=Ready", "isvc/iris", "--timeout=60s", timeout=90)
    code, answer = plane.request("/v1/models/iris:predict", f"iris-{namespace}.localhost", ROWS)
    assert (code, answer) == (200, {"predictions": [1]})

    kubectl("delete", "isvc/iris", "job/fill", "pvc/models")
    wait_until(lambda: not folder.exists(), 20, "the end of the folder")


def test_a_job_that_fails_says_so(plane, namespace):
    job = {
        "apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "bad"},
        "spec": {"backoffLimit": 0, "template": {"spec": {
            "restartPolicy": "Never", "containers": [{"name": "c", "image": "local/tools", "command": ["false"]}]}}},
    }
    apply(plane, namespace, job)
    plane.kubectl("-n", namespace, "wait", "--for=condition=failed", "job/bad", "--timeout=60s", timeout=90)
    condition = get(plane, namespace, "job", "bad")["status"]["conditions"][0]
    assert condition["reason"] == "BackoffLimitExceeded"


def test_pods_of_a_stateful_set_keep_names_and_data(plane, namespace):
    script = "date +%N > /data/$(hostname).$(ls /data | wc -l); exec sleep 1000"
    stateful = {
        "apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "web"},
        "spec": {
            "replicas": 2, "serviceName": "web", "selector": {"matchLabels": {"app": "web"}},
            "template": {
                "metadata": {"labels": {"app": "web"}},
                "spec": {"terminationGracePeriodSeconds": 1, "containers": [{
                    "name": "c", "image": "local/tools", "command": ["sh", "-c", script],
                    "volumeMounts": [{"name": "data", "mountPath": "/data"}]}]}},
            "volumeClaimTemplates": [{"metadata": {"name": "data"}, "spec": claim("x")["spec"]}],
        },
    }
    apply(plane, namespace, stateful)
    plane.kubectl("-n", namespace, "rollout", "status", "statefulset/web", "--timeout=60s", timeout=90)
    assert "2/2" in plane.kubectl("-n", namespace, "get", "statefulset", "web").stdout
    volume_name = get(plane, namespace, "pvc", "data-web-1")["spec"]["volumeName"]
    folder = pathlib.Path(get(plane, namespace, "pv", volume_name)["spec"]["hostPath"]["path"])
    wait_until(lambda: len(list(folder.iterdir())) == 1, 20, "a first file")
    before = get(plane, namespace, "pod", "web-1")["metadata"]["uid"]
    plane.kubectl("-n", namespace, "delete", "pod", "web-1")
    wait_until(lambda: len(list(folder.iterdir())) == 2, 60, "a second file beside it")
    assert get(plane, namespace, "pod", "web-1")["metadata"]["uid"] != before
    plane.kubectl("-n", namespace, "scale", "statefulset/web", "--replicas=1")
    plane.kubectl("-n", namespace, "wait", "--for=delete", "pod/web-1", "--timeout=60s", timeout=90)
    assert get(plane, namespace, "pvc", "data-web-1")["status"]["phase"] == "Bound"


@pytest.mark.parametrize("version", ["1.20", "current"])
def test_kubectl_prints_what_is_deprecated(plane, namespace, version):
    document = iris_service("old")
    document["spec"]["predictor"] = {"sklearn": {"storageUri": "pvc://samples/models/sklearn/iris"}}
    result = plane.kubectl("-n", namespace, "apply", "-f", "-", stdin=json.dumps(document), version=version)
    assert "Warning: spec.predictor.sklearn is deprecated: write spec.predictor.model" in result.stderr


@pytest.mark.parametrize("version", ["1.20", "current"])
def test_an_llm_service_of_the_older_version_is_shown_in_both(plane, namespace, version):
    document = {
        "apiVersion": "serving.kserve.io/v1alpha1", "kind": "LLMInferenceService", "metadata": {"name": "llm"},
        "spec": {"model": {"uri": "hf://a/b", "name": "m", "criticality": "Critical"}, "replicas": 1},
    }
    kubectl = lambda *words, **options: plane.kubectl("-n", namespace, *words, version=version, **options)
    kubectl("apply", "-f", "-", stdin=json.dumps(document))
    older = json.loads(kubectl("get", "llminferenceservices.v1alpha1.serving.kserve.io", "llm", "-o", "json").stdout)
    newer = json.loads(kubectl("get", "llminferenceservices.v1alpha2.serving.kserve.io", "llm", "-o", "json").stdout)
    assert older["spec"]["model"]["criticality"] == "Critical"
    assert newer["apiVersion"] == "serving.kserve.io/v1alpha2"
    assert "criticality" not in newer["spec"]["model"]
    assert newer["metadata"]["annotations"]["internal.serving.kserve.io/model-criticality"] == "Critical"
    document["spec"]["model"]["uri"] = "hf://a/c"
    assert "configured" in kubectl("apply", "-f", "-", stdin=json.dumps(document)).stdout
    assert "hf://a/c" in kubectl("get", "llmisvc", "llm", "-o", "yaml").stdout
