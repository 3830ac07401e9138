"""`apus server` alone: upstream's flags, no control plane."""

import json
import os
import shutil
import signal
import socket
import subprocess
import urllib.error
import urllib.request

import pytest

from conftest import APUS, SAMPLES, wait_until

MODEL = SAMPLES / "models/sklearn/iris"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def call(url, body=None, headers=None):
    try:
        with urllib.request.urlopen(urllib.request.Request(url, data=body, headers=headers or {}), timeout=10) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())


class Server:
    def __init__(self, *flags):
        self.port = free_port()
        self.process = subprocess.Popen(
            [APUS, "server", *map(str, flags), f"--http_port={self.port}"], stderr=subprocess.PIPE, text=True)
        self.url = f"http://127.0.0.1:{self.port}"
        wait_until(lambda: self.process.poll() is not None or self.is_ready(), 10, "readiness")

    def is_ready(self):
        try:
            return call(f"{self.url}/v2/health/ready")[0] == 200
        except (urllib.error.URLError, ConnectionError):
            return False

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        self.process.wait(20)
        self.process.stderr.close()


@pytest.mark.parametrize("flags", [
    ["--model_name=iris", f"--model_dir={MODEL}"],
    ["--model-name", "iris", "--model-dir", MODEL, "--framework", "sklearn", "--grpc_port", "0", "--workers", "1"],
])
def test_the_flags_of_upstream_in_both_spellings(flags):
    with Server(*flags) as server:
        body = (SAMPLES / "iris-input.json").read_bytes()
        assert call(f"{server.url}/v1/models/iris:predict", body) == (200, {"predictions": [1, 1]})
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        assert call(f"{server.url}/v1/models/iris:predict", body, form)[0] == 200
        status, answer = call(f"{server.url}/v2/models/iris/infer", (SAMPLES / "iris-input-v2.json").read_bytes())
        assert status == 200
        output = answer["outputs"][0]
        assert (output["datatype"], output["shape"], output["data"]) == ("INT64", [2], [1, 1])
        assert call(f"{server.url}/v1/models/iris") == (200, {"name": "iris", "ready": True})
        metadata = call(f"{server.url}/v2/models/iris")[1]
        assert metadata["inputs"][0]["shape"] == [-1, 4]
        with urllib.request.urlopen(f"{server.url}/metrics") as answer:
            assert 'request_predict_seconds_count{model_name="iris"} 3' in answer.read().decode()


@pytest.mark.parametrize("path, body, status, words", [
    ("/v1/models/other:predict", b'{"instances":[[1,2,3,4]]}', 404, "Model with name other does not exist."),
    ("/v1/models/iris:predict", b"{", 400, "Unrecognized request format"),
    ("/v1/models/iris:predict", b'{"instances":5}', 400, 'Expected "instances" to be a list'),
    ("/v1/models/iris:predict", b'{"instances":[[1,2,3]]}', 400, "X has 3 features, but SVC is expecting 4 features"),
    ("/v1/models/iris:predict", b'{"instances":[[1,2,3,4],[1]]}', 400, "instance"),
    ("/v2/models/iris/infer", b'{"inputs":[{"name":"x","shape":[1,4],"datatype":"FP32","data":[1,2]}]}', 400, "x"),
    ("/v2/models/iris/infer", b'{"inputs":[{"name":"x","shape":[1,4],"datatype":"FP99","data":[1,2,3,4]}]}', 400, "FP99"),
])
def test_mistakes_are_answered_with_their_cause(path, body, status, words):
    with Server("--model_name=iris", f"--model_dir={MODEL}") as server:
        answered, answer = call(server.url + path, body)
        assert answered == status and words in answer["error"], answer


def ends_with(model_dir, code, *words, framework="sklearn"):
    log = model_dir.parent / "termination-log"
    log.write_text("")
    result = subprocess.run(
        [APUS, "server", "--model_name=m", f"--model_dir={model_dir}", f"--framework={framework}",
         f"--http_port={free_port()}"],
        capture_output=True, text=True, timeout=20, env={**os.environ, "APUS_TERMINATION_LOG": str(log)})
    assert result.returncode not in (0, -11, -4, -5), result.stderr
    sentence = json.loads(log.read_text())
    assert sentence["code"] == code
    for word in words:
        assert word in sentence["message"], sentence
        assert word in result.stderr


def test_a_missing_model_is_named(tmp_path):
    (tmp_path / "m").mkdir()
    ends_with(tmp_path / "m", "ModelMissing", str(tmp_path / "m"))


def test_two_models_are_an_error_that_names_both(tmp_path):
    (tmp_path / "m").mkdir()
    shutil.copy(MODEL / "model.joblib", tmp_path / "m/a.joblib")
    shutil.copy(MODEL / "model.joblib", tmp_path / "m/b.pkl")
    (tmp_path / "m/notes.txt").write_text("ignored")
    ends_with(tmp_path / "m", "SeveralModels", "More than one model file is detected", "a.joblib", "b.pkl")


def test_a_corrupt_model_is_named(tmp_path):
    (tmp_path / "m").mkdir()
    content = (MODEL / "model.joblib").read_bytes()
    (tmp_path / "m/model.joblib").write_bytes(content[: len(content) // 2])
    ends_with(tmp_path / "m", "Corrupt", "model.joblib")


def test_code_in_a_pickle_is_refused_and_not_run(tmp_path):
    (tmp_path / "m").mkdir()
    proof = tmp_path / "proof"
    (tmp_path / "m/model.pkl").write_bytes(b"\x80\x04cos\nsystem\n(S'touch " + str(proof).encode() + b"'\ntR.")
    ends_with(tmp_path / "m", "UnsafeContent", "os.system")
    assert not proof.exists()


def test_a_port_in_use_is_named_with_its_holder():
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        result = subprocess.run(
            [APUS, "server", "--model_name=m", f"--model_dir={MODEL}", f"--http_port={port}"],
            capture_output=True, text=True, timeout=20)
        assert result.returncode != 0
        assert str(port) in result.stderr and "--http_port" in result.stderr
