"""Models from object stores: moto's S3 (which checks signatures) and the emulator of Cloud Storage."""

import contextlib
import datetime
import ipaddress
import json
import os
import socket
import socketserver
import ssl
import subprocess
import tarfile
import threading

import pytest
from conftest import APUS, SAMPLES, ControlPlane, iris_service, store, wait_until
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

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


def apply(plane, namespace, *objects):
    body = {"apiVersion": "v1", "kind": "List", "items": list(objects)}
    plane.kubectl("apply", "-n", namespace, "-f", "-", stdin=json.dumps(body))


def message(plane, namespace, name):
    """Of the condition `Ready`."""
    found = json.loads(plane.kubectl("get", "-n", namespace, "isvc", name, "-o", "json").stdout)
    conditions = found.get("status", {}).get("conditions", [])
    return next((item.get("message", "") for item in conditions if item["type"] == "Ready"), "")


def check_answers(plane, namespace, name):
    plane.kubectl("wait", "-n", namespace, "--for=condition=Ready", f"isvc/{name}", "--timeout=60s")
    body = json.loads((SAMPLES / "iris-input.json").read_text())
    answer = plane.request(f"/v1/models/{name}:predict", f"{name}-{namespace}.localhost", body)
    assert answer == (200, {"predictions": [1, 1]})


def storage_secret(**entries):
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "storage-config"},
            "stringData": {name: json.dumps(entry) for name, entry in entries.items()}}


def test_a_model_by_an_entry_of_the_storage_secret(plane, namespace, sample_bucket):
    document = iris_service("by-entry")
    model = document["spec"]["predictor"]["model"]
    del model["storageUri"]
    model["storage"] = {"key": "local", "path": "iris", "parameters": {"bucket": "models"}}
    apply(plane, namespace, document)
    wait_until(lambda: "can't read storage secret storage-config" in message(plane, namespace, "by-entry"),
               what="the word of the missing secret")
    found = json.loads(plane.apus("why", "by-entry", "-n", namespace, "-o", "json", check=False).stdout)
    assert (found["code"], found["value"]) == ("SecretMissing", "storage-config"), found
    entry = {"type": "s3", "access_key_id": sample_bucket["id"], "secret_access_key": sample_bucket["secret"],
             "endpoint_url": sample_bucket["address"], "bucket": "another"}
    apply(plane, namespace, storage_secret(remote=entry))
    wait_until(lambda: "specified storage key local not found in storage secret storage-config"
               in message(plane, namespace, "by-entry"), what="the word of the missing entry")
    apply(plane, namespace, storage_secret(remote=entry, local=entry))
    check_answers(plane, namespace, "by-entry")
    # A plan knows the credentials too: nothing would change.
    plan = plane.apus("plan", "--server", "-n", namespace, "-f", "-", stdin=json.dumps(document), check=False)
    assert plan.returncode == 0, plan.stdout + plan.stderr


class TLSFront(socketserver.ThreadingTCPServer):
    """Speaks TLS, with a certificate that nobody knows, in front of an address that does not."""

    daemon_threads = True

    def __init__(self, folder, target):
        super().__init__(("127.0.0.1", 0), None)
        self.target = tuple(target.split("//")[1].split(":"))
        self.certificate, private = make_certificate()
        file = folder / "server.pem"
        file.write_bytes(private + self.certificate)
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(file)
        self.address = f"https://127.0.0.1:{self.server_address[1]}"

    def finish_request(self, request, _):
        # A peer that refuses the certificate ends its own connection.
        with contextlib.suppress(OSError), self.context.wrap_socket(request, server_side=True) as front:
            with socket.create_connection(self.target) as back:
                answers = threading.Thread(target=self.copy, args=(back, front))
                answers.start()
                self.copy(front, back)
                answers.join()

    @staticmethod
    def copy(source, sink):
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                sink.sendall(data)
        with contextlib.suppress(OSError):
            sink.shutdown(socket.SHUT_WR)


def make_certificate():
    """An authority's own certificate for 127.0.0.1, and its key, both PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Apus test authority")])
    now = datetime.datetime.now(datetime.timezone.utc)
    host = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    certificate = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(x509.random_serial_number()).not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=2)).add_extension(host, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True).sign(key, hashes.SHA256()))
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return certificate.public_bytes(serialization.Encoding.PEM), private


@contextlib.contextmanager
def tls_front(folder, target):
    with TLSFront(folder, target) as front:
        thread = threading.Thread(target=front.serve_forever)
        thread.start()
        try:
            yield front
        finally:
            front.shutdown()
            thread.join()


def config_map(name, file, content):
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": {file: content.decode()}}


def test_a_store_with_certificates_of_its_own(plane, namespace, sample_bucket, tmp_path):
    with tls_front(tmp_path, sample_bucket["address"]) as front:
        annotations = {
            "serving.kserve.io/s3-endpoint": front.address.split("//")[1], "serving.kserve.io/s3-usehttps": "1",
            "serving.kserve.io/s3-cabundle-configmap": "own", "serving.kserve.io/s3-cabundle": "/own/roots.pem"}
        secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "keys", "annotations": annotations},
                  "stringData": {"AWS_ACCESS_KEY_ID": sample_bucket["id"],
                                 "AWS_SECRET_ACCESS_KEY": sample_bucket["secret"]}}
        document = iris_service("own-roots", "s3://models/iris")
        document["metadata"]["annotations"] = {"serving.kserve.io/storageSecretName": "keys"}
        apply(plane, namespace, config_map("own", "roots.pem", front.certificate), secret, document)
        check_answers(plane, namespace, "own-roots")


def test_configured_certificates_are_believed(files, tmp_path):
    plane = ControlPlane(tmp_path / "data").start()
    try:
        plane.kubectl("create", "namespace", "team")
        with tls_front(tmp_path, files) as front:
            apply(plane, "team", iris_service("secure", f"{front.address}/sklearn/iris/model.joblib"))
            wait_until(lambda: "certificate" in message(plane, "team", "secure"), what="the refused certificate")
            apply(plane, "kserve", config_map("roots", "cabundle.crt", front.certificate))
            setting = {"data": {"storageInitializer": json.dumps({"caBundleConfigMapName": "roots"})}}
            plane.kubectl("patch", "configmap", "inferenceservice-config", "-n", "kserve", "--type=merge", "-p",
                          json.dumps(setting))
            check_answers(plane, "team", "secure")
    finally:
        plane.stop()
    wait_until(lambda: not plane.descendants(), 30, "the end of every process")
