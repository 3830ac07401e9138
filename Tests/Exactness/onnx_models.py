"""Compares random ONNX models with Python's onnxruntime, which is the same library: everything must be bit-equal.

    python Tests/Exactness/onnx_models.py --driver .build/release/ExactnessDriver [--seed N] [--models 80] [--keep DIR]

Half of the models are converted from scikit-learn, with hyper-parameters drawn anew in each run, half are graphs
drawn operator by operator. Inputs hold ±0, denormals, infinities and NaN. The seed is printed.
"""
import comparison  # first: it settles what numpy's libraries read

import os
import sys

import numpy as np
import onnxruntime
import sklearn
from onnx import TensorProto, helper, numpy_helper
from skl2onnx import to_onnx
from sklearn import cluster, decomposition, ensemble, linear_model, naive_bayes, neighbors, neural_network
from sklearn import pipeline, preprocessing, svm, tree

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


class Comparison:
    """One model with one set of inputs."""

    def __init__(self, label, stem, inputs):
        self.case = self
        self.label, self.stem, self.inputs = label, stem, inputs

    def lines(self):
        library = f"onnx.library={os.path.dirname(onnxruntime.__file__)}/capi"
        yield [
            self.stem + ".onnx", self.stem + ".in", "tensors", 0, 0, "labels", self.stem + ".out", "onnx", library]

    def compare(self, report):
        try:
            mine = comparison.read_tensors(self.stem + ".out")
        except (OSError, ValueError) as error:
            return report.fail(self.label, str(error))
        right = expected(self.stem + ".onnx", self.inputs)
        if list(mine) != list(right):
            return report.fail(self.label, f"outputs {list(mine)} instead of {list(right)}")
        for name, value in right.items():
            ours, is_text = mine[name], value.dtype.kind in "OU"
            report.values += value.size
            if ours.shape != value.shape:
                report.fail(self.label, f"{name}: shape {ours.shape} instead of {value.shape}")
            elif is_text and (ours != value).any():
                report.fail(self.label, f"{name}: other texts")
            # It is the same library: even a NaN has the same bits.
            elif not is_text and (ours.dtype != value.dtype or ours.tobytes() != value.tobytes()):
                report.fail(self.label, f"{name}: other bits")


def collect(arguments, seed, folder):
    for index in range(arguments.models):
        rng = np.random.default_rng([seed, index])
        label, model, inputs = (draw_estimator if index % 2 else draw_graph)(rng, index // 2)
        stem = os.path.join(folder, str(index))
        with open(stem + ".onnx", "wb") as file:
            file.write(model)
        write_tensors(stem + ".in", inputs)
        yield Comparison(f"model {index}, {label}", stem, inputs)


if __name__ == "__main__":
    versions = f"onnxruntime {onnxruntime.__version__}, scikit-learn {sklearn.__version__}"
    sys.exit(comparison.main(__doc__, versions, collect, [("--models", 100, "half of them graphs")]))
