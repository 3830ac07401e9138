"""Draws support vector machines, neighbors, naive Bayes, networks, clusters, mixtures and kernels."""
import numpy as np
import sklearn
from sklearn.cluster import BisectingKMeans, KMeans, MiniBatchKMeans
from sklearn.covariance import EllipticEnvelope
from sklearn.decomposition import KernelPCA
from sklearn.discriminant_analysis import QuadraticDiscriminantAnalysis
from sklearn.isotonic import IsotonicRegression
from sklearn.kernel_approximation import Nystroem, RBFSampler
from sklearn.kernel_ridge import KernelRidge
from sklearn.linear_model import SGDOneClassSVM
from sklearn.mixture import BayesianGaussianMixture, GaussianMixture
from sklearn.naive_bayes import BernoulliNB, CategoricalNB, ComplementNB, GaussianNB, MultinomialNB
from sklearn.neighbors import (KNeighborsClassifier, KNeighborsRegressor, LocalOutlierFactor, NearestCentroid,
                               RadiusNeighborsClassifier, RadiusNeighborsRegressor)
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.svm import SVC, SVR, NuSVC, NuSVR, OneClassSVM

from classic_linear import ClassicCase
from configurations import VERSION, labels, make_svc, pick, prediction_rows, training_set

EPSILON = np.finfo(np.float64).eps


def near(relative, absolute=0.0):
    def slack(rows, right):
        scale = 3e-5 if getattr(rows, "dtype", None) == np.float32 and right.dtype == np.float32 else relative
        with np.errstate(all="ignore"):
            size = np.nanmax(np.where(np.isfinite(right), np.abs(right), 0)) if right.size else 0
            return np.where(np.isfinite(right), np.abs(right) * scale + absolute * max(1.0, size) + 1e-300, 0)
    return slack


def all_near(relative, absolute=0.0):
    return {name: near(relative, absolute) for name in ("predict_proba", "decision_function", "transform")}


def ties(model, score, margin=1e-9):
    """Labels may differ where the two best scores lie together."""
    def slack(rows, right):
        scores = np.asarray(score(rows))
        if scores.ndim == 1:
            return np.abs(scores) <= margin
        ordered = np.sort(scores, axis=1)
        with np.errstate(all="ignore"):
            return ~(ordered[:, -1] - ordered[:, -2] > margin * (1 + np.abs(ordered[:, -1])))
    return slack


def draw_machine(rng, count):
    features = int(rng.integers(1, 15))
    kernel = dict(kernel=pick(rng, ["rbf", "linear", "poly", "sigmoid"]), gamma=pick(rng, ["scale", "auto", 0.1]),
                  degree=int(rng.integers(1, 5)), coef0=float(pick(rng, [0.0, 0.5])), max_iter=3000)
    kind = pick(rng, ["SVC", "NuSVC", "SVR", "NuSVR", "OneClassSVM"])
    if kind in ("SVC", "NuSVC"):
        X, indices = training_set(rng, features, int(rng.integers(2, 5)))
        y, _ = labels(rng, indices)
        shape = pick(rng, ["ovr", "ovo"])
        if kind == "SVC":
            model = make_svc(rng, y)
            model.set_params(decision_function_shape=shape)
        else:
            model = NuSVC(nu=0.2, decision_function_shape=shape, probability=bool(rng.random() < 0.4), **kernel)
    else:
        X, y = training_set(rng, features)
        y = y - y.mean()
        model = {"SVR": SVR, "NuSVR": NuSVR, "OneClassSVM": OneClassSVM}[kind](**kernel)
    sparse = rng.random() < 0.3
    if sparse:
        import scipy.sparse
        X = np.where(rng.random(X.shape) < 0.4, 0, X)
        model.fit(scipy.sparse.csr_matrix(X), y)
    else:
        model.fit(X, y)
    rows, form = prediction_rows(rng, X, count)
    if sparse and form != "<f8":
        rows = rows.astype("<f8")
    return ClassicCase(f"{model}, sparse={sparse}, X={form}", model, rows)


def metric(rng):
    return pick(rng, [dict(metric="minkowski", p=2), dict(metric="minkowski", p=1), dict(metric="minkowski", p=3),
                      dict(metric="euclidean"), dict(metric="manhattan"), dict(metric="chebyshev")])


