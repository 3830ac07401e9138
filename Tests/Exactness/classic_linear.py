"""Draws linear models and what is computed like them."""
import numpy as np
from sklearn.cross_decomposition import CCA, PLSCanonical, PLSRegression
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.linear_model import *  # noqa: F403
from sklearn.linear_model import RidgeClassifier, SGDClassifier, SGDRegressor
from sklearn.svm import LinearSVC, LinearSVR

from configurations import VERSION, labels, pick, prediction_rows, training_set

EPSILON = np.finfo(np.float64).eps


class ClassicCase:
    """A fitted model, rows, and how far each function's answer may lie from scikit-learn's."""

    def __init__(self, label, model, rows, slack=None, instances=None, any_type=False, functions=None, any_zero=False,
                 known_fault=None):
        self.label = label
        self.model = model
        self.rows = rows
        self.instances = instances
        self.slack = slack or {}
        self.any_type = any_type
        self.any_zero = any_zero
        # What scikit-learn says where it fails by a fault of its own: any answer is right then.
        self.known_fault = known_fault
        self.functions = functions or ["predict", "predict_proba", "decision_function", "transform"]


def epsilon_of(X, *arrays):
    single = getattr(X, "dtype", None) == np.float32 and all(np.asarray(a).dtype == np.float32 for a in arrays)
    return float(np.finfo(np.float32 if single else np.float64).eps)


def linear_bound(model):
    """n eps sum |x w| of the scores, [rows, scores]."""
    def bound(X):
        coefficients = np.atleast_2d(model.coef_)
        size = np.abs(np.asarray(X, dtype=float)) @ np.abs(coefficients.T).astype(float) + np.abs(model.intercept_)
        return (X.shape[1] + 2) * epsilon_of(X, model.coef_) * size
    return bound


def classifier_slack(model, bound):
    def decision(X, right):
        allowed = bound(X)
        return allowed.reshape(right.shape) if allowed.size == right.size else allowed

    def label(X, right):
        scores = model.decision_function(X)
        allowed = bound(X)
        if scores.ndim == 1:
            return np.abs(scores) <= allowed.reshape(len(X), -1).max(axis=1)
        ordered = np.sort(scores, axis=1)
        return ordered[:, -1] - ordered[:, -2] <= 2 * allowed.max(axis=1)

    def probability(X, right):
        relative = 4 * bound(X).max(axis=1, keepdims=True) + 64 * epsilon_of(X, getattr(model, "coef_", 1.0))
        return relative * np.ones_like(right)

    return {"decision_function": decision, "predict": label, "predict_proba": probability}


def regression_data(rng, targets=0):
    features = int(rng.integers(1, 25))
    X, y = training_set(rng, features)
    if targets:
        y = np.stack([y * (shift + 1) + X[:, 0] for shift in range(targets)], axis=1)
    return X, y


def regressor(make, multi=False, positive=False):
    def draw(rng, count):
        X, y = regression_data(rng, pick(rng, [0, 0, 1, 3]) if multi else 0)
        if positive:
            y = np.exp((y - y.mean()) / (y.std() + 1e-9)) + 0.01
        dtype = pick(rng, ["<f8", "<f8", "<f4"])
        model = make(rng)
        model.fit(X.astype(dtype), y.astype(dtype) if rng.random() < 0.7 else y)
        rows, kind = prediction_rows(rng, X, count)
        inner = getattr(model, "estimator_", model)

        def slack(rows, right):
            allowed = linear_bound(inner)(rows)
            if positive:
                allowed = (allowed.reshape(right.shape) * 4 + 64 * epsilon_of(rows, inner.coef_)) * np.abs(right) + 1e-300
            return allowed.reshape(right.shape)
        return ClassicCase(f"{model}, X={dtype}/{kind}, features={X.shape[1]}", model, rows, {"predict": slack})
    return draw


def classifier(make, minimum=2):
    def draw(rng, count):
        features = int(rng.integers(minimum, 25))
        classes = int(rng.integers(2, 6))
        X, indices = training_set(rng, features, classes)
        y, kind = labels(rng, indices)
        dtype = pick(rng, ["<f8", "<f8", "<f4"])
        model = make(rng).fit(X.astype(dtype), y)
        rows, form = prediction_rows(rng, X, count)
        slack = classifier_slack(model, linear_bound(model))
        return ClassicCase(f"{model}, y={kind}, X={dtype}/{form}", model, rows, slack)
    return draw


def draw_multilabel(rng, count):
    X, y = regression_data(rng, 3)
    model = RidgeClassifier().fit(X, (y > np.median(y, axis=0)).astype(int))
    rows, form = prediction_rows(rng, X, count)
    bound = linear_bound(model)
    slack = {"predict": lambda X, right: (np.abs(model.decision_function(X)) <= bound(X)).any(axis=1),
             "decision_function": lambda X, right: bound(X)}
    return ClassicCase(f"{model}, multilabel, X={form}", model, rows, slack)


