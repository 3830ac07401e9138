"""Compares random ONNX models with Python's onnxruntime, which is the same library: everything must be bit-equal.

    python Tests/Exactness/onnx_models.py --driver .build/release/ExactnessDriver [--seed N] [--models 80] [--keep DIR]

Half of the models are converted from scikit-learn, with hyper-parameters drawn anew in each run, half are graphs
drawn operator by operator. Inputs hold ±0, denormals, infinities and NaN. The seed is printed.
"""
import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import warnings

import numpy as np
import onnxruntime
import sklearn
from onnx import TensorProto, helper, numpy_helper
from skl2onnx import to_onnx
from sklearn import cluster, decomposition, ensemble, linear_model, naive_bayes, neighbors, neural_network
from sklearn import pipeline, preprocessing, svm, tree

warnings.filterwarnings("ignore")
DATATYPES = {"FP32": np.float32, "FP64": np.float64, "INT64": np.int64, "INT32": np.int32, "BOOL": np.bool_}
ELEMENTS = {np.dtype(dtype): name for name, dtype in DATATYPES.items()}
EDGES = np.array([0.0, -0.0, 1e-40, -1e-45, np.inf, -np.inf, np.nan, 3e38, 1.0, -1.0])


def edge_rows(rng, rows, columns, finite):
    values = rng.normal(size=(rows, columns))
    edges = EDGES[np.isfinite(EDGES)] if finite else EDGES
    chosen = rng.random(values.shape) < 0.1
    values[chosen] = rng.choice(edges, size=int(chosen.sum()))
    return values.astype(np.float32)


def estimators(rng):
    depth, trees = int(rng.integers(1, 8)), int(rng.integers(1, 20))
    seed = int(rng.integers(1 << 30))
    return [
        tree.DecisionTreeClassifier(max_depth=depth, random_state=seed),
        tree.DecisionTreeRegressor(max_depth=depth, random_state=seed),
        ensemble.RandomForestClassifier(n_estimators=trees, max_depth=depth, random_state=seed),
        ensemble.RandomForestRegressor(n_estimators=trees, max_depth=depth, random_state=seed),
        ensemble.GradientBoostingClassifier(n_estimators=trees, max_depth=3, random_state=seed),
        ensemble.GradientBoostingRegressor(n_estimators=trees, max_depth=3, random_state=seed),
        linear_model.LogisticRegression(C=float(10 ** rng.uniform(-2, 2))),
        linear_model.Ridge(alpha=float(10 ** rng.uniform(-2, 2))),
        linear_model.LinearRegression(),
        svm.SVC(kernel=str(rng.choice(["rbf", "linear", "poly"])), probability=bool(rng.integers(2))),
        svm.SVR(C=float(10 ** rng.uniform(-1, 1))),
        naive_bayes.GaussianNB(),
        neighbors.KNeighborsClassifier(n_neighbors=int(rng.integers(1, 6))),
        neural_network.MLPClassifier(hidden_layer_sizes=(int(rng.integers(2, 20)),), max_iter=30, random_state=seed),
        neural_network.MLPRegressor(hidden_layer_sizes=(int(rng.integers(2, 20)),), max_iter=30, random_state=seed),
        cluster.KMeans(n_clusters=int(rng.integers(2, 6)), n_init=1, random_state=seed),
        decomposition.PCA(n_components=2),
        pipeline.make_pipeline(preprocessing.StandardScaler(), linear_model.LogisticRegression()),
        pipeline.make_pipeline(preprocessing.MinMaxScaler(), tree.DecisionTreeClassifier(random_state=seed)),
        pipeline.make_pipeline(preprocessing.PolynomialFeatures(2), linear_model.Ridge()),
    ]


