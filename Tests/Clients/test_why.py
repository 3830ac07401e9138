"""`apus why` names what is wrong, for each of the planted failures, and says nothing about healthy services."""

import json
import os
import random
import time

import pytest

import planted_failures as planted
from conftest import ControlPlane, iris_service, wait_until

HEALTHY = 20
# A failure shall be told within this time after it can be known; slow machines multiply it.
LIMIT = 5.0 * float(os.environ.get("APUS_TEST_PATIENCE", "3"))


@pytest.fixture(scope="module")
def field(tmp_path_factory):
    """A control plane with a claim of good and bad models, and a store that misbehaves."""
    folder = tmp_path_factory.mktemp("why")
    planted.make_claim(folder / "models")
    server, store = planted.start_store()
    plane = ControlPlane(folder / "data", samples=folder / "models",
                         environment={"STORAGE_EMULATOR_HOST": store}).start()
    yield plane, store
    plane.stop()
    server.shutdown()
    wait_until(lambda: not plane.descendants(), 10, "the end of every process")


def why(plane, *arguments, code=None):
    result = plane.apus("why", "-o", "json", *arguments, check=False)
    assert result.returncode in (0, 1), result.stderr
    assert code is None or result.returncode == code, result.stdout
    return json.loads(result.stdout)


def random_name(chance):
    letters = "abcdefghijklmnopqrstuvwxyz"
    return chance.choice(letters) + "".join(chance.choices(letters + "0123456789", k=9))


def prepare(plane):
    off = {"apiVersion": "serving.kserve.io/v1alpha1", "kind": "ServingRuntime", "metadata": {"name": "switched-off"},
           "spec": {"disabled": True, "supportedModelFormats": [{"name": "sklearn", "autoSelect": False}],
                    "containers": [{"name": "kserve-container", "image": "kserve/sklearnserver"}]}}
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "real-secret"}, "stringData": {"k": "v"}}
    for document in (off, secret):
        plane.apus("apply", "-f", "-", stdin=json.dumps(document))


def apply(plane, document):
    plane.apus("apply", "-f", "-", stdin=json.dumps(document))


def test_each_planted_failure_is_named_among_healthy_services(field):
    plane, store = field
    seed = int(os.environ.get("APUS_TEST_SEED", random.randrange(1 << 30)))
    print(f"seed {seed}")
    chance = random.Random(seed)
    prepare(plane)
    healthy = [random_name(chance) for _ in range(HEALTHY)]
    plants = planted.plants(store)
    chance.shuffle(plants)
    for name in healthy:
        apply(plane, iris_service(name, "pvc://samples/good"))
    good = list(healthy)
    for plant in plants:
        plant.name = random_name(chance)
        if "before" in plant.options:
            apply(plane, plant.manifest(plant.name, plant.options["before"]))
            good.append(plant.name)
    for name in good:
        plane.apus("wait", name, "--timeout", "120s", timeout=130)

    due = {}
    for plant in plants:
        apply(plane, plant.manifest(plant.name))
        due[plant.name] = time.monotonic() + plant.known_after

    found, times = {}, {}
    deadline = max(due.values()) + LIMIT
    while len(times) < len(plants) and time.monotonic() < deadline:
        for plant in plants:
            if plant.name in times:
                continue
            answer = found[plant.name] = why(plane, plant.name)
            if plant.matches(answer):
                times[plant.name] = max(0.0, time.monotonic() - due[plant.name])
        time.sleep(0.1)
    wrong = {plant.title: (plant.code, plant.value, found[plant.name]["code"], found[plant.name]["value"],
                           found[plant.name].get("message"))
             for plant in plants if plant.name not in times}
    assert not wrong, f"seed {seed}: {json.dumps(wrong, indent=1)}"
    late = {plant.title: times[plant.name] for plant in plants if times[plant.name] > LIMIT}
    print("slowest:", max((times[plant.name], plant.title) for plant in plants))
    assert not late, late

    for plant in plants:
        check_one_sentence(plane, plant)
    for name in healthy:
        answer = why(plane, name, code=0)
        assert answer["healthy"] and answer["code"] is None and answer["cause"] is None, answer
    listed = {entry["name"]: entry["code"] for entry in why(plane, code=1)}
    # One that crashes now and then may be up again for a moment.
    flickering = {plant.name for plant in plants if plant.code in ("CrashLater",)}
    assert set(listed) - flickering == {plant.name for plant in plants} - flickering
    assert not set(listed) & set(healthy)


