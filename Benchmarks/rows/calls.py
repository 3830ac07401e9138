"""gRPC ModelInfer of one row: gRPC C++'s asynchronous server, which echoes the message, in the same run."""

import pathlib
import subprocess

import grpc_calls as grpc
from measuring import CONNECTIONS, Row, apus, free_port, in_turns, rate


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
            mine, other, ratio = in_turns(lambda _: grpc.load(ours.port, body, 1, CONNECTIONS, 8)[0],
                                          lambda _: grpc.load(port, body, 1, CONNECTIONS, 8)[0])
            yield Row("gRPC ModelInfer, same model, 32 connections x 8 calls", rate(mine), f"gRPC C++ {rate(other)}",
                      ratio, "≥ 2")
    finally:
        process.terminate()
        process.wait(20)