def draw_neighbors(rng, count):
    features = int(rng.integers(1, 10))
    X, indices = training_set(rng, features, int(rng.integers(2, 5)))
    if rng.random() < 0.5:
        X = np.round(X, 0)
    options = dict(algorithm=pick(rng, ["auto", "brute", "kd_tree", "ball_tree"]),
                   weights=pick(rng, ["uniform", "distance"]), leaf_size=int(rng.integers(3, 30)), **metric(rng))
    neighbors = int(rng.integers(1, 9))
    rows, form = prediction_rows(rng, X, count)
    rows = rows.astype("<f8")
    if rng.random() < 0.5:
        y, kind = labels(rng, indices)
        if rng.random() < 0.25 and kind == "int64":
            y = np.stack([y, y[::-1]], axis=1)
        model = KNeighborsClassifier(neighbors, **options)
    else:
        y = X @ rng.normal(size=features) + rng.normal(size=len(X))
        if rng.random() < 0.3:
            y = np.stack([y, y * 2], axis=1)
        model = KNeighborsRegressor(neighbors, **options)
    model.fit(X, y)
    exact = neighbors <= 15
    slack = all_near(4 * EPSILON, 4 * EPSILON)
    if isinstance(model, KNeighborsRegressor):
        slack["predict"] = near(4 * EPSILON, 4 * EPSILON)
    if np.asarray(y).ndim == 2:
        functions = ["predict"]
    else:
        functions = None
    if options["weights"] == "distance" and isinstance(model, KNeighborsClassifier) and np.asarray(y).ndim == 1:
        slack["predict"] = ties(model, model.predict_proba, 1e-13)
    # Some versions take class labels for whole numbers where distances are Minkowski's by brute force.
    return ClassicCase(f"{model}, {exact}", model, rows, slack, functions=functions,
                       known_fault="invalid literal for int()")


def draw_radius(rng, count):
    features = int(rng.integers(1, 5))
    X, indices = training_set(rng, features, 3)
    radius = float(np.std(X) * 2)
    options = dict(algorithm=pick(rng, ["brute", "kd_tree", "ball_tree"]), weights=pick(rng, ["uniform", "distance"]),
                   **metric(rng))
    rows, _ = prediction_rows(rng, X, count)
    rows = rows.astype("<f8")
    slack = all_near(8 * EPSILON)
    if rng.random() < 0.5:
        y, kind = labels(rng, indices)
        if kind in ("text", "objects"):
            y = indices  # Some versions cannot label outliers with text.
        model = RadiusNeighborsClassifier(radius, outlier_label=y[0], **options).fit(X, y)
        slack["predict"] = ties(model, model.predict_proba, 1e-13)
    else:
        y = X @ rng.normal(size=features)
        model = RadiusNeighborsRegressor(radius, **options).fit(X, y)
        slack["predict"] = near(8 * EPSILON, 4 * EPSILON)
    return ClassicCase(f"{model}", model, rows, slack)


def draw_centroid(rng, count):
    X, indices = training_set(rng, int(rng.integers(1, 8)), 4)
    y, _ = labels(rng, indices)
    model = NearestCentroid(metric=pick(rng, ["euclidean", "manhattan"])).fit(X, y)
    rows, _ = prediction_rows(rng, X, count)
    from sklearn.metrics import pairwise_distances
    slack = {"predict": ties(model, lambda rows: -pairwise_distances(rows, model.centroids_, metric=model.metric))}
    return ClassicCase(f"{model}", model, rows, slack, functions=["predict"])


def draw_outliers(rng, count):
    X, _ = training_set(rng, int(rng.integers(2, 8)))
    kind = pick(rng, ["lof", "envelope", "sgd"])
    if kind == "lof":
        X = X + rng.normal(size=X.shape)
        model = LocalOutlierFactor(novelty=True, n_neighbors=int(rng.integers(2, 12)))
    elif kind == "envelope":
        X = X + rng.normal(size=X.shape)
        model = EllipticEnvelope(random_state=1)
    else:
        model = SGDOneClassSVM(random_state=1)
    model.fit(X)
    rows, _ = prediction_rows(rng, X, count)
    rows = rows.astype("<f8")
    slack = {"decision_function": near(1e-10, 1e-11),
             "predict": lambda rows, right: np.abs(model.decision_function(rows)) < 1e-9}
    return ClassicCase(f"{model}", model, rows, slack, functions=["predict", "decision_function"])


