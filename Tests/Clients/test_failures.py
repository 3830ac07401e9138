"""Whatever goes wrong gives one clear sentence, and nothing is lost."""

import json
import os
import shutil
import socket
import subprocess

import pytest

from conftest import APUS, SAMPLES, ControlPlane, iris_service, wait_until


def message_of(plane, namespace, name):
    def read():
        document = json.loads(plane.kubectl("-n", namespace, "get", "isvc", name, "-o", "json").stdout)
        failure = document.get("status", {}).get("modelStatus", {}).get("lastFailureInfo", {})
        ready = [item for item in document.get("status", {}).get("conditions", []) if item["type"] == "Ready"]
        if failure.get("message") and ready and ready[0]["status"] == "False":
            return failure["message"], ready[0].get("message", ""), document["status"]
        return None
    return wait_until(read, 30, "a failure in the status")


@pytest.fixture
def claim(tmp_path):
    """A control plane whose claim `samples` is a folder that the test may fill."""
    folder = tmp_path / "models"
    folder.mkdir()
    control_plane = ControlPlane(tmp_path / "data", samples=folder).start()
    yield control_plane, folder
    control_plane.stop()


def test_a_missing_path_in_a_claim_is_named(plane, namespace):
    plane.kubectl("-n", namespace, "apply", "-f", "-", stdin=json.dumps(
        iris_service("gone", "pvc://samples/models/no-such-folder")))
    failure, condition, _ = message_of(plane, namespace, "gone")
    assert "no-such-folder" in failure and "no-such-folder" in condition


def test_a_missing_claim_is_named(plane, namespace):
    plane.kubectl("-n", namespace, "apply", "-f", "-", stdin=json.dumps(iris_service("gone", "pvc://nowhere/m")))
    failure, condition, _ = message_of(plane, namespace, "gone")
    assert "nowhere" in failure and "nowhere" in condition


def test_a_corrupt_model_is_named_and_repaired(claim):
    plane, folder = claim
    content = (SAMPLES / "models/sklearn/iris/model.joblib").read_bytes()
    (folder / "m").mkdir()
    (folder / "m/model.joblib").write_bytes(content[:100])
    plane.kubectl("apply", "-f", "-", stdin=json.dumps(iris_service("corrupt", "pvc://samples/m")))
    failure, condition, status = message_of(plane, "default", "corrupt")
    assert "model.joblib" in failure and "model.joblib" in condition
    assert status["modelStatus"]["states"]["targetModelState"] == "FailedToLoad"
    (folder / "m/model.joblib").write_bytes(content)
    plane.kubectl("delete", "pods", "-l", "serving.kserve.io/inferenceservice=corrupt")
    plane.kubectl("wait", "--for=condition=Ready", "isvc/corrupt", "--timeout=60s")


def test_an_unknown_format_lists_what_there_is(plane, namespace):
    service = iris_service("strange")
    service["spec"]["predictor"]["model"]["modelFormat"]["name"] = "cobol"
    plane.kubectl("-n", namespace, "apply", "-f", "-", stdin=json.dumps(service))
    failure, condition, status = message_of(plane, namespace, "strange")
    assert status["modelStatus"]["lastFailureInfo"]["reason"] == "NoSupportingRuntime"
    assert "cobol" in condition


def test_an_image_that_cannot_run_here_says_what_can(plane, namespace):
    service = {"apiVersion": "serving.kserve.io/v1beta1", "kind": "InferenceService", "metadata": {"name": "foreign"},
               "spec": {"predictor": {"containers": [{"name": "kserve-container", "image": "corp/secret-sauce:v3"}]}}}
    plane.kubectl("-n", namespace, "apply", "-f", "-", stdin=json.dumps(service))
    failure, condition, _ = message_of(plane, namespace, "foreign")
    assert "corp/secret-sauce:v3" in failure and "command" in failure


@pytest.mark.parametrize("text, words", [
    ("a: b: c\n", ["line 1"]),
    ("apiVersion: v1\nkind: ConfigMap\n", ["name"]),
    ("kind: ConfigMap\nmetadata: {name: x}\n", ["apiVersion"]),
    ("apiVersion: v1\nkind: Nonsense\nmetadata: {name: x}\n", ["Nonsense"]),
])
def test_bad_yaml_is_told_with_its_place(plane, tmp_path, text, words):
    file = tmp_path / "bad.yaml"
    file.write_text(text)
    result = plane.apus("apply", "-f", file, check=False)
    assert result.returncode != 0
    for word in [str(file), *words]:
        assert word in result.stderr, result.stderr


