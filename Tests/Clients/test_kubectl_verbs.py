"""The verbs of a working day, with kubectl 1.20 (those that it has) and a current one."""

import json
import os
import socket
import stat
import subprocess
import urllib.request

import pytest

from conftest import KUBECTLS, wait_until

both = pytest.mark.parametrize("version", ["1.20", "current"])
current = pytest.mark.parametrize("version", ["current"])


@pytest.fixture
def kubectl(plane, namespace, version):
    return lambda *arguments, **options: plane.kubectl("-n", namespace, *arguments, version=version, **options)


def deployment(name="web", replicas=1, **environment):
    return json.dumps({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name},
        "spec": {
            "replicas": replicas, "selector": {"matchLabels": {"app": name}},
            "template": {
                "metadata": {"labels": {"app": name}},
                "spec": {"terminationGracePeriodSeconds": 1, "containers": [{
                    "name": "main", "image": "local/python", "command": ["python3", "-u", "-m", "http.server", "8080"],
                    "env": [{"name": key, "value": value} for key, value in environment.items()],
                    "ports": [{"containerPort": 8080}]}]},
            },
        },
    })


def config_map(name, **data):
    return json.dumps({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "labels": {"set": "pruned"}}, "data": data})


@both
def test_explain(kubectl, version):
    assert "containers" in kubectl("explain", "deployment.spec.template.spec").stdout
    assert "predictor" in kubectl("explain", "inferenceservice.spec").stdout
    assert "maxReplicas" in kubectl("explain", "hpa.spec").stdout


@both
def test_edit_label_annotate_and_diff(plane, kubectl, version, tmp_path):
    kubectl("apply", "-f", "-", stdin=config_map("edited", key="before"))
    editor = tmp_path / "editor"
    editor.write_text("#!/bin/sh\nsed -i s/before/after/ \"$1\"\n")
    editor.chmod(editor.stat().st_mode | stat.S_IXUSR)
    plane.environment["EDITOR"] = plane.environment["KUBE_EDITOR"] = str(editor)
    try:
        assert "edited" in kubectl("edit", "configmap", "edited").stdout
    finally:
        del plane.environment["EDITOR"], plane.environment["KUBE_EDITOR"]
    assert kubectl("get", "configmap", "edited", "-o", "jsonpath={.data.key}").stdout == "after"
    kubectl("label", "configmap", "edited", "tier=gold")
    kubectl("annotate", "configmap", "edited", "note=here")
    assert kubectl("get", "cm", "-l", "tier=gold", "-o", "jsonpath={.items[0].metadata.annotations.note}").stdout == "here"
    assert kubectl("label", "configmap", "edited", "tier=iron", check=False).returncode != 0
    kubectl("label", "configmap", "edited", "tier-")
    changed = kubectl("diff", "-f", "-", stdin=config_map("edited", key="other"), check=False)
    assert changed.returncode == 1 and "+  key: other" in changed.stdout, changed.stderr
    assert kubectl("get", "configmap", "edited", "-o", "jsonpath={.data.key}").stdout == "after"


@both
def test_apply_on_the_server(kubectl, version):
    apply = ["apply", "--server-side", "-f", "-"]
    assert "serverside-applied" in kubectl(*apply, stdin=config_map("owned", a="1", b="2")).stdout
    kubectl(*apply, stdin=config_map("owned", a="1"))
    assert json.loads(kubectl("get", "cm", "owned", "-o", "json").stdout)["data"] == {"a": "1"}
    conflict = kubectl(*apply, "--field-manager=other", stdin=config_map("owned", a="2"), check=False)
    assert conflict.returncode != 0
    assert 'conflict with "kubectl": .data.a' in conflict.stderr
    kubectl(*apply, "--field-manager=other", "--force-conflicts", stdin=config_map("owned", a="2"))
    assert json.loads(kubectl("get", "cm", "owned", "-o", "json").stdout)["data"] == {"a": "2"}
    # From client-side apply to server-side apply and back to none of the old fields.
    kubectl("apply", "-f", "-", stdin=config_map("moved", x="1", y="2"))
    kubectl(*apply, stdin=config_map("moved", x="3"))
    assert json.loads(kubectl("get", "cm", "moved", "-o", "json").stdout)["data"]["x"] == "3"
    assert "(server dry run)" in kubectl("apply", "--dry-run=server", "-f", "-", stdin=config_map("dry", a="1")).stdout
    assert kubectl("get", "cm", "dry", check=False).returncode != 0


