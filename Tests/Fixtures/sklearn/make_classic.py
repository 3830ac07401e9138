"""Writes small files of estimators that are no trees, and what scikit-learn answers with them.

    python (scikit-learn 1.5.2) Tests/Fixtures/sklearn/make_classic.py
"""
import json
import os

import joblib
import numpy as np
from sklearn.compose import ColumnTransformer
from sklearn.datasets import load_iris
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.impute import SimpleImputer
from sklearn.cluster import KMeans
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.naive_bayes import GaussianNB, MultinomialNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, OneHotEncoder
from sklearn.svm import SVR

FOLDER = os.path.dirname(os.path.abspath(__file__))
X, y = load_iris(return_X_y=True)
X, y = X[::5], y[::5]
ROWS = X[::6].tolist()
TEXTS = ["a red cat", "the blue dog barks", "red red fish", "nothing known here ÉTÉ", ""]
LABELS = [0, 1, 0, 2, 2]
PEOPLE = [["red", 1.0], ["green", 2.5], ["blue", -1.0], ["red", 0.5]]


def table(rows):
    return [{"color": color, "size": size} for color, size in rows]


def columns():
    people = np.array(PEOPLE, dtype=object)
    model = make_pipeline(
        ColumnTransformer([("color", OneHotEncoder(handle_unknown="ignore"), [0]),
                           ("size", make_pipeline(SimpleImputer(), MinMaxScaler()), [1])]),
        LogisticRegression())
    return model.fit(people, [0, 1, 1, 0])


def main():
    cases = {
        "linear": (LinearRegression().fit(X, X[:, 0] * 2 + 1), ROWS, None),
        "svr": (SVR().fit(X, X[:, 2]), ROWS, None),
        "neighbors": (KNeighborsClassifier(3).fit(X, y), ROWS, None),
        "bayes": (GaussianNB().fit(X, y), ROWS, None),
        "clusters": (KMeans(3, n_init=1, random_state=1).fit(X), ROWS, None),
        "network": (MLPRegressor((4,), max_iter=5, random_state=1).fit(X, X[:, 1]), ROWS, None),
        "texts": (make_pipeline(TfidfVectorizer(strip_accents="unicode"), MultinomialNB()).fit(TEXTS, LABELS), TEXTS, TEXTS),
        "columns": (columns(), np.array([["blue", 2.0], ["pink", np.nan]], dtype=object),
                    [{"color": "blue", "size": 2.0}, {"color": "pink", "size": None}]),
    }
    expected = {}
    for name, (model, rows, instances) in cases.items():
        joblib.dump(model, os.path.join(FOLDER, f"classic-{name}.joblib"), compress=3)
        entry = {"instances": instances or rows, "predict": model.predict(rows).tolist()}
        for function in ("predict_proba", "transform", "decision_function"):
            if hasattr(model, function):
                entry[function] = np.asarray(getattr(model, function)(rows)).tolist()
        expected[name] = entry
    with open(os.path.join(FOLDER, "classic-expected.json"), "w") as file:
        json.dump(expected, file, separators=(",", ":"))
        file.write("\n")


if __name__ == "__main__":
    main()
