"""`apus server` with the runtimes that compute elsewhere: ONNX Runtime's library and Python workers."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time

import numpy as np

from conftest import APUS, CACHE, ROOT, wait_until
from test_model_server import Server, call, free_port

PROBE = """
import os, time
class Model:
    def predict(self, x):
        if x[0, 0] == 1:
            open(__file__ + ".computing", "w").close()
            time.sleep(60)
        return x.sum(axis=1) + os.getpid() * (x[0, 0] == 2)
model = Model()
"""
PROGRAM = """
import kserve
class Reverser(kserve.Model):
    def __init__(self, name):
        super().__init__(name)
        self.load()
    async def preprocess(self, payload, headers=None):
        if isinstance(payload, dict) and "instances" not in payload:
            raise kserve.errors.InvalidInput("say instances")
        return payload
    def predict(self, payload, headers=None):
        if isinstance(payload, dict):
            return {"predictions": payload["instances"][::-1]}
        values = payload.inputs[0].as_numpy()[::-1].copy()
        output = kserve.InferOutput(name="y", shape=list(values.shape), datatype="FP32")
        output.set_data_from_numpy(values, binary_data=False)
        return kserve.InferResponse("1", self.name, [output])
if __name__ == "__main__":
    kserve.ModelServer().start([Reverser("reverser")])
