"""MLServer 1.7.1 and `apus server --dialect mlserver` over the same folder, compared answer by answer."""

import json
import os
import socket
import subprocess
import urllib.error
import urllib.request

import pytest

from conftest import APUS, CACHE, ROOT, wait_until

PYTHON = CACHE / "venv-mlserver/bin/python"
ROWS = [[5.1, 3.5, 1.4, 0.2], [6.2, 2.9, 4.3, 1.3], [7.7, 3.0, 6.1, 2.3]]
MODELS = ["svc", "regressor", "words", "pipeline", "columns", "xgb-classes", "xgb-binary", "xgb-regressor", "xgb-booster",
          "lgb-classes", "lgb-regressor"]


def free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    for probe in sockets:
        probe.bind(("127.0.0.1", 0))
    ports = [probe.getsockname()[1] for probe in sockets]
    for probe in sockets:
        probe.close()
    return ports


def call(url, method="GET", body=None):
    data = None if body is None else (body if isinstance(body, bytes) else json.dumps(body).encode())
    request = urllib.request.Request(
        url, method=method, data=b"" if data is None and method == "POST" else data,
        headers={"Content-Type": "application/json"} if data else {})
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            status, headers, text = answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as error:
        status, headers, text = error.code, error.headers, error.read()
    try:
        parsed = json.loads(text) if text else None
    except ValueError:
        parsed = text
    return status, {k.lower(): v for k, v in headers.items() if k.lower().startswith("ce-")}, parsed


def is_up(url):
    try:
        return call(f"{url}/v2/health/ready")[0] == 200
    except OSError:
        return False


@pytest.fixture(scope="module")
def servers(tmp_path_factory):
    """Addresses of the real one and of ours."""
    folder = tmp_path_factory.mktemp("mlserver")
    ports = free_ports(5)
    subprocess.run(
        [PYTHON, ROOT / "Tests/Clients/mlserver/make_models.py", folder, *map(str, ports[:3])], check=True, timeout=120)
    log = open(folder / "mlserver.log", "wb")
    real = subprocess.Popen([PYTHON.parent / "mlserver", "start", folder], stdout=log, stderr=log, cwd=folder)
    environment = {**os.environ, "MLSERVER_HTTP_PORT": str(ports[3])}
    ours = subprocess.Popen(
        [APUS, "server", "--dialect", "mlserver", "--model_dir", folder, "--http_port", str(ports[3]), "--grpc_port",
         str(ports[4])], env=environment, stdin=subprocess.DEVNULL, stderr=log)
    urls = [f"http://127.0.0.1:{ports[0]}", f"http://127.0.0.1:{ports[3]}"]
    try:
        for process, url in zip((real, ours), urls):
            wait_until(lambda: process.poll() is not None or is_up(url), 90, f"readiness of {url}")
            assert process.poll() is None, (folder / "mlserver.log").read_text()[-3000:]
        yield urls
    finally:
        for process in (real, ours):
            process.terminate()
        for process in (real, ours):
            process.wait(30)
        log.close()


def tensor(data=None, **fields):
    flat = [value for row in ROWS for value in row] if data is None else data
    return {"name": "x", "datatype": "FP64", "shape": [3, 4], "data": flat, **fields}


def column(name, index, shape):
    return {"name": name, "datatype": "FP64", "shape": shape, "data": [row[index] for row in ROWS]}


def columns(shape, names=("sl", "sw", "pl", "pw")):
    return [column(name, index, shape) for index, name in enumerate(names)]


