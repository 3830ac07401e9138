"""Models from object stores: moto's S3 (which checks signatures) and the emulator of Cloud Storage."""

import contextlib
import json
import os
import pathlib
import subprocess
import tarfile

import pytest
from conftest import APUS, CACHE

STORES = pathlib.Path(__file__).parent / "object_stores"


@contextlib.contextmanager
def store(kind, folder):
    """What the store says of itself."""
    python = CACHE / "venv-storage/bin/python"
    process = subprocess.Popen([python, STORES / f"{kind}.py", folder], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                               text=True)
    try:
        yield json.loads(process.stdout.readline())
    finally:
        process.stdin.close()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@pytest.fixture(scope="module")
def buckets(tmp_path_factory):
    """A bucket with a folder, one whose name begins alike, odd names, an archive and an object of several MB."""
    root = tmp_path_factory.mktemp("buckets")
    bucket = root / "models"
    files = {
        "iris/model.joblib": b"iris", "iris/sub/notes.txt": b"notes", "iris2/model.joblib": b"another",
        "odd/a b+c%é&=~.bin": b"odd", "large/weights.bin": os.urandom(3_000_000),
    }
    files |= {f"many/{number:04}": str(number).encode() for number in range(25)}
    for name, content in files.items():
        (bucket / name).parent.mkdir(parents=True, exist_ok=True)
        (bucket / name).write_bytes(content)
    (bucket / "empty").mkdir()
    (bucket / "empty/nothing").write_bytes(b"")
    (bucket / "packed").mkdir()
    with tarfile.open(bucket / "packed/model.tar.gz", "w:gz") as archive:
        archive.add(bucket / "iris/model.joblib", "model.joblib")
    return root


def fetch(source, destination, **variables):
    """Exit code, and what the program tells at its end."""
    told = destination.parent / f"{destination.name}.told"
    environment = {"PATH": os.environ["PATH"], "APUS_TERMINATION_LOG": str(told), **variables}
    done = subprocess.run([APUS, "storage-initializer", source, str(destination)], env=environment,
                          capture_output=True, text=True, timeout=60)
    return done.returncode, json.loads(told.read_text()) if told.exists() else {}


def contents(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def check_folders(scheme, buckets, tmp_path, **variables):
    for name in ["iris", "odd", "large", "many"]:
        destination = tmp_path / name
        assert fetch(f"{scheme}://models/{name}", destination, **variables) == (0, {})
        assert contents(destination) == contents(buckets / "models" / name)
    destination = tmp_path / "object"
    assert fetch(f"{scheme}://models/iris/model.joblib", destination, **variables)[0] == 0
    assert contents(destination) == {"model.joblib": b"iris"}
    destination = tmp_path / "packed"
    assert fetch(f"{scheme}://models/packed", destination, **variables)[0] == 0
    assert contents(destination) == {"model.joblib": b"iris"}
    code, told = fetch(f"{scheme}://models/nowhere", tmp_path / "nowhere", **variables)
    assert (code, told["code"]) == (62, "SourceNotFound")
    code, told = fetch(f"{scheme}://no-such-bucket/x", tmp_path / "bucket", **variables)
    assert (code, told["code"]) == (62, "SourceNotFound"), told


def test_s3_with_static_keys(buckets, tmp_path):
    with store("s3", buckets) as s3:
        key = {"AWS_ACCESS_KEY_ID": s3["id"], "AWS_SECRET_ACCESS_KEY": s3["secret"],
               "AWS_ENDPOINT_URL": s3["address"]}
        check_folders("s3", buckets, tmp_path, **key)
        assert fetch("s3://models/empty", tmp_path / "empty", **key)[0] == 0
        assert contents(tmp_path / "empty") == {"nothing": b""}
        code, told = fetch("s3://models/iris", tmp_path / "wrong", **{**key, "AWS_SECRET_ACCESS_KEY": "wrong"})
        assert (code, told["code"]) == (63, "AccessDenied"), told
        assert "secret access key" in told["message"]
        code, told = fetch("s3://models/iris", tmp_path / "anonymous", **{**key, "awsAnonymousCredential": "true"})
        # This store has no word for a request without signature.
        assert code != 0 and told["code"] in ("AccessDenied", "DownloadFailed")
        host = s3["address"].removeprefix("http://")
        entry = {"type": "s3", "access_key_id": s3["id"], "secret_access_key": s3["secret"],
                 "endpoint_url": s3["address"]}
        assert fetch("s3://models/iris", tmp_path / "entry", STORAGE_CONFIG=json.dumps(entry))[0] == 0
        plain = {**key, "AWS_ENDPOINT_URL": "", "S3_ENDPOINT": host, "S3_USE_HTTPS": "0"}
        assert fetch("s3://models/iris", tmp_path / "plain", **plain)[0] == 0


def test_google_storage_from_the_emulator(buckets, tmp_path):
    with store("gcs", buckets) as gcs:
        check_folders("gs", buckets, tmp_path, STORAGE_EMULATOR_HOST=gcs["address"])