@current
def test_a_move_to_server_side_apply_drops_old_fields(kubectl, version):
    kubectl("apply", "-f", "-", stdin=config_map("moved", x="1", y="2"))
    kubectl("apply", "--server-side", "-f", "-", stdin=config_map("moved", x="3"))
    assert json.loads(kubectl("get", "cm", "moved", "-o", "json").stdout)["data"] == {"x": "3"}
    assert "kubectl-client-side-apply" not in kubectl("get", "cm", "moved", "-o", "yaml", "--show-managed-fields").stdout


@both
def test_prune_and_pages(kubectl, version):
    for name in ["one", "two", "three"]:
        kubectl("apply", "-f", "-", stdin=config_map(name, a="1"))
    kubectl("apply", "--prune", "-l", "set=pruned", "--prune-whitelist=core/v1/ConfigMap" if version == "1.20"
            else "--prune-allowlist=core/v1/ConfigMap", "-f", "-", stdin=config_map("one", a="1"))
    assert kubectl("get", "cm", "-l", "set=pruned", "-o", "name").stdout.split() == ["configmap/one"]
    for number in range(5):
        kubectl("create", "configmap", f"page-{number}")
    names = kubectl("get", "configmaps", "--chunk-size=2", "-o", "name").stdout.split()
    assert [name for name in names if "page" in name] == [f"configmap/page-{number}" for number in range(5)]
    kubectl("delete", "configmaps", "-l", "set=pruned")
    kubectl("delete", "configmaps", "--all")
    assert kubectl("get", "configmaps", "-o", "name").stdout.strip() == ""


@both
def test_what_one_may(kubectl, namespace, version):
    assert kubectl("auth", "can-i", "delete", "pods").stdout.strip() == "yes"
    account = f"--as=system:serviceaccount:{namespace}:default"
    denied = kubectl("auth", "can-i", "list", "pods", account, check=False)
    assert denied.stdout.strip() == "no" and denied.returncode == 1
    refused = kubectl("get", "pods", account, check=False)
    assert f'User "system:serviceaccount:{namespace}:default" cannot list resource "pods"' in refused.stderr
    kubectl("create", "role", "reader", "--verb=list,get", "--resource=pods")
    kubectl("create", "rolebinding", "reader", "--role=reader", f"--serviceaccount={namespace}:default")
    assert kubectl("auth", "can-i", "list", "pods", account).stdout.strip() == "yes"
    kubectl("get", "pods", account)
    assert "pods" in kubectl("auth", "can-i", "--list", account).stdout


@current
def test_a_token_opens_what_its_account_may(plane, kubectl, namespace, version):
    token = kubectl("create", "token", "default", "--duration=10m").stdout.strip()
    assert token.count(".") == 2
    result = subprocess.run(
        [KUBECTLS[version], "--server", plane.api, "--insecure-skip-tls-verify", "--token", token, "auth", "whoami"],
        capture_output=True, text=True, env={"PATH": os.environ["PATH"], "HOME": str(plane.data_dir)})
    assert f"system:serviceaccount:{namespace}:default" in result.stdout, result.stderr


