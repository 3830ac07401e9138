"""The CloudEvents SDK: events in both forms, in and out."""

import json
import urllib.error
import urllib.request

import pytest
from cloudevents.core.bindings.http import HTTPMessage, from_binary_event, from_structured_event, to_binary_event, to_structured_event
from cloudevents.core.v1.event import CloudEvent

from serving import LABELS, ROWS, served_iris


@pytest.fixture(scope="module")
def url():
    with served_iris(environment={"CE_MERGE": "true", "CE_TYPE": "test.answer"}) as (http, _):
        yield f"http://{http}/v1/models/iris:predict"


def event():
    return CloudEvent(
        attributes={"id": "1", "source": "tests", "type": "test.request", "specversion": "1.0",
                    "datacontenttype": "application/json", "extra": "kept"},
        data={"instances": ROWS})


def send(url, message):
    request = urllib.request.Request(url, data=message.body, headers=dict(message.headers))
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return HTTPMessage(headers={k.lower(): v for k, v in answer.headers.items()}, body=answer.read())
    except urllib.error.HTTPError as error:
        raise AssertionError(f"{error.code}: {error.read()}") from error


@pytest.mark.parametrize("encode, decode", [
    (to_binary_event, from_binary_event), (to_structured_event, from_structured_event)])
def test_events_are_answered_in_their_form(url, encode, decode):
    answer = decode(send(url, encode(event())))
    assert answer.get_type() == "test.answer" and answer.get_source() == "io.kserve.inference.iris"
    assert answer.get_id() != "1" and answer.get_extension("extra") == "kept"
    data = answer.get_data()
    assert (data if isinstance(data, dict) else json.loads(data)) == {"predictions": LABELS}
