"""What the model server counts and traces, seen by a real Prometheus and by a collector."""

import concurrent.futures
import http.server
import json
import os
import pathlib
import shutil
import subprocess
import threading
import urllib.error
import urllib.parse
import urllib.request

import pytest

from conftest import APUS, SAMPLES, wait_until
from test_model_server import MODEL, Server, call, free_port

PROMETHEUS = shutil.which("prometheus")
BODY = json.dumps({"instances": [[6.8, 2.8, 4.8, 1.4]]}).encode()


@pytest.mark.skipif(PROMETHEUS is None, reason="Debian's package prometheus is not installed")
def test_a_prometheus_server_scrapes_everything(tmp_path):
    with Server("--model_name=iris", f"--model_dir={MODEL}", "--grpc_port=0", "--max-batchsize=4") as server:
        for _ in range(3):
            assert call(f"{server.url}/v1/models/iris:predict", BODY)[0] == 200
        call(f"{server.url}/v1/models/iris:predict", b'{"instances":[[1]]}')
        config = tmp_path / "prometheus.yml"
        config.write_text(json.dumps({
            "global": {"scrape_interval": "1s", "scrape_timeout": "1s"},
            "scrape_configs": [
                {"job_name": "apus", "static_configs": [{"targets": [f"127.0.0.1:{server.port}"]}]}],
        }))
        port = free_port()
        prometheus = subprocess.Popen(
            [PROMETHEUS, f"--config.file={config}", f"--storage.tsdb.path={tmp_path}/data",
             f"--web.listen-address=127.0.0.1:{port}", "--log.level=error"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            base = f"http://127.0.0.1:{port}/api/v1"

            def ask(path):
                try:
                    with urllib.request.urlopen(f"{base}/{path}", timeout=5) as answer:
                        return json.loads(answer.read())["data"]
                except (urllib.error.URLError, ConnectionError):
                    return None

            def value(query):
                data = ask("query?" + urllib.parse.urlencode({"query": query}))
                return float(data["result"][0]["value"][1]) if data and data["result"] else None

            wait_until(lambda: value("up") == 1, 30, "a scrape")
            target = ask("targets")["activeTargets"][0]
            assert (target["health"], target["lastError"]) == ("up", "")
            assert value('apus_model_predictions_total{model_name="iris"}') == 3
            assert value('request_predict_seconds_count{model_name="iris"}') == 3
            assert value('apus_model_batch_rows_count{model_name="iris"}') >= 3
            assert value('apus_model_failures_total{model_name="iris",reason="invalid_input"}') == 1
            assert value('apus_server_requests_total{code="400"}') == 1
            assert value("process_resident_memory_bytes") > 1e6
            assert value("histogram_quantile(0.5, request_predict_seconds_bucket)") is not None
            # The server says by the format in which it answered that counters are counters.
            metadata = ask("metadata?metric=apus_model_predictions_total") or ask(
                "metadata?metric=apus_model_predictions")
            assert next(iter(metadata.values()))[0]["type"] == "counter"
        finally:
            prometheus.terminate()
            prometheus.wait(20)


def test_spans_reach_a_collector_as_children_of_their_callers():
    received = []

    class Collector(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            received.append((self.path, self.headers["Authorization"], json.loads(body)))
            self.send_response(200)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_):
            pass

    collector = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Collector)
    threading.Thread(target=collector.serve_forever, daemon=True).start()
    environment = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{collector.server_address[1]}",
        "OTEL_EXPORTER_OTLP_HEADERS": "Authorization=Bearer%20x", "OTEL_SERVICE_NAME": "iris",
        "OTEL_BSP_SCHEDULE_DELAY": "100",
    }
    before = {name: os.environ.get(name) for name in environment}
    os.environ.update(environment)
    try:
        with Server("--model_name=iris", f"--model_dir={MODEL}", "--grpc_port=0") as server:
            trace = "4bf92f3577b34da6a3ce929d0e0e4736"
            request = urllib.request.Request(
                f"{server.url}/v1/models/iris:predict", data=BODY,
                headers={"traceparent": f"00-{trace}-00f067aa0ba902b7-01", "tracestate": "vendor=1"})
            with urllib.request.urlopen(request) as answer:
                parent = answer.headers["traceparent"].split("-")
            assert parent[1] == trace and parent[3] == "01"

            def mine():
                for path, authorization, body in received:
                    assert (path, authorization) == ("/v1/traces", "Bearer x")
                    for span in body["resourceSpans"][0]["scopeSpans"][0]["spans"]:
                        if span["traceId"] == trace:
                            return body["resourceSpans"][0], span
                return None

            resource, span = wait_until(mine, 20, "the span")
        assert span["spanId"] == parent[2]
        assert span["parentSpanId"] == "00f067aa0ba902b7"
        assert span["traceState"] == "vendor=1"
        assert span["name"] == "POST /v1/models/iris:predict"
        assert {"key": "service.name", "value": {"stringValue": "iris"}} in resource["resource"]["attributes"]
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name)
            else:
                os.environ[name] = value
        collector.shutdown()
        collector.server_close()


def test_concurrent_requests_are_batched_and_each_gets_its_own_rows():
    rows = [[5.1, 3.5, 1.4, 0.2], [6.8, 2.8, 4.8, 1.4], [7.7, 2.6, 6.9, 2.3]]
    with Server("--model_name=iris", f"--model_dir={MODEL}", "--grpc_port=0") as plain:
        expected = [call(f"{plain.url}/v1/models/iris:predict", json.dumps({"instances": [row]}).encode())[1]
                    for row in rows]
    flags = ["--max-batchsize=8", "--max-latency=20", "--container_concurrency=1"]
    with Server("--model_name=iris", f"--model_dir={MODEL}", "--grpc_port=0", *flags) as server:
        def ask(index):
            chosen = index % 3
            body = {"instances": [rows[chosen]]} if index % 10 else {"instances": [["x"]]}
            return index, call(f"{server.url}/v1/models/iris:predict", json.dumps(body).encode())

        with concurrent.futures.ThreadPoolExecutor(16) as pool:
            for index, (status, answer) in pool.map(ask, range(200)):
                if index % 10 == 0:
                    assert status == 400, answer
                else:
                    assert status == 200, answer
                    assert answer["predictions"] == expected[index % 3]["predictions"]
                    assert answer["message"] == "" and len(answer["batchId"]) == 36


def test_a_repository_of_many_models(tmp_path):
    source = next(path for path in pathlib.Path(MODEL).iterdir() if path.is_file())
    for index in range(300):
        (tmp_path / f"model-{index}" / "1").mkdir(parents=True)
        shutil.copy(source, tmp_path / f"model-{index}" / "1")
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "model.joblib").write_bytes(b"garbage")
    with Server(f"--model_dir={tmp_path}", "--framework=sklearn", "--grpc_port=0") as server:
        for index in (0, 17, 299):
            assert call(f"{server.url}/v1/models/model-{index}:predict", BODY)[0] == 200
        index = call(f"{server.url}/v2/repository/index", b"{}")[1]
        assert len(index) == 301
        assert [row["state"] for row in index if row["name"] == "broken"] == ["UNAVAILABLE"]
        assert call(f"{server.url}/v2/repository/models/model-5/unload", b"")[0] == 200
        assert call(f"{server.url}/v1/models/model-5:predict", BODY)[0] == 503
        assert call(f"{server.url}/v2/repository/models/model-5/load", b"")[0] == 200
        assert call(f"{server.url}/v1/models/model-5:predict", BODY)[0] == 200