def draw_estimator(rng, index):
    choices = estimators(rng)
    estimator = choices[index % len(choices)]
    columns, classes = int(rng.integers(2, 12)), int(rng.integers(2, 5))
    rows = rng.normal(size=(80, columns)).astype(np.float32)
    labels = rng.integers(classes, size=80)
    if rng.integers(2):
        labels = np.array([f"class {label}" for label in "dcba"])[labels]
    target = rng.normal(size=80) if sklearn.base.is_regressor(estimator) else labels
    estimator.fit(rows, target)
    options = {}
    if sklearn.base.is_classifier(estimator) and rng.integers(2) and not isinstance(estimator, pipeline.Pipeline):
        options = {id(estimator): {"zipmap": False}}
    model = to_onnx(estimator, rows[:1], options=options, target_opset=15)
    finite = isinstance(estimator, (neighbors.KNeighborsClassifier, svm.SVC, svm.SVR, pipeline.Pipeline))
    batch = int(rng.choice([1, 3, 50]))
    return type(estimator).__name__, model.SerializeToString(), {
        model.graph.input[0].name: edge_rows(rng, batch, columns, finite)}


UNARY = ["Relu", "Sigmoid", "Tanh", "Exp", "Neg", "Abs", "Sqrt", "Softplus", "Erf", "Floor", "Sin", "Elu", "Sign"]
BINARY = ["Add", "Sub", "Mul", "Div", "Max", "Min", "Pow"]