def draw_bayes(rng, count):
    kind = pick(rng, ["GaussianNB", "MultinomialNB", "ComplementNB", "BernoulliNB", "CategoricalNB"])
    features, classes = int(rng.integers(1, 15)), int(rng.integers(2, 12))
    X, indices = training_set(rng, features, classes)
    y, _ = labels(rng, indices)
    rows, form = prediction_rows(rng, X, count)
    if kind == "GaussianNB":
        model = GaussianNB(var_smoothing=pick(rng, [1e-9, 1e-3]))
    elif kind == "BernoulliNB":
        model = BernoulliNB(alpha=float(rng.uniform(0.1, 2)), binarize=pick(rng, [0.0, 0.5]))
    else:
        X, rows = np.abs(np.round(X * 3)), np.minimum(np.abs(np.round(rows * 3)), 1000).astype(form)
        if kind == "CategoricalNB":
            X = np.minimum(X, 4).astype(int)
            X[0] = 4
            rows = np.minimum(rows, 4).astype("<i8")
            model = CategoricalNB(alpha=float(rng.uniform(0.1, 2)), min_categories=5)
        elif kind == "ComplementNB":
            model = ComplementNB(norm=bool(rng.random() < 0.5))
        else:
            model = MultinomialNB(alpha=float(rng.uniform(0.1, 2)), fit_prior=bool(rng.random() < 0.5))
    model.fit(X, y)
    slack = {"predict": ties(model, lambda rows: model.predict_log_proba(rows), 1e-11)}

    def probability(rows, right):
        size = np.abs(model._joint_log_likelihood(np.asarray(rows, float) if kind != "CategoricalNB" else rows)) \
            if kind != "BernoulliNB" else np.full((len(rows), 1), 100.0)
        return (np.nanmax(size, axis=1, keepdims=True) * 64 * EPSILON + 1e-14) * np.ones_like(right)
    slack["predict_proba"] = probability
    return ClassicCase(f"{model}, X={form}", model, rows, slack)


def draw_quadratic(rng, count):
    X, indices = training_set(rng, int(rng.integers(1, 6)), int(rng.integers(2, 4)))
    y, _ = labels(rng, indices)
    model = QuadraticDiscriminantAnalysis(reg_param=pick(rng, [0.1, 0.01])).fit(X + rng.normal(size=X.shape) * 0.1, y)
    rows, form = prediction_rows(rng, X, count)
    rows = np.clip(rows, -1000, 1000).astype(form)
    slack = {"decision_function": near(1e-9, 1e-9), "predict_proba": near(1e-6, 1e-7),
             "predict": ties(model, model.decision_function, 1e-8)}
    return ClassicCase(f"{model}, X={form}", model, rows, slack)


def draw_network(rng, count):
    features = int(rng.integers(1, 10))
    X, indices = training_set(rng, features, int(rng.integers(2, 5)))
    dtype = pick(rng, ["<f8", "<f8", "<f4"])
    options = dict(hidden_layer_sizes=pick(rng, [(8,), (20, 5), (40, 10, 3)]), max_iter=20, random_state=1,
                   activation=pick(rng, ["relu", "tanh", "logistic", "identity"]))
    kind = pick(rng, ["classifier", "regressor", "multilabel", "targets"])
    if kind == "classifier":
        y, _ = labels(rng, indices)
        model = MLPClassifier(**options)
    elif kind == "multilabel":
        y = np.stack([indices > 0, X[:, 0] > 0], axis=1).astype(int)
        model = MLPClassifier(**options)
    else:
        y = X @ rng.normal(size=features)
        if kind == "targets":
            y = np.stack([y, -y], axis=1)
        model = MLPRegressor(**options)
    model.fit(X.astype(dtype), y)
    rows, form = prediction_rows(rng, X, count)
    rows = np.clip(rows, -1e4, 1e4).astype(form)
    single = rows.dtype == np.float32 and dtype == "<f4"
    wide = 2e-4 if single else 1e-10
    slack = {"predict_proba": near(wide, wide), "predict": near(wide, wide)}
    if kind in ("classifier", "multilabel"):
        def label(rows, right):
            p = np.asarray(model.predict_proba(rows))
            if kind == "multilabel":
                return (np.abs(p - 0.5) < 1e-4).any(axis=1)
            ordered = np.sort(p, axis=1)
            return ordered[:, -1] - ordered[:, -2] < (1e-3 if single else 1e-9)
        slack["predict"] = label
    return ClassicCase(f"{model}, {kind}, X={dtype}/{form}", model, rows, slack)


