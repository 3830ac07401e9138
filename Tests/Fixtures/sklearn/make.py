"""Writes the small model files that ClassicRuntimeTests read, and what scikit-learn predicts with them.

    for version in 1.1.3 1.2.2 1.5.2 1.9.1: python (with that scikit-learn) Tests/Fixtures/sklearn/make.py

Each version writes its own files; `expected-<version>.json` holds rows, labels and probabilities, written so
that every float reads back as the same bits.
"""
import json
import os
import pickle

import joblib
import numpy as np
import sklearn
from sklearn.datasets import load_iris
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

FOLDER = os.path.dirname(os.path.abspath(__file__))
VERSION = sklearn.__version__
X, y = load_iris(return_X_y=True)
NAMES = np.array(["setosa", "versicolor", "virginica"])[y]
ROWS = np.concatenate([X[::12], [[0.0, -0.0, 5e-324, 1.0], [4.9, 2.45, 2.45, 0.8]]])
FEATURES = np.array(["sepal_length", "sepal_width", "petal_length", "petal_width"], dtype=object)


def pipeline():
    last = LogisticRegression(max_iter=500)
    model = Pipeline([("scale", StandardScaler()), ("skip", "passthrough"), ("last", last)])
    model.fit(X, NAMES)
    model.named_steps["scale"].feature_names_in_ = FEATURES
    return model


MODELS = {
    "svc.joblib": lambda: SVC(kernel="rbf").fit(X, NAMES),
    "svc-probability.pkl": lambda: SVC(
        kernel="poly", probability=True, random_state=np.random.RandomState(1)).fit(X, y),
    "logistic.pkl": lambda: LogisticRegression(max_iter=500).fit(X, y),
    "forest-classifier.joblib": lambda: RandomForestClassifier(
        5, max_depth=3, random_state=1).fit(X, NAMES),
    "forest-regressor.joblib": lambda: RandomForestRegressor(
        4, max_depth=3, random_state=1).fit(X, X[:, 2] * 1.1),
    "forest-outputs.pkl": lambda: RandomForestClassifier(
        3, max_depth=2, random_state=1).fit(X, np.stack([y, 2 - y], 1)),
    "scaler.joblib": lambda: StandardScaler().fit(X),
    "pipeline.joblib": pipeline,
}
# joblib's compression or the pickle protocol, so that each way to save appears in some version.
SAVING = {
    "1.1.3": {
        "svc.joblib": 0, "svc-probability.pkl": 2, "forest-classifier.joblib": 3, "forest-regressor.joblib": 0,
    },
    "1.2.2": {
        "svc.joblib": 3, "logistic.pkl": 3, "forest-classifier.joblib": 0, "pipeline.joblib": ("gzip", 3),
    },
    "1.5.2": {
        "logistic.pkl": 4, "forest-outputs.pkl": 5, "forest-regressor.joblib": ("gzip", 6), "scaler.joblib": 0,
        "pipeline.joblib": 0,
    },
    "1.9.1": {
        "svc.joblib": 0, "svc-probability.pkl": 5, "logistic.pkl": 2, "forest-classifier.joblib": ("gzip", 3),
        "forest-outputs.pkl": 4, "pipeline.joblib": 3,
    },
}


def main():
    expected = {"rows": ROWS.tolist(), "models": {}}
    for name, saving in SAVING[VERSION].items():
        model = MODELS[name]()
        stem, kind = name.rsplit(".", 1)
        file_name = f"{stem}-{VERSION}.{kind}"
        path = os.path.join(FOLDER, file_name)
        if kind == "pkl":
            with open(path, "wb") as file:
                pickle.dump(model, file, protocol=saving)
        else:
            joblib.dump(model, path, compress=saving)
        result = model.predict(ROWS) if hasattr(model, "predict") else model.transform(ROWS)
        entry = {"predictions": result.tolist(), "shape": list(result.shape)}
        if hasattr(model, "predict_proba"):
            probabilities = model.predict_proba(ROWS)
            if not isinstance(probabilities, list):
                probabilities = [probabilities]
            entry["probabilities"] = [part.tolist() for part in probabilities]
        expected["models"][file_name] = entry
    with open(os.path.join(FOLDER, f"expected-{VERSION}.json"), "w") as file:
        json.dump(expected, file, indent=None, separators=(",", ":"))
        file.write("\n")


if __name__ == "__main__":
    main()
