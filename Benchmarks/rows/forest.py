"""V2 JSON, a forest of 100 trees on iris, one loop, 32 connections: nginx, MLServer and KServe in the same run."""

import json

from measuring import JSON, Row, apus, ask, kserve, mlserver, nginx, rate, rounds, v2_body, wrk


def check(work, server):
    """Every row's answer is the library's."""
    for row, label in zip(work.iris["rows"], work.iris["labels"]):
        status, body = ask(server.port, "POST", "/v2/models/iris/infer", v2_body(row), JSON)
        answer = json.loads(body)
        if status != 200 or answer["outputs"][0]["data"] != [label]:
            raise RuntimeError(f"{row}: {status} {body}, the library says {label}")


def run(work):
    script = work.iris_script()
    model = work.models / "forest"
    with apus(model, "sklearn") as ours, nginx(work.folder / "nginx") as rival:
        check(work, ours)
        mine, fixed = rounds(lambda: wrk(ours.port, script)[0], lambda: wrk(rival.port, script)[0])
        yield Row("V2 JSON, forest of 100 trees on iris, 32 connections", rate(mine), f"nginx return 200 {rate(fixed)}",
                  mine / fixed, "≥ 0.7")
    rivals = [("MLServer", lambda: mlserver(model / "model.joblib", work.folder / "mlserver")),
              ("KServe", lambda: kserve(model / "model.joblib", "sklearn"))]
    for name, start in rivals:
        with apus(model, "sklearn") as ours, start() as rival:
            mine, other = rounds(lambda: wrk(ours.port, script)[0], lambda: wrk(rival.port, script)[0])
            yield Row("same", rate(mine), f"{name} {rate(other)}", mine / other, "≥ 300")
