"""The Python `kubernetes` client: create, read, watch, patch, delete."""

import pytest
from kubernetes import client, config, watch

from conftest import iris_service, wait_until


@pytest.fixture
def api(plane):
    return config.new_client_from_config(config_file=str(plane.kubeconfig))


def test_core_objects_are_created_patched_and_deleted(api, namespace):
    core = client.CoreV1Api(api)
    core.create_namespaced_config_map(
        namespace, client.V1ConfigMap(metadata=client.V1ObjectMeta(name="a"), data={"k": "1"}))
    patched = core.patch_namespaced_config_map("a", namespace, {"data": {"k": "2"}})
    assert patched.data == {"k": "2"}
    assert [item.metadata.name for item in core.list_namespaced_config_map(namespace).items if
            item.metadata.name == "a"] == ["a"]
    core.delete_namespaced_config_map("a", namespace)
    with pytest.raises(client.ApiException) as caught:
        core.read_namespaced_config_map("a", namespace)
    assert caught.value.status == 404


def test_a_stale_replace_is_a_conflict(api, namespace):
    core = client.CoreV1Api(api)
    first = core.create_namespaced_config_map(
        namespace, client.V1ConfigMap(metadata=client.V1ObjectMeta(name="b"), data={"k": "1"}))
    first.data = {"k": "2"}
    core.replace_namespaced_config_map("b", namespace, first)
    with pytest.raises(client.ApiException) as caught:
        core.replace_namespaced_config_map("b", namespace, first)
    assert caught.value.status == 409


def test_a_watch_follows_a_service_until_it_is_ready(api, namespace):
    objects = client.CustomObjectsApi(api)
    objects.create_namespaced_custom_object(
        "serving.kserve.io", "v1beta1", namespace, "inferenceservices", iris_service("watched"))
    for event in watch.Watch().stream(
            objects.list_namespaced_custom_object, "serving.kserve.io", "v1beta1", namespace, "inferenceservices",
            timeout_seconds=60):
        conditions = event["object"].get("status", {}).get("conditions", [])
        if any(item["type"] == "Ready" and item["status"] == "True" for item in conditions):
            break
    else:
        raise AssertionError("the watch ended before the service was ready")
    objects.delete_namespaced_custom_object(
        "serving.kserve.io", "v1beta1", namespace, "inferenceservices", "watched")
    core = client.CoreV1Api(api)
    wait_until(lambda: not core.list_namespaced_pod(namespace).items, 30, "the pods' end")
