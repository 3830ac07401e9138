"""Writes the small models of this folder and expected.json: what Python's onnxruntime answers for given inputs.

    venv-onnx/bin/python Tests/Fixtures/onnx/make.py
"""
import json
import os

import ml_dtypes
import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from skl2onnx import to_onnx
from sklearn.linear_model import LogisticRegression

FOLDER = os.path.dirname(os.path.abspath(__file__))
TYPES = {
    "BOOL": (TensorProto.BOOL, np.bool_), "INT8": (TensorProto.INT8, np.int8),
    "INT16": (TensorProto.INT16, np.int16), "INT32": (TensorProto.INT32, np.int32),
    "INT64": (TensorProto.INT64, np.int64), "UINT8": (TensorProto.UINT8, np.uint8),
    "UINT16": (TensorProto.UINT16, np.uint16), "UINT32": (TensorProto.UINT32, np.uint32),
    "UINT64": (TensorProto.UINT64, np.uint64), "FP16": (TensorProto.FLOAT16, np.float16),
    "BF16": (TensorProto.BFLOAT16, ml_dtypes.bfloat16), "FP32": (TensorProto.FLOAT, np.float32),
    "FP64": (TensorProto.DOUBLE, np.float64),
}
NAMES = {np.dtype(dtype): name for name, (_, dtype) in TYPES.items()}
FLOAT = TensorProto.FLOAT
info = helper.make_tensor_value_info


def save(name, nodes, inputs, outputs, initializers=(), opset=17, ml=False):
    graph = helper.make_graph(nodes, "g", inputs, outputs, list(initializers))
    opsets = [helper.make_opsetid("", opset)] + ([helper.make_opsetid("ai.onnx.ml", 3)] if ml else [])
    model = helper.make_model(graph, opset_imports=opsets, ir_version=8)
    with open(os.path.join(FOLDER, name), "wb") as file:
        file.write(model.SerializeToString())


def node(op, inputs, outputs, **attributes):
    return helper.make_node(op, inputs, outputs, **attributes)


def array(name, value):
    return numpy_helper.from_array(np.asarray(value), name)


