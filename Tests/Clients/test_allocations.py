"""What a cheap request costs the release binary in heap allocations, counted by a preloaded malloc."""

import json
import mmap
import os
import pathlib
import signal
import socket
import subprocess

import joblib
import numpy
import pytest
from sklearn.datasets import load_iris
from sklearn.ensemble import RandomForestClassifier

from conftest import APUS, ROOT, wait_until
from test_model_server import free_port

BATCHES, REQUESTS = 15, 100


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("allocations")
    X, y = load_iris(return_X_y=True)
    (folder / "model").mkdir()
    joblib.dump(RandomForestClassifier(n_estimators=100, random_state=0).fit(X, y), folder / "model/model.joblib")
    library = folder / "counter.so"
    source = ROOT / "Tests/Support/AllocationCounter/counter.c"
    subprocess.run(["cc", "-shared", "-fPIC", "-O2", source, "-o", library], check=True)
    (folder / "count").write_bytes(bytes(8))
    port = free_port()
    process = subprocess.Popen(
        [APUS, "server", "--model_name=iris", f"--model_dir={folder}/model", "--framework=sklearn",
         f"--http_port={port}", f"--grpc_port={free_port()}"],
        env={**os.environ, "LD_PRELOAD": str(library), "APUS_ALLOCATION_COUNT": str(folder / "count")},
        stderr=subprocess.DEVNULL)

    def accepts():
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0

    wait_until(accepts, 10, "the server")
    with open(folder / "count", "r+b") as file, mmap.mmap(file.fileno(), 8) as count:
        yield port, lambda: int.from_bytes(count[:8], "little")
    process.send_signal(signal.SIGTERM)
    process.wait(20)


def exchange(connection, request):
    connection.sendall(request)
    received = b""
    while b"\r\n\r\n" not in received:
        received += connection.recv(65536)
    head, body = received.split(b"\r\n\r\n", 1)
    length = int(next(line for line in head.split(b"\r\n") if line.startswith(b"Content-Length")).split(b":")[1])
    while len(body) < length:
        body += connection.recv(65536)
    assert head.startswith(b"HTTP/1.1 200"), (head, body)
    return json.loads(body)


def requests(path, make):
    rng = numpy.random.default_rng(1)
    for _ in range(REQUESTS):
        row = [round(float(value), 1) for value in rng.uniform(0.1, 8, size=4)]
        body = json.dumps(make(row)).encode()
        yield (f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
               f"Content-Length: {len(body)}\r\n\r\n").encode() + body


@pytest.mark.parametrize("path, make", [
    ("/v2/models/iris/infer", lambda row: {
        "inputs": [{"name": "input-0", "shape": [1, 4], "datatype": "FP64", "data": [row]}]}),
    ("/v2/models/iris/infer", lambda row: {
        "id": "mine", "inputs": [{"name": "input-0", "shape": [1, 4], "datatype": "FP32", "data": row}]}),
    ("/v1/models/iris:predict", lambda row: {"instances": [row, row]}),
])
def test_cheap_requests_allocate_nothing_in_the_steady_state(server, path, make):
    port, count = server
    prepared = list(requests(path, make))
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for request in prepared:
            exchange(connection, request)
        batches = []
        for _ in range(BATCHES):
            before = count()
            for request in prepared:
                exchange(connection, request)
            batches.append(count() - before)
    # The date in the answers' head is made anew up to four times a second, which falls into some batches.
    assert sorted(batches)[BATCHES // 2] == 0, batches
    assert sum(batches) < BATCHES * REQUESTS * 0.05, batches


def test_the_counter_sees_the_general_path(server):
    port, count = server
    with socket.create_connection(("127.0.0.1", port)) as connection:
        before = count()
        for request in requests("/v1/models/iris:predict", lambda row: {"instances": [row], "other": 1}):
            exchange(connection, request)
        assert count() - before >= REQUESTS
