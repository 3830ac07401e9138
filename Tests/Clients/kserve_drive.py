"""Drives a control plane with the `kserve` SDK of the interpreter that runs this file.

    python kserve_drive.py KUBECONFIG GATEWAY SAMPLES

Reads one part's name, namespace and extras per line (JSON) and answers with one JSON line: `{"error": null}`, or where
it failed. Ends with its standard input.
"""

import asyncio
import base64
import contextlib
import io
import json
import pathlib
import re
import sys
import tempfile
import time
import traceback

import kubernetes
import numpy
import pytest
import requests
from kserve import (InferenceGRPCClient, InferenceRESTClient, InferInput, InferRequest, KServeClient, RESTConfig,
                    V1alpha1ModelSpec, V1alpha1TrainedModel, V1alpha1TrainedModelSpec, V1beta1InferenceService,
                    V1beta1InferenceServiceSpec, V1beta1ModelFormat, V1beta1ModelSpec, V1beta1PredictorSpec,
                    V1beta1SKLearnSpec, constants)
from kubernetes.client import ApiException, V1ObjectMeta

KUBECONFIG, GATEWAY, SAMPLES = sys.argv[1], sys.argv[2], pathlib.Path(sys.argv[3])
INPUT = json.loads((SAMPLES / "iris-input.json").read_text())
# The two models disagree about this one.
FLOWER = {"instances": [[5.5, 2.8, 4.8, 1.6]]}
ONE, OTHER = "pvc://samples/models/sklearn/iris", "pvc://samples/models/sklearn/iris-v2"
GROUP, V1BETA1 = constants.KSERVE_GROUP, constants.KSERVE_V1BETA1_VERSION
SERVICES = constants.KSERVE_PLURAL_INFERENCESERVICE
WAIT = {"timeout_seconds": 60, "polling_interval": 0.25}


def wait_until(condition, what, timeout=60):
    deadline = time.monotonic() + timeout
    while True:
        found = condition()
        if found:
            return found
        assert time.monotonic() < deadline, f"{what} did not come about within {timeout} s"
        time.sleep(0.05)


def iris(name, namespace, uri=ONE, version=None, **predictor):
    model = V1beta1ModelSpec(model_format=V1beta1ModelFormat(name="sklearn"), storage_uri=uri)
    return service(name, namespace, V1beta1PredictorSpec(**{"min_replicas": 1, "model": model, **predictor}), version)


def service(name, namespace, predictor, version=None):
    return V1beta1InferenceService(
        api_version=constants.KSERVE_V1BETA1, kind=constants.KSERVE_KIND_INFERENCESERVICE,
        metadata=V1ObjectMeta(name=name, namespace=namespace, resource_version=version),
        spec=V1beta1InferenceServiceSpec(predictor=predictor))


def host(document):
    return document["status"]["url"].split("//")[1]


def pods(kserve, name, namespace):
    return kserve.core_api.list_namespaced_pod(namespace, label_selector=f"{GROUP}/inferenceservice={name}").items


def predict(kserve, name, namespace):
    """The class of the flower."""
    found = kserve.get(name, namespace=namespace)
    return asyncio.run(ask("v1", FLOWER, name, host(found)))["predictions"]


async def ask(protocol, data, name, to):
    async with InferenceRESTClient(RESTConfig(protocol=protocol, timeout=20)) as client:
        return await client.infer(GATEWAY, data, model_name=name, headers={"Host": to})


def v2_request(name):
    flowers = InferInput("input-0", [2, 4], "FP32")
    flowers.set_data_from_numpy(numpy.array(INPUT["instances"], dtype="float32"), binary_data=False)
    return InferRequest(name, [flowers])


# Each part gets the SDK's client, a namespace of its own and what the test knows.


def create_and_predict(kserve, namespace, extras):
    created = kserve.create(iris("predicts", namespace))
    assert created["metadata"]["generation"] == 1
    kserve.wait_isvc_ready("predicts", namespace=namespace, expected_generation=1, **WAIT)
    assert kserve.is_isvc_ready("predicts", namespace=namespace)
    found = kserve.get("predicts", namespace=namespace)
    to = host(found)
    assert asyncio.run(ask("v1", INPUT, "predicts", to)) == {"predictions": [1, 1]}
    answer = asyncio.run(ask("v2", v2_request("predicts"), "predicts", to))
    assert answer.model_name == "predicts" and list(answer.outputs[0].as_numpy()) == [1, 1]

    async def health():
        headers = {"Host": to}
        async with InferenceRESTClient(RESTConfig(protocol="v1", timeout=20)) as one:
            assert await one.is_model_ready(GATEWAY, "predicts", headers=headers)
            assert await one.is_server_live(GATEWAY, headers=headers)
        async with InferenceRESTClient(RESTConfig(protocol="v2", timeout=20)) as two:
            assert await two.is_server_live(GATEWAY, headers=headers)
            assert await two.is_server_ready(GATEWAY, headers=headers)
            assert await two.is_model_ready(GATEWAY, "predicts", headers=headers)
            assert not await two.is_model_ready(GATEWAY, "nobody", headers=headers)

    asyncio.run(health())
    with pytest.raises(RuntimeError, match="AlreadyExists"):
        kserve.create(iris("predicts", namespace))
    listed = kserve.get(namespace=namespace)
    assert [item["metadata"]["name"] for item in listed["items"]] == ["predicts"]