def make_models(rng):
    for name, (number, _) in TYPES.items():
        save(f"identity-{name.lower()}.onnx", [node("Identity", ["x"], ["y"])],
             [info("x", number, ["n", 2])], [info("y", number, ["n", 2])])
    text = TensorProto.STRING
    save("identity-bytes.onnx", [node("Identity", ["x"], ["y"])],
         [info("x", text, ["n"])], [info("y", text, ["n"])])
    save("text-lengths.onnx", [node("LabelEncoder", ["x"], ["y"], domain="ai.onnx.ml",
                                    keys_strings=["a", "grün"], values_int64s=[1, 2], default_int64=-1)],
         [info("x", text, ["n"])], [info("y", TensorProto.INT64, ["n"])], ml=True)
    weights, bias = rng.normal(size=(4, 3)).astype("f4"), rng.normal(size=3).astype("f4")
    save("softmax.onnx",
         [node("MatMul", ["x", "w"], ["m"]), node("Add", ["m", "b"], ["s"]),
          node("Softmax", ["s"], ["p"]), node("ArgMax", ["p"], ["label"], axis=1, keepdims=0)],
         [info("x", FLOAT, ["batch", 4])],
         [info("label", TensorProto.INT64, ["batch"]), info("p", FLOAT, ["batch", 3])],
         [array("w", weights), array("b", bias)])
    save("two-inputs.onnx", [node("Add", ["a", "b"], ["sum"]), node("Mul", ["a", "b"], ["product"])],
         [info("a", FLOAT, ["n", 1]), info("b", FLOAT, ["n", 1])],
         [info("sum", FLOAT, ["n", 1]), info("product", FLOAT, ["n", 1])])
    save("optional-input.onnx", [node("Add", ["x", "offset"], ["y"])],
         [info("x", FLOAT, ["n", 2]), info("offset", FLOAT, [2])], [info("y", FLOAT, ["n", 2])],
         [array("offset", np.float32([10, 20]))])
    save("fixed.onnx", [node("Neg", ["x"], ["y"])], [info("x", FLOAT, [1, 2])], [info("y", FLOAT, [1, 2])])
    save("any-rank.onnx", [node("Neg", ["x"], ["y"])],
         [helper.make_tensor_value_info("x", FLOAT, None)], [helper.make_tensor_value_info("y", FLOAT, None)])
    # Declares as many rows as it gets and gives twice as many.
    save("untrue-shape.onnx", [node("Concat", ["x", "x"], ["y"], axis=0)],
         [info("x", FLOAT, ["n", 2])], [info("y", FLOAT, ["n", 2])])
    save("pick.onnx", [node("Gather", ["table", "x"], ["y"])],
         [info("x", TensorProto.INT64, ["n"])], [info("y", FLOAT, ["n"])],
         [array("table", np.float32([5, 6, 7]))])
    sequence = helper.make_tensor_sequence_value_info
    save("sequence.onnx", [node("SequenceConstruct", ["x", "x"], ["y"])],
         [info("x", FLOAT, ["n", 2])], [sequence("y", FLOAT, None)])
    save("uneven-sequence.onnx",
         [node("SplitToSequence", ["x", "lengths"], ["y"], axis=0)],
         [info("x", FLOAT, [3, 2])], [sequence("y", FLOAT, None)],
         [array("lengths", np.int64([1, 2]))])
    boxed = helper.make_value_info("y", helper.make_optional_type_proto(
        helper.make_tensor_type_proto(FLOAT, ["n", 2])))
    save("optional-output.onnx", [node("Optional", ["x"], ["y"])], [info("x", FLOAT, ["n", 2])], [boxed])
    save("complex.onnx", [node("Identity", ["x"], ["y"])],
         [info("x", TensorProto.COMPLEX64, [2])], [info("y", TensorProto.COMPLEX64, [2])])
    save("future.onnx", [node("Identity", ["x"], ["y"])],
         [info("x", FLOAT, [2])], [info("y", FLOAT, [2])], opset=99)
    save("image-mean.onnx", [node("ReduceMean", ["x"], ["y"], axes=[1, 2, 3], keepdims=0)],
         [info("x", FLOAT, ["n", 3, 224, 224])], [info("y", FLOAT, ["n"])])
    save("image.onnx", [node("Identity", ["x"], ["y"])],
         [info("x", FLOAT, ["n", 3, 224, 224])], [info("y", FLOAT, ["n", 3, 224, 224])])
    # Outputs that are inputs by other names, beside one that is computed and one that renames a computed value.
    save("passed.onnx",
         [node("Identity", ["x"], ["a"]), node("Neg", ["a"], ["negative"]), node("Identity", ["a"], ["y"]),
          node("Identity", ["negative"], ["renamed"]), node("Identity", ["key"], ["id"])],
         [info("x", FLOAT, ["n", 2]), info("key", TensorProto.INT64, ["n"])],
         [info("y", FLOAT, ["n", 2]), info("negative", FLOAT, ["n", 2]), info("id", TensorProto.INT64, ["n"]),
          info("renamed", FLOAT, ["n", 2])])
    make_loop()
    make_classifiers(rng)


def make_loop():
    """Counts to its input, slowly enough to be stopped."""
    body = helper.make_graph(
        [node("Identity", ["going"], ["still"]), node("MatMul", ["state", "w"], ["next"])],
        "body",
        [info("i", TensorProto.INT64, []), info("going", TensorProto.BOOL, []), info("state", FLOAT, [8, 8])],
        [info("still", TensorProto.BOOL, []), info("next", FLOAT, [8, 8])],
        [array("w", np.eye(8, dtype="f4"))])
    save("loop.onnx", [node("Loop", ["times", "yes", "start"], ["y"], body=body)],
         [info("times", TensorProto.INT64, [])], [info("y", FLOAT, [8, 8])],
         [array("yes", np.bool_(True)), array("start", np.eye(8, dtype="f4"))])