def check_one_sentence(plane, plant):
    """Condition, `lastFailureInfo` and `apus why` say the same, with a fix."""
    def same():
        answer = why(plane, plant.name)
        status = json.loads(plane.kubectl("get", "isvc", plant.name, "-o", "json").stdout)["status"]
        kind = plant.options.get("condition", "Ready")
        condition = next((item for item in status["conditions"] if item["type"] == kind), {})
        info = status["modelStatus"].get("lastFailureInfo", {})
        if not (answer["code"] == plant.code and answer["fix"] and condition.get("message") == answer["message"]):
            return None
        # A model's own status tells of the model.
        return kind != "Ready" or \
            info.get("message") == answer["message"] and info.get("reason") in UPSTREAM_REASONS
    wait_until(same, 30, f"one sentence about {plant.title}")


UPSTREAM_REASONS = {"ModelLoadFailed", "RuntimeUnhealthy", "RuntimeDisabled", "NoSupportingRuntime",
                    "RuntimeNotRecognized", "InvalidPredictorSpec"}


@pytest.mark.parametrize("name, spec, code, value", [
    ("n" * 60, planted.model(), "NameTooLong", "n" * 60),
    ("scheme", planted.model("foo://bucket/m"), "UnsupportedScheme", "foo://bucket/m"),
    ("protocol", planted.model(protocolVersion="v9"), "ProtocolNotSupported", "v9"),
])
def test_what_the_api_refuses_is_explained_from_the_file(field, name, spec, code, value):
    plane, _ = field
    manifest = json.dumps(planted.Plant("", spec, code, value).manifest(name))
    result = plane.apus("why", "-o", "json", "-f", "-", stdin=manifest, check=False)
    answer = json.loads(result.stdout)
    assert result.returncode == 1
    assert (answer["code"], answer["value"]) == (code, value), answer
    refused = plane.apus("apply", "-f", "-", stdin=manifest, check=False)
    assert refused.returncode != 0 and answer["cause"].split(": ", 1)[1][:60] in refused.stderr


def test_a_broken_configuration_is_named_and_hurts_nobody(field):
    plane, _ = field
    change = ["patch", "configmap", "-n", "kserve", "inferenceservice-config", "--type=merge", "-p"]
    good = json.loads(plane.kubectl("get", "cm", "-n", "kserve", "inferenceservice-config", "-o", "json").stdout)
    apply(plane, iris_service("steady", "pvc://samples/good"))
    plane.apus("wait", "steady", "--timeout", "60s")
    plane.kubectl(*change, json.dumps({"data": {"ingress": "{nonsense"}}))
    try:
        answer = why(plane, "configmap/inferenceservice-config", code=1)
        assert (answer["code"], answer["value"]) == ("InvalidConfiguration", "ingress")
        def events():
            listed = json.loads(plane.kubectl("get", "events", "-n", "kserve", "-o", "json").stdout)["items"]
            return [event for event in listed if event["message"] == answer["message"]]
        wait_until(events, 10, "the event with the same sentence")
        assert why(plane, "steady", code=0)["healthy"]
    finally:
        plane.kubectl(*change, json.dumps({"data": {"ingress": good["data"]["ingress"]}}))
    assert why(plane, "configmap/inferenceservice-config", code=0)["healthy"]


def test_the_text_is_plain_in_a_pipe_and_ends_in_cause_and_fix(field):
    plane, store = field
    apply(plane, planted.Plant("", planted.model(f"{store}/forbidden/model.joblib"), "", "").manifest("denied"))
    wait_until(lambda: why(plane, "denied")["code"] == "AccessDenied", 30, "the failure")
    text = plane.apus("why", "denied", check=False).stdout
    assert "\x1b" not in text
    lines = text.strip().splitlines()
    assert lines[-2].startswith("Cause:") and lines[-1].startswith("Fix:"), text
    for word in ("InferenceService denied", "component predictor", "Deployment denied-predictor", "ReplicaSet",
                 "Pod denied-predictor-", f"download {store}/forbidden/model.joblib", "403"):
        assert word in text, text
    plane.apus("delete", "isvc", "denied")


def test_a_quota_that_leaves_no_room_is_named(field):
    plane, _ = field
    if "resourcequotas" not in plane.kubectl("api-resources", "-o", "name").stdout:
        pytest.skip("this server has no ResourceQuotas")
    plane.kubectl("create", "namespace", "narrow")
    quota = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "no-room", "namespace": "narrow"},
             "spec": {"hard": {"pods": "0"}}}
    apply(plane, quota)
    service = planted.Plant("quota", planted.model(), "QuotaExceeded", "no-room").manifest("squeezed")
    plane.apus("apply", "-n", "narrow", "-f", "-", stdin=json.dumps(service))
    answer = wait_until(lambda: (lambda found: found["code"] == "QuotaExceeded" and found)(
        why(plane, "squeezed", "-n", "narrow")), 30, "the quota in the explanation")
    assert answer["value"] == "no-room" and "limited: pods=0" in answer["cause"] and "raise the quota" in answer["fix"]
    status = json.loads(plane.kubectl("get", "isvc", "squeezed", "-n", "narrow", "-o", "json").stdout)["status"]
    assert any(item["type"] == "Ready" and item["message"] == answer["message"] for item in status["conditions"])
    plane.kubectl("delete", "quota", "no-room", "-n", "narrow")
    plane.apus("wait", "squeezed", "-n", "narrow", "--timeout", "60s")


