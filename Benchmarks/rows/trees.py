"""One row and 10,000 rows in process: the fastest of XGBoost, LightGBM, ONNX Runtime, and lleaves, in the same run."""

import json
import os
import subprocess

from measuring import CACHE, HERE, QUICK, ROOT, SERVER_CORE, Row

NAMES = {"xgboost": "XGBoost", "lightgbm": "LightGBM", "sklearn": "forest"}


def run(work):
    program = os.environ.get("TREE_BENCHMARK", ROOT / ".build/release/TreeBenchmark")
    file = work.folder / "trees.json"
    subprocess.run([CACHE / "venv-benchmarks/bin/python", HERE / "trees.py", "--benchmark", program, "--json", file,
                    "--core", SERVER_CORE, *(["--trees", "100"] if QUICK else [])], check=True, stdout=subprocess.DEVNULL)
    for name, figures in json.loads(file.read_text()).items():
        kind, trees = name.split()
        for what, text, reach in (("single", "one row", "≥ 2"), ("batch", "10,000 rows", "≥ 1")):
            mine = figures["apus"][what]
            title = f"{NAMES[kind]} of {trees} trees, {text}, in process"
            libraries = {rival: one[what] for rival, one in figures.items() if rival not in ("apus", "lleaves")}
            best = min(libraries, key=libraries.get)
            yield Row(title, f"{mine:,.0f} ns/row", f"{best} {libraries[best]:,.0f} ns/row", libraries[best] / mine, reach)
            if "lleaves" in figures:
                other = figures["lleaves"][what]
                yield Row(title, f"{mine:,.0f} ns/row", f"lleaves {other:,.0f} ns/row", other / mine, "≥ 1")
