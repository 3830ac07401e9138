"""Writes the small trees, ensembles and meta-estimators that ClassicRuntimeTests read, as `make.py` does.

    for version in 1.1.3 1.2.2 1.5.2 1.9.1: python (with that scikit-learn) Tests/Fixtures/sklearn/make_ensembles.py

`ensembles-<version>.json` holds what each function of each model answers.
"""
import os

os.environ["NPY_DISABLE_CPU_FEATURES"] = (
    "AVX512F AVX512CD AVX512_SKX AVX512_CLX AVX512_CNL AVX512_ICL AVX512_SPR X86_V4")

import json
import pickle

import joblib
import numpy as np
import sklearn
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import TransformedTargetRegressor
from sklearn.datasets import load_iris
from sklearn.ensemble import (
    AdaBoostClassifier, AdaBoostRegressor, BaggingClassifier, ExtraTreesClassifier, GradientBoostingClassifier,
    GradientBoostingRegressor, HistGradientBoostingClassifier, HistGradientBoostingRegressor, IsolationForest,
    RandomTreesEmbedding, StackingClassifier, VotingClassifier)
from sklearn.model_selection import GridSearchCV
from sklearn.multiclass import OneVsOneClassifier, OneVsRestClassifier
from sklearn.multioutput import ClassifierChain, MultiOutputRegressor
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

FOLDER = os.path.dirname(os.path.abspath(__file__))
VERSION = sklearn.__version__
NUMBERS = tuple(int(part) for part in VERSION.split(".")[:2])
X, y = load_iris(return_X_y=True)
NAMES = np.array(["setosa", "versicolor", "virginica"])[y]
KINDS = X.copy()
KINDS[:, 3] = np.round(X[:, 3] * 4)
TARGET = X[:, 2] * 1.1
ROWS = np.concatenate([X[::12], [[0.0, -0.0, 5e-324, 1.0], [4.9, 2.45, 2.45, 0.8]]])
TREE = DecisionTreeClassifier(max_depth=2, random_state=1)
MODELS = {
    "tree.pkl": lambda: DecisionTreeClassifier(max_depth=3, random_state=1).fit(X, NAMES),
    "extra-trees.joblib": lambda: ExtraTreesClassifier(4, max_depth=3, random_state=1).fit(X, y),
    "boosting.joblib": lambda: GradientBoostingClassifier(n_estimators=3, max_depth=2, random_state=1).fit(X, y),
    "boosting-binary.pkl": lambda: GradientBoostingClassifier(
        n_estimators=3, max_depth=2, loss="exponential", random_state=1).fit(X, y == 1),
    "boosting-regressor.pkl": lambda: GradientBoostingRegressor(
        n_estimators=3, max_depth=2, loss="huber", random_state=1).fit(X, TARGET),
    "histogram.joblib": lambda: HistGradientBoostingClassifier(
        max_iter=3, max_leaf_nodes=5, categorical_features=[3]).fit(KINDS, y),
    "histogram-poisson.pkl": lambda: HistGradientBoostingRegressor(
        loss="poisson", max_iter=3, max_leaf_nodes=5).fit(X, TARGET),
    "ada.joblib": lambda: AdaBoostClassifier(n_estimators=3, random_state=1).fit(X, NAMES),
    "ada-regressor.pkl": lambda: AdaBoostRegressor(
        DecisionTreeRegressor(max_depth=2), n_estimators=4, random_state=1).fit(X, TARGET),
    "isolation.joblib": lambda: IsolationForest(
        n_estimators=4, max_samples=20, max_features=0.5, random_state=1).fit(X),
    "embedding.pkl": lambda: RandomTreesEmbedding(n_estimators=2, max_depth=2, random_state=1).fit(X),
    "bagging.joblib": lambda: BaggingClassifier(
        TREE, n_estimators=3, max_features=0.5, random_state=1).fit(X, NAMES),
    "voting.joblib": lambda: VotingClassifier(
        [("a", TREE), ("b", AdaBoostClassifier(n_estimators=2, random_state=1))], voting="soft",
        weights=[1, 2]).fit(X, NAMES),
    "stacking.joblib": lambda: StackingClassifier(
        [("a", TREE)], final_estimator=DecisionTreeClassifier(max_depth=2, random_state=2), cv=2,
        passthrough=True).fit(X, NAMES),
    "calibrated.joblib": lambda: CalibratedClassifierCV(TREE, method="isotonic", cv=2).fit(X, NAMES),
    "one-vs-rest.pkl": lambda: OneVsRestClassifier(TREE).fit(X, NAMES),
    "one-vs-one.pkl": lambda: OneVsOneClassifier(TREE).fit(X, y),
    "chain.pkl": lambda: ClassifierChain(TREE, order=[1, 0]).fit(X, np.stack([y == 0, y == 1], axis=1)),
    "outputs.pkl": lambda: MultiOutputRegressor(DecisionTreeRegressor(max_depth=2)).fit(
        X, np.stack([TARGET, X[:, 0]], axis=1)),
    "target.pkl": lambda: TransformedTargetRegressor(
        DecisionTreeRegressor(max_depth=2), func=np.log, inverse_func=np.exp).fit(X, TARGET),
    "search.joblib": lambda: GridSearchCV(TREE, {"max_depth": [1, 2]}, cv=2).fit(X, NAMES),
}


def main():
    expected = {"rows": ROWS.tolist(), "models": {}}
    for index, (name, make) in enumerate(MODELS.items()):
        # The oldest and the newest write all, those between every second one.
        if NUMBERS not in ((1, 1), (1, 9)) and (index + NUMBERS[1]) % 2:
            continue
        model = make()
        stem, kind = name.rsplit(".", 1)
        file_name = f"{stem}-{VERSION}.{kind}"
        path = os.path.join(FOLDER, file_name)
        if kind == "pkl":
            with open(path, "wb") as file:
                pickle.dump(model, file, protocol=2 + index % 4)
        else:
            joblib.dump(model, path, compress=3)
        entry = {}
        for function in ("predict", "predict_proba", "decision_function", "transform"):
            if hasattr(model, function):
                result = getattr(model, function)(ROWS)
                result = result.toarray() if hasattr(result, "toarray") else result
                entry[function] = {"shape": list(result.shape), "values": result.tolist()}
        expected["models"][file_name] = entry
    with open(os.path.join(FOLDER, f"ensembles-{VERSION}.json"), "w") as file:
        json.dump(expected, file, indent=None, separators=(",", ":"))
        file.write("\n")


if __name__ == "__main__":
    main()
