"""Trains the sample models. Their files are committed, so that the samples need no Python.

    python -m venv venv && venv/bin/pip install scikit-learn==1.5.2 numpy==1.26.4 joblib==1.6.0
    venv/bin/python samples/train.py

Any other scikit-learn from 1.0 on works too; the versions above are those of the committed files. Where
xgboost (3.0.5) and lightgbm (4.5.0) are installed beside it, their models are trained as well. The ONNX file
needs onnx (1.23.2); the PMML file needs nothing.
"""
import json
import os

import joblib
import sklearn
from sklearn import linear_model, svm
from sklearn.datasets import load_iris

PINNED = "1.5.2"
FOLDER = os.path.dirname(os.path.abspath(__file__))
ROWS = [[6.8, 2.8, 4.8, 1.4], [6.0, 3.4, 4.5, 1.6]]

TREE = """<?xml version="1.0" encoding="UTF-8"?>
<PMML version="4.4" xmlns="http://www.dmg.org/PMML-4_4">
  <Header description="Iris flowers by the size of their petals"/>
  <DataDictionary>
    <DataField name="sepal_length" optype="continuous" dataType="double"/>
    <DataField name="sepal_width" optype="continuous" dataType="double"/>
    <DataField name="petal_length" optype="continuous" dataType="double"/>
    <DataField name="petal_width" optype="continuous" dataType="double"/>
    <DataField name="species" optype="categorical" dataType="integer">
      <Value value="0"/>
      <Value value="1"/>
      <Value value="2"/>
    </DataField>
  </DataDictionary>
  <TreeModel modelName="iris" functionName="classification" splitCharacteristic="binarySplit">
    <MiningSchema>
      <MiningField name="species" usageType="target"/>
      <MiningField name="sepal_length"/>
      <MiningField name="sepal_width"/>
      <MiningField name="petal_length"/>
      <MiningField name="petal_width"/>
    </MiningSchema>
    <Node id="1" score="1">
      <True/>
      <Node id="2" score="0">
        <SimplePredicate field="petal_length" operator="lessOrEqual" value="2.45"/>
      </Node>
      <Node id="3" score="1">
        <SimplePredicate field="petal_length" operator="greaterThan" value="2.45"/>
        <Node id="4" score="1">
          <SimplePredicate field="petal_width" operator="lessOrEqual" value="1.75"/>
        </Node>
        <Node id="5" score="2">
          <SimplePredicate field="petal_width" operator="greaterThan" value="1.75"/>
        </Node>
      </Node>
    </Node>
  </TreeModel>
</PMML>
"""


def main():
    if sklearn.__version__ != PINNED:
        print(f"note: the committed files are from scikit-learn {PINNED}, this is {sklearn.__version__}")
    X, y = load_iris(return_X_y=True)
    model = svm.SVC(gamma="scale").fit(X, y)
    joblib.dump(model, path("sklearn/iris", "model.joblib"))
    second = linear_model.LogisticRegression(max_iter=1000).fit(X, y)
    joblib.dump(second, path("sklearn/iris-v2", "model.joblib"))
    with open(path("pmml/iris", "model.pmml"), "w") as file:
        file.write(TREE)
    boosters(X, y)
    onnx(second)
    write("iris-input.json", {"instances": ROWS})
    data = [value for row in ROWS for value in row]
    write(
        "iris-input-v2.json",
        {"inputs": [{"name": "input-0", "shape": [2, 4], "datatype": "FP32", "data": data}]},
    )
    print("iris predicts", model.predict(ROWS).tolist())


def boosters(X, y):
    try:
        import lightgbm
        import xgboost
    except ImportError:
        return print("note: without xgboost and lightgbm their models stay as they are")
    parameters = {"objective": "multi:softmax", "num_class": 3, "max_depth": 2, "nthread": 1}
    xgboost.train(parameters, xgboost.DMatrix(X, y), 5).save_model(path("xgboost/iris", "model.json"))
    parameters = {"objective": "multiclass", "num_class": 3, "max_depth": 2, "verbose": -1, "num_threads": 1}
    lightgbm.train(parameters, lightgbm.Dataset(X, y), 5).save_model(path("lightgbm/iris", "model.bst"))


def onnx(model):
    """The logistic regression as a graph of four operators."""
    try:
        from onnx import TensorProto, helper, numpy_helper, save
    except ImportError:
        return print("note: without onnx its model stays as it is")
    constants = [
        numpy_helper.from_array(model.coef_.T.astype("float32"), "coefficients"),
        numpy_helper.from_array(model.intercept_.astype("float32"), "intercepts"),
    ]
    nodes = [
        helper.make_node("MatMul", ["input", "coefficients"], ["products"]),
        helper.make_node("Add", ["products", "intercepts"], ["scores"]),
        helper.make_node("Softmax", ["scores"], ["probabilities"], axis=1),
        helper.make_node("ArgMax", ["scores"], ["label"], axis=1, keepdims=0),
    ]
    graph = helper.make_graph(
        nodes, "iris",
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, [None, 4])],
        [
            helper.make_tensor_value_info("label", TensorProto.INT64, [None]),
            helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, [None, 3]),
        ],
        constants,
    )
    file = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)])
    file.ir_version = 8
    save(file, path("onnx/iris", "model.onnx"))


def path(folder, name):
    folder = os.path.join(FOLDER, "models", *folder.split("/"))
    os.makedirs(folder, exist_ok=True)
    return os.path.join(folder, name)


def write(name, body):
    with open(os.path.join(FOLDER, name), "w") as file:
        json.dump(body, file)
        file.write("\n")


if __name__ == "__main__":
    main()
