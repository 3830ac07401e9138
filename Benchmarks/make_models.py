"""Trains what the benchmarks serve, and writes the rows they send with the library's answers. Run by the environment
`clients`: python make_models.py FOLDER"""

import json
import pathlib
import sys

import joblib
import numpy as np
import xgboost
from sklearn.datasets import load_iris
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression

ROWS = 1000


def iris(folder):
    X, y = load_iris(return_X_y=True)
    rng = np.random.default_rng(5)
    # 1,000 different flowers between the smallest and the largest ones, in no order.
    rows = np.unique(np.round(rng.uniform(X.min(0), X.max(0), size=(4 * ROWS, 4)), 1), axis=0)
    rng.shuffle(rows)
    rows = rows[:ROWS]
    assert len(rows) == ROWS
    forest = RandomForestClassifier(n_estimators=100, random_state=0).fit(X, y)
    save_sklearn(folder / "forest", forest)
    save_sklearn(folder / "small", LogisticRegression(max_iter=1000).fit(X, y))
    (folder / "iris.json").write_text(json.dumps({"rows": rows.tolist(), "labels": forest.predict(rows).tolist()}))


def save_sklearn(folder, model):
    folder.mkdir(parents=True, exist_ok=True)
    joblib.dump(model, folder / "model.joblib")


def boosted(folder):
    """100 trees on 20 features for tables of 1,000 rows, and a file of 10 MB for the start."""
    rng = np.random.default_rng(6)
    X = rng.normal(size=(20_000, 20)).astype(np.float32)
    y = (X[:, 0] * X[:, 1] + np.sin(X[:, 2]) + rng.normal(size=len(X)) / 2 > 0).astype(int)
    parameters = {"objective": "binary:logistic", "max_depth": 6, "eta": 0.1, "tree_method": "hist"}
    booster = xgboost.train(parameters, xgboost.DMatrix(X, y), 100)
    (folder / "boosted").mkdir(exist_ok=True)
    booster.save_model(folder / "boosted/model.json")
    tables, answers = [], []
    for seed in range(8):
        table = np.round(np.random.default_rng(seed).normal(size=(1000, 20)), 6)
        tables.append(table.tolist())
        answers.append([float(v) for v in booster.predict(xgboost.DMatrix(table))])
    (folder / "tables.json").write_text(json.dumps({"tables": tables, "answers": answers}))
    trees, size = 1200, 0
    (folder / "large").mkdir(exist_ok=True)
    path = folder / "large/model.json"
    while size < 10_000_000:
        xgboost.train({**parameters, "max_depth": 7}, xgboost.DMatrix(X, y), trees).save_model(path)
        size = path.stat().st_size
        trees = int(trees * 10_500_000 / size) + 1


folder = pathlib.Path(sys.argv[1])
folder.mkdir(parents=True, exist_ok=True)
iris(folder)
boosted(folder)
(folder / "versions.json").write_text(json.dumps({
    "numpy": np.__version__, "scikit-learn": __import__("sklearn").__version__, "xgboost": xgboost.__version__,
    "kserve": __import__("importlib.metadata").metadata.version("kserve")}))