def draw_clusters(rng, count):
    X, _ = training_set(rng, int(rng.integers(1, 10)))
    kind = pick(rng, [KMeans, KMeans, MiniBatchKMeans, BisectingKMeans])
    model = kind(int(rng.integers(1, 9)), random_state=1, **({} if kind is BisectingKMeans else {"n_init": 2}))
    dtype = pick(rng, ["<f8", "<f4"])
    model.fit(X.astype(dtype))
    rows, _ = prediction_rows(rng, X, count)
    rows = rows.astype(dtype)
    slack = {"transform": lambda rows, right: np.abs(right) * 1e-5 + 1e-3 if dtype == "<f4" else np.abs(right) * 1e-12 + 1e-7}
    from sklearn.metrics import euclidean_distances
    margin = 1e-4 if dtype == "<f4" else 1e-12
    if kind is not BisectingKMeans and model.n_clusters > 1:
        slack["predict"] = ties(model, lambda rows: -euclidean_distances(rows, model.cluster_centers_), margin)
    return ClassicCase(f"{model}, X={dtype}", model, rows, slack)


def draw_mixture(rng, count):
    X, _ = training_set(rng, int(rng.integers(1, 5)))
    X = X + rng.normal(size=X.shape) * 0.1
    kind = pick(rng, [GaussianMixture, BayesianGaussianMixture])
    model = kind(n_components=int(rng.integers(1, 4)), covariance_type=pick(rng, ["full", "tied", "diag", "spherical"]),
                 random_state=1).fit(X)
    rows, form = prediction_rows(rng, X, count)
    # 1.9 cuts log probabilities of integer rows off.
    rows = np.clip(rows, -100, 100).astype("<f8")
    slack = {"predict_proba": near(1e-6, 1e-8)}
    if model.n_components > 1:
        slack["predict"] = ties(model, lambda rows: model.predict_proba(rows), 1e-7)
    return ClassicCase(f"{model}, X={form}", model, rows, slack)


def draw_kernels(rng, count):
    X, y = training_set(rng, int(rng.integers(1, 6)))
    kernel = pick(rng, ["linear", "rbf", "poly", "sigmoid", "cosine"])
    kind = pick(rng, ["pca", "ridge", "nystroem", "sampler"])
    if kind == "pca":
        model = KernelPCA(2, kernel=kernel, gamma=pick(rng, [None, 0.1])).fit(X)
    elif kind == "ridge":
        model = KernelRidge(kernel=kernel, gamma=pick(rng, [None, 0.1]), alpha=0.5).fit(X, y)
    elif kind == "nystroem":
        model = Nystroem(kernel=kernel, n_components=10, random_state=1).fit(X)
    else:
        model = RBFSampler(gamma=0.3, n_components=12, random_state=1).fit(X)
    rows, form = prediction_rows(rng, X, count)
    rows = np.clip(rows, -50, 50).astype("<f8")
    scale = 1.0
    if kind == "ridge":
        scale = float(np.abs(model.dual_coef_).sum())
    slack = {"transform": near(1e-8, 1e-8), "predict": lambda rows, right: np.abs(right) * 1e-9 + 1e-9 * scale * (1 + np.abs(rows).max() ** 3)}
    return ClassicCase(f"{model}", model, rows, slack)


def draw_isotonic(rng, count):
    x = rng.normal(size=80)
    model = IsotonicRegression(out_of_bounds=pick(rng, ["clip", "nan"])).fit(x, x + rng.normal(size=80))
    rows = np.concatenate([rng.normal(size=count - 20) * 1.5, x[:20]]).reshape(-1, 1)
    slack = {"predict": near(4 * EPSILON, 4 * EPSILON)}
    return ClassicCase(f"{model}", model, rows, slack, functions=["predict"])


DRAWS = {
    "SupportVectors": draw_machine, "SupportVectorsMore": draw_machine, "Neighbors": draw_neighbors,
    "NeighborsMore": draw_neighbors, "Radius": draw_radius, "NearestCentroid": draw_centroid, "Outliers": draw_outliers,
    "NaiveBayes": draw_bayes, "NaiveBayesMore": draw_bayes, "Quadratic": draw_quadratic, "Network": draw_network,
    "Clusters": draw_clusters, "Mixture": draw_mixture, "Kernels": draw_kernels,
    "Isotonic": draw_isotonic,
}