def draw_graph(rng, _):
    """A chain of random operators over a matrix of any number of rows, with up to three outputs."""
    dtype = rng.choice(["FP32", "FP32", "FP64"])
    number = TensorProto.FLOAT if dtype == "FP32" else TensorProto.DOUBLE
    width = start = int(rng.integers(1, 9))
    nodes, constants, outputs, current = [], [], [], "x"

    def constant(value):
        name = f"c{len(constants)}"
        constants.append(numpy_helper.from_array(np.asarray(value), name))
        return name

    def add(op, inputs, **attributes):
        nonlocal current
        current = f"t{len(nodes)}"
        nodes.append(helper.make_node(op, inputs, [current], **attributes))

    for _ in range(int(rng.integers(2, 9))):
        kind = rng.integers(6)
        if kind == 0:
            unary = UNARY if dtype == "FP32" else ["Relu", "Sigmoid", "Tanh", "Exp", "Neg", "Abs", "Sqrt"]
            add(str(rng.choice(unary)), [current])
        elif kind == 1:
            add(str(rng.choice(BINARY)), [current, constant(rng.normal(size=width).astype(DATATYPES[dtype]))])
        elif kind == 2:
            wider = int(rng.integers(1, 9))
            add("MatMul", [current, constant(rng.normal(size=(width, wider)).astype(DATATYPES[dtype]))])
            width = wider
        elif kind == 3:
            add("Softmax", [current], axis=1)
        elif kind == 4:
            add("Concat", [current, current], axis=1)
            width *= 2
        else:
            add("Where", [constant(rng.integers(2, size=width).astype(bool)), current,
                          constant(np.array(1.5, DATATYPES[dtype]))])
        if rng.random() < 0.2:
            outputs.append(helper.make_tensor_value_info(current, number, ["n", width]))
    names = {output.name for output in outputs}
    if current not in names:
        outputs.append(helper.make_tensor_value_info(current, number, ["n", width]))
    if rng.integers(2):
        nodes.append(helper.make_node("ArgMax", [current], ["label"], axis=1, keepdims=0))
        outputs.append(helper.make_tensor_value_info("label", TensorProto.INT64, ["n"]))
    graph = helper.make_graph(
        nodes, "g", [helper.make_tensor_value_info("x", number, ["n", start])], outputs, constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    rows = edge_rows(rng, int(rng.choice([1, 2, 33])), start, False).astype(DATATYPES[dtype])
    return "graph of " + " ".join(node.op_type for node in nodes), model.SerializeToString(), {"x": rows}


def write_tensors(path, tensors):
    with open(path, "wb") as file:
        for name, value in tensors.items():
            file.write(f"{name} {ELEMENTS[value.dtype]} {','.join(map(str, value.shape))}\n".encode())
            file.write(np.ascontiguousarray(value).tobytes())


def read_tensors(path):
    with open(path, "rb") as file:
        data = file.read()
    tensors, position = {}, 0
    while position < len(data):
        end = data.index(b"\n", position)
        header = data[position:end].decode()
        if header.startswith("error "):
            raise ValueError(header)
        name, datatype, shape = header.split(" ")
        shape = tuple(int(part) for part in shape.split(",") if part)
        count, position = int(np.prod(shape)), end + 1
        if datatype == "BYTES":
            texts = []
            for _ in range(count):
                length = int.from_bytes(data[position:position + 4], "little")
                texts.append(data[position + 4:position + 4 + length].decode())
                position += 4 + length
            tensors[name] = np.array(texts, dtype=object).reshape(shape)
        else:
            dtype = np.dtype(DATATYPES[datatype])
            tensors[name] = np.frombuffer(data, dtype, count, position).reshape(shape)
            position += count * dtype.itemsize
    return tensors


def expected(path, inputs):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 4
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    results = {}
    for output, value in zip(session.get_outputs(), session.run(None, inputs)):
        if isinstance(value, list):
            value = np.array([[row[key] for key in sorted(row)] for row in value], np.float32)
        results[output.name] = value
    return results


def differences(mine, right):
    if list(mine) != list(right):
        return f"outputs {list(mine)} instead of {list(right)}"
    for name, value in right.items():
        ours = mine[name]
        if ours.shape != value.shape:
            return f"{name}: shape {ours.shape} instead of {value.shape}"
        if value.dtype.kind in "OU":
            if (ours != value).any():
                return f"{name}: other texts"
        elif ours.dtype != value.dtype or ours.tobytes() != np.ascontiguousarray(value).tobytes():
            return f"{name}: other bits"
    return None


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--driver", required=True)
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--models", type=int, default=100)
    parser.add_argument("--keep", default=None)
    arguments = parser.parse_args()
    seed = arguments.seed if arguments.seed is not None else int.from_bytes(os.urandom(4), "little")
    print(f"onnxruntime {onnxruntime.__version__}, scikit-learn {sklearn.__version__}, seed {seed}")
    folder = arguments.keep or tempfile.mkdtemp(prefix="apus-exactness-")
    os.makedirs(folder, exist_ok=True)
    try:
        return run(arguments, seed, folder)
    finally:
        if not arguments.keep:
            shutil.rmtree(folder, ignore_errors=True)


def run(arguments, seed, folder):
    cases = []
    with open(os.path.join(folder, "manifest.tsv"), "w") as manifest:
        for index in range(arguments.models):
            rng = np.random.default_rng([seed, index])
            label, model, inputs = (draw_estimator if index % 2 else draw_graph)(rng, index // 2)
            stem = os.path.join(folder, str(index))
            with open(stem + ".onnx", "wb") as file:
                file.write(model)
            write_tensors(stem + ".in", inputs)
            library = f"onnx.library={os.path.dirname(onnxruntime.__file__)}/capi"
            manifest.write("\t".join(
                [stem + ".onnx", stem + ".in", "tensors", "0", "0", "labels", stem + ".out", "onnx", library]) + "\n")
            cases.append((label, stem, inputs))
    subprocess.run([os.path.abspath(arguments.driver), os.path.join(folder, "manifest.tsv")], check=True)
    failures = 0
    for label, stem, inputs in cases:
        try:
            problem = differences(read_tensors(stem + ".out"), expected(stem + ".onnx", inputs))
        except (OSError, ValueError) as error:
            problem = str(error)
        if problem:
            failures += 1
            print(f"  DIFFERS: model {os.path.basename(stem)}, {label}: {problem}")
    print(f"{len(cases)} ONNX models, {failures} differ (seed {seed})")
    return 1 if failures or not cases else 0


if __name__ == "__main__":
    sys.exit(main())
