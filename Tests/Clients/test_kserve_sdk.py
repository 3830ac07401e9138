"""The kserve SDK, unchanged: create, wait until ready, predict, patch, delete."""

import json

import pytest
import requests
from kserve import (KServeClient, V1beta1InferenceService, V1beta1InferenceServiceSpec, V1beta1ModelFormat,
                    V1beta1ModelSpec, V1beta1PredictorSpec, V1beta1SKLearnSpec, constants)
from kubernetes import client as kubernetes_client

from conftest import SAMPLES, wait_until


def service(name, namespace, predictor):
    return V1beta1InferenceService(
        api_version=constants.KSERVE_V1BETA1, kind=constants.KSERVE_KIND_INFERENCESERVICE,
        metadata=kubernetes_client.V1ObjectMeta(name=name, namespace=namespace),
        spec=V1beta1InferenceServiceSpec(predictor=predictor))


URI = "pvc://samples/models/sklearn/iris"
PREDICTORS = {
    "model": V1beta1PredictorSpec(
        min_replicas=1, model=V1beta1ModelSpec(model_format=V1beta1ModelFormat(name="sklearn"), storage_uri=URI)),
    "sklearn": V1beta1PredictorSpec(min_replicas=1, sklearn=V1beta1SKLearnSpec(storage_uri=URI)),
}


@pytest.mark.parametrize("form", PREDICTORS)
def test_a_service_by_the_sdk(plane, namespace, form):
    kserve = KServeClient(config_file=str(plane.kubeconfig))
    name = f"sdk-{form}"
    kserve.create(service(name, namespace, PREDICTORS[form]))
    kserve.wait_isvc_ready(name, namespace=namespace, timeout_seconds=60)
    found = kserve.get(name, namespace=namespace)
    host = found["status"]["url"].split("//")[1]
    body = json.loads((SAMPLES / "iris-input.json").read_text())
    answer = requests.post(f"{plane.gateway}/v1/models/{name}:predict", json=body, headers={"Host": host}, timeout=10)
    assert answer.status_code == 200 and answer.json() == {"predictions": [1, 1]}

    patch = service(name, namespace, V1beta1PredictorSpec(min_replicas=2))
    kserve.patch(name, patch, namespace=namespace)
    core = kubernetes_client.CoreV1Api(kserve.api_instance.api_client)
    selector = f"serving.kserve.io/inferenceservice={name}"
    wait_until(lambda: len(core.list_namespaced_pod(namespace, label_selector=selector).items) == 2, 30, "two pods")
    kserve.wait_isvc_ready(name, namespace=namespace, timeout_seconds=60)
    assert kserve.is_isvc_ready(name, namespace=namespace)

    kserve.delete(name, namespace=namespace)
    with pytest.raises(RuntimeError, match="404|[Nn]ot found"):
        kserve.get(name, namespace=namespace)
