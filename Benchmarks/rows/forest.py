"""V2 JSON, a forest of 100 trees on iris, one loop, 32 connections: nginx, MLServer and KServe in the same run."""

import json

from measuring import (JSON, Row, apus, ask, in_turns, kserve, load, mlserver, nginx, processor_time, rate, v2_body,
                       wrk)


def check(work, server):
    """Every row's answer is the library's."""
    for row, label in zip(work.iris["rows"], work.iris["labels"]):
        status, body = ask(server.port, "POST", "/v2/models/iris/infer", v2_body(row), JSON)
        answer = json.loads(body)
        if status != 200 or answer["outputs"][0]["data"] != [label]:
            raise RuntimeError(f"{row}: {status} {body}, the library says {label}")


def run(work):
    requests, script = work.iris_requests(), work.iris_script()
    model = work.models / "forest"
    with apus(model, "sklearn") as ours, nginx(work.folder / "nginx") as rival:
        check(work, ours)
        mine, fixed, ratio = in_turns(lambda seconds: load(ours.port, requests, seconds)[0],
                                      lambda seconds: load(rival.port, requests, seconds)[0])
        yield Row("V2 JSON, forest of 100 trees on iris, 32 connections", rate(mine), f"nginx return 200 {rate(fixed)}",
                  ratio, "≥ 0.7")
        mine, fixed, ratio = in_turns(lambda seconds: wrk(ours.port, script, max(1, int(seconds)))[0],
                                      lambda seconds: wrk(rival.port, script, max(1, int(seconds)))[0])
        yield Row("same, as wrk measures it", rate(mine), f"nginx return 200 {rate(fixed)}", ratio, "")
        times = [processor_time(server, requests) for server in (ours, rival)]
        mine, fixed = (f"{user:.2f} + {kernel:.2f} us" for user, kernel in times)
        yield Row("same, processor time per request, user + kernel", mine, f"nginx {fixed}",
                  sum(times[1]) / sum(times[0]), "")
    rivals = [("MLServer", lambda: mlserver(model / "model.joblib", work.folder / "mlserver")),
              ("KServe", lambda: kserve(model / "model.joblib", "sklearn"))]
    for name, start in rivals:
        # A machine whose cores share no cache just now slows us and nginx, not what spends its time in Python: nginx's
        # turns tell in which state the ratio was measured.
        with apus(model, "sklearn") as ours, start() as rival, nginx(work.folder / "nginx-witness") as witness:
            mine, other, ratio, fixed = in_turns(lambda seconds: load(ours.port, requests, seconds)[0],
                                                 lambda seconds: load(rival.port, requests, seconds)[0],
                                                 lambda seconds: load(witness.port, requests, seconds)[0])
            yield Row("same", rate(mine), f"{name} {rate(other)}", ratio, "≥ 300", f"nginx between them {rate(fixed)}")
