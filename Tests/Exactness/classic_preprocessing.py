"""Draws preprocessing: scalers, encoders, imputers, selectors, and what joins them."""
import numpy as np
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import PCA, FastICA, IncrementalPCA, TruncatedSVD
from sklearn.experimental import enable_iterative_imputer  # noqa: F401
from sklearn.feature_selection import *  # noqa: F403
from sklearn.feature_selection import f_classif
from sklearn.impute import IterativeImputer, KNNImputer, MissingIndicator, SimpleImputer
from sklearn.linear_model import Lasso, LogisticRegression, Ridge
from sklearn.pipeline import FeatureUnion, Pipeline
from sklearn.preprocessing import *  # noqa: F403
from sklearn.random_projection import GaussianRandomProjection

from classic_linear import ClassicCase, classifier_slack, epsilon_of, linear_bound
from configurations import VERSION, labels, pick, prediction_rows, training_set, with_missing


def scaler(make, positive=False, missing=True, close=0.0, minimum=1):
    def draw(rng, count):
        X, indices = training_set(rng, int(rng.integers(minimum, 12)), 3)
        if positive:
            X = np.abs(X) + 0.1
        dtype = pick(rng, ["<f8", "<f8", "<f4"])
        model = make(rng).fit(X.astype(dtype), indices)
        rows, form = prediction_rows(rng, X, count)
        if positive:
            rows = np.abs(rows) + 1 if form.startswith("<i") else np.abs(rows) + np.asarray(0.01, dtype=form)
        if missing and form.startswith("<f") and rng.random() < 0.5:
            rows = rows.copy()
            rows[rng.random(rows.shape) < 0.05] = np.nan
        slack = None
        if close:
            def slack(rows, right):
                scale = 2e-4 if rows.dtype == np.float32 and close > 1e-14 else 1e-6 if rows.dtype == np.float32 else close
                with np.errstate(all="ignore"):
                    return np.where(np.isfinite(right), np.abs(right) * scale + scale, 0)
            slack = {"transform": slack}
        return ClassicCase(f"{model}, X={dtype}/{form}, features={X.shape[1]}", model, rows, slack)
    return draw


def projection(make):
    def draw(rng, count):
        X, _ = training_set(rng, int(rng.integers(4, 14)))
        dtype = pick(rng, ["<f8", "<f8", "<f4"])
        model = make(rng).fit(X.astype(dtype))
        rows, form = prediction_rows(rng, X, count)

        def slack(rows, right):
            mean = getattr(model, "mean_", None)
            size = np.abs(np.asarray(rows, float)) + (0 if mean is None else np.abs(mean))
            size = size @ np.abs(model.components_.T)
            if getattr(model, "whiten", False) is True and hasattr(model, "explained_variance_"):
                size = size / np.sqrt(model.explained_variance_)
            single = rows.dtype == np.float32 or model.components_.dtype == np.float32
            return (rows.shape[1] * 2 + 6) * float(np.finfo(np.float32 if single else np.float64).eps) * size
        return ClassicCase(f"{model}, X={dtype}/{form}", model, rows, {"transform": slack})
    return draw


def text_column(rng, rows, kind):
    words = ["red", "green", "blue", "", "été", "zz top", "A", "a"]
    return [words[int(i)] for i in rng.integers(kind, size=rows)]


def draw_one_hot(rng, count):
    rows, features = int(rng.integers(30, 90)), int(rng.integers(1, 5))
    is_text = rng.random() < 0.6
    unknown = pick(rng, ["error", "ignore", "infrequent_if_exist"])
    options = {}
    if rng.random() < 0.4:
        options["drop"] = pick(rng, ["first", "if_binary"])
    if unknown == "infrequent_if_exist" or rng.random() < 0.3:
        options[pick(rng, ["min_frequency", "max_categories"])] = int(rng.integers(3, 6))
    if rng.random() < 0.4:
        options["dtype"] = pick(rng, [np.float32, np.float64, np.int64, np.int32])
    options["sparse_output" if VERSION >= (1, 2) else "sparse"] = bool(rng.random() < 0.5)
    model = OneHotEncoder(handle_unknown=unknown, **options)
    return encoder_case(rng, model, rows, features, is_text, count, unknown == "error", nan=True)


