"""Draws estimators, training sets, rows to predict and ways to save, from a seeded generator."""
import os
import pickle

import joblib
import numpy as np
import sklearn
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

VERSION = tuple(int(part) for part in sklearn.__version__.split(".")[:2])
ESTIMATORS = [
    "SVC", "LogisticRegression", "RandomForestClassifier", "RandomForestRegressor", "StandardScaler",
    "Pipeline",
]


class Case:
    """A fitted model, the rows it predicts, and where both are saved."""

    def __init__(self, label, model, rows):
        self.label = label
        self.model = model
        self.rows = np.ascontiguousarray(rows)

    def save(self, folder, stem, rng):
        self.model_path = os.path.join(folder, stem + ".model")
        self.input_path = os.path.join(folder, stem + ".rows")
        self.label += ", " + save_model(self.model, self.model_path, rng)
        self.rows.tofile(self.input_path)
        self.outputs = {"labels": os.path.join(folder, stem + ".labels")}
        if hasattr(self.model, "predict_proba"):
            self.outputs["probabilities"] = os.path.join(folder, stem + ".probabilities")


def pick(rng, options):
    return options[int(rng.integers(len(options)))]


def save_model(model, path, rng):
    protocol = int(rng.integers(2, 6))
    if rng.random() < 0.4:
        with open(path, "wb") as file:
            pickle.dump(model, file, protocol=protocol)
        return f"pickle {protocol}"
    compress = pick(rng, [0, 0, 3, ("zlib", 6), ("gzip", 3)])
    joblib.dump(model, path, compress=compress, protocol=protocol)
    return f"joblib {protocol} compress={compress}"


def labels(rng, indices):
    """Class indices as labels of some type."""
    count = int(indices.max()) + 1
    kinds = ["int64", "int32", "uint8", "float64", "text", "objects"]
    if count == 2:
        kinds.append("bool")
    kind = pick(rng, kinds)
    if kind == "bool":
        return indices == 1, kind
    if kind in ("text", "objects"):
        names = np.array([f"{'ab' * i}-{rng.integers(1000)}é" for i in range(count)])
        return names[indices].astype(object if kind == "objects" else names.dtype), kind
    values = np.sort(rng.choice(np.arange(0, 200), size=count, replace=False))
    if kind == "float64":
        return values[indices].astype(np.float64), kind
    return (values - (0 if kind == "uint8" else 100))[indices].astype(kind), kind


def training_set(rng, features, classes=None):
    rows = int(rng.integers(60, 180))
    scale = np.exp(rng.normal(size=features))
    X = rng.normal(size=(rows, features)) * scale + rng.normal(size=features) * scale
    if rng.random() < 0.3:
        X = np.round(X, 1)
    if rng.random() < 0.15:
        X[:, int(rng.integers(features))] = 0.25
    if classes is None:
        return X, X @ rng.normal(size=features) + rng.normal(size=rows)
    indices = np.argsort(np.argsort((X / scale) @ rng.normal(size=features) + rng.normal(size=rows) * 0.7))
    indices = indices * classes // rows
    return X, indices


def prediction_rows(rng, X, count, thresholds=None):
    """Rows like the training set's, training rows themselves, and values at the edges."""
    known = np.nan_to_num(X)
    spread = known.std(axis=0) + 0.1
    rows = rng.normal(size=(count, X.shape[1])) * spread * 1.3 + known.mean(axis=0)
    copies = count // 4
    rows[:copies] = known[rng.integers(len(known), size=copies)]
    edges = np.array([0.0, -0.0, 5e-324, -5e-324, 1e-40, 1e-310, 1.0, -1.0, 1e6, -1e6])
    where = rng.random(rows.shape) < 0.02
    rows[where] = edges[rng.integers(len(edges), size=int(where.sum()))]
    if thresholds is not None and len(thresholds):
        where = rng.random(rows.shape) < 0.25
        chosen = thresholds[rng.integers(len(thresholds), size=int(where.sum()))]
        single = chosen.astype(np.float32).astype(np.float64)
        near = np.stack([chosen, single, np.nextafter(chosen.astype(np.float32), np.float32(np.inf)),
                         np.nextafter(chosen.astype(np.float32), np.float32(-np.inf))])
        rows[where] = near[rng.integers(4, size=len(chosen)), np.arange(len(chosen))]
    dtype = pick(rng, ["<f8", "<f8", "<f4", "<i8", "<i4"])
    if dtype.startswith("<i"):
        return np.round(rows).astype(dtype), dtype
    return rows.astype(dtype), dtype


