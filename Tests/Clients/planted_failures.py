"""Failures that are planted among healthy services, each with the code and value that must be found."""

import base64
import hashlib
import http.server
import json
import pickle
import shutil
import sys
import threading
import types

from conftest import SAMPLES

PYTHON = sys.executable
IRIS = SAMPLES / "models/sklearn/iris/model.joblib"


class Store(http.server.BaseHTTPRequestHandler):
    """A store of models that refuses, misses and damages on request, and Cloud Storage's listing for one object."""

    def do_GET(self):
        path, _, query = self.path.partition("?")
        if path.startswith("/storage/v1/b/tampered/o"):
            return self.bucket(path, query)
        kind = path.split("/")[1]
        status = {"forbidden": 403, "missing": 404}.get(kind, 200)
        body = b"this is no archive" if kind == "archive" else b"no"
        self.answer(status, body)

    def bucket(self, path, query):
        content = IRIS.read_bytes()
        wrong = base64.b64encode(hashlib.md5(b"other bytes").digest()).decode()
        item = {"name": "m/model.joblib", "size": str(len(content)), "md5Hash": wrong, "generation": "1"}
        if "alt=media" in query:
            return self.answer(200, content)
        if path.endswith("/o"):
            return self.answer(200, json.dumps({"items": [item]}).encode())
        self.answer(200, json.dumps(item).encode())

    def answer(self, status, body):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def start_store():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Store)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server, f"http://127.0.0.1:{server.server_address[1]}"


def estimator_nobody_serves():
    """The bytes of a pickle of a class that is on the list of known ones, but has no native predictor."""
    module = types.ModuleType("sklearn.cluster._affinity_propagation")
    kind = type("AffinityPropagation", (), {"__module__": module.__name__})
    module.AffinityPropagation = kind
    saved = {name: sys.modules.get(name) for name in ("sklearn", "sklearn.cluster", module.__name__)}
    try:
        for name in saved:
            sys.modules[name] = module if name == module.__name__ else types.ModuleType(name)
        return pickle.dumps(kind(), protocol=4)
    finally:
        for name, old in saved.items():
            if old is None:
                sys.modules.pop(name, None)
            else:
                sys.modules[name] = old


def make_claim(folder):
    """The claim `samples`: one good model and some that are not."""
    for name in ("good", "two", "strange", "bst"):
        (folder / name).mkdir(parents=True)
    shutil.copy(IRIS, folder / "good/model.joblib")
    shutil.copy(IRIS, folder / "two/a.joblib")
    shutil.copy(IRIS, folder / "two/b.joblib")
    (folder / "strange/model.pkl").write_bytes(estimator_nobody_serves())


def model(storage_uri="pvc://samples/good", name="sklearn", **fields):
    return {"model": {"modelFormat": {"name": name}, "storageUri": storage_uri, **fields}}


def program(code, name="kserve-container", **fields):
    return {"name": name, "image": "test/program", "command": [PYTHON, "-u", "-c", code], **fields}


def containers(*items):
    return {"containers": list(items)}


SERVE = ("import http.server\n"
         "server = http.server.ThreadingHTTPServer(('0.0.0.0', {port}), http.server.SimpleHTTPRequestHandler){then}")
FOREVER = SERVE.format(port=8080, then=".serve_forever()")


def after(seconds, code):
    """Serves, and ends with that code after so many seconds."""
    return (SERVE.format(port=8080, then="") + f"\nimport threading, os\n"
            f"threading.Timer({seconds}, lambda: (print('the cache is gone', flush=True), os._exit({code}))).start()")


def secret_variable(name, key):
    return [{"name": "PASSWORD", "valueFrom": {"secretKeyRef": {"name": name, "key": key}}}]


def probe(**handler):
    return {**handler, "periodSeconds": 1, "failureThreshold": 2}


class Plant:
    """One failure: what it is called, the predictor that has it, what must be found, and after how many seconds
    it can be known."""

    def __init__(self, title, spec, code, value, known_after=0.0, **options):
        self.title, self.spec, self.code, self.value = title, spec, code, value
        self.known_after, self.options = known_after, options
        self.name = None

    def matches(self, answer):
        """Whether the code is right, and the value; of a revision it is a name that nobody knows before."""
        value = answer["value"] or ""
        right = value == self.value if self.value is not None else \
            value.endswith(self.options.get("ends", "")) and (value.startswith(self.name) or ":" in value)
        return answer["code"] == self.code and right

    def manifest(self, name, spec=None):
        spec = spec or self.spec
        spec = spec if "predictor" in spec else {"predictor": spec}
        return {"apiVersion": "serving.kserve.io/v1beta1", "kind": "InferenceService",
                "metadata": {"name": name}, "spec": spec}


