"""Measures reads and patches while others work, in a process of its own: FOLDER → latencies as JSON, once its
standard input ends."""

import contextlib
import json
import os
import select
import sys
import time

from control_plane_cluster import SERVICES, API

PATH = SERVICES.format("default")
PAUSE = 0.01


def main():
    # The server's delays are wanted, not this client's own, on a machine whose two cores are busy.
    with contextlib.suppress(PermissionError):
        os.nice(-10)
    api = API(sys.argv[1])
    figures = {"get": [], "list": [], "patch": []}
    api.send("POST", "/api/v1/namespaces/default/configmaps", {
        "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "reader"}, "data": {}})
    turn = 0
    while not select.select([sys.stdin], [], [], PAUSE)[0]:
        turn += 1
        begin = time.perf_counter()
        if turn % 4 == 3:
            kind = "list"
            api.send("GET", f"{PATH}?limit=50")
        elif turn % 4 == 1:
            kind = "patch"
            api.send("PATCH", "/api/v1/namespaces/default/configmaps/reader", {"data": {"turn": str(turn)}},
                     "application/merge-patch+json")
        else:
            kind = "get"
            api.send("GET", f"{PATH}/model-0000")
        figures[kind].append(time.perf_counter() - begin)
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