def encoder_case(rng, model, rows, features, is_text, count, known, y=None, nan=False):
    if is_text:
        X = np.array([text_column(rng, rows, 5) for _ in range(features)], dtype=object).T
        new = np.array([text_column(rng, count, 5 if known else 8) for _ in range(features)], dtype=object).T
        if known:
            new = X[rng.integers(len(X), size=count)]
        model.fit(X, y) if y is not None else model.fit(X)
        return ClassicCase(f"{model}, text", model, new, instances=new.tolist(), any_type=True)
    dtype = pick(rng, ["<f8", "<i8", "<f4"])
    X = np.round(rng.normal(size=(rows, features)) * 2)
    if nan and dtype != "<i8" and rng.random() < 0.4:
        X = with_missing(rng, X)
    X = X.astype(dtype)
    model.fit(X, y) if y is not None else model.fit(X)
    new = X[rng.integers(len(X), size=count)].copy()
    if not known:
        new[rng.random(new.shape) < 0.1] = 7
    integers = getattr(model, "dtype", None) in (np.int32, np.int64)
    return ClassicCase(f"{model}, {dtype}", model, new, any_type=integers)


def draw_ordinal(rng, count):
    rows, features = int(rng.integers(30, 90)), int(rng.integers(1, 5))
    options = {}
    unknown = pick(rng, ["error", "use_encoded_value"])
    if unknown == "use_encoded_value":
        options["unknown_value"] = -1
    if rng.random() < 0.4:
        options["encoded_missing_value"] = -5
    if VERSION >= (1, 3) and rng.random() < 0.3:
        options["min_frequency"] = 4
    model = OrdinalEncoder(handle_unknown=unknown, **options)
    return encoder_case(rng, model, rows, features, rng.random() < 0.5, count, unknown == "error", nan=True)


def draw_target(rng, count):
    rows, features = int(rng.integers(60, 90)), int(rng.integers(1, 5))
    y = pick(rng, [rng.normal(size=rows), rng.integers(2, size=rows), rng.integers(3, size=rows)])
    return encoder_case(rng, TargetEncoder(), rows, features, rng.random() < 0.5, count, False, y)


def draw_imputer(rng, count):
    X, _ = training_set(rng, int(rng.integers(1, 8)))
    X = with_missing(rng, X)
    if rng.random() < 0.3:
        X[:, 0] = np.nan
    X[0, 1:] = 1.0
    options = {}
    if VERSION >= (1, 2) and rng.random() < 0.3:
        options["keep_empty_features"] = True
    strategy = pick(rng, ["mean", "median", "most_frequent", "constant"])
    if strategy == "constant":
        options["fill_value"] = 3
    dtype = pick(rng, ["<f8", "<f4"])
    model = SimpleImputer(strategy=strategy, add_indicator=bool(rng.random() < 0.4), **options).fit(X.astype(dtype))
    rows, _ = prediction_rows(rng, X, count)
    rows = rows.astype(dtype)
    rows[rng.random(rows.shape) < 0.2] = np.nan
    return ClassicCase(f"{model}, X={dtype}", model, rows)


def draw_text_imputer(rng, count):
    X = np.array([text_column(rng, 40, 5) for _ in range(3)], dtype=object).T
    model = SimpleImputer(missing_values="", strategy=pick(rng, ["most_frequent", "constant"])).fit(X)
    new = np.array([text_column(rng, count, 8) for _ in range(3)], dtype=object).T
    steps = [("impute", model), ("encode", OneHotEncoder(handle_unknown="ignore"))]
    pipeline = Pipeline(steps).fit(X)
    return ClassicCase(f"{model}, then one-hot", pipeline, new, instances=new.tolist())


def draw_neighbors_imputer(rng, count):
    X, _ = training_set(rng, int(rng.integers(2, 8)))
    # No equal distances: which of them argpartition takes is numpy's secret.
    X = with_missing(rng, X + rng.normal(size=X.shape))
    model = KNNImputer(
        n_neighbors=int(rng.integers(1, 7)), weights=pick(rng, ["uniform", "distance"]),
        add_indicator=bool(rng.random() < 0.3)).fit(X)
    rows = rng.normal(size=(count, X.shape[1])) * np.nanstd(X, axis=0) + np.nanmean(X, axis=0)
    rows[rng.random(rows.shape) < 0.2] = np.nan
    # scikit-learn takes distances from differences of squares: of rows that nearly coincide half the digits are lost,
    # and the weights are their inverses.
    slack = {"transform": lambda rows, right: np.abs(right) * 1e-6 + 1e-6 * np.nanstd(X)}
    return ClassicCase(f"{model}", model, rows, slack)


def draw_iterative_imputer(rng, count):
    X, _ = training_set(rng, int(rng.integers(2, 6)))
    X = with_missing(rng, X)
    model = IterativeImputer(max_iter=3, random_state=1, add_indicator=bool(rng.random() < 0.3)).fit(X)
    rows = rng.normal(size=(count, X.shape[1])) * np.nanstd(X, axis=0) + np.nanmean(X, axis=0)
    rows[rng.random(rows.shape) < 0.2] = np.nan
    if rng.random() < 0.1:
        # Where nothing is known the first guess is the answer.
        rows[:] = np.nan
    rows = rows.astype(pick(rng, ["<f8", "<f4"]))
    close = 1e-9 if rows.dtype == np.float64 else 1e-5
    slack = {"transform": lambda rows, right: np.abs(right) * close + close * np.nanstd(X)}
    return ClassicCase(f"{model}, X={rows.dtype}", model, rows, slack)