def predict_by_grpc(kserve, namespace, extras):
    predictor = V1beta1PredictorSpec(min_replicas=1, sklearn=V1beta1SKLearnSpec(storage_uri=ONE, protocol_version="v2"))
    kserve.create(service("grpc", namespace, predictor))
    kserve.wait_isvc_ready("grpc", namespace=namespace, **WAIT)
    [pod] = pods(kserve, "grpc", namespace)
    port = pod.spec.containers[0].ports[0].container_port if pod.spec.containers[0].ports else 8080

    async def calls():
        async with InferenceGRPCClient(f"{pod.status.pod_ip}:{port}") as client:
            assert await client.is_server_live() and await client.is_server_ready()
            assert await client.is_model_ready("grpc")
            answer = await client.infer(v2_request("grpc"))
            assert list(answer.outputs[0].as_numpy()) == [1, 1]

    asyncio.run(calls())


def patch_and_replace(kserve, namespace, extras):
    first = kserve.create(iris("changes", namespace))
    kserve.wait_isvc_ready("changes", namespace=namespace, **WAIT)
    patched = kserve.patch(
        "changes", service("changes", namespace, V1beta1PredictorSpec(min_replicas=2)), namespace=namespace)
    assert patched["spec"]["predictor"]["minReplicas"] == 2
    assert patched["spec"]["predictor"]["model"]["storageUri"] == ONE
    kserve.wait_isvc_ready(
        "changes", namespace=namespace, expected_generation=patched["metadata"]["generation"], **WAIT)
    wait_until(lambda: len(pods(kserve, "changes", namespace)) == 2, "two pods")
    before = predict(kserve, "changes", namespace)

    stale = first["metadata"]["resourceVersion"]
    with pytest.raises(RuntimeError, match="409"):
        kserve.replace("changes", iris("changes", namespace, OTHER, version=stale), namespace=namespace)
    with pytest.raises(ApiException) as conflict:
        kserve.api_instance.replace_namespaced_custom_object(
            GROUP, V1BETA1, namespace, SERVICES, "changes", iris("changes", namespace, OTHER, version=stale))
    assert conflict.value.status == 409 and json.loads(conflict.value.body)["reason"] == "Conflict"
    # Without a version of its own the SDK takes the latest.
    replaced = kserve.replace("changes", iris("changes", namespace, OTHER), namespace=namespace)
    assert replaced["spec"]["predictor"]["minReplicas"] == 1
    assert replaced["metadata"]["generation"] == patched["metadata"]["generation"] + 1
    kserve.wait_isvc_ready(
        "changes", namespace=namespace, expected_generation=replaced["metadata"]["generation"], **WAIT)
    wait_until(lambda: predict(kserve, "changes", namespace) != before, "the new model's answer")


def traffic(kserve, name, namespace):
    """What the SDK's own table is made of: `latestRevision` and `percent` of each entry."""
    found = kserve.get(name, namespace=namespace)["status"]["components"]["predictor"].get("traffic", [])
    return sorted((entry["percent"], entry["latestRevision"]) for entry in found)


