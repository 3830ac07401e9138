"""V2 binary tensors of 602 KB, in and back: nginx reading the whole body and answering a file, in the same run."""

import json
import random
import struct

from measuring import Row, apus, ask, in_turns, load, nginx, rate, request_file

COUNT = 3 * 224 * 224


def image(seed):
    numbers = random.Random(seed)
    return struct.pack(f"<{COUNT}f", *(numbers.random() for _ in range(COUNT)))


def request(raw):
    tensor = {"name": "image", "shape": [1, 3, 224, 224], "datatype": "FP32", "parameters": {"binary_data_size": len(raw)}}
    head = json.dumps({"inputs": [tensor], "parameters": {"binary_data_output": True}}).encode()
    return {"Content-Type": "application/octet-stream", "Inference-Header-Content-Length": str(len(head))}, head + raw


def run(work):
    work.tensors()
    raw = [image(seed) for seed in range(4)]
    requests = [request(one) for one in raw]
    kinds = [("mean", "small", "one number out"), ("identity", "large", "and the same tensor back")]
    with nginx(work.folder / "nginx-tensors") as rival:
        for model, path, what in kinds:
            mine = request_file(work.folder / f"{model}-requests", [("/v2/models/iris/infer", *one) for one in requests])
            theirs = request_file(work.folder / f"{path}-requests", [(f"/{path}", *one) for one in requests])
            with apus(work.models / model, "onnx") as ours:
                check(ours, requests, raw, model)
                ours_rate, other, ratio = in_turns(lambda seconds: load(ours.port, mine, seconds)[0],
                                                   lambda seconds: load(rival.port, theirs, seconds)[0])
                yield Row(f"V2 binary tensor 1x3x224x224 FP32 in, {what}", rate(ours_rate), f"nginx {rate(other)}",
                          ratio, "≥ 0.6")


def check(ours, requests, raw, model):
    for (headers, body), tensor in zip(requests, raw):
        status, answer = ask(ours.port, "POST", "/v2/models/iris/infer", body, headers)
        values = struct.unpack(f"<{COUNT}f", tensor)
        good = answer.endswith(tensor) if model == "identity" else (
            abs(struct.unpack("<f", answer[-4:])[0] - sum(values) / COUNT) < 1e-4)
        if status != 200 or not good:
            raise RuntimeError(f"{model}: {status} {answer[:300]}")