def test_a_plan_says_what_apply_would_do_and_exits_for_ci(field, tmp_path):
    plane, _ = field
    manifest = planted.Plant("", planted.model(), "", "").manifest("planned")
    file = tmp_path / "planned.json"
    file.write_text(json.dumps(manifest))

    def plan(*arguments, code):
        result = plane.apus("plan", "-f", file, "-o", "json", *arguments, check=False)
        assert result.returncode == code, (result.stdout, result.stderr)
        return json.loads(result.stdout)[0]

    new = plan(code=2)
    assert new["action"] == "create" and new["runtime"] == "kserve-sklearnserver"
    assert {"Deployment", "Service", "HTTPRoute"} <= {child["kind"] for child in new["children"]}
    assert plan("--server", code=2)["action"] == "create"
    plane.apus("apply", "-f", file)
    plane.apus("wait", "planned", "--timeout", "60s")
    assert plan("--server", code=0)["action"] == "none"
    manifest["spec"]["predictor"].update(planted.model("pvc://samples/two"), canaryTrafficPercent=10)
    file.write_text(json.dumps(manifest))
    changed = plan("--server", code=2)
    assert {"path": "spec.predictor.model.storageUri", "old": "pvc://samples/good",
            "new": "pvc://samples/two"} in changed["changes"]
    assert [share["percent"] for share in changed["traffic"]] == [10, 90]
    manifest["spec"]["predictor"]["model"]["runtime"] = "no-such-runtime"
    file.write_text(json.dumps(manifest))
    assert plan("--server", code=1)["code"] == "RuntimeNotRecognized"
    assert plan(code=1)["code"] == "RuntimeNotRecognized"
    plane.apus("delete", "isvc", "planned")


def test_a_rollout_is_promoted_and_undone(field):
    plane, _ = field
    plant = planted.Plant("", planted.model(), "", "")
    apply(plane, plant.manifest("rolling"))
    plane.apus("wait", "rolling", "--timeout", "60s")
    first = json.loads(plane.apus("rollout", "status", "rolling", "-o", "json").stdout)["latestReadyRevision"]
    other = dict(planted.model(), canaryTrafficPercent=20)
    other["model"]["env"] = [{"name": "SECOND", "value": "1"}]
    apply(plane, plant.manifest("rolling", other))
    plane.apus("rollout", "status", "rolling", "--timeout", "60s", timeout=70)

    def shares():
        state = json.loads(plane.apus("rollout", "status", "rolling", "-o", "json", check=False).stdout)
        return {share["revisionName"]: share["percent"] for share in state["traffic"]}
    assert sorted(shares().values()) == [20, 80] and shares()[first] == 80
    plane.apus("rollout", "promote", "rolling")
    wait_until(lambda: list(shares().values()) == [100] and first not in shares(), 30, "the promotion")
    plane.apus("rollout", "undo", "rolling")
    wait_until(lambda: shares().get(first) == 100, 30, "the way back")
    refused = plane.apus("rollout", "pause", "planned", check=False)
    assert refused.returncode == 1 and "not found" in refused.stderr
    plane.apus("delete", "isvc", "rolling")


def test_apply_waits_until_services_are_ready_or_says_why_not(field):
    plane, _ = field
    both = [planted.Plant("", planted.model(), "", "").manifest("prompt"),
            planted.Plant("", planted.model("pvc://samples/two"), "", "").manifest("stuck")]
    document = json.dumps({"apiVersion": "v1", "kind": "List", "items": both})
    result = plane.apus("apply", "-f", "-", "--wait", "--timeout", "4s", stdin=document, check=False)
    assert result.returncode == 1
    assert "prompt is ready" in result.stdout and "stuck is ready" not in result.stdout
    assert "More than one model file" in result.stderr
    assert json.loads(plane.apus("apply", "-f", "-", "-o", "json", stdin=document).stdout)["kind"] == "List"
    plane.apus("delete", "isvc", "prompt", "stuck", "--wait")
    assert plane.apus("get", "isvc", "prompt", check=False).returncode == 1
    described = plane.apus("describe", "isvc/prompt", check=False)
    assert described.returncode == 1 and "not found" in described.stderr
