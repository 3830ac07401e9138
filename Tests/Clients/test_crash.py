"""`kill -9` at random moments, and what a trace shows of each acknowledgement."""

import json
import os
import random
import re
import signal
import subprocess
import threading
import time

import pytest
from kubernetes import client, config

from conftest import SAMPLES, ControlPlane, iris_service, wait_until

ROUNDS = int(os.environ.get("APUS_CRASH_ROUNDS", "50"))


class Recorder(threading.Thread):
    """Writes ConfigMaps as fast as they are acknowledged, and remembers what was."""

    def __init__(self, plane, acknowledged, round_number):
        super().__init__()
        self.plane, self.acknowledged, self.round_number = plane, acknowledged, round_number

    def run(self):
        core = client.CoreV1Api(config.new_client_from_config(config_file=str(self.plane.kubeconfig)))
        for number in range(1_000_000):
            name = f"w-{self.round_number}-{number % 50}"
            body = {"metadata": {"name": name}, "data": {"value": str(number)}}
            try:
                if number < 50:
                    core.create_namespaced_config_map("default", body, _request_timeout=5)
                else:
                    core.patch_namespaced_config_map(name, "default", body, _request_timeout=5)
            except Exception:  # the server was killed: this write was not acknowledged
                return
            self.acknowledged[name] = number


def test_no_acknowledged_write_is_lost_over_many_crashes(tmp_path):
    seed = random.SystemRandom().randrange(2**32)
    print(f"seed {seed}")
    generator = random.Random(seed)
    plane = ControlPlane(tmp_path / "data").start()
    try:
        plane.kubectl("apply", "-f", SAMPLES / "sklearn-iris.yaml")
        plane.kubectl("wait", "--for=condition=Ready", "isvc/sklearn-iris", "--timeout=60s")
        acknowledged = {}
        for round_number in range(ROUNDS):
            recorder = Recorder(plane, acknowledged, round_number)
            recorder.start()
            time.sleep(generator.uniform(0.05, 0.6))  # the random moment itself, not a synchronisation
            plane.process.kill()
            plane.process.wait()
            recorder.join(20)
            wait_until(lambda: not plane.descendants(), 5, f"round {round_number}: the end of every process")
            plane.start()
            core = client.CoreV1Api(config.new_client_from_config(config_file=str(plane.kubeconfig)))
            stored = {item.metadata.name: int(item.data["value"])
                      for item in core.list_namespaced_config_map("default").items
                      if item.metadata.name.startswith("w-")}
            for name, number in acknowledged.items():
                # One more write may have been stored without its answer having arrived.
                assert stored.get(name, -1) in (number, number + 50), (seed, round_number, name)
            acknowledged.update(stored)
        plane.kubectl("wait", "--for=condition=Ready", "isvc/sklearn-iris", "--timeout=60s")
        body = json.loads((SAMPLES / "iris-input.json").read_text())
        assert wait_until(lambda: plane.request(
            "/v1/models/sklearn-iris:predict", "sklearn-iris-default.localhost", body)[0] == 200, 30, "an answer")
        assert len(acknowledged) > ROUNDS
    finally:
        plane.stop()


def test_a_sync_comes_before_each_acknowledgement(tmp_path):
    trace = tmp_path / "trace"
    plane = ControlPlane(tmp_path / "data")
    plane.start()
    tracer = subprocess.Popen(
        ["strace", "-f", "-p", str(plane.process.pid), "-e", "trace=fsync,fdatasync,sendto,write,send,writev,sendmsg,pwrite64",
         "-s", "64", "-y", "-o", trace], stderr=subprocess.PIPE, text=True)
    try:
        assert "attached" in tracer.stderr.readline()
        core = client.CoreV1Api(config.new_client_from_config(config_file=str(plane.kubeconfig)))
        writes = 20
        for number in range(writes):
            core.create_namespaced_config_map("default", {"metadata": {"name": f"traced-{number}"}})
    finally:
        tracer.send_signal(signal.SIGINT)
        tracer.wait(20)
        tracer.stderr.close()
        plane.stop()
    # The database's log file is written, then synced; only then bytes go out on a client's socket. Each client
    # request is answered over TLS, so answers are told from other traffic by their order: after every write to the
    # log, the next thing sent on any TCP socket must come after a sync of the log.
    unsynced = False
    syncs = answers = log_writes = 0
    for line in trace.read_text().splitlines():
        if "-wal>" in line and re.search(r"\bp?write(64)?\(", line):
            unsynced = True
            log_writes += 1
        elif re.search(r"\bf(data)?sync\(", line) and "-wal>" in line:
            unsynced = False
            syncs += 1
        elif re.search(r"\b(sendto|send|sendmsg|write|writev)\(\d+<(TCP|socket)", line):
            assert not unsynced, line
            answers += 1
    assert min(syncs, answers, log_writes) >= writes, (syncs, answers, log_writes)
