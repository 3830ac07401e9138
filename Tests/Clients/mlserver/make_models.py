"""Makes a folder of models as `mlserver start` serves it. Run with the interpreter that has MLServer.

    python make_models.py FOLDER HTTP_PORT GRPC_PORT METRICS_PORT
"""

import json
import os
import sys
import warnings

import joblib
import lightgbm
import numpy as np
import pandas as pd
import xgboost
from sklearn.datasets import load_iris
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

warnings.filterwarnings("ignore")
FOLDER, HTTP_PORT, GRPC_PORT, METRICS_PORT = sys.argv[1], *map(int, sys.argv[2:])
ROWS, LABELS = load_iris(return_X_y=True)
SKLEARN = "mlserver_sklearn.SKLearnModel"


def add(name, implementation, save, file_name, parameters=None, **settings):
    folder = f"{FOLDER}/{name}"
    os.makedirs(folder)
    save(f"{folder}/{file_name}")
    described = {"name": name, "implementation": implementation, **settings}
    described["parameters"] = {"uri": f"./{file_name}", **(parameters or {})}
    with open(f"{folder}/model-settings.json", "w") as file:
        json.dump(described, file)


def sklearn(name, model, parameters=None, **settings):
    add(name, SKLEARN, lambda path: joblib.dump(model, path), "model.joblib", parameters, **settings)


sklearn("svc", SVC(probability=True, random_state=0).fit(ROWS, LABELS), {"version": "v0.1"})
sklearn("regressor", RandomForestRegressor(5, random_state=0).fit(ROWS, LABELS.astype(float)))
sklearn("words", RandomForestClassifier(5, random_state=0).fit(ROWS, np.array(["a", "b", "c"])[LABELS]))
sklearn("scaler", StandardScaler().fit(ROWS))
sklearn("shown", StandardScaler().fit(ROWS), {"extra": {"predict_fn": "transform"}})
sklearn(
    "pipeline", Pipeline([("scale", StandardScaler()), ("model", SVC().fit(ROWS, LABELS))]).fit(ROWS, LABELS),
    platform="sklearn", versions=["sklearn/1.5.2"],
    inputs=[{"name": "x", "datatype": "FP64", "shape": [-1, 4], "parameters": {"content_type": "np"}}],
    outputs=[{"name": "predict", "datatype": "INT64", "shape": [-1]}])
columns = pd.DataFrame(ROWS, columns=["sl", "sw", "pl", "pw"])
sklearn("columns", RandomForestClassifier(5, random_state=0).fit(columns, LABELS))
for name, model in {
    "xgb-classes": xgboost.XGBClassifier(n_estimators=5, max_depth=3).fit(ROWS, LABELS),
    "xgb-binary": xgboost.XGBClassifier(n_estimators=5, max_depth=3).fit(ROWS, LABELS == 1),
    "xgb-regressor": xgboost.XGBRegressor(n_estimators=5, max_depth=3).fit(ROWS, LABELS),
}.items():
    add(name, "mlserver_xgboost.XGBoostModel", model.save_model, "model.json")
booster = xgboost.train({"objective": "multi:softprob", "num_class": 3}, xgboost.DMatrix(ROWS, LABELS), 4)
add("xgb-booster", "mlserver_xgboost.XGBoostModel", booster.save_model, "model.ubj")
for name, objective in {"lgb-classes": "multiclass", "lgb-regressor": "regression"}.items():
    parameters = {"objective": objective, "verbose": -1, **({"num_class": 3} if objective == "multiclass" else {})}
    model = lightgbm.train(parameters, lightgbm.Dataset(ROWS, LABELS), 5)
    add(name, "mlserver_lightgbm.LightGBMModel", model.save_model, "model.bst")
with open(f"{FOLDER}/settings.json", "w") as file:
    json.dump({
        "debug": False, "parallel_workers": 0, "host": "127.0.0.1", "http_port": HTTP_PORT, "grpc_port": GRPC_PORT,
        "metrics_port": METRICS_PORT}, file)
