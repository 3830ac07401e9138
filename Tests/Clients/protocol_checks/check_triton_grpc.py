"""tritonclient over gRPC, on the gRPC port and on the HTTP port."""

import queue

import numpy as np
import pytest
import tritonclient.grpc as triton
from tritonclient.utils import InferenceServerException

from serving import LABELS, ROWS, served_iris


@pytest.fixture(scope="module")
def addresses():
    with served_iris() as both:
        yield both


@pytest.fixture(scope="module", params=["http_port", "grpc_port"])
def client(addresses, request):
    with triton.InferenceServerClient(addresses[request.param == "grpc_port"]) as connected:
        yield connected


def tensor(rows=ROWS, datatype="FP32", kind=np.float32):
    made = triton.InferInput("input-0", list(np.shape(rows)), datatype)
    made.set_data_from_numpy(np.array(rows, dtype=kind))
    return made


def test_health_and_metadata(client):
    assert client.is_server_live() and client.is_server_ready() and client.is_model_ready("iris")
    assert client.get_server_metadata().name == "kserve"
    metadata = client.get_model_metadata("iris")
    assert metadata.inputs[0].shape[-1] == 4 and metadata.platform
    assert client.get_model_config("iris").config.input[0].dims[-1] == 4


@pytest.mark.parametrize("datatype, kind", [("FP32", np.float32), ("FP64", np.float64)])
def test_predictions(client, datatype, kind):
    name = client.get_model_metadata("iris").outputs[0].name
    for outputs in [None, [triton.InferRequestedOutput(name)]]:
        answer = client.infer("iris", [tensor(datatype=datatype, kind=kind)], outputs=outputs, request_id="r-2")
        assert answer.as_numpy(name).tolist() == LABELS
        assert answer.get_response().id == "r-2"


def test_many_calls_on_one_connection(client):
    answers = queue.Queue()
    for _ in range(200):
        client.async_infer("iris", [tensor()], lambda result, error: answers.put((result, error)))
    for _ in range(200):
        result, error = answers.get(timeout=20)
        assert error is None and result.as_numpy(result.get_response().outputs[0].name).tolist() == LABELS


def test_streams(client):
    answers = queue.Queue()
    client.start_stream(lambda result, error: answers.put((result, error)))
    for number in range(20):
        client.async_stream_infer("iris", [tensor()], request_id=str(number))
    for number in range(20):
        result, error = answers.get(timeout=20)
        assert error is None and result.get_response().id == str(number)
    client.stop_stream()


def test_compressed_calls(client):
    rows = np.tile(ROWS[0], (2000, 1))
    answer = client.infer("iris", [tensor(rows)], compression_algorithm="gzip")
    assert answer.as_numpy(answer.get_response().outputs[0].name).tolist() == [LABELS[0]] * 2000


def test_errors_have_upstreams_codes(client):
    with pytest.raises(InferenceServerException, match="Model with name none does not exist") as error:
        client.infer("none", [tensor()])
    assert error.value.status() == "StatusCode.NOT_FOUND"
    with pytest.raises(InferenceServerException) as error:
        client.infer("iris", [tensor([[1.0, 2.0]])])
    assert error.value.status() == "StatusCode.INVALID_ARGUMENT"
    too_long = np.zeros((600_000, 4), dtype=np.float32)
    with pytest.raises(InferenceServerException) as error:
        client.infer("iris", [tensor(too_long)])
    assert error.value.status() == "StatusCode.RESOURCE_EXHAUSTED"


def test_repository_and_statistics(client):
    assert client.get_model_repository_index().models[0].state == "READY"
    client.unload_model("iris")
    with pytest.raises(InferenceServerException) as error:
        client.infer("iris", [tensor()])
    assert error.value.status() == "StatusCode.UNAVAILABLE"
    client.load_model("iris")
    client.infer("iris", [tensor()])
    assert client.get_inference_statistics("iris").model_stats[0].inference_count >= 1
