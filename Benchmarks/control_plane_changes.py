"""What one change costs among so many services that stand still: a service that comes, answers and goes."""

import time

import control_plane_models as models
from control_plane_cluster import SERVICES, NotFound, processor_seconds

PATH = SERVICES.format("default")
DEPLOYMENTS = "/apis/apps/v1/namespaces/default/deployments"
TIMEOUT = 60


def revision(api):
    return int(api.json("GET", f"{PATH}?limit=1")["metadata"]["resourceVersion"])


def wait(condition):
    """Asks for single objects only: what a list costs would be counted as the change's."""
    end = time.monotonic() + TIMEOUT
    while not condition():
        if time.monotonic() > end:
            raise RuntimeError("gave up waiting for a service to come or go")
        time.sleep(0.02)


def is_ready(service):
    return any(c["type"] == "Ready" and c["status"] == "True"
               for c in service.get("status", {}).get("conditions", []))


def is_gone(api, path):
    try:
        api.send("GET", path)
        return False
    except NotFound:
        return True


def come_and_go(api, index):
    name = models.name(index)
    api.send("POST", PATH, models.manifest(index))
    wait(lambda: is_ready(api.json("GET", f"{PATH}/{name}")))
    api.send("DELETE", f"{PATH}/{name}")
    wait(lambda: is_gone(api, f"{DEPLOYMENTS}/{name}-predictor"))


def measure(cluster, first, changes):
    """Processor milliseconds of `apus up` and revisions of its store per change; what the idle services take at the
    same time is taken off."""
    api = cluster.api()
    come_and_go(api, first)
    time.sleep(3)
    before, begin = processor_seconds(cluster.pid), time.perf_counter()
    time.sleep(5)
    idle = (processor_seconds(cluster.pid) - before) / (time.perf_counter() - begin)
    revisions, before, begin = revision(api), processor_seconds(cluster.pid), time.perf_counter()
    for index in range(first, first + changes):
        come_and_go(api, index)
    # What is left to be done belongs to them.
    time.sleep(2)
    spent = processor_seconds(cluster.pid) - before - idle * (time.perf_counter() - begin)
    return {"processor": spent / changes * 1000, "revisions": (revision(api) - revisions) / changes}
