"""A service's logger: the model server posts CloudEvents about its requests and answers."""

import http.server
import json
import threading

import pytest
from conftest import iris_service, wait_until

BODY = {"instances": [[6.8, 2.8, 4.8, 1.4]]}


@pytest.fixture
def sink():
    """Collects what is posted, as (headers, body)."""
    found = []

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            found.append((dict(self.headers), self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(204)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.found = found
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_requests_and_answers_are_copied(plane, namespace, sink):
    document = iris_service("logged", logger={
        "mode": "all", "url": f"http://127.0.0.1:{sink.server_port}/", "metadataHeaders": ["X-Tenant"]})
    plane.kubectl("-n", namespace, "apply", "-f", "-", stdin=json.dumps(document))
    plane.kubectl("-n", namespace, "wait", "--for=condition=Ready", "isvc/logged", "--timeout=60s", timeout=90)
    status, answer = plane.request(
        "/v1/models/logged:predict", f"logged-{namespace}.localhost", BODY,
        headers={"Ce-Id": "call-1", "X-Tenant": "blue"})
    assert (status, answer) == (200, {"predictions": [1]})
    wait_until(lambda: len(sink.found) == 2, 10, "two events")
    events = {headers["ce-type"]: (headers, json.loads(body)) for headers, body in sink.found}
    asked, request = events["org.kubeflow.serving.inference.request"]
    told, response = events["org.kubeflow.serving.inference.response"]
    assert (request, response) == (BODY, {"predictions": [1]})
    for headers in (asked, told):
        assert headers["ce-specversion"] == "1.0"
        assert headers["ce-id"] == "call-1"
        assert headers["ce-source"].startswith("logged-predictor-")
        assert headers["ce-inferenceservicename"] == "logged"
        assert headers["ce-namespace"] == namespace
        assert headers["ce-component"] == "predictor"
        assert json.loads(headers["ce-metadata"]) == {"X-Tenant": ["blue"]}
        assert headers["Content-Type"] == "application/json"


def test_a_sink_that_is_away_delays_nothing(plane, namespace):
    document = iris_service("alone", logger={"mode": "all", "url": "http://127.0.0.1:9/"})
    plane.kubectl("-n", namespace, "apply", "-f", "-", stdin=json.dumps(document))
    plane.kubectl("-n", namespace, "wait", "--for=condition=Ready", "isvc/alone", "--timeout=60s", timeout=90)
    for _ in range(20):
        assert plane.request("/v1/models/alone:predict", f"alone-{namespace}.localhost", BODY)[0] == 200
