"""10,000 small models in one process: they load, fit into 1 GB, and answer as fast as one does."""

import os
import random
import shutil

from measuring import JSON, QUICK, Row, apus, in_turns, load, request_file, resident, v2_body

COUNT = 1000 if QUICK else 10_000


def run(work):
    folder = work.folder / "many"
    source = work.models / "small/model.joblib"
    for index in range(COUNT):
        (folder / f"m{index}").mkdir(parents=True)
        os.link(source, folder / f"m{index}/model.joblib") if _same_device(source, folder) else shutil.copy(
            source, folder / f"m{index}/model.joblib")
    rows = work.iris["rows"]
    names = list(range(COUNT))
    random.Random(9).shuffle(names)
    chosen = names[:1000]
    with apus(folder, "sklearn", name="m0") as ours, apus(work.models / "small", "sklearn", name="m0") as single:
        many = request_file(work.folder / "many-requests", [
            (f"/v2/models/m{name}/infer", JSON, v2_body(rows[i % len(rows)])) for i, name in enumerate(chosen)])
        one = request_file(work.folder / "one-requests", [
            ("/v2/models/m0/infer", JSON, v2_body(rows[i % len(rows)])) for i in range(1000)])
        mine, alone, ratio = in_turns(lambda seconds: load(ours.port, many, seconds, connections=1)[1],
                                      lambda seconds: load(single.port, one, seconds, connections=1)[1])
        memory = resident(ours.pid)
        yield Row(f"{COUNT:,} small models: ready after", f"{ours.ready_seconds * 1000:.0f} ms", "", None, "loads")
        yield Row(f"{COUNT:,} small models: resident memory", f"{memory:.0f} MB", "1 GB", memory / 1024, "≤ 1")
        yield Row(f"{COUNT:,} small models: p50 beside one model's", f"{mine:.0f} us", f"one model {alone:.0f} us",
                  ratio, "≤ 1.2")
    shutil.rmtree(folder)


def _same_device(source, folder):
    return os.stat(source).st_dev == os.stat(folder).st_dev
