"""Every protocol with the clients that people use: those of other environments in processes of their own."""

import asyncio
import json
import pathlib
import subprocess
import sys

import numpy as np
import pytest

from conftest import CACHE

CHECKS = pathlib.Path(__file__).parent / "protocol_checks"
sys.path.insert(0, str(CHECKS))

from serving import LABELS, ROWS, served_iris  # noqa: E402


@pytest.mark.parametrize("name", ["triton_http", "triton_grpc", "grpc", "cloudevents"])
def test_checks_with_other_clients(name):
    result = subprocess.run(
        [CACHE / "venv-protocols/bin/python", "-m", "pytest", "-q", "-p", "no:cacheprovider", CHECKS / f"check_{name}.py"],
        cwd=CHECKS, capture_output=True, text=True, timeout=120)
    assert result.returncode == 0, result.stdout[-8000:] + result.stderr[-2000:]


@pytest.fixture(scope="module")
def addresses():
    with served_iris() as both:
        yield both


@pytest.mark.parametrize("binary", [True, False])
def test_kserve_rest_client(addresses, binary):
    from kserve import InferenceRESTClient, InferInput, InferRequest, RESTConfig

    tensor = InferInput("input-0", [3, 4], "FP32")
    tensor.set_data_from_numpy(np.array(ROWS, dtype=np.float32), binary_data=binary)
    request = InferRequest(
        "iris", [tensor], request_id="k-1", parameters={"binary_data_output": True} if binary else None)

    async def run():
        client = InferenceRESTClient(RESTConfig(protocol="v2", retries=0))
        base = f"http://{addresses[0]}"
        assert await client.is_server_live(base) and await client.is_server_ready(base)
        assert await client.is_model_ready(base, "iris")
        return await client.infer(base, request, model_name="iris")

    answer = asyncio.run(run())
    assert answer.id == "k-1" and answer.outputs[0].as_numpy().tolist() == LABELS


def test_kserve_rest_client_v1(addresses):
    from kserve import InferenceRESTClient, RESTConfig

    async def run():
        client = InferenceRESTClient(RESTConfig(protocol="v1", retries=0))
        return await client.infer(f"http://{addresses[0]}", {"instances": ROWS}, model_name="iris")

    assert asyncio.run(run()) == {"predictions": LABELS}


@pytest.mark.parametrize("port", [0, 1])
@pytest.mark.parametrize("raw", [True, False])
def test_kserve_grpc_client(addresses, port, raw):
    from kserve import InferenceGRPCClient, InferInput, InferRequest

    tensor = InferInput("input-0", [3, 4], "FP64")
    tensor.set_data_from_numpy(np.array(ROWS), binary_data=raw)
    request = InferRequest("iris", [tensor], request_id="k-2")

    async def run():
        client = InferenceGRPCClient(addresses[port])
        assert await client.is_server_live() and await client.is_server_ready() and await client.is_model_ready("iris")
        answer = await client.infer(request)
        await client.close()
        return answer

    answer = asyncio.run(run())
    assert answer.id == "k-2" and answer.outputs[0].as_numpy().tolist() == LABELS


@pytest.mark.parametrize("path, body, expected", [
    ("/v1/models/iris:predict", {"instances": ROWS}, {"predictions": LABELS}),
    ("/v2/models/iris/infer",
     {"id": "c", "inputs": [{"name": "x", "shape": [3, 4], "datatype": "FP32", "data": ROWS}]}, None),
])
def test_http2_with_prior_knowledge(addresses, path, body, expected):
    result = subprocess.run(
        ["curl", "-sS", "--http2-prior-knowledge", "-w", "\n%{http_version} %{http_code}", "-H",
         "Content-Type: application/json; charset=utf-8", "-d", json.dumps(body), f"http://{addresses[0]}{path}"],
        capture_output=True, text=True, timeout=20)
    answer, version = result.stdout.rsplit("\n", 1)
    assert version == "2 200", result
    answer = json.loads(answer)
    assert answer == expected if expected else answer["outputs"][0]["data"] == LABELS
