"""HTTP/2 and gRPC as real clients speak them: curl, h2load, grpcio."""

import concurrent.futures
import json
import pathlib
import subprocess
import sys
import threading

import grpc
import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent / "protocol_checks"))

from conftest import wait_until  # noqa: E402
from serving import served_iris  # noqa: E402

LIVE = "/inference.GRPCInferenceService/ServerLive"
INFER = "/inference.GRPCInferenceService/ModelInfer"
# BoolValue-like answer: field 1 is true.
TRUE = b"\x08\x01"


@pytest.fixture(scope="module")
def addresses():
    with served_iris() as both:
        yield both


@pytest.fixture(scope="module")
def channel(addresses):
    with grpc.insecure_channel(addresses[1]) as made:
        yield made


def curl(*arguments):
    result = subprocess.run(
        ["curl", "-sS", "-m", "20", "-o", "-", "-w", "\n%{http_version} %{http_code}", *map(str, arguments)],
        capture_output=True, text=True, timeout=30)
    assert result.returncode == 0, result.stderr
    body, _, last = result.stdout.rpartition("\n")
    return body, last


@pytest.mark.parametrize("flags, version", [
    (["--http2-prior-knowledge"], "2"), (["--http2"], "2"), (["--http1.1"], "1.1"),
])
def test_curl_speaks_each_version(addresses, flags, version):
    body, last = curl(*flags, f"http://{addresses[0]}/v2/health/ready")
    assert last == f"{version} 200", body
    # A request with a body is not upgraded, but answered.
    rows = json.dumps({"instances": [[6.8, 2.8, 4.8, 1.4]]})
    body, last = curl(*flags, "-d", rows, f"http://{addresses[0]}/v1/models/iris:predict")
    assert last.endswith(" 200") and json.loads(body) == {"predictions": [1]}


def test_many_requests_share_connections(addresses):
    result = subprocess.run(
        ["h2load", "-n", "3000", "-c", "3", "-m", "50", f"http://{addresses[0]}/v2/health/live"],
        capture_output=True, text=True, timeout=60)
    assert "3000 succeeded, 0 failed, 0 errored" in result.stdout, result.stdout


def test_large_bodies_pass_in_both_directions(addresses, tmp_path):
    rows = [[6.8, 2.8, 4.8, 1.4]] * 60_000
    body = tmp_path / "body.json"
    body.write_text(json.dumps({"instances": rows}))
    answer, last = curl(
        "--http2-prior-knowledge", "--data-binary", f"@{body}", f"http://{addresses[0]}/v1/models/iris:predict")
    assert last == "2 200" and json.loads(answer)["predictions"] == [1] * 60_000


def test_tls_clients_agree_on_http2(plane):
    for flag, version in (("--http2", "2"), ("--http1.1", "1.1")):
        _, last = curl("-k", flag, f"{plane.api}/version")
        assert last.split()[0] == version, last


@pytest.mark.parametrize("port", [0, 1])
def test_calls_are_answered_on_both_ports(addresses, port):
    with grpc.insecure_channel(addresses[port]) as made:
        assert made.unary_unary(LIVE)(b"", timeout=10) == TRUE


@pytest.mark.parametrize("compression", [grpc.Compression.Gzip, grpc.Compression.NoCompression])
def test_compressed_calls(channel, compression):
    assert channel.unary_unary(LIVE)(b"", timeout=10, compression=compression) == TRUE


def failure(channel, path, message=b"", timeout=10, **more):
    with pytest.raises(grpc.RpcError) as caught:
        channel.unary_unary(path)(message, timeout=timeout, **more)
    return caught.value.code(), caught.value.details()


def test_failures_have_upstreams_codes(channel):
    assert failure(channel, "/inference.GRPCInferenceService/No") == (
        grpc.StatusCode.UNIMPLEMENTED, "Method not found!")
    code, details = failure(channel, LIVE, compression=grpc.Compression.Deflate)
    assert code == grpc.StatusCode.UNIMPLEMENTED and "gzip" in details
    code, details = failure(channel, INFER, bytes(9_000_000))
    assert code == grpc.StatusCode.RESOURCE_EXHAUSTED
    assert "(9000000 vs. 8388608)" in details and "--grpc_max_receive_message_length" in details


def test_a_message_that_unpacks_to_too_much_is_refused(addresses):
    options = [("grpc.max_send_message_length", -1)]
    with grpc.insecure_channel(addresses[1], options=options) as made:
        code, details = failure(made, INFER, bytes(100_000_000), compression=grpc.Compression.Gzip)
    assert code == grpc.StatusCode.RESOURCE_EXHAUSTED and "--grpc_max_receive_message_length" in details


def test_watches_stream_and_end_at_their_deadline(channel):
    watch = channel.unary_stream("/grpc.health.v1.Health/Watch")(b"", timeout=0.5)
    assert next(watch) == TRUE
    with pytest.raises(grpc.RpcError) as caught:
        next(watch)
    assert caught.value.code() == grpc.StatusCode.DEADLINE_EXCEEDED


def test_cancelled_calls_leave_the_others_alone(channel):
    watches = [channel.unary_stream("/grpc.health.v1.Health/Watch")(b"") for _ in range(20)]
    for watch in watches:
        assert next(watch) == TRUE
    for watch in watches[:10]:
        watch.cancel()
    assert channel.unary_unary(LIVE)(b"", timeout=10) == TRUE
    for watch in watches[10:]:
        assert watch.is_active()
        watch.cancel()


def test_many_calls_at_a_time(addresses):
    # More than one connection may carry: the client queues them.
    with grpc.insecure_channel(addresses[1]) as made:
        call = made.unary_unary(LIVE)
        answers = [call.future(b"", timeout=30) for _ in range(1000)]
        assert all(answer.result() == TRUE for answer in answers)


def test_threads_share_a_channel(channel):
    call = channel.unary_unary(LIVE)
    barrier = threading.Barrier(8)

    def work():
        barrier.wait()
        return [call(b"", timeout=20) for _ in range(50)]

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        futures = [pool.submit(work) for _ in range(8)]
        assert all(future.result() == [TRUE] * 50 for future in futures)


def test_a_server_that_ends_lets_its_calls_end():
    with served_iris() as (http, grpc_address):
        with grpc.insecure_channel(grpc_address) as made:
            watch = made.unary_stream("/grpc.health.v1.Health/Watch")(b"")
            assert next(watch) == TRUE
            states = []
            made.subscribe(states.append)
            wait_until(lambda: grpc.ChannelConnectivity.READY in states, what="a connected channel")
            assert made.unary_unary(LIVE)(b"", timeout=10) == TRUE
            ended = threading.Event()
            watch.add_done_callback(lambda _: ended.set())
    # The server is gone, and the call ended with it.
    assert ended.wait(10)
    assert watch.code() in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.OK, grpc.StatusCode.CANCELLED)