def draw_discriminant(rng, count):
    features = int(rng.integers(2, 15))
    X, indices = training_set(rng, features, int(rng.integers(2, 5)))
    y, kind = labels(rng, indices)
    solver = pick(rng, ["svd", "lsqr", "eigen"])
    shrinkage = None if solver == "svd" else pick(rng, [None, "auto", 0.3])
    model = LinearDiscriminantAnalysis(
        solver=solver, shrinkage=shrinkage, n_components=pick(rng, [None, 1])).fit(X, y)
    rows, form = prediction_rows(rng, X, count)
    slack = classifier_slack(model, linear_bound(model))

    def transformed(X, right):
        size = (np.abs(np.asarray(X, float)) + np.abs(getattr(model, "xbar_", 0.0))) @ np.abs(model.scalings_)
        return (X.shape[1] + 3) * EPSILON * size[:, :right.shape[1]]
    slack["transform"] = transformed
    functions = None if solver != "lsqr" else ["predict", "predict_proba", "decision_function"]
    return ClassicCase(f"{model}, y={kind}, X={form}", model, rows, slack, functions=functions)


def draw_partial_least_squares(rng, count):
    X, y = regression_data(rng, pick(rng, [0, 2, 3]))
    X = np.concatenate([X, rng.normal(size=(len(X), 3))], axis=1)
    if y.ndim == 1:
        model = PLSRegression(n_components=2, scale=bool(rng.random() < 0.7))
    else:
        model = pick(rng, [PLSRegression, PLSCanonical, CCA])(n_components=2, scale=bool(rng.random() < 0.7))
    model.fit(X, y)
    rows, form = prediction_rows(rng, X, count)

    def slack(X, right):
        coefficients = model._coef_ if hasattr(model, "_coef_") else model.coef_
        scale = model._x_std if hasattr(model, "_coef_") else 1.0
        size = (np.abs(np.asarray(X, float)) + np.abs(model._x_mean)) / scale @ np.abs(coefficients.T)
        return ((X.shape[1] + 6) * epsilon_of(X, np.float32(0)) * (size + np.abs(model.intercept_))).reshape(right.shape)

    def transformed(X, right):
        size = (np.abs(np.asarray(X, float)) + np.abs(model._x_mean)) / model._x_std @ np.abs(model.x_rotations_)
        return (X.shape[1] + 6) * epsilon_of(X, np.float32(0)) * size
    return ClassicCase(f"{model}, X={form}", model, rows, {"predict": slack, "transform": transformed})


def seeded(kind, **options):
    return lambda rng: kind(random_state=int(rng.integers(1000)), **options)


def alpha(rng):
    return float(np.exp(rng.normal() - 2))


DRAWS = {
    "LinearRegression": regressor(lambda rng: LinearRegression(fit_intercept=bool(rng.random() < 0.7)), multi=True),
    "Ridge": regressor(lambda rng: Ridge(alpha=alpha(rng), fit_intercept=bool(rng.random() < 0.7)), multi=True),
    "RidgeCV": regressor(lambda rng: RidgeCV(), multi=True),
    "Lasso": regressor(lambda rng: Lasso(alpha=alpha(rng))),
    "LassoCV": regressor(lambda rng: LassoCV(n_alphas=5, cv=3) if VERSION < (1, 7) else LassoCV(alphas=5, cv=3)),
    "ElasticNet": regressor(lambda rng: ElasticNet(alpha=alpha(rng), l1_ratio=float(rng.uniform(0.1, 1)))),
    "Lars": regressor(lambda rng: Lars(n_nonzero_coefs=int(rng.integers(1, 9)))),
    "LassoLars": regressor(lambda rng: LassoLars(alpha=alpha(rng))),
    "LassoLarsIC": regressor(lambda rng: LassoLarsIC()),
    "OrthogonalMatchingPursuit": regressor(lambda rng: OrthogonalMatchingPursuit()),
    "BayesianRidge": regressor(lambda rng: BayesianRidge()),
    "ARDRegression": regressor(lambda rng: ARDRegression()),
    "HuberRegressor": regressor(lambda rng: HuberRegressor(max_iter=1000)),
    "TheilSenRegressor": regressor(lambda rng: TheilSenRegressor(max_subpopulation=200, random_state=1)),
    "RANSACRegressor": regressor(lambda rng: RANSACRegressor(random_state=1)),
    "QuantileRegressor": regressor(lambda rng: QuantileRegressor(solver="highs", alpha=0.01)),
    "PoissonRegressor": regressor(lambda rng: PoissonRegressor(max_iter=300), positive=True),
    "GammaRegressor": regressor(lambda rng: GammaRegressor(max_iter=300), positive=True),
    "TweedieRegressor": regressor(lambda rng: TweedieRegressor(power=1.5, max_iter=300), positive=True),
    "SGDRegressor": regressor(seeded(SGDRegressor, max_iter=50)),
    "LinearSVR": regressor(seeded(LinearSVR, max_iter=500)),
    "PLS": draw_partial_least_squares,
    "RidgeClassifier": classifier(lambda rng: RidgeClassifier(alpha=alpha(rng))),
    "RidgeClassifierCV": classifier(lambda rng: RidgeClassifierCV()),
    "RidgeClassifierMultilabel": draw_multilabel,
    "SGDClassifier": classifier(
        lambda rng: SGDClassifier(
            loss=pick(rng, ["hinge", "log_loss", "modified_huber", "perceptron"]), max_iter=50, random_state=1)),
    "Perceptron": classifier(seeded(Perceptron, max_iter=50)),
    "PassiveAggressive": classifier(seeded(PassiveAggressiveClassifier, max_iter=50)),
    "LinearSVC": classifier(lambda rng: LinearSVC(max_iter=500, random_state=1, fit_intercept=bool(rng.random() < 0.8))),
    "LogisticRegressionCV": classifier(lambda rng: LogisticRegressionCV(Cs=3, cv=2, max_iter=60)),
    "LinearDiscriminantAnalysis": draw_discriminant,
}