def make_classifiers(rng):
    rows = rng.normal(size=(60, 4)).astype("f4")
    labels = (rows[:, 0] > 0).astype(int) + (rows[:, 1] > 0)
    for name, classes in ("zipmap-int64", labels), ("zipmap-text", np.array(["no", "maybe", "yes"])[labels]):
        model = to_onnx(LogisticRegression().fit(rows, classes), rows[:1], target_opset=15)
        onnx.save(model, os.path.join(FOLDER, f"{name}.onnx"))


def described(name, value):
    if isinstance(value, list) and value and isinstance(value[0], dict):
        value = np.array([[row[key] for key in sorted(row)] for row in value], np.float32)
    elif isinstance(value, list):
        value = np.stack(value)
    value = np.asarray(value)
    if value.dtype.kind in "OUS":
        return {"name": name, "datatype": "BYTES", "shape": list(value.shape),
                "texts": [text if isinstance(text, str) else text.decode() for text in value.ravel()]}
    return {"name": name, "datatype": NAMES[value.dtype], "shape": list(value.shape),
            "hex": value.tobytes().hex()}


def run(name, **inputs):
    path = os.path.join(FOLDER, name)
    fed = {key: onnxruntime.OrtValue.ortvalue_from_numpy_with_onnx_type(value, TensorProto.BFLOAT16)
           if value.dtype == ml_dtypes.bfloat16 else value for key, value in inputs.items()}
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    if any(value.dtype == ml_dtypes.bfloat16 for value in inputs.values()):
        values = list(inputs.values())  # Python cannot fetch a bfloat16 tensor; the model is the identity
    else:
        values = session.run(None, fed)
    return {"model": name, "inputs": [described(*pair) for pair in inputs.items()],
            "outputs": [described(*pair) for pair in zip(names, values)]}


def make_expectations(rng):
    cases = []
    for name, (_, dtype) in TYPES.items():
        if name == "BOOL":
            value = np.array([[True, False], [False, False]])
        elif np.dtype(dtype).kind in "iu":
            limits = np.iinfo(dtype)
            value = np.array([[limits.min, limits.max], [1, 0]], dtype)
        else:
            value = np.array([[1.5, -0.0], [np.inf, np.nan]]).astype(dtype)
        cases.append(run(f"identity-{name.lower()}.onnx", x=value))
    texts = np.array(["a", "", "grün", "0\u0000null inside"], dtype=object)
    cases.append(run("identity-bytes.onnx", x=texts))
    cases.append(run("text-lengths.onnx", x=texts))
    rows = rng.normal(size=(7, 4)).astype("f4")
    for name in "softmax.onnx",:
        cases.append(run(name, x=rows))
    for name in "zipmap-int64.onnx", "zipmap-text.onnx":
        cases.append(run(name, X=rows))
    column = rng.normal(size=(3, 1)).astype("f4")
    cases.append(run("two-inputs.onnx", a=column, b=column * 3))
    pair = rng.normal(size=(2, 2)).astype("f4")
    cases.append(run("optional-input.onnx", x=pair))
    cases.append(run("optional-input.onnx", x=pair, offset=np.float32([-1, 1])))
    cases.append(run("fixed.onnx", x=pair[:1]))
    cases.append(run("any-rank.onnx", x=rng.normal(size=(2, 1, 3)).astype("f4")))
    cases.append(run("untrue-shape.onnx", x=pair))
    cases.append(run("pick.onnx", x=np.int64([2, 0, -1])))
    cases.append(run("sequence.onnx", x=pair))
    cases.append(run("optional-output.onnx", x=pair))
    cases.append(run("passed.onnx", x=pair, key=np.int64([7, 9])))
    cases.append(run("loop.onnx", times=np.array(5, np.int64)))
    return cases


def main():
    rng = np.random.default_rng(20)
    make_models(rng)
    content = {"onnxruntime": onnxruntime.__version__, "cases": make_expectations(rng)}
    with open(os.path.join(FOLDER, "expected.json"), "w") as file:
        json.dump(content, file, indent=1, ensure_ascii=True)
        file.write("\n")


main()