def draw_indicator(rng, count):
    X, _ = training_set(rng, int(rng.integers(2, 6)))
    X = with_missing(rng, X)
    model = MissingIndicator(features=pick(rng, ["all", "missing-only"]), error_on_new=False).fit(X)
    rows = with_missing(rng, rng.normal(size=(count, X.shape[1])))
    return ClassicCase(f"{model}", model, rows)


def draw_bins(rng, count):
    X, _ = training_set(rng, int(rng.integers(1, 6)))
    options = {"quantile_method": "linear"} if VERSION >= (1, 7) else {}
    if VERSION >= (1, 2):
        options["subsample"] = None
    model = KBinsDiscretizer(
        n_bins=int(rng.integers(2, 7)), encode=pick(rng, ["ordinal", "onehot", "onehot-dense"]),
        strategy=pick(rng, ["uniform", "quantile", "kmeans"]), **options).fit(X)
    rows, form = prediction_rows(rng, X, count, np.concatenate(list(model.bin_edges_)))
    return ClassicCase(f"{model}, X={form}", model, rows)


def draw_selector(rng, count):
    features = int(rng.integers(3, 12))
    X, indices = training_set(rng, features, 3)
    makers = [
        lambda: VarianceThreshold(0.1), lambda: SelectKBest(f_classif, k=2), lambda: SelectKBest(k="all"),
        lambda: SelectPercentile(percentile=int(rng.integers(20, 100))), lambda: SelectFpr(alpha=0.9),
        lambda: SelectFdr(alpha=0.9), lambda: SelectFwe(alpha=0.9),
        lambda: GenericUnivariateSelect(mode="k_best", param=2), lambda: SelectFromModel(Lasso(alpha=0.001)),
        lambda: SelectFromModel(Ridge(), threshold=pick(rng, ["mean", "0.5*median"])),
        lambda: SelectFromModel(LogisticRegression(), max_features=2), lambda: RFE(Ridge(), n_features_to_select=2),
        lambda: RFECV(Ridge(), cv=2), lambda: SequentialFeatureSelector(Ridge(), n_features_to_select=2, cv=2),
    ]
    model = pick(rng, makers)().fit(X, indices)
    if not model.get_support().any():
        raise ValueError("nothing selected")
    rows, form = prediction_rows(rng, X, count)
    single = rows.dtype == np.float32
    slack = {"predict": lambda rows, right: np.full(right.shape, (1e-4 if single else 1e-10) * (1 + np.abs(rows).max()))}
    return ClassicCase(f"{model}, X={form}", model, rows, slack)


def draw_function(rng, count):
    X, _ = training_set(rng, 3)
    function = pick(rng, [None, np.log1p, np.sqrt, np.square, np.exp, np.abs, np.log, np.sign, np.expm1])
    model = FunctionTransformer(function, validate=bool(rng.random() < 0.5)).fit(X)
    rows, form = prediction_rows(rng, X, count)
    if form == "<f4" and function is not None:
        rows = rows.astype("<f8")
    slack = {"transform": lambda rows, right: np.abs(right) * 4e-16}
    return ClassicCase(f"{model}, X={form}", model, np.abs(np.clip(rows, -300, 300)).astype(rows.dtype), slack)


def draw_columns(rng, count):
    rows = 80
    X = np.empty((rows, 5), dtype=object)
    new = np.empty((count, 5), dtype=object)
    for table, size in ((X, rows), (new, count)):
        table[:, 0] = text_column(rng, size, 5)
        table[:, 1] = text_column(rng, size, 4)
        for column in (2, 3, 4):
            table[:, column] = rng.normal(size=size)
    y = (X[:, 2].astype(float) + (X[:, 0] == "red") > 0).astype(int)
    numbers = Pipeline([("impute", SimpleImputer()), ("scale", StandardScaler())])
    dense = {"sparse_output" if VERSION >= (1, 2) else "sparse": bool(rng.random() < 0.5)}
    parts = [
        ("texts", OneHotEncoder(handle_unknown="ignore", **dense), [0, 1]),
        ("numbers", numbers, pick(rng, [[2, 3], slice(2, 4), [False, False, True, True, False]])),
    ]
    columns = ColumnTransformer(
        parts, remainder=pick(rng, ["drop", MinMaxScaler()]), sparse_threshold=pick(rng, [0.3, 0.0, 1.0]))
    last = LogisticRegression()
    model = Pipeline([("columns", columns), ("last", last)]).fit(X, y)

    def inner(rows):
        result = columns.transform(rows)
        return result.toarray() if hasattr(result, "toarray") else np.asarray(result, dtype=float)
    bound = linear_bound(last)
    slack = classifier_slack(last, lambda rows: bound(inner(rows)) * 4)
    slack = {"decision_function": lambda rows, right: (bound(inner(rows)) * 4).reshape(right.shape),
             "predict_proba": slack["predict_proba"],
             "predict": lambda rows, right: np.abs(model.decision_function(rows)) < 1e-12}
    instances = [{f"c{i}": value for i, value in enumerate(row)} for row in new]
    return ClassicCase(f"ColumnTransformer({parts})", model, new, slack, instances=instances)


