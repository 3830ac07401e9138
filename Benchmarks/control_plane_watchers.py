"""Watch fan-out, in a process of its own: FOLDER WATCHERS CHANGES → seconds from a write to its event at each watcher,
as JSON. The client's own work, reading a thousand TLS connections one by one, is part of the figures."""

import contextlib
import json
import selectors
import socket
import ssl
import sys
import time

from control_plane_cluster import API

NAMESPACE = "/api/v1/namespaces/default/configmaps"


def connect(api, path):
    raw = socket.create_connection((api.host, api.port))
    raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connection = api.context.wrap_socket(raw)
    connection.sendall(f"GET {path} HTTP/1.1\r\nHost: {api.host}\r\nAuthorization: Bearer {api.token}\r\n\r\n".encode())
    return connection


class Watchers:
    def __init__(self, api, count, path):
        self.selector = selectors.DefaultSelector()
        # The answer's head is the first thing that comes.
        self.events = dict.fromkeys(range(count), -1)
        for index in range(count):
            connection = connect(api, path)
            connection.setblocking(False)
            self.selector.register(connection, selectors.EVENT_READ, index)

    def wait(self, number, limit=30):
        """Until all have event `number`: when each of them got it."""
        arrived = {}
        end = time.perf_counter() + limit
        while len(arrived) < len(self.events):
            if time.perf_counter() > end:
                raise SystemExit(f"only {len(arrived)} of {len(self.events)} watchers got event {number}")
            for key, _ in self.selector.select(1):
                data = self._read(key.fileobj)
                if not data:
                    # Something of TLS alone.
                    continue
                if self.events[key.data] < 0:
                    if not data.startswith(b"HTTP/1.1 200"):
                        raise SystemExit(f"a watch was refused: {data[:200]!r}")
                    data = data.partition(b"\r\n\r\n")[2]
                    self.events[key.data] = 0
                self.events[key.data] += data.count(b'"type":"MODIFIED"')
                if self.events[key.data] >= number:
                    arrived.setdefault(key.data, time.perf_counter())
        return arrived

    @staticmethod
    def _read(connection):
        data = b""
        with contextlib.suppress(ssl.SSLWantReadError):
            while chunk := connection.recv(65536):
                data += chunk
            raise SystemExit("a watch ended")
        return data


def main():
    api = API(sys.argv[1])
    count, changes = int(sys.argv[2]), int(sys.argv[3])
    made = api.json("POST", NAMESPACE, {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "fan"},
                                        "data": {"turn": "0"}})
    version = made["metadata"]["resourceVersion"]
    begin = time.perf_counter()
    watchers = Watchers(api, count, f"{NAMESPACE}?watch=true&resourceVersion={version}")
    watchers.wait(0)
    opened = time.perf_counter() - begin
    latencies = []
    for number in range(1, changes + 1):
        begin = time.perf_counter()
        api.send("PATCH", f"{NAMESPACE}/fan", {"data": {"turn": str(number)}}, "application/merge-patch+json")
        latencies += [arrival - begin for arrival in watchers.wait(number).values()]
    print(json.dumps({"opened": opened, "latencies": latencies}), flush=True)
    # The caller looks at the server's memory before the connections go.
    sys.stdin.read()


if __name__ == "__main__":
    main()
