"""An emulator of Cloud Storage that holds what a folder holds. Prints one JSON line, lives until its standard input
ends.

    python gcs.py FOLDER       one bucket per folder in it
"""

import json
import logging
import pathlib
import socket
import sys
import urllib.parse
import urllib.request

from gcp_storage_emulator.server import create_server

logging.disable(logging.CRITICAL)
folder = pathlib.Path(sys.argv[1])
with socket.socket() as probe:
    probe.bind(("127.0.0.1", 0))
    port = probe.getsockname()[1]
server = create_server("127.0.0.1", port, in_memory=True)
server.start()
address = f"http://127.0.0.1:{port}"


def post(path, body, kind):
    request = urllib.request.Request(address + path, data=body, headers={"Content-Type": kind}, method="POST")
    urllib.request.urlopen(request).read()


for bucket in folder.iterdir():
    post("/storage/v1/b?project=test", json.dumps({"name": bucket.name}).encode(), "application/json")
    for file in bucket.rglob("*"):
        # The emulator fails on empty objects.
        if file.is_file() and file.stat().st_size > 0:
            name = urllib.parse.quote(str(file.relative_to(bucket)), safe="")
            post(f"/upload/storage/v1/b/{bucket.name}/o?uploadType=media&name={name}", file.read_bytes(),
                 "application/octet-stream")
print(json.dumps({"address": address}), flush=True)
sys.stdin.read()
server.stop()
