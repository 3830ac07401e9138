"""Times tree models in process: Apus against XGBoost, LightGBM, ONNX Runtime and lleaves, one thread each.

    python Benchmarks/trees.py --benchmark .build/release/TreeBenchmark [--json FILE]

Run it with the interpreter of the environment `benchmarks` (Tests/Requirements/benchmarks.txt). Models are trained
once and kept in the cache folder. Every engine gets the same 10,000 different rows in the same order, pinned to one
core in the same run: first one row per call, then all in one call; median of five passes. The libraries are called
by their C interfaces (Benchmarks/tree_rivals.c), so that no Python is in the figures.
"""
import argparse
import ctypes
import importlib.metadata
import glob
import json
import os
import subprocess
import sys

os.environ.setdefault("OMP_NUM_THREADS", "1")

import lightgbm
import lleaves
import numpy as np
import onnxruntime
import xgboost

FEATURES, TRAINING, ROWS = 28, 60_000, 10_000
HERE = os.path.dirname(os.path.abspath(__file__))
CACHE = os.environ.get("APUS_CACHE", os.path.expanduser("~/.cache/apus")) + "/bench-trees"


def made(path, make):
    """The file, made under another name first: a broken run leaves no half of it."""
    if not os.path.exists(path):
        make(path + ".part")
        os.rename(path + ".part", path)
    return path


def training_data():
    rng = np.random.default_rng(7)
    X = rng.normal(size=(TRAINING, FEATURES)).astype(np.float32)
    score = X[:, 0] * X[:, 1] + np.sin(X[:, 2] * 2) + 0.5 * X[:, 3] ** 2 - X[:, 4] + rng.normal(size=TRAINING) / 2
    return X, (score > 0).astype(int)


def xgboost_model(path, trees):
    X, y = training_data()
    parameters = {"objective": "binary:logistic", "max_depth": 6, "eta": 0.1, "tree_method": "hist"}
    booster = xgboost.train(parameters, xgboost.DMatrix(X, y), trees)
    with open(path, "wb") as file:
        file.write(booster.save_raw("ubj"))


def lightgbm_model(path, trees):
    X, y = training_data()
    data = lightgbm.Dataset(X.astype(np.float64), y)
    lightgbm.train({"objective": "binary", "num_leaves": 31, "verbosity": -1}, data, trees).save_model(path)


def forest_model(path, trees):
    import joblib
    from sklearn.ensemble import RandomForestClassifier

    X, y = training_data()
    joblib.dump(RandomForestClassifier(trees, max_depth=8, random_state=0, n_jobs=-1).fit(X, y), path)


def onnx_model(path, kind, source):
    from onnxmltools.convert.common.data_types import FloatTensorType

    shape = [("input", FloatTensorType([None, FEATURES]))]
    if kind == "xgboost":
        from onnxmltools import convert_xgboost

        model = convert_xgboost(xgboost.Booster(model_file=source), initial_types=shape)
    elif kind == "lightgbm":
        from onnxmltools import convert_lightgbm

        model = convert_lightgbm(lightgbm.Booster(model_file=source), initial_types=shape, zipmap=False)
    else:
        import joblib
        from skl2onnx import to_onnx
        from skl2onnx.common.data_types import FloatTensorType as SklearnFloats

        shape = [("input", SklearnFloats([None, FEATURES]))]
        model = to_onnx(joblib.load(source), initial_types=shape, options={"zipmap": False})
    with open(path, "wb") as file:
        file.write(model.SerializeToString())


