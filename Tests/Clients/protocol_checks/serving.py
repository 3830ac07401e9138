"""An `apus server` of the iris sample on free ports, for clients of every protocol."""

import contextlib
import os
import signal
import socket
import subprocess
import urllib.request

from conftest import APUS, SAMPLES, wait_until

MODEL = SAMPLES / "models/sklearn/iris"
ROWS = [[6.8, 2.8, 4.8, 1.4], [6.0, 3.4, 4.5, 1.6], [5.1, 3.5, 1.4, 0.2]]
LABELS = [1, 1, 0]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def served_iris(*flags, environment=None):
    """Gives the HTTP and the gRPC address."""
    http, grpc = free_port(), free_port()
    process = subprocess.Popen(
        [APUS, "server", "--model_name=iris", f"--model_dir={MODEL}", f"--http_port={http}", f"--grpc_port={grpc}",
         "--enable_latency_logging=false", *flags],
        env={**os.environ, **(environment or {})}, stderr=subprocess.DEVNULL)

    def is_ready():
        assert process.poll() is None, f"apus server ended with {process.returncode}"
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{http}/v2/health/ready", timeout=5) as answer:
                return answer.status == 200
        except OSError:
            return False

    try:
        wait_until(is_ready, 10, "readiness")
        yield f"127.0.0.1:{http}", f"127.0.0.1:{grpc}"
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(20)