def canary(kserve, namespace, extras):
    kserve.create(iris("shifts", namespace))
    kserve.wait_isvc_ready("shifts", namespace=namespace, **WAIT)
    assert traffic(kserve, "shifts", namespace) == [(100, True)]
    before = predict(kserve, "shifts", namespace)

    def change(*arguments, **predictor):
        changed = kserve.patch(
            "shifts", iris("shifts", namespace, *arguments, **predictor), namespace=namespace)
        kserve.wait_isvc_ready(
            "shifts", namespace=namespace, expected_generation=changed["metadata"]["generation"], **WAIT)

    change(OTHER, canary_traffic_percent=10)
    wait_until(lambda: traffic(kserve, "shifts", namespace) == [(10, True), (90, False)], "a tenth of the traffic")

    def is_shared():
        status = kserve.get("shifts", namespace=namespace)["status"]["components"]["predictor"]
        created = status["latestCreatedRevision"]
        return status["latestReadyRevision"] == created != status["latestRolledoutRevision"] and status

    old = wait_until(is_shared, "a ready canary")["latestRolledoutRevision"]
    change(OTHER, canary_traffic_percent=100)
    wait_until(lambda: traffic(kserve, "shifts", namespace) == [(100, True)], "all of the traffic")
    assert predict(kserve, "shifts", namespace) != before
    change(OTHER, canary_traffic_percent=0)
    wait_until(lambda: traffic(kserve, "shifts", namespace) == [(0, True), (100, False)], "the rollback")
    status = kserve.get("shifts", namespace=namespace)["status"]["components"]["predictor"]
    assert [entry["revisionName"] for entry in status["traffic"] if entry["percent"] == 100] == [old]
    assert predict(kserve, "shifts", namespace) == before


def trained_model(kserve, namespace, extras):
    kserve.create(service("many", namespace, V1beta1PredictorSpec(min_replicas=1, sklearn=V1beta1SKLearnSpec())))
    kserve.wait_isvc_ready("many", namespace=namespace, **WAIT)
    model = V1alpha1ModelSpec(
        framework="sklearn", memory="64Mi", storage_uri=f"{extras['files']}/sklearn/iris/model.joblib")
    kserve.create_trained_model(
        V1alpha1TrainedModel(
            api_version=constants.KSERVE_V1ALPHA1, kind=constants.KSERVE_KIND_TRAINEDMODEL,
            metadata=V1ObjectMeta(name="one-of-many", namespace=namespace),
            spec=V1alpha1TrainedModelSpec(inference_service="many", model=model)), namespace)
    kserve.wait_model_ready(
        "many", "one-of-many", isvc_namespace=namespace, cluster_ip=GATEWAY.split("//")[1], **WAIT)
    kserve.wait_model_ready("many", "one-of-many", isvc_namespace=namespace, cluster_ip=GATEWAY.split("//")[1],
                            protocol_version="v2", **WAIT)
    to = host(kserve.get("many", namespace=namespace))
    assert asyncio.run(ask("v1", INPUT, "one-of-many", to)) == {"predictions": [1, 1]}
    kserve.delete_trained_model("one-of-many", namespace=namespace)

    def gone():
        return requests.get(f"{GATEWAY}/v1/models/one-of-many", headers={"Host": to}, timeout=10).status_code == 404

    wait_until(gone, "the model's end")
    with pytest.raises(RuntimeError, match="404"):
        kserve.delete_trained_model("one-of-many", namespace=namespace)


def member(kserve, namespace, account, name):
    """A member, decoded, of the secrets that an account names; None where it is in none of them."""
    found = kserve.core_api.read_namespaced_service_account(account, namespace).secrets or []
    for reference in found:
        data = kserve.core_api.read_namespaced_secret(reference.name, namespace).data
        if name in data:
            return base64.b64decode(data[name]).decode()
    return None


def credentials(kserve, namespace, extras):
    def encoded(text):
        # The SDK puts these values into `data` as they are: in the file they stand encoded.
        return base64.b64encode(text.encode()).decode()

    s3 = extras["s3"]
    with tempfile.TemporaryDirectory() as folder:
        def file(text):
            (pathlib.Path(folder) / "credentials").write_text(text)
            return f"{folder}/credentials"

        keys = f"[default]\naws_access_key_id={encoded(s3['id'])}\naws_secret_access_key={encoded(s3['secret'])}\n"
        kserve.set_credentials(
            "S3", namespace=namespace, credentials_file=file(keys), service_account="fetcher",
            s3_endpoint=s3["address"].split("//")[1], s3_region="us-east-1", s3_use_https="0", s3_verify_ssl="0")
        kserve.set_credentials(
            "GCS", namespace=namespace, credentials_file=file('{"type": "service_account"}'), service_account="fetcher")
        azure = {name: encoded(f"{name}-1") for name in ["clientId", "clientSecret", "subscriptionId", "tenantId"]}
        kserve.set_credentials(
            "Azure", namespace=namespace, credentials_file=file(json.dumps(azure)), service_account="fetcher")
        kserve.set_credentials("Azure", namespace=namespace, credentials_file=file(json.dumps(azure)))
        # Neither is base64: a Kubernetes API says so.
        with pytest.raises(RuntimeError, match="400|422"):
            kserve.set_credentials("S3", namespace=namespace, credentials_file=file(keys.replace("=", "=?")))
    secrets = kserve.core_api.read_namespaced_service_account("fetcher", namespace).secrets
    assert len(secrets) == 3 and len({item.name for item in secrets}) == 3
    assert all(re.fullmatch(r"kserve-secret-[a-z0-9]{5}", item.name) for item in secrets), secrets
    assert member(kserve, namespace, "fetcher", "AWS_ACCESS_KEY_ID") == s3["id"]
    assert member(kserve, namespace, "fetcher", "gcloud-application-credentials.json").startswith("{")
    assert member(kserve, namespace, "fetcher", "AZURE_CLIENT_ID") == "clientId-1"
    assert member(kserve, namespace, constants.DEFAULT_SA_NAME, "AZURE_TENANT_ID") == "tenantId-1"

    # Keys and endpoint are what the model's download needs; without them the store refuses.
    kserve.create(iris("by-key", namespace, "s3://models/iris", service_account_name="fetcher"))
    kserve.wait_isvc_ready("by-key", namespace=namespace, **WAIT)
    assert len(predict(kserve, "by-key", namespace)) == 1
    [pod] = pods(kserve, "by-key", namespace)
    names = {variable.name for variable in pod.spec.init_containers[0].env}
    assert {"AWS_ACCESS_KEY_ID", "AWS_ENDPOINT_URL", "GOOGLE_APPLICATION_CREDENTIALS", "AZURE_CLIENT_ID"} <= names