def test_apus_apply_refuses_an_unknown_field(plane, tmp_path):
    service = iris_service("typo")
    service["spec"]["predictor"]["modle"] = {}
    file = tmp_path / "typo.json"
    file.write_text(json.dumps(service))
    result = plane.apus("apply", "-f", file, check=False)
    assert result.returncode != 0 and "spec.predictor.modle" in result.stderr


def test_a_taken_port_names_the_holder_and_the_flag(tmp_path):
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = str(holder.getsockname()[1])
        result = subprocess.run(
            [APUS, "up", "--data-dir", tmp_path / "d", "--api-port", port, "--gateway-port", "0"],
            capture_output=True, text=True, timeout=30)
    assert result.returncode != 0
    assert port in result.stderr and "--api-port" in result.stderr and str(os.getpid()) in result.stderr


def test_a_second_control_plane_on_the_same_data_is_refused(plane):
    result = subprocess.run(
        [APUS, "up", "--data-dir", plane.data_dir, "--api-port", "0", "--gateway-port", "0"],
        capture_output=True, text=True, timeout=30)
    assert result.returncode != 0
    assert str(plane.data_dir) in result.stderr and str(plane.process.pid) in result.stderr


def in_mount_namespace(script):
    """Runs a shell script in a user and mount namespace of its own, where mounts hurt nobody. Where user namespaces
    are not to be had (in a chroot), root still has mount namespaces."""
    user = ["--user", "--map-root-user"]
    if subprocess.run(["unshare", *user, "true"], capture_output=True).returncode != 0 and os.getuid() == 0:
        user = []
    return subprocess.run(
        ["unshare", *user, "--mount", "sh", "-ec", script], capture_output=True, text=True, timeout=60)


def test_a_read_only_data_dir_is_told(tmp_path):
    result = in_mount_namespace(
        f"mkdir {tmp_path}/d; mount -t tmpfs none {tmp_path}/d; mount -o remount,ro {tmp_path}/d;"
        f"exec {APUS} up --data-dir {tmp_path}/d --api-port 0 --gateway-port 0")
    assert result.returncode != 0
    assert f"{tmp_path}/d" in result.stderr and "ead-only" in result.stderr


def test_a_full_disk_is_told_and_nothing_is_lost(tmp_path):
    kubectl = shutil.which("curl")
    assert kubectl, "curl is needed"
    script = f"""
    mkdir {tmp_path}/d; mount -t tmpfs -o size=6m none {tmp_path}/d
    {APUS} up --data-dir {tmp_path}/d --api-port 0 --gateway-port 0 >{tmp_path}/log 2>&1 &
    pid=$!
    trap 'kill $pid; wait $pid' EXIT
    n=0; until [ -e {tmp_path}/d/endpoints.json ]; do n=$((n+1)); [ $n -lt 200 ]; sleep 0.05; done
    export APUS_DATA_DIR={tmp_path}/d KUBECONFIG={tmp_path}/d/kubeconfig
    printf 'apiVersion: v1\\nkind: ConfigMap\\nmetadata: {{name: before}}\\ndata: {{k: kept}}\\n' >{tmp_path}/before.yaml
    {APUS} apply -f {tmp_path}/before.yaml
    dd if=/dev/zero of={tmp_path}/d/ballast bs=4k 2>/dev/null || true
    printf 'apiVersion: v1\\nkind: ConfigMap\\nmetadata: {{name: during}}\\ndata: {{k: "%0100000d"}}\\n' 7 >{tmp_path}/during.yaml
    echo "--- while full"
    {APUS} apply -f {tmp_path}/during.yaml && echo "accepted"
    rm {tmp_path}/d/ballast
    echo "--- after"
    {APUS} apply -f {tmp_path}/during.yaml
    {APUS} get configmap before -o json
    {APUS} get configmap during -o name
    """
    result = in_mount_namespace(script.replace("&& echo \"accepted\"", "2>&1 && echo accepted || true"))
    assert result.returncode == 0, result.stdout[-2000:] + result.stderr[-2000:]
    during = result.stdout.split("--- while full")[1].split("--- after")[0]
    assert "accepted" not in during and "space" in during, during
    after = result.stdout.split("--- after")[1]
    assert '"kept"' in after and "configmap/during" in after
