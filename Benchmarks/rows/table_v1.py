"""V1 JSON, 1,000 rows of 20 features, XGBoost: KServe's xgbserver in the same run."""

import json

from measuring import JSON, Row, apus, ask, kserve, lua_script, rate, rounds, wrk

PATH = "/v1/models/iris:predict"


def run(work):
    made = json.loads((work.models / "tables.json").read_text())
    bodies = [json.dumps({"instances": table}).encode() for table in made["tables"]]
    script = lua_script(work.folder / "tables", [(PATH, JSON, body) for body in bodies])
    model = work.models / "boosted"
    with apus(model, "xgboost") as ours, kserve(model / "model.json", "xgboost") as rival:
        for body, answers in zip(bodies, made["answers"]):
            status, text = ask(ours.port, "POST", PATH, body, JSON)
            if status != 200 or json.loads(text)["predictions"] != answers:
                raise RuntimeError(f"a table's answer is not the library's: {status} {text[:200]}")
        mine, other, ratio = rounds(lambda: wrk(ours.port, script)[0], lambda: wrk(rival.port, script)[0])
        yield Row("V1 JSON, 1,000 rows x 20 features, XGBoost of 100 trees", rate(mine), f"KServe {rate(other)}",
                  ratio, "≥ 20")
