"""gRPC ModelInfer of one row: gRPC C++'s asynchronous server, which echoes the message, in the same run."""

import grpc_calls as grpc
from measuring import CONNECTIONS, ROUNDS, SECONDS, Row, apus, free_port, rate
import pathlib
import statistics
import subprocess


def run(work):
    rival = grpc.build_rival(work.folder)
    if rival is None:
        yield Row("gRPC ModelInfer, same model", "", "gRPC C++ is not installed", None, "≥ 2")
        return
    body = pathlib.Path(work.folder) / "call"
    body.write_bytes(grpc.infer_request("iris", [work.iris["rows"][0]]))
    port = free_port()
    process = subprocess.Popen(["taskset", "-c", grpc.SERVER_CORE, rival, str(port)], stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL)
    try:
        grpc.wait_for(port, process)
        with apus(work.models / "forest", "sklearn") as ours:
            mine, other = [], []
            for _ in range(ROUNDS):
                mine.append(grpc.load(ours.port, body, SECONDS, CONNECTIONS, 8)[0])
                other.append(grpc.load(port, body, SECONDS, CONNECTIONS, 8)[0])
            mine, other = statistics.median(mine), statistics.median(other)
            yield Row("gRPC ModelInfer, same model, 32 connections x 8 calls", rate(mine), f"gRPC C++ {rate(other)}",
                      mine / other, "≥ 2")
    finally:
        process.terminate()
        process.wait(20)
