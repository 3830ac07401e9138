"""tritonclient over HTTP: JSON, binary tensors, metadata, repository, statistics."""

import numpy as np
import pytest
import tritonclient.http as triton
from tritonclient.utils import InferenceServerException

from serving import LABELS, ROWS, served_iris


@pytest.fixture(scope="module")
def client():
    with served_iris() as (http, _):
        with triton.InferenceServerClient(http) as connected:
            yield connected


def tensor(rows=ROWS, datatype="FP32", kind=np.float32, binary=True, name="input-0"):
    made = triton.InferInput(name, list(np.shape(rows)), datatype)
    made.set_data_from_numpy(np.array(rows, dtype=kind), binary_data=binary)
    return made


def test_health_and_metadata(client):
    assert client.is_server_live() and client.is_server_ready() and client.is_model_ready("iris")
    assert "binary_tensor_data" in client.get_server_metadata()["extensions"]
    metadata = client.get_model_metadata("iris")
    assert metadata["name"] == "iris" and metadata["inputs"][0]["shape"][-1] == 4
    assert client.get_model_config("iris")["input"][0]["data_type"].startswith("TYPE_")


@pytest.mark.parametrize("binary_in", [True, False])
@pytest.mark.parametrize("binary_out", [True, False])
@pytest.mark.parametrize("datatype, kind", [("FP32", np.float32), ("FP64", np.float64)])
def test_predictions(client, binary_in, binary_out, datatype, kind):
    name = client.get_model_metadata("iris")["outputs"][0]["name"]
    answer = client.infer(
        "iris", [tensor(datatype=datatype, kind=kind, binary=binary_in)],
        outputs=[triton.InferRequestedOutput(name, binary_data=binary_out)], request_id="r-1")
    assert answer.as_numpy(name).tolist() == LABELS
    assert answer.get_response()["id"] == "r-1"
    assert ("binary_data_size" in (answer.get_output(name).get("parameters") or {})) == binary_out


def test_all_outputs_come_in_binary_unless_named(client):
    answer = client.infer("iris", [tensor()])
    output = answer.get_response()["outputs"][0]
    assert "data" not in output and answer.as_numpy(output["name"]).tolist() == LABELS


def test_halves_travel_in_binary(client):
    rows = np.array([[6.5, 3.0, 5.5, 2.0], [5.0, 3.5, 1.5, 0.25]])
    halves = client.infer("iris", [tensor(rows, "FP16", np.float16)])
    singles = client.infer("iris", [tensor(rows)])
    name = halves.get_response()["outputs"][0]["name"]
    assert halves.as_numpy(name).tolist() == singles.as_numpy(name).tolist()


def test_errors_name_what_is_wrong(client):
    with pytest.raises(InferenceServerException, match="Model with name none does not exist") as error:
        client.infer("none", [tensor()])
    assert error.value.status() == "404"
    with pytest.raises(InferenceServerException, match="Unexpected inference output 'o' for model 'iris'"):
        client.infer("iris", [tensor()], outputs=[triton.InferRequestedOutput("o")])
    with pytest.raises(InferenceServerException) as error:
        client.infer("iris", [tensor([[1.0, 2.0]])])
    assert error.value.status() == "400"


def test_repository_and_statistics(client):
    assert [row["state"] for row in client.get_model_repository_index() if row["name"] == "iris"] == ["READY"]
    client.unload_model("iris")
    assert not client.is_model_ready("iris")
    assert client.get_model_repository_index()[0]["state"] == "UNAVAILABLE"
    client.load_model("iris")
    client.infer("iris", [tensor()])
    statistics = client.get_inference_statistics("iris")["model_stats"][0]
    assert statistics["inference_count"] >= 1 and statistics["inference_stats"]["success"]["ns"] > 0
    assert client.get_inference_statistics()["model_stats"][0]["name"] == "iris"