def plants(store):
    """Those that are stored and fail afterwards."""
    eaten = "import time\nkept = []\nwhile True:\n  kept.append(bytearray(b'x' * (8 << 20))); time.sleep(0.02)"
    return [
        Plant("bad URI", model(f"{store}/models/"), "BadSource", f"{store}/models/"),
        Plant("403", model(f"{store}/forbidden/model.joblib"), "AccessDenied", f"{store}/forbidden/model.joblib"),
        Plant("404", model(f"{store}/missing/model.joblib"), "SourceNotFound", f"{store}/missing/model.joblib"),
        Plant("checksum", model("gs://tampered/m"), "ChecksumMismatch", "gs://tampered/m"),
        Plant("bad archive", model(f"{store}/archive/model.tar.gz"), "BadArchive", f"{store}/archive/model.tar.gz"),
        Plant("wrong format", model("pvc://samples/good", "xgboost"), "WrongFormat", "xgboost"),
        Plant("two model files", model("pvc://samples/two"), "SeveralModels", "pvc://samples/two"),
        Plant("unknown estimator", model("pvc://samples/strange"), "UnsupportedEstimator",
              "sklearn.cluster._affinity_propagation.AffinityPropagation"),
        Plant("wrong runtime name", model(runtime="no-such-runtime"), "RuntimeNotRecognized", "no-such-runtime"),
        Plant("disabled runtime", model(runtime="switched-off"), "RuntimeDisabled", "switched-off"),
        Plant("protocol not supported", model(protocolVersion="grpc-v1"), "ProtocolNotSupported", "grpc-v1"),
        Plant("crash at start", containers(program("import sys; print('no licence'); sys.exit(3)")),
              "CrashAtStart", "3"),
        Plant("crash later", containers(program(after(2.5, 7))), "CrashLater", "7", known_after=7),
        Plant("out of memory", containers(program(eaten, resources={
            "limits": {"memory": "96Mi"}, "requests": {"memory": "48Mi"}})),
              "OutOfMemory", "96Mi", known_after=2),
        Plant("port taken", containers(program(FOREVER, name="proxy"), program(
            "import time; time.sleep(0.7)\n" + FOREVER)), "PortTaken", "8080", known_after=1),
        Plant("probe failing", containers(program(FOREVER, readinessProbe=probe(
            httpGet={"path": "/no-such-page", "port": 8080}))), "ProbeFailing",
            "GET /no-such-page on port 8080", known_after=3),
        Plant("image not runnable", containers({"name": "kserve-container", "image": "corp/secret-sauce:v3"}),
              "ImageNotRunnable", "corp/secret-sauce:v3"),
        Plant("missing secret", containers(program(FOREVER, env=secret_variable("no-such-secret", "k"))),
              "SecretMissing", "no-such-secret"),
        Plant("wrong secret key", containers(program(FOREVER, env=secret_variable("real-secret", "no-such-key"))),
              "SecretKeyMissing", "no-such-key"),
        Plant("canary never ready", dict(model(f"{store}/missing/new.joblib"), canaryTrafficPercent=10),
              "CanaryNotReady", None, before=model(), condition="LatestDeploymentReady"),
        Plant("second predictor never ready", {"predictor": model(), "canary": [
            {"trafficPercent": 10, "predictor": {"name": "blue", **model(f"{store}/missing/blue.joblib")}}]},
            "CanaryNotReady", None, condition="CanaryPredictorReady"),
        Plant("transformer unreachable", {
            "predictor": model(), "transformer": containers(program(
                "import time; time.sleep(1000)", readinessProbe=probe(tcpSocket={"port": 8080})))},
            "TransformerUnreachable", None, known_after=3, condition="TransformerReady", ends=":8080"),
        Plant("PVC missing", model("pvc://no-such-claim/m"), "ClaimMissing", "no-such-claim"),
    ]