@both
def test_rollouts(kubectl, version):
    kubectl("apply", "-f", "-", stdin=deployment(A="1"))
    kubectl("rollout", "status", "deployment/web", "--timeout=60s")
    kubectl("apply", "-f", "-", stdin=deployment(A="2"))
    kubectl("rollout", "status", "deployment/web", "--timeout=60s")
    history = kubectl("rollout", "history", "deployment/web").stdout.split()
    assert "1" in history and "2" in history
    assert "rolled back" in kubectl("rollout", "undo", "deployment/web").stdout
    kubectl("rollout", "status", "deployment/web", "--timeout=60s")
    value = "jsonpath={.spec.template.spec.containers[0].env[0].value}"
    assert kubectl("get", "deployment", "web", "-o", value).stdout == "1"
    assert "restarted" in kubectl("rollout", "restart", "deployment/web").stdout
    kubectl("rollout", "status", "deployment/web", "--timeout=60s")
    kubectl("autoscale", "deployment", "web", "--max=3")
    assert "Deployment/web" in kubectl("get", "hpa").stdout


@both
def test_programs_and_ports_of_a_pod(plane, kubectl, namespace, version):
    kubectl("apply", "-f", "-", stdin=deployment(GREETING="hello"))
    kubectl("rollout", "status", "deployment/web", "--timeout=60s")
    assert kubectl("exec", "deploy/web", "--", "sh", "-c", "echo $GREETING; echo oops >&2").stdout == "hello\n"
    failed = kubectl("exec", "deploy/web", "--", "sh", "-c", "exit 3", check=False)
    assert failed.returncode == 3
    assert kubectl("exec", "-i", "deploy/web", "--", "cat", stdin="x" * 200_000).stdout == "x" * 200_000
    # Input that ends at once, as often as not before the program runs.
    for _ in range(5):
        assert kubectl("exec", "-i", "deploy/web", "--", "cat", stdin="hello\n", timeout=20).stdout == "hello\n"
    missing = kubectl("exec", "deploy/web", "--", "no-such-program", check=False)
    assert missing.returncode != 0 and "no-such-program" in missing.stderr
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    forward = subprocess.Popen(
        [KUBECTLS[version], "--kubeconfig", plane.kubeconfig, "-n", namespace, "port-forward", "deploy/web", f"{port}:8080"],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        assert "Forwarding from" in forward.stdout.readline()
        for _ in range(3):
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=10) as answer:
                assert answer.status == 200 and b"Directory listing" in answer.read()
    finally:
        forward.terminate()
        forward.wait()


@both
def test_what_kubectl_makes_by_itself(kubectl, version):
    kubectl("create", "job", "greet", "--image=local/echo", "--", "echo", "hi")
    kubectl("wait", "--for=condition=Complete", "job/greet", "--timeout=60s")
    assert kubectl("logs", "job/greet").stdout == "hi\n"
    kubectl("create", "ingress", "web", "--rule=a.example/path*=web:80,tls=cert")
    backend = "jsonpath={.spec.rules[0].http.paths[0].backend.service}"
    assert json.loads(kubectl("get", "ingress", "web", "-o", backend).stdout) == {"name": "web", "port": {"number": 80}}


@both
def test_files_are_copied_from_and_into_a_mount(kubectl, version, tmp_path):
    pod = json.loads(deployment())["spec"]["template"]["spec"]
    pod["containers"][0]["volumeMounts"] = [{"name": "data", "mountPath": "/mnt/data"}]
    pod["volumes"] = [{"name": "data", "emptyDir": {}}]
    kubectl("apply", "-f", "-", stdin=json.dumps(
        {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "holder"}, "spec": pod}))
    kubectl("wait", "--for=condition=Ready", "pod/holder", "--timeout=60s")
    (tmp_path / "there").write_text("some text")
    kubectl("cp", tmp_path / "there", "holder:/mnt/data/there")
    assert kubectl("exec", "holder", "--", "cat", "/mnt/data/there").stdout == "some text"
    kubectl("cp", "holder:/mnt/data/there", tmp_path / "back")
    assert (tmp_path / "back").read_text() == "some text"


@current
def test_waiting_and_events(kubectl, version):
    kubectl("apply", "-f", "-", stdin=deployment())
    kubectl("wait", "--for=jsonpath={.status.readyReplicas}=1", "deployment/web", "--timeout=60s")
    assert "Started" in wait_until(lambda: kubectl("events").stdout, 10, "events")
    assert "Started" in kubectl("events", "--types=Normal", "-o", "json").stdout