def draw_union(rng, count):
    X, indices = training_set(rng, 6, 3)
    model = FeatureUnion(
        [("scaled", StandardScaler()), ("bins", MaxAbsScaler()), ("as it is", "passthrough"), ("none", "drop")],
        transformer_weights={"scaled": 2.5}).fit(X)
    rows, form = prediction_rows(rng, X, count)
    return ClassicCase(f"{model}, X={form}", model, rows)


def draw_chain(rng, count):
    X, indices = training_set(rng, int(rng.integers(2, 8)), int(rng.integers(2, 4)))
    y, kind = labels(rng, indices)
    steps = [
        ("impute", SimpleImputer()),
        ("scale", pick(rng, [StandardScaler(), MinMaxScaler(), RobustScaler()])),
        ("poly", PolynomialFeatures(2)), ("keep", SelectKBest(k=3)), ("last", LogisticRegression()),
    ]
    model = Pipeline(steps).fit(with_missing(rng, X), y)
    rows, form = prediction_rows(rng, X, count)
    bound = linear_bound(model.steps[-1][1])
    slack = {name: (lambda f: lambda rows, right: f(model[:-1].transform(rows), right))(f)
             for name, f in classifier_slack(model.steps[-1][1], bound).items()}
    return ClassicCase(f"{model}, X={form}", model, rows, slack)


DRAWS = {
    "StandardScaler": scaler(lambda rng: StandardScaler(with_mean=bool(rng.random() < 0.8), with_std=bool(rng.random() < 0.8))),
    "MinMaxScaler": scaler(lambda rng: MinMaxScaler(feature_range=pick(rng, [(0, 1), (-2, 3)]), clip=bool(rng.random() < 0.5))),
    "MaxAbsScaler": scaler(lambda rng: MaxAbsScaler()),
    "RobustScaler": scaler(lambda rng: RobustScaler(with_centering=bool(rng.random() < 0.8))),
    "Normalizer": scaler(lambda rng: Normalizer(pick(rng, ["l1", "l2", "max"])), missing=False),
    "Binarizer": scaler(lambda rng: Binarizer(threshold=float(rng.normal())), missing=False),
    "PolynomialFeatures": scaler(
        lambda rng: PolynomialFeatures(
            pick(rng, [1, 2, 3, (2, 3), (0, 2), (3, 3)]), interaction_only=bool(rng.random() < 0.4),
            include_bias=bool(rng.random() < 0.6)), missing=False),
    "QuantileTransformer": scaler(
        lambda rng: QuantileTransformer(
            n_quantiles=int(rng.integers(2, 40)), output_distribution=pick(rng, ["uniform", "normal"])), close=1e-15),
    "PowerTransformer": scaler(lambda rng: PowerTransformer(standardize=bool(rng.random() < 0.6)), close=1e-12),
    "PowerTransformerBoxCox": scaler(lambda rng: PowerTransformer("box-cox"), positive=True, close=1e-12),
    "KBinsDiscretizer": draw_bins,
    "FunctionTransformer": draw_function,
    "OneHotEncoder": draw_one_hot,
    "OrdinalEncoder": draw_ordinal,
    "SimpleImputer": draw_imputer,
    "SimpleImputerText": draw_text_imputer,
    "KNNImputer": draw_neighbors_imputer,
    "IterativeImputer": draw_iterative_imputer,
    "MissingIndicator": draw_indicator,
    "Selectors": draw_selector,
    "ColumnTransformer": draw_columns,
    "FeatureUnion": draw_union,
    "PipelineChain": draw_chain,
    "PCA": projection(lambda rng: PCA(n_components=int(rng.integers(1, 4)), whiten=bool(rng.random() < 0.5))),
    "IncrementalPCA": projection(lambda rng: IncrementalPCA(n_components=2)),
    "TruncatedSVD": projection(lambda rng: TruncatedSVD(n_components=2)),
    "FastICA": projection(lambda rng: FastICA(n_components=2, whiten="unit-variance", random_state=1)),
    "GaussianRandomProjection": projection(lambda rng: GaussianRandomProjection(2, random_state=1)),
}
if VERSION >= (1, 3):
    DRAWS["TargetEncoder"] = draw_target
