#!/usr/bin/env python3
"""gRPC unary calls per second on one core, beside gRPC C++ 1.51's asynchronous server.

Both servers answer /inference.GRPCInferenceService/ModelInfer, pinned to one core, under the same h2load on another.
`measure` is for other benchmarks; run alone, this prints its own figures:

    grpc_calls.py --server "COMMAND" --port PORT [--body FILE] [--seconds 3] [--rounds 3]
"""

import argparse
import pathlib
import re
import shlex
import socket
import statistics
import subprocess
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
PATH = "/inference.GRPCInferenceService/ModelInfer"
SERVER_CORE, CLIENT_CORE = "0", "1"


def build_rival(folder):
    """Compiles the rival; returns its path, or None where gRPC C++ is not installed."""
    target = pathlib.Path(folder) / "grpc_echo"
    flags = subprocess.run(["pkg-config", "--cflags", "--libs", "grpc++"], capture_output=True, text=True)
    if flags.returncode != 0:
        return None
    subprocess.run(["g++", "-O2", "-std=c++17", HERE / "rivals/grpc_echo.cc", "-o", target, *flags.stdout.split()], check=True)
    return target


def field(number, payload):
    """A length-delimited protobuf field."""
    return varint(number << 3 | 2) + varint(len(payload)) + payload


def varint(value):
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)


def infer_request(model, rows, name=b"input-0"):
    """A framed ModelInferRequest of FP64 rows in raw_input_contents."""
    import struct

    shape = b"".join(varint(n) for n in (len(rows), len(rows[0])))
    tensor = field(1, name) + field(2, b"FP64") + field(3, shape)
    raw = b"".join(struct.pack("<d", value) for row in rows for value in row)
    message = field(1, model.encode()) + field(5, tensor) + field(7, raw)
    return b"\0" + len(message).to_bytes(4, "big") + message


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(port, process, seconds=20):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"the server ended with {process.returncode}")
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.02)
    raise RuntimeError("the server does not listen")


def load(port, body, seconds, connections, streams):
    """Requests per second and the median and 99th percentile latency that h2load sees."""
    command = ["taskset", "-c", CLIENT_CORE, "h2load", "-D", str(seconds), "--warm-up-time", "200ms", "-c", str(connections),
               "-m", str(streams), "-d", body, "-H", "content-type: application/grpc", "-H", "te: trailers",
               f"http://127.0.0.1:{port}{PATH}"]
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    rate = float(re.search(r"finished in .*?, ([\d.]+) req/s", output).group(1))
    counts = re.search(r"(\d+) succeeded, (\d+) failed, (\d+) errored", output)
    if int(counts.group(2)) or int(counts.group(3)) or not int(counts.group(1)):
        raise RuntimeError(f"calls failed:\n{output}")
    mean = re.search(r"time for request:\s+\S+\s+\S+\s+(\S+)", output).group(1)
    return rate, mean


def measure(command, port, body, seconds=3, connections=4, streams=32):
    """Starts a server on the server core, loads it, and takes it down. Returns (requests per second, mean latency)."""
    process = subprocess.Popen(["taskset", "-c", SERVER_CORE, *map(str, command)], stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL)
    try:
        wait_for(port, process)
        return load(port, body, seconds, connections, streams)
    finally:
        process.terminate()
        process.wait(20)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--server", required=True, help="our server's command line")
    parser.add_argument("--port", type=int, required=True, help="the port it answers gRPC on")
    parser.add_argument("--body", help="a framed request; a ModelInfer of one iris row without it")
    parser.add_argument("--seconds", type=int, default=3)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        rival = build_rival(folder)
        body = options.body
        if not body:
            body = f"{folder}/body"
            pathlib.Path(body).write_bytes(infer_request("iris", [[6.8, 2.8, 4.8, 1.4]]))
        for connections, streams in ((1, 1), (1, 32), (4, 32), (16, 8)):
            ours, theirs = [], []
            for _ in range(options.rounds):
                ours.append(measure(shlex.split(options.server), options.port, body, options.seconds, connections, streams))
                if rival:
                    port = free_port()
                    theirs.append(measure([rival, port], port, body, options.seconds, connections, streams))
            mine = statistics.median(rate for rate, _ in ours)
            line = f"{connections:3} connections x {streams:3} calls: apus {mine:9.0f} calls/s (mean {ours[0][1]})"
            if theirs:
                other = statistics.median(rate for rate, _ in theirs)
                line += f", gRPC C++ {other:9.0f} (mean {theirs[0][1]}), ratio {mine / other:.2f}"
            print(line, flush=True)


if __name__ == "__main__":
    main()