def logs(kserve, namespace, extras):
    kserve.create(iris("tells", namespace, extras["files"] + "/sklearn/iris/model.joblib"))
    kserve.wait_isvc_ready("tells", namespace=namespace, **WAIT)
    predict(kserve, "tells", namespace)
    [pod] = pods(kserve, "tells", namespace)
    read = kserve.core_api.read_namespaced_pod_log
    fetched = read(pod.metadata.name, namespace, container="storage-initializer")
    assert "fetched 1 file" in fetched, fetched
    told = read(pod.metadata.name, namespace, container="kserve-container")
    assert told.strip()
    assert read(pod.metadata.name, namespace, container="kserve-container", tail_lines=1).count("\n") <= 1
    followed = kubernetes.watch.Watch().stream(read, pod.metadata.name, namespace, container="kserve-container")
    assert next(iter(followed)) in told


def watch(kserve, namespace, extras):
    table = io.StringIO()
    with contextlib.redirect_stdout(table):
        kserve.create(iris("watched", namespace), watch=True, timeout_seconds=60)
        kserve.get("watched", namespace=namespace, watch=True, timeout_seconds=60)
        kserve.replace("watched", iris("watched", namespace, OTHER, canary_traffic_percent=10), namespace=namespace,
                       watch=True, timeout_seconds=60)
        kserve.wait_isvc_ready("watched", namespace=namespace, watch=True, timeout_seconds=60)
    lines = [line.split() for line in table.getvalue().splitlines()]
    assert ["NAME", "READY", "PREV", "LATEST", "URL"] in lines, lines
    ready = [line for line in lines if line[1] == "True"]
    url = kserve.get("watched", namespace=namespace)["status"]["url"]
    assert ready[0] == ["watched", "True", "0", "100", url], lines
    assert ready[-1] == ["watched", "True", "90", "10", url], lines


def delete_twice(kserve, namespace, extras):
    kserve.create(iris("ends", namespace))
    kserve.delete("ends", namespace=namespace)
    wait_until(lambda: not kserve.get(namespace=namespace)["items"], "the service's end")
    with pytest.raises(RuntimeError, match=r"\(404\)\s+Reason: Not Found"):
        kserve.delete("ends", namespace=namespace)
    with pytest.raises(ApiException) as missing:
        kserve.api_instance.delete_namespaced_custom_object(GROUP, V1BETA1, namespace, SERVICES, "ends")
    assert missing.value.status == 404 and json.loads(missing.value.body)["reason"] == "NotFound"
    with pytest.raises(RuntimeError, match="404"):
        kserve.get("ends", namespace=namespace)
    wait_until(lambda: not pods(kserve, "ends", namespace), "the pods' end")


PARTS = [create_and_predict, predict_by_grpc, patch_and_replace, canary, trained_model, credentials, logs, watch,
         delete_twice]


def main():
    kserve = KServeClient(config_file=KUBECONFIG)
    parts = {part.__name__: part for part in PARTS}
    answers = sys.stdout
    sys.stdout = sys.stderr
    for line in sys.stdin:
        order = json.loads(line)
        error = None
        try:
            parts[order["part"]](kserve, order["namespace"], order["extras"])
        except BaseException:
            error = traceback.format_exc()
        print(json.dumps({"error": error}), file=answers, flush=True)


if __name__ == "__main__":
    main()