def describe(model, **more):
    """The parameters that were set, short."""
    changed = {key: value for key, value in model.get_params().items() if value is not None}
    default = type(model)().get_params()
    changed = {key: value for key, value in changed.items() if str(default.get(key)) != str(value)}
    return ", ".join(f"{key}={value}" for key, value in {**changed, **more}.items())


def draw(name, rng, count):
    return {
        "SVC": draw_svc,
        "LogisticRegression": draw_logistic,
        "RandomForestClassifier": draw_forest_classifier,
        "RandomForestRegressor": draw_forest_regressor,
        "StandardScaler": draw_scaler,
        "Pipeline": draw_pipeline,
    }[name](rng, count)


def class_weight(rng, y):
    choice = int(rng.integers(3))
    if choice == 0:
        return "balanced"
    if choice == 1:
        return {label: float(rng.uniform(0.3, 3)) for label in np.unique(y)}
    return None


def make_svc(rng, y):
    return SVC(
        kernel=pick(rng, ["rbf", "rbf", "linear", "poly", "sigmoid"]),
        C=float(np.exp(rng.normal())),
        degree=int(rng.integers(1, 5)),
        gamma=pick(rng, ["scale", "auto", 0.05, 0.3]),
        coef0=float(pick(rng, [0.0, 0.5, -1.0])),
        probability=bool(rng.random() < 0.4),
        decision_function_shape=pick(rng, ["ovr", "ovr", "ovo"]),
        class_weight=class_weight(rng, y),
        max_iter=5000,
        random_state=pick(rng, [None, 3, np.random.RandomState(3)]),
    )


def draw_svc(rng, count):
    features = int(rng.integers(16, 40)) if rng.random() < 0.2 else int(rng.integers(1, 15))
    X, indices = training_set(rng, features, int(rng.integers(2, 6)))
    y, kind = labels(rng, indices)
    model = make_svc(rng, y)
    if model.decision_function_shape == "ovr":
        model.break_ties = bool(rng.random() < 0.4)
    model.fit(X, y)
    rows, dtype = prediction_rows(rng, X, count)
    return Case(describe(model, y=kind, X=dtype, features=features), model, rows)


def make_logistic(rng, y, classes):
    solvers = ["lbfgs", "lbfgs", "newton-cg", "sag", "saga"]
    if VERSION >= (1, 2):
        solvers.append("newton-cholesky")
    if classes == 2 or VERSION < (1, 8):
        solvers.append("liblinear")
    model = LogisticRegression(
        solver=pick(rng, solvers), C=float(np.exp(rng.normal())), max_iter=200,
        fit_intercept=bool(rng.random() < 0.8), class_weight=class_weight(rng, y))
    if VERSION < (1, 8):
        schemes = ["auto", "ovr"]
        if model.solver != "liblinear" and not (model.solver == "newton-cholesky" and VERSION < (1, 6)):
            schemes.append("multinomial")
        model.multi_class = pick(rng, schemes)
    return model


def draw_logistic(rng, count):
    features = int(rng.integers(1, 30))
    classes = int(rng.integers(2, 6))
    X, indices = training_set(rng, features, classes)
    y, kind = labels(rng, indices)
    X = X.astype(pick(rng, ["<f8", "<f8", "<f4"]))
    model = make_logistic(rng, y, classes).fit(X, y)
    rows, dtype = prediction_rows(rng, X, count)
    return Case(describe(model, y=kind, X=dtype, features=features), model, rows)


def tree_parameters(rng):
    return dict(
        n_estimators=int(rng.integers(1, 30)),
        max_depth=pick(rng, [None, None, 1, 2, 4, 8]),
        max_leaf_nodes=pick(rng, [None, None, 7, 20]),
        min_samples_leaf=int(rng.integers(1, 5)),
        max_features=pick(rng, ["sqrt", 1.0, None]),
        bootstrap=bool(rng.random() < 0.8),
        ccp_alpha=float(pick(rng, [0.0, 0.0, 0.003])),
        random_state=int(rng.integers(1000)),
    )


def knows_missing(model):
    """Whether NaN is a value for the model instead of an error."""
    return VERSION >= (1, 9) or (VERSION >= (1, 4) and model.criterion != "absolute_error")


def with_missing(rng, X):
    X = X.copy()
    X[rng.random(X.shape) < 0.1] = np.nan
    return X


def thresholds_of(model):
    trees = [estimator.tree_ for estimator in model.estimators_]
    return np.unique(np.concatenate([tree.threshold[tree.children_left >= 0] for tree in trees]))


