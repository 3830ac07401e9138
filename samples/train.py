"""Trains the sample models. Their files are committed, so that the samples need no Python.

    python -m venv venv && venv/bin/pip install scikit-learn==1.5.2 numpy==1.26.4 joblib==1.6.0
    venv/bin/python samples/train.py

Any other scikit-learn from 1.0 on works too; the versions above are those of the committed files.
"""
import json
import os

import joblib
import sklearn
from sklearn import svm
from sklearn.datasets import load_iris

PINNED = "1.5.2"
FOLDER = os.path.dirname(os.path.abspath(__file__))
ROWS = [[6.8, 2.8, 4.8, 1.4], [6.0, 3.4, 4.5, 1.6]]


def main():
    if sklearn.__version__ != PINNED:
        print(f"note: the committed files are from scikit-learn {PINNED}, this is {sklearn.__version__}")
    X, y = load_iris(return_X_y=True)
    model = svm.SVC(gamma="scale").fit(X, y)
    folder = os.path.join(FOLDER, "models", "sklearn", "iris")
    os.makedirs(folder, exist_ok=True)
    joblib.dump(model, os.path.join(folder, "model.joblib"))
    write("iris-input.json", {"instances": ROWS})
    data = [value for row in ROWS for value in row]
    write(
        "iris-input-v2.json",
        {"inputs": [{"name": "input-0", "shape": [2, 4], "datatype": "FP32", "data": data}]},
    )
    print("iris predicts", model.predict(ROWS).tolist())


def write(name, body):
    with open(os.path.join(FOLDER, name), "w") as file:
        json.dump(body, file)
        file.write("\n")


if __name__ == "__main__":
    main()