"""


class PatientServer(Server):
    """Interpreters take their time to start."""

    def __init__(self, *flags):
        self.port = free_port()
        self.log = []
        environment = {**os.environ, "APUS_PYTHON_EXECUTABLE": sys.executable,
                       "APUS_ONNXRUNTIME": str(CACHE / "venv-onnx")}
        self.process = subprocess.Popen(
            [APUS, "server", *map(str, flags), f"--http_port={self.port}", "--grpc_port=0"],
            stderr=subprocess.PIPE, text=True, env=environment)
        threading.Thread(target=lambda: self.log.extend(self.process.stderr), daemon=True).start()
        self.url = f"http://127.0.0.1:{self.port}"
        wait_until(lambda: self.process.poll() is not None or self.is_ready(), 60, "readiness")


def rows(url, *values):
    return call(f"{url}/v1/models/m:predict", json.dumps({"instances": values}).encode())


def test_an_image_in_binary_reaches_an_onnx_model(tmp_path):
    (tmp_path / "model.onnx").write_bytes((ROOT / "Tests/Fixtures/onnx/image-mean.onnx").read_bytes())
    image = np.random.default_rng(5).normal(size=(1, 3, 224, 224)).astype("f4")
    with PatientServer("--model_name=m", f"--model_dir={tmp_path}", "--framework=onnx") as server:
        metadata = call(f"{server.url}/v2/models/m")[1]
        assert metadata["platform"] == "onnxruntime_onnx"
        assert metadata["inputs"] == [{"name": "x", "datatype": "FP32", "shape": [-1, 3, 224, 224]}]
        for padding in range(5):  # The header's length decides how the image lies in memory.
            header = json.dumps({"inputs": [{
                "name": "x", "datatype": "FP32", "shape": [1, 3, 224, 224],
                "parameters": {"binary_data_size": image.nbytes}}]}).encode() + b" " * padding
            status, answer = call(
                f"{server.url}/v2/models/m/infer", header + image.tobytes(),
                {"Inference-Header-Content-Length": str(len(header))})
            assert status == 200
            assert abs(answer["outputs"][0]["data"][0] - image.mean()) < 1e-6
        body = {"inputs": [{"name": "x", "datatype": "FP32", "shape": [1, 4], "data": [1, 2, 3, 4]}]}
        status, answer = call(f"{server.url}/v2/models/m/infer", json.dumps(body).encode())
        assert status == 400 and "unexpected shape for input 'x'" in answer["error"]


def test_an_endless_prediction_ends_with_its_deadline_or_its_client(tmp_path):
    (tmp_path / "model.onnx").write_bytes((ROOT / "Tests/Fixtures/onnx/loop.onnx").read_bytes())
    os.environ["APUS_ONNX_WARM_UP"] = "false"  # Zero rounds would look cheap.
    try:
        server = PatientServer("--model_name=m", f"--model_dir={tmp_path}", "--framework=onnx")
    finally:
        del os.environ["APUS_ONNX_WARM_UP"]

    def body(times, **parameters):
        tensor = {"name": "times", "datatype": "INT64", "shape": [], "data": [times]}
        return json.dumps({"inputs": [tensor], "parameters": parameters}).encode()

    def busy_ticks():
        with open(f"/proc/{server.process.pid}/stat") as file:
            return sum(map(int, file.read().rsplit(")", 1)[1].split()[11:13]))

    def is_idle():
        before = busy_ticks()
        time.sleep(0.3)
        return busy_ticks() - before <= 3

    with server:
        status, answer = call(f"{server.url}/v2/models/m/infer", body(2**62, timeout=200_000))
        assert status == 504 and "deadline" in answer["error"]
        with socket.create_connection(("127.0.0.1", server.port)) as connection:
            content = body(2**62)
            head = f"POST /v2/models/m/infer HTTP/1.1\r\nHost: x\r\nContent-Length: {len(content)}\r\n\r\n"
            connection.sendall(head.encode() + content)
            wait_until(lambda: not is_idle(), 10, "the prediction to run")
        wait_until(is_idle, 20, "the prediction's end")
        assert call(f"{server.url}/v2/models/m/infer", body(1))[0] == 200


def test_code_is_not_run_unless_that_was_allowed(tmp_path):
    (tmp_path / "model.py").write_text("open('ran', 'w')\n")
    with PatientServer("--model_name=m", f"--model_dir={tmp_path}", "--framework=python") as server:
        assert server.process.wait(20) == 44
        wait_until(lambda: any("--allow_python" in line for line in server.log), 10, "the reason")
    assert os.listdir(tmp_path) == ["model.py"]


def test_a_kserve_program_is_served_in_both_protocols(tmp_path):
    (tmp_path / "model.py").write_text(PROGRAM)
    flags = ["--model_name=m", f"--model_dir={tmp_path}", "--framework=python", "--allow_python=true"]
    with PatientServer(*flags) as server:
        assert call(f"{server.url}/v2/models/m")[1]["platform"] == "python_kserve"
        assert rows(server.url, {"a": [1, None]}, "b") == (200, {"predictions": ["b", {"a": [1, None]}]})
        status, answer = call(f"{server.url}/v1/models/m:predict", b"{}")
        assert status == 400 and "say instances" in answer["error"]
        body = {"inputs": [{"name": "x", "datatype": "FP32", "shape": [3], "data": [1, 2, 3]}]}
        status, answer = call(f"{server.url}/v2/models/m/infer", json.dumps(body).encode())
        assert (status, answer["outputs"][0]["data"]) == (200, [3, 2, 1])


def test_a_killed_worker_fails_its_request_alone_and_ends_with_its_server(tmp_path):
    (tmp_path / "model.pkl").write_text("cprobe\nmodel\n.")
    (tmp_path / "probe.py").write_text(PROBE)
    flags = ["--model_name=m", f"--model_dir={tmp_path}", "--framework=sklearn", "--allow_python=true"]
    with PatientServer(*flags) as server:
        assert rows(server.url, [3, 4]) == (200, {"predictions": [7]})
        worker = int(rows(server.url, [2, 0])[1]["predictions"][0]) - 2
        answers = []
        asking = threading.Thread(target=lambda: answers.append(rows(server.url, [1, 0])))
        asking.start()
        wait_until((tmp_path / "probe.py.computing").exists, 10, "the request to be computed")
        os.kill(worker, signal.SIGKILL)
        asking.join(20)
        assert answers[0][0] == 503 and "killed by signal 9" in answers[0][1]["error"]
        assert rows(server.url, [3, 4]) == (200, {"predictions": [7]})
        successor = int(rows(server.url, [2, 0])[1]["predictions"][0]) - 2
        assert successor != worker
        server.process.kill()
        server.process.wait(20)
        wait_until(lambda: not os.path.exists(f"/proc/{successor}"), 20, "the worker's end")

