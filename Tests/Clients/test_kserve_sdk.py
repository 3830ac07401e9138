"""The kserve SDK, unchanged, in two releases: every part of a script that people run against KServe."""

import ast
import json
import pathlib
import subprocess

import pytest

from conftest import CACHE, SAMPLES

DRIVE = pathlib.Path(__file__).parent / "kserve_drive.py"
RELEASES = {"0.20": "venv-clients", "0.21": "venv-clients-newest"}
PARTS = [name.id for node in ast.walk(ast.parse(DRIVE.read_text()))
         if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "PARTS" for name in node.value.elts]


class Drive:
    """One interpreter with its release of the SDK, which does one part after the other."""

    def __init__(self, plane, release):
        python = CACHE / RELEASES[release] / "bin/python"
        found = subprocess.run(
            [python, "-c", "import importlib.metadata as m; print(m.version('kserve'))"], capture_output=True,
            text=True, check=True).stdout
        assert found.startswith(f"{release}."), found
        self.process = subprocess.Popen(
            [python, DRIVE, plane.kubeconfig, plane.gateway, SAMPLES], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            text=True, env={**plane.environment, "HOME": str(plane.data_dir)})

    def run(self, part, namespace, extras):
        self.process.stdin.write(json.dumps({"part": part, "namespace": namespace, "extras": extras}) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline() or '{"error": "the drive ended"}')["error"]

    def end(self):
        self.process.stdin.close()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


@pytest.fixture(scope="module", params=RELEASES)
def drive(plane, request):
    drive = Drive(plane, request.param)
    yield drive
    drive.end()


@pytest.mark.parametrize("part", PARTS)
def test_the_sdk_drives(drive, namespace, files, sample_bucket, part):
    error = drive.run(part, namespace, {"files": files, "s3": sample_bucket})
    assert error is None, error