INFERENCES = [
    *[(model, {"id": "1", "inputs": [tensor()]}) for model in MODELS],
    *[(model, {"id": "1", "inputs": [tensor(ROWS)], "outputs": [{"name": "predict_proba"}]})
      for model in ["svc", "words", "columns", "xgb-classes", "xgb-binary", "lgb-classes"]],
    ("svc", {"id": "2", "inputs": [tensor()], "outputs": [{"name": "predict"}, {"name": "predict_proba"}]}),
    ("svc", {"id": "2", "inputs": [tensor()], "outputs": [{"name": "predict", "parameters": {"content_type": "np"}}]}),
    ("svc", {"id": "3", "inputs": [tensor(datatype="FP32")]}),
    ("svc", {"id": "3", "inputs": [tensor(list(range(12)), datatype="INT32")]}),
    ("svc", {"id": "3", "parameters": {"content_type": "np"}, "inputs": [tensor()]}),
    ("svc", {"id": "3", "inputs": [tensor(parameters={"content_type": "np"})]}),
    ("svc", {"id": "3", "parameters": {"content_type": "unknown"}, "inputs": [tensor()]}),
    ("svc", {"id": "3", "parameters": {"a": 1}, "inputs": [tensor(parameters={"b": 2})]}),
    ("words", {"id": "4", "inputs": [tensor()], "outputs": [{"name": "predict", "parameters": {"content_type": "str"}}]}),
    ("scaler", {"id": "5", "inputs": [tensor()], "outputs": [{"name": "transform"}]}),
    ("shown", {"id": "5", "inputs": [tensor()]}),
    ("columns", {"id": "6", "parameters": {"content_type": "pd"}, "inputs": columns([3])}),
    ("columns", {"id": "6", "parameters": {"content_type": "pd"}, "inputs": columns([3, 1]),
                 "outputs": [{"name": "predict_proba"}]}),
    # Client's mistakes that MLServer answers with a sentence.
    ("svc", {"id": "7", "inputs": [tensor()], "outputs": [{"name": "nope"}]}),
    ("xgb-classes", {"id": "7", "inputs": [tensor()], "outputs": [{"name": "nope"}]}),
    ("svc", {"id": "7", "inputs": [tensor(), tensor(name="y")]}),
    ("none", {"id": "7", "inputs": [tensor()]}),
]


@pytest.mark.parametrize("model, request_body", INFERENCES)
def test_inferences_are_answered_alike(servers, model, request_body):
    real, ours = [call(f"{url}/v2/models/{model}/infer", "POST", request_body) for url in servers]
    assert ours[0] == real[0], ours
    assert ours[2] == real[2]
    assert ours[1] == real[1]


@pytest.mark.parametrize("path", [
    "/v2", "/v2/health/live", "/v2/health/ready", "/v2/models/svc", "/v2/models/pipeline", "/v2/models/none",
    "/v2/models/svc/ready", "/v2/models/none/ready", "/v2/models/svc/versions/v0.1", "/v2/models/svc/versions/v0.1/ready",
    "/v2/models/svc/versions/v9/ready", "/nothing",
])
def test_descriptions_are_alike(servers, path):
    real, ours = [call(url + path) for url in servers]
    assert ours == real


@pytest.mark.parametrize("path", ["/v2/models/svc/versions/v0.1/infer", "/v2/models/svc/versions/v2/infer", "/v2/models/svc/generate"])
def test_other_ways_to_infer_are_alike(servers, path):
    real, ours = [call(url + path, "POST", {"id": "1", "inputs": [tensor()]}) for url in servers]
    assert ours == real


def by_name(answer):
    return answer[0], sorted(answer[2], key=lambda item: item["name"])


def test_the_repository_is_alike(servers):
    def both(path, body=None):
        return [call(url + path, "POST", body) for url in servers]

    real, ours = both("/v2/repository/index", {})
    assert by_name(ours) == by_name(real)
    for path in ["/v2/repository/models/regressor/unload", "/v2/repository/models/none/load", "/v2/repository/models/none/unload"]:
        real, ours = both(path)
        assert ours == real, path
    real, ours = both("/v2/models/regressor/infer", {"id": "1", "inputs": [tensor()]})
    assert ours == real
    real, ours = both("/v2/repository/index", {"ready": True})
    assert by_name(ours) == by_name(real)
    real, ours = both("/v2/repository/models/regressor/load")
    assert ours == real
    real, ours = both("/v2/models/regressor/infer", {"id": "1", "inputs": [tensor()]})
    assert ours == real


@pytest.mark.parametrize("request_body", [
    {"inputs": [tensor(shape=[4, 3])]}, {"inputs": [tensor(shape=[12])]}, {"inputs": [tensor(shape=[5, 4])]},
    {"inputs": [tensor(["a"] * 12)]}, {"inputs": [tensor([None] * 12)]}, {"inputs": [tensor(datatype="FOO")]}, {"id": "1"},
    b"no json",
])
def test_other_mistakes_are_told_where_mlserver_fails(servers, request_body):
    real, ours = [call(f"{url}/v2/models/svc/infer", "POST", request_body) for url in servers]
    assert real[0] in (422, 500)
    assert ours[0] in (400, 422) and ours[2]["error"]