class Rivals:
    def __init__(self):
        path = os.path.join(CACHE, "rivals.so")
        ort = os.path.join(HERE, "..", "Sources", "CLibraries", "CONNXRuntime")
        sources = [os.path.join(HERE, "tree_rivals.c"), *glob.glob(ort + "/*.c")]
        subprocess.run(
            ["gcc", "-O2", "-shared", "-fPIC", "-o", path, *sources, "-I" + ort + "/include", "-ldl"], check=True)
        self.library = ctypes.CDLL(path)
        self.ort = glob.glob(os.path.join(os.path.dirname(onnxruntime.__file__), "capi", "libonnxruntime.so.*"))[0]

    def call(self, name, *arguments):
        function = getattr(self.library, name)
        function.restype = ctypes.c_double
        single, batch = ctypes.c_double(), ctypes.c_double()
        converted = [
            argument if isinstance(argument, (bytes, ctypes._SimpleCData)) else
            ctypes.c_void_p(argument.ctypes.data) if isinstance(argument, np.ndarray) else
            ctypes.c_long(argument) if isinstance(argument, int) else ctypes.cast(argument, ctypes.c_void_p)
            for argument in arguments]
        total = function(*converted, ctypes.byref(single), ctypes.byref(batch))
        return {"single": single.value, "batch": batch.value, "sum": total}

    def xgboost(self, path, rows):
        booster = xgboost.Booster({"nthread": 1}, model_file=path)
        booster.predict(xgboost.DMatrix(rows[:1]))
        return self.call(
            "time_xgboost", xgboost.core._LIB.XGBoosterPredictFromDense, booster.handle, rows, len(rows), FEATURES)

    def lightgbm(self, path, rows):
        booster = lightgbm.Booster(model_file=path)
        library, config = lightgbm.basic._LIB, ctypes.c_void_p()
        code = library.LGBM_BoosterPredictForMatSingleRowFastInit(
            booster._handle, 0, 0, -1, 1, FEATURES, b"num_threads=1", ctypes.byref(config))
        assert code == 0
        wide = rows.astype(np.float64)
        return self.call(
            "time_lightgbm", library.LGBM_BoosterPredictForMatSingleRowFast, config,
            library.LGBM_BoosterPredictForMat, booster._handle, wide, len(rows), FEATURES, 1)

    def lleaves(self, path, rows):
        model = lleaves.Model(model_file=path)
        model.compile(cache=path + ".lleaves")
        wide = rows.astype(np.float64)
        return self.call("time_lleaves", model._c_entry_func, wide, len(rows), FEATURES, 1)

    def onnx(self, path, rows, output, width):
        return self.call(
            "time_onnx", self.ort.encode(), path.encode(), rows, len(rows), FEATURES, width, output)


def measure(arguments, rivals, kind, trees, rows):
    endings = {"xgboost": "ubj", "lightgbm": "txt", "sklearn": "joblib"}
    makers = {"xgboost": xgboost_model, "lightgbm": lightgbm_model, "sklearn": forest_model}
    path = made(f"{CACHE}/{kind}-{trees}.{endings[kind]}", lambda part: makers[kind](part, trees))
    onnx = made(f"{CACHE}/{kind}-{trees}.onnx", lambda part: onnx_model(part, kind, path))
    file = f"{CACHE}/rows-{'f8' if kind == 'lightgbm' else 'f4'}"
    made(file, lambda part: (rows.astype(np.float64) if kind == "lightgbm" else rows).tofile(part))
    figures = {}
    answer = subprocess.run(
        [arguments.benchmark, kind, path, file, str(FEATURES)], check=True, capture_output=True, text=True)
    figures["apus"] = json.loads(answer.stdout)
    figures["onnxruntime"] = rivals.onnx(onnx, rows, 1, 2)
    if kind == "xgboost":
        figures["xgboost"] = rivals.xgboost(path, rows)
    if kind == "lightgbm":
        figures["lightgbm"] = rivals.lightgbm(path, rows)
        figures["lleaves"] = rivals.lleaves(path, rows)
    return figures


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--benchmark", required=True, help="path of the TreeBenchmark program")
    parser.add_argument("--core", type=int, default=max(os.sched_getaffinity(0)))
    parser.add_argument("--kinds", default="xgboost,lightgbm,sklearn")
    parser.add_argument("--trees", default="100,1000")
    parser.add_argument("--json", default=None, help="file for the figures")
    arguments = parser.parse_args()
    os.makedirs(CACHE, exist_ok=True)
    print(
        f"xgboost {xgboost.__version__}, lightgbm {lightgbm.__version__}, lleaves {importlib.metadata.version('lleaves')}, "
        f"onnxruntime {onnxruntime.__version__}; {FEATURES} features, {ROWS} rows, one thread on core "
        f"{arguments.core}; nanoseconds per row")
    rows = np.random.default_rng(11).normal(size=(ROWS, FEATURES)).astype(np.float32)
    rivals, table = Rivals(), {}
    os.sched_setaffinity(0, {arguments.core})
    for kind in arguments.kinds.split(","):
        for trees in map(int, arguments.trees.split(",")):
            figures = measure(arguments, rivals, kind, trees, rows)
            table[f"{kind} {trees}"] = figures
            for what in ("single", "batch"):
                show(f"{kind:9} {trees:5} trees, {'one row' if what == 'single' else '10,000 rows'}", figures, what)
    if arguments.json:
        with open(arguments.json, "w") as file:
            json.dump(table, file, indent=1)
    return 0


def show(title, figures, what):
    mine = figures["apus"][what]
    rivals = {name: one[what] for name, one in figures.items() if name != "apus"}
    text = ", ".join(f"{name} {one:9.1f} ({one / mine:5.2f} x)" for name, one in rivals.items())
    print(f"{title:36} apus {mine:9.1f}; {text}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