def forest_case(rng, model, X, y, count, weight, **more):
    missing = knows_missing(model) and rng.random() < 0.5
    if missing and rng.random() < 0.7:
        X = with_missing(rng, X)
    model.fit(X, y, sample_weight=weight)
    finite = thresholds_of(model)
    rows, dtype = prediction_rows(rng, X, count, finite[np.isfinite(finite)])
    if missing and dtype.startswith("<f"):
        rows[rng.random(rows.shape) < 0.05] = np.nan
    return Case(describe(model, X=dtype, missing=missing, **more), model, rows)


def draw_forest_classifier(rng, count):
    X, indices = training_set(rng, int(rng.integers(1, 12)), int(rng.integers(2, 14)))
    weight = rng.uniform(0.1, 2, size=len(X)) if rng.random() < 0.5 else None
    if rng.random() < 0.05:
        indices = np.zeros_like(indices)
    y, kind = labels(rng, indices)
    outputs = pick(rng, [1, 1, 1, 2, 3])
    weights = class_weight(rng, y)
    if outputs > 1:
        weights = "balanced" if weights == "balanced" else None
        y = np.stack([np.roll(y, shift) for shift in range(outputs)], axis=1)
        if kind == "int64":
            y[:, -1] = y[:, -1] % 2
    model = RandomForestClassifier(
        criterion=pick(rng, ["gini", "entropy"]), class_weight=weights, **tree_parameters(rng))
    return forest_case(rng, model, X, y, count, weight, labels=kind, outputs=outputs)


def draw_forest_regressor(rng, count):
    X, y = training_set(rng, int(rng.integers(1, 12)))
    outputs = pick(rng, [1, 1, 1, 2, 3])
    if outputs > 1:
        y = np.stack([y * (shift + 1) + X[:, 0] for shift in range(outputs)], axis=1)
    if rng.random() < 0.2:
        y = np.round(y).astype(np.int64)
    model = RandomForestRegressor(
        criterion=pick(rng, ["squared_error", "squared_error", "friedman_mse", "absolute_error"]),
        **tree_parameters(rng))
    weight = rng.uniform(0.1, 2, size=len(X)) if rng.random() < 0.5 else None
    return forest_case(rng, model, X, y, count, weight, outputs=outputs)


def make_scaler(rng):
    return StandardScaler(with_mean=bool(rng.random() < 0.8), with_std=bool(rng.random() < 0.8))


def draw_scaler(rng, count):
    features = int(rng.integers(1, 20))
    X, _ = training_set(rng, features)
    model = make_scaler(rng).fit(X.astype(pick(rng, ["<f8", "<f4"])))
    if rng.random() < 0.5:
        model = Pipeline([("first", model), ("second", make_scaler(rng).fit(model.transform(X)))])
        label = "two in a pipeline"
    else:
        label = describe(model)
    rows, dtype = prediction_rows(rng, X, count)
    if dtype.startswith("<f") and rng.random() < 0.5:
        rows[rng.random(rows.shape) < 0.02] = np.nan
    return Case(f"{label}, X={dtype}, features={features}", model, rows)


def draw_pipeline(rng, count):
    features = int(rng.integers(1, 12))
    classes = int(rng.integers(2, 5))
    X, indices = training_set(rng, features, classes)
    y, kind = labels(rng, indices)
    last = pick(rng, ["svc", "svc", "logistic", "classifier", "regressor"])
    if last == "svc":
        final = make_svc(rng, y)
    elif last == "logistic":
        final = make_logistic(rng, y, classes)
    elif last == "classifier":
        final = RandomForestClassifier(class_weight=class_weight(rng, y), **tree_parameters(rng))
    else:
        y, kind = X @ rng.normal(size=features), "float64"
        final = RandomForestRegressor(**tree_parameters(rng))
    steps = [("scale", make_scaler(rng)), ("skip", "passthrough"), ("last", final)]
    shape = pick(rng, ["flat", "nested first", "nested last", "no scaler"])
    if shape == "nested first":
        steps = [("inner", Pipeline([("a", make_scaler(rng)), ("b", make_scaler(rng))])), ("last", final)]
    elif shape == "nested last":
        steps = [("scale", make_scaler(rng)), ("inner", Pipeline([("a", make_scaler(rng)), ("last", final)]))]
    elif shape == "no scaler":
        steps = [("skip", "passthrough"), ("last", final)]
    model = Pipeline(steps).fit(X, y)
    rows, dtype = prediction_rows(rng, X, count)
    return Case(f"{shape} {type(final).__name__}({describe(final)}), y={kind}, X={dtype}", model, rows)
