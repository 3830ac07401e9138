"""A multi-model service: TrainedModels are fetched, loaded, answered and unloaded."""

import json

from conftest import SAMPLES, wait_until

BODY = json.loads((SAMPLES / "iris-input.json").read_text())


def trained_model(name, uri, memory="64Mi", service="many-models"):
    return {
        "apiVersion": "serving.kserve.io/v1alpha1", "kind": "TrainedModel", "metadata": {"name": name},
        "spec": {"inferenceService": service,
                 "model": {"storageUri": uri, "framework": "sklearn", "memory": memory}},
    }


def apply(plane, namespace, *objects):
    body = {"apiVersion": "v1", "kind": "List", "items": list(objects)}
    plane.kubectl("apply", "-n", namespace, "-f", "-", stdin=json.dumps(body))


def why(plane, namespace, *words):
    return json.loads(plane.apus("why", "-n", namespace, "-o", "json", *words, check=False).stdout)


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
    assert why(plane, namespace, "tm/large")["code"] == "OutOfMemory"
    assert why(plane, namespace, "trainedmodel/second")["healthy"]

    plane.kubectl("delete", "-n", namespace, "tm/first", "--timeout=30s")
    wait_until(lambda: ask("first")[0] != 200, 30, "the end of the first model")
    assert ask("second")[0] == 200
    # The service's models go with it.
    plane.kubectl("delete", "-n", namespace, "isvc/many-models", "--timeout=30s")
    wait_until(
        lambda: "second" not in plane.kubectl("get", "-n", namespace, "tm", "-o", "name").stdout, 30,
        "the end of the second model's object")


def test_the_agent_has_the_accounts_credentials(plane, namespace, sample_bucket):
    """The store checks signatures: without the key there is no model."""
    secret = {
        "apiVersion": "v1", "kind": "Secret",
        "metadata": {"name": "keys", "annotations": {
            "serving.kserve.io/s3-endpoint": sample_bucket["address"].split("//")[1],
            "serving.kserve.io/s3-usehttps": "0"}},
        "stringData": {"AWS_ACCESS_KEY_ID": sample_bucket["id"], "AWS_SECRET_ACCESS_KEY": sample_bucket["secret"]}}
    account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "fetcher"},
               "secrets": [{"name": "keys"}]}
    service = {
        "apiVersion": "serving.kserve.io/v1beta1", "kind": "InferenceService", "metadata": {"name": "many-models"},
        "spec": {"predictor": {"minReplicas": 1, "serviceAccountName": "fetcher", "sklearn": {}}}}
    apply(plane, namespace, secret, account, service, trained_model("by-key", "s3://models/iris"))
    plane.kubectl("wait", "-n", namespace, "--for=condition=Ready", "isvc/many-models", "--timeout=60s")
    wait_until(
        lambda: plane.request("/v1/models/by-key:predict", f"many-models-{namespace}.localhost", BODY)
        == (200, {"predictions": [1, 1]}), 30, "the model's answer")


def test_a_file_alone_is_a_model_to_the_mlserver_dialect_too(plane, namespace, files):
    """And what it cannot load is told, though the TrainedModel is Ready."""
    service = {
        "apiVersion": "serving.kserve.io/v1beta1", "kind": "InferenceService", "metadata": {"name": "open-models"},
        "spec": {"predictor": {"minReplicas": 1, "sklearn": {"protocolVersion": "v2"}}}}
    apply(plane, namespace, service,
          trained_model("flowers", f"{files}/sklearn/iris/model.joblib", service="open-models"),
          trained_model("broken", f"{files}/xgboost/iris/model.json", service="open-models"),
          trained_model("orphan", f"{files}/sklearn/iris/model.joblib", service="none-such"))
    plane.kubectl("wait", "-n", namespace, "--for=condition=Ready", "isvc/open-models", "--timeout=60s")
    body = {"inputs": [{"name": "x", "shape": [2, 4], "datatype": "FP64", "data": BODY["instances"]}]}

    def ask():
        return plane.request("/v2/models/flowers/infer", f"open-models-{namespace}.localhost", body)

    wait_until(lambda: ask()[0] == 200, 30, "the answer of a file without settings")
    assert ask()[1]["outputs"][0]["data"] == [1, 1]
    wait_until(lambda: why(plane, namespace, "tm/broken")["code"] in ("ModelMissing", "Unreadable"), 30,
               "the words about a file that is no model")
    assert "model" in why(plane, namespace, "tm/broken")["cause"]
    assert why(plane, namespace, "tm/orphan")["value"] == "spec.inferenceService"
    found = {entry["name"]: entry["code"] for entry in why(plane, namespace)}
    assert found.keys() == {"broken", "orphan"}, found
