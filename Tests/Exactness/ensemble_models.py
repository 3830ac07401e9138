"""Draws trees, ensembles and estimators made of estimators."""
import numpy as np
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import TransformedTargetRegressor
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.ensemble import (
    AdaBoostClassifier, AdaBoostRegressor, BaggingClassifier, BaggingRegressor, ExtraTreesClassifier,
    ExtraTreesRegressor, GradientBoostingClassifier, GradientBoostingRegressor, HistGradientBoostingClassifier,
    HistGradientBoostingRegressor, IsolationForest, RandomForestClassifier, RandomForestRegressor,
    RandomTreesEmbedding, StackingClassifier, StackingRegressor, VotingClassifier, VotingRegressor)
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, HalvingGridSearchCV, RandomizedSearchCV
from sklearn.multiclass import OneVsOneClassifier, OneVsRestClassifier, OutputCodeClassifier
from sklearn.multioutput import ClassifierChain, MultiOutputClassifier, MultiOutputRegressor, RegressorChain
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler
from sklearn.svm import SVC
from sklearn.tree import (
    DecisionTreeClassifier, DecisionTreeRegressor, ExtraTreeClassifier, ExtraTreeRegressor)

from configurations import VERSION, describe, labels, pick, prediction_rows, training_set, with_missing

# What the constructor of ensembles calls the estimator inside.
INNER = "estimator" if VERSION >= (1, 2) else "base_estimator"


class Case:
    """A fitted model and the rows that it predicts."""

    def __init__(self, model, rows, has_row_model=False, bound=None, any_words=False, note="",
                 is_refused=True):
        self.model = model
        self.rows = np.ascontiguousarray(rows)
        self.has_row_model = has_row_model
        self.bound = bound
        self.any_words = any_words
        # Whether rows that the library refuses (or should) are tried.
        self.is_refused = is_refused
        try:
            self.label = describe(model)
        except (TypeError, ValueError):
            self.label = str(model).replace("\n", " ")
        self.label = f"{self.label}, X={self.rows.dtype} {note}"


def classes_set(rng, classes=None, features=None):
    X, indices = training_set(rng, features or int(rng.integers(2, 9)), classes or int(rng.integers(2, 6)))
    y, _ = labels(rng, indices)
    return X, y, indices


def thresholds(model):
    trees = []

    def visit(value):
        if hasattr(value, "tree_"):
            trees.append(value.tree_)
        elif isinstance(value, (list, tuple, np.ndarray)) and np.asarray(value, dtype=object).dtype == object:
            for item in np.ravel(np.asarray(value, dtype=object)):
                visit(item)
        elif hasattr(value, "estimators_"):
            visit(value.estimators_)

    visit(model)
    numbers = [tree.threshold[tree.children_left >= 0] for tree in trees]
    numbers = np.unique(np.concatenate(numbers)) if numbers else np.array([])
    return numbers[np.isfinite(numbers)]


def rows_for(rng, X, count, numbers=None):
    return prediction_rows(rng, X, count, numbers)[0]


def tree_options(rng):
    return dict(
        max_depth=pick(rng, [None, 1, 2, 4]), min_samples_leaf=int(rng.integers(1, 5)),
        max_leaf_nodes=pick(rng, [None, None, 6]), random_state=int(rng.integers(1000)))


def weight(rng, X):
    return rng.uniform(0.1, 2, size=len(X)) if rng.random() < 0.4 else None


def takes_missing(model):
    try:
        if VERSION >= (1, 6):
            return bool(model.__sklearn_tags__().input_tags.allow_nan)
        return bool(model._get_tags()["allow_nan"])
    except Exception:
        return False


def fitted(rng, model, X, y, count, row_model=True, **more):
    missing = takes_missing(model) and rng.random() < 0.6
    train = with_missing(rng, X) if missing and rng.random() < 0.7 else X
    options = {"sample_weight": weight(rng, X)} if y is not None else {}
    model.fit(train, y, **options) if y is not None else model.fit(train)
    rows = rows_for(rng, X, count, thresholds(model))
    if missing and rows.dtype.kind == "f" and rng.random() < 0.7:
        rows[rng.random(rows.shape) < 0.05] = np.nan
    return Case(model, rows, has_row_model=row_model, note=f"missing={missing}", **more)


def several(rng, y, indices):
    """The same target, or several columns of it."""
    outputs = pick(rng, [1, 1, 2, 3])
    if outputs == 1:
        return y, 1
    return np.stack([np.roll(y, shift) for shift in range(outputs)], axis=1), outputs


def tree_classifier(kind):
    def draw(rng, count):
        X, y, indices = classes_set(rng)
        y, outputs = several(rng, y, indices)
        model = kind(criterion=pick(rng, ["gini", "entropy"]), splitter=pick(rng, ["best", "random"]),
                     class_weight=pick(rng, [None, "balanced"]), **tree_options(rng))
        return fitted(rng, model, X, y, count, row_model=outputs == 1 and numbers_only(y))
    return draw


def numbers_only(y):
    return np.asarray(y).dtype.kind not in "UO"


def regression_set(rng, outputs=1):
    X, y = training_set(rng, int(rng.integers(2, 9)))
    if outputs > 1:
        y = np.stack([y * (shift + 1) + X[:, 0] for shift in range(outputs)], axis=1)
    return X, y


def tree_regressor(kind):
    def draw(rng, count):
        X, y = regression_set(rng, pick(rng, [1, 1, 2]))
        model = kind(criterion=pick(rng, ["squared_error", "friedman_mse", "absolute_error"]),
                     splitter=pick(rng, ["best", "random"]), **tree_options(rng))
        return fitted(rng, model, X, y, count)
    return draw


def forest_classifier(kind):
    def draw(rng, count):
        X, y, indices = classes_set(rng, int(rng.integers(2, 12)))
        y, outputs = several(rng, y, indices)
        model = kind(n_estimators=int(rng.integers(1, 20)), criterion=pick(rng, ["gini", "entropy"]),
                     bootstrap=bool(rng.random() < 0.5), **tree_options(rng))
        return fitted(rng, model, X, y, count, row_model=outputs == 1 and numbers_only(y))
    return draw


def forest_regressor(kind):
    def draw(rng, count):
        X, y = regression_set(rng, pick(rng, [1, 1, 2]))
        model = kind(n_estimators=int(rng.integers(1, 20)), bootstrap=bool(rng.random() < 0.5),
                     criterion=pick(rng, ["squared_error", "friedman_mse"]), **tree_options(rng))
        return fitted(rng, model, X, y, count)
    return draw


def draw_embedding(rng, count):
    X, _ = regression_set(rng)
    model = RandomTreesEmbedding(
        n_estimators=int(rng.integers(1, 12)), max_depth=int(rng.integers(1, 5)),
        sparse_output=bool(rng.random() < 0.5), random_state=int(rng.integers(1000))).fit(X)
    return Case(model, rows_for(rng, X, count, thresholds(model)))


def draw_isolation(rng, count):
    X, _ = regression_set(rng)
    model = IsolationForest(
        n_estimators=int(rng.integers(1, 30)), max_samples=pick(rng, ["auto", 0.5, 20]),
        max_features=pick(rng, [1.0, 1.0, 0.6]), contamination=pick(rng, ["auto", 0.1]),
        bootstrap=bool(rng.random() < 0.5), random_state=int(rng.integers(1000)))
    # Up to 1.2 the words name the type that the rows came in.
    return fitted(rng, model, X, None, count, any_words=VERSION < (1, 3))


def boosting_options(rng):
    return dict(
        n_estimators=int(rng.integers(1, 25)), learning_rate=float(pick(rng, [0.1, 0.3, 1.0])),
        max_depth=int(rng.integers(1, 5)), subsample=pick(rng, [1.0, 0.7]), random_state=int(rng.integers(1000)))


def draw_boosting_classifier(rng, count):
    classes = pick(rng, [2, 2, 3, 5, 9])
    X, y, _ = classes_set(rng, classes)
    losses = ["log_loss" if VERSION >= (1, 1) else "deviance"] + (["exponential"] if classes == 2 else [])
    init = pick(rng, [None, None, "zero", DummyClassifier(strategy="most_frequent"),
                      DecisionTreeClassifier(max_depth=2), RandomForestClassifier(n_estimators=3)])
    model = GradientBoostingClassifier(loss=pick(rng, losses), init=init, **boosting_options(rng))
    simple = init is None or init == "zero" or isinstance(init, DummyClassifier)
    return fitted(rng, model, X, y, count, row_model=simple and numbers_only(y))


def draw_boosting_regressor(rng, count):
    X, y = regression_set(rng)
    init = pick(rng, [None, None, "zero", DummyRegressor(strategy="median"), DecisionTreeRegressor(max_depth=2)])
    model = GradientBoostingRegressor(
        loss=pick(rng, ["squared_error", "absolute_error", "huber", "quantile"]), init=init, **boosting_options(rng))
    return fitted(rng, model, X, y, count, row_model=not isinstance(init, DecisionTreeRegressor))


def histogram_set(rng, X):
    """Categories in some columns, missing values in some cells."""
    features = X.shape[1]
    categorical = None
    if rng.random() < 0.6:
        chosen = np.nonzero(rng.random(features) < 0.5)[0]
        if len(chosen):
            X = X.copy()
            for column in chosen:
                X[:, column] = rng.integers(0, int(rng.integers(2, 40)), size=len(X))
            categorical = [int(column) for column in chosen]
    if rng.random() < 0.5:
        X = with_missing(rng, X)
    return X, categorical


def histogram_rows(rng, X, count, categorical, model):
    numbers = np.concatenate([
        predictor.nodes["num_threshold"] for stage in model._predictors for predictor in stage])
    rows = rows_for(rng, X, count, np.unique(numbers[np.isfinite(numbers)]))
    if rows.dtype.kind != "f":
        return rows
    rows[rng.random(rows.shape) < 0.04] = np.nan
    plain = [column for column in range(X.shape[1]) if column not in (categorical or [])]
    for value in (np.inf, -np.inf):
        for column in plain[:2]:
            rows[rng.random(len(rows)) < 0.02, column] = value
    for column in categorical or []:
        values = rng.integers(0, 45, size=len(rows)).astype(rows.dtype)
        keep = rng.random(len(rows)) < 0.1
        if VERSION >= (1, 4):
            values = np.where(keep, rng.normal(size=len(rows)) * 30, values)
        values = np.where(rng.random(len(rows)) < 0.1, np.nan, values)
        rows[:, column] = values
    return rows


def histogram_case(rng, model, X, count, categorical, has_row_model):
    # Up to 1.3 an infinite category becomes whatever the processor makes of it.
    rows = histogram_rows(rng, X, count, categorical, model)
    return Case(model, rows, has_row_model=has_row_model, is_refused=VERSION >= (1, 4) or not categorical)


def histogram_options(rng, categorical):
    options = dict(
        max_iter=int(rng.integers(1, 15)), max_leaf_nodes=pick(rng, [None, 5, 31]),
        max_depth=pick(rng, [None, 2, 5]), min_samples_leaf=int(rng.integers(1, 10)),
        learning_rate=float(pick(rng, [0.1, 0.5])), categorical_features=categorical,
        max_bins=int(pick(rng, [255, 60])), early_stopping=bool(rng.random() < 0.3),
        random_state=int(rng.integers(1000)))
    return options


def draw_histogram_classifier(rng, count):
    X, y, _ = classes_set(rng, pick(rng, [2, 2, 3, 9]))
    X, categorical = histogram_set(rng, X)
    model = HistGradientBoostingClassifier(**histogram_options(rng, categorical)).fit(X, y)
    return histogram_case(rng, model, X, count, categorical, numbers_only(y))


def draw_histogram_regressor(rng, count):
    X, y = regression_set(rng)
    X, categorical = histogram_set(rng, X)
    losses = ["squared_error", "absolute_error", "poisson"]
    losses += ["quantile"] if VERSION >= (1, 1) else []
    losses += ["gamma"] if VERSION >= (1, 3) else []
    loss = pick(rng, losses)
    more = {"quantile": 0.3} if loss == "quantile" else {}
    if loss in ("poisson", "gamma"):
        y = np.exp(y / (np.abs(y).max() + 1)) + 0.1
    model = HistGradientBoostingRegressor(loss=loss, **more, **histogram_options(rng, categorical)).fit(X, y)
    return histogram_case(rng, model, X, count, categorical, True)


def classifier(rng):
    """Some classifier whose probabilities do not go through BLAS."""
    return pick(rng, [
        DecisionTreeClassifier(max_depth=int(rng.integers(1, 5)), random_state=1),
        ExtraTreeClassifier(max_depth=4, random_state=2),
        RandomForestClassifier(n_estimators=4, max_depth=3, random_state=3),
        GradientBoostingClassifier(n_estimators=4, random_state=4),
        Pipeline([("scale", StandardScaler()), ("tree", DecisionTreeClassifier(max_depth=3, random_state=5))]),
    ])


def regressor(rng):
    return pick(rng, [
        DecisionTreeRegressor(max_depth=int(rng.integers(1, 5)), random_state=1),
        ExtraTreeRegressor(max_depth=4, random_state=2),
        RandomForestRegressor(n_estimators=4, max_depth=3, random_state=3),
        GradientBoostingRegressor(n_estimators=4, random_state=4),
        make_pipeline(MinMaxScaler(), DecisionTreeRegressor(max_depth=3, random_state=5)),
    ])


def draw_ada_classifier(rng, count):
    X, y, _ = classes_set(rng, pick(rng, [2, 3, 5, 9]))
    inner = pick(rng, [None, DecisionTreeClassifier(max_depth=2), ExtraTreeClassifier(max_depth=3),
                       RandomForestClassifier(n_estimators=3, max_depth=2)])
    options = {INNER: inner, "n_estimators": int(rng.integers(1, 20)),
               "learning_rate": float(pick(rng, [0.5, 1.0])), "random_state": int(rng.integers(1000))}
    if VERSION < (1, 6):
        options["algorithm"] = pick(rng, ["SAMME", "SAMME.R"])
    model = AdaBoostClassifier(**options).fit(X, y)
    trees = not isinstance(inner, RandomForestClassifier)
    return Case(model, rows_for(rng, X, count, thresholds(model)), has_row_model=trees and numbers_only(y),
                any_words=True)


def draw_ada_regressor(rng, count):
    X, y = regression_set(rng)
    options = {INNER: pick(rng, [None, DecisionTreeRegressor(max_depth=2), ExtraTreeRegressor(max_depth=5)])}
    model = AdaBoostRegressor(
        n_estimators=int(rng.integers(1, 20)), loss=pick(rng, ["linear", "square", "exponential"]),
        random_state=int(rng.integers(1000)), **options).fit(X, y)
    return Case(model, rows_for(rng, X, count, thresholds(model)), any_words=True)


def bagging_options(rng, inner):
    return {INNER: inner, "n_estimators": int(rng.integers(1, 12)), "max_samples": pick(rng, [1.0, 0.3]),
            "max_features": pick(rng, [1.0, 0.6]), "bootstrap": bool(rng.random() < 0.7),
            "bootstrap_features": bool(rng.random() < 0.3), "random_state": int(rng.integers(1000))}


def draw_bagging_classifier(rng, count):
    X, y, _ = classes_set(rng, pick(rng, [2, 3, 8]))
    inner = pick(rng, [None, DecisionTreeClassifier(max_depth=3), classifier(rng)])
    model = BaggingClassifier(**bagging_options(rng, inner)).fit(X, y)
    trees = inner is None or isinstance(inner, (DecisionTreeClassifier, ExtraTreeClassifier))
    return Case(model, rows_for(rng, X, count, thresholds(model)), has_row_model=trees and numbers_only(y),
                any_words=True)


def draw_bagging_regressor(rng, count):
    X, y = regression_set(rng)
    inner = pick(rng, [None, regressor(rng)])
    model = BaggingRegressor(**bagging_options(rng, inner)).fit(X, y)
    trees = inner is None or isinstance(inner, (DecisionTreeRegressor, ExtraTreeRegressor))
    return Case(model, rows_for(rng, X, count, thresholds(model)), has_row_model=trees, any_words=True)


def draw_voting_classifier(rng, count):
    X, y, _ = classes_set(rng)
    members = [(f"m{index}", classifier(rng)) for index in range(int(rng.integers(1, 5)))]
    weights = pick(rng, [None, [float(rng.integers(1, 4)) for _ in members], [int(i + 1) for i in range(len(members))]])
    model = VotingClassifier(members, voting=pick(rng, ["soft", "hard"]), weights=weights)
    if len(members) > 1 and rng.random() < 0.3:
        model.set_params(m0="drop")
    return Case(model.fit(X, y), rows_for(rng, X, count), any_words=True)


def draw_voting_regressor(rng, count):
    X, y = regression_set(rng)
    members = [(f"m{index}", regressor(rng)) for index in range(int(rng.integers(1, 10)))]
    weights = pick(rng, [None, [float(rng.uniform(0.5, 2)) for _ in members]])
    return Case(VotingRegressor(members, weights=weights).fit(X, y), rows_for(rng, X, count), any_words=True)


def draw_stacking_classifier(rng, count):
    X, y, _ = classes_set(rng, pick(rng, [2, 3, 4]))
    members = [(f"m{index}", classifier(rng)) for index in range(int(rng.integers(1, 4)))]
    if VERSION >= (1, 1) and rng.random() < 0.3:
        for _, member in members:
            member.fit(X, y)
        cv = "prefit"
    else:
        cv = 2
    model = StackingClassifier(
        members, final_estimator=classifier(rng), passthrough=bool(rng.random() < 0.5), cv=cv,
        stack_method=pick(rng, ["auto", "predict_proba"]))
    return Case(model.fit(X, y), rows_for(rng, X, count), any_words=True)


def draw_stacking_regressor(rng, count):
    X, y = regression_set(rng)
    members = [(f"m{index}", regressor(rng)) for index in range(int(rng.integers(1, 4)))]
    model = StackingRegressor(members, final_estimator=regressor(rng), passthrough=bool(rng.random() < 0.5), cv=2)
    return Case(model.fit(X, y), rows_for(rng, X, count), any_words=True)


def draw_calibrated(rng, count):
    X, y, _ = classes_set(rng, pick(rng, [2, 3, 4]), features=int(rng.integers(2, 9)))
    methods = ["sigmoid", "isotonic"] + (["temperature"] if VERSION >= (1, 8) else [])
    inner = pick(rng, [classifier(rng), SVC(gamma=0.3)])
    model = CalibratedClassifierCV(
        inner, method=pick(rng, methods), cv=int(rng.integers(2, 4)), ensemble=bool(rng.random() < 0.6))
    return Case(model.fit(X, y), rows_for(rng, X, count), any_words=True)


def draw_one_vs_rest(rng, count):
    X, y, indices = classes_set(rng, pick(rng, [2, 3, 4]))
    if rng.random() < 0.3:
        y = np.stack([indices == 0, indices == 1, rng.random(len(X)) < 0.4], axis=1).astype(int)
    inner = pick(rng, [classifier(rng), SVC(gamma=0.2), LogisticRegression()])
    model = OneVsRestClassifier(inner).fit(X, y)
    bound = 1e-9 if isinstance(inner, LogisticRegression) else None
    return Case(model, rows_for(rng, X, count), any_words=True, bound=bound)


def draw_one_vs_one(rng, count):
    X, y, _ = classes_set(rng, pick(rng, [2, 3, 5]))
    model = OneVsOneClassifier(pick(rng, [classifier(rng), SVC(gamma=0.2)])).fit(X, y)
    return Case(model, rows_for(rng, X, count), any_words=True)


def draw_output_code(rng, count):
    X, y, _ = classes_set(rng, pick(rng, [3, 4, 6]))
    inner = pick(rng, [GradientBoostingClassifier(n_estimators=5), SVC(gamma=0.2)])
    model = OutputCodeClassifier(inner, code_size=pick(rng, [1.5, 2]), random_state=int(rng.integers(100)))
    return Case(model.fit(X, y), rows_for(rng, X, count), any_words=True)


def draw_multi_classifier(rng, count):
    X, y, _ = classes_set(rng)
    Y = np.stack([y, np.roll(y, 3)], axis=1)
    return Case(MultiOutputClassifier(classifier(rng)).fit(X, Y), rows_for(rng, X, count), any_words=True)


def draw_multi_regressor(rng, count):
    X, Y = regression_set(rng, 3)
    return Case(MultiOutputRegressor(regressor(rng)).fit(X, Y), rows_for(rng, X, count), any_words=True)


def draw_chain_classifier(rng, count):
    X, _, indices = classes_set(rng, 3)
    Y = np.stack([indices == 0, indices > 1, rng.random(len(X)) < 0.5], axis=1).astype(int)
    options = {"chain_method": pick(rng, ["predict", "predict_proba"])} if VERSION >= (1, 5) else {}
    name = "estimator" if VERSION >= (1, 7) else "base_estimator"
    model = ClassifierChain(**{name: classifier(rng)}, order=pick(rng, [None, "random", [2, 0, 1]]),
                            cv=pick(rng, [None, 2]), random_state=3, **options)
    return Case(model.fit(X, Y), rows_for(rng, X, count), any_words=True)


def draw_chain_regressor(rng, count):
    X, Y = regression_set(rng, 3)
    name = "estimator" if VERSION >= (1, 7) else "base_estimator"
    model = RegressorChain(**{name: regressor(rng)}, order=pick(rng, [None, [1, 2, 0]]))
    return Case(model.fit(X, Y), rows_for(rng, X, count), any_words=True)


def draw_dummy_classifier(rng, count):
    X, y, _ = classes_set(rng)
    strategy = pick(rng, ["prior", "most_frequent", "constant"])
    model = DummyClassifier(strategy=strategy, constant=y[0] if strategy == "constant" else None).fit(X, y)
    return Case(model, rows_for(rng, X, count), any_words=True)


def draw_dummy_regressor(rng, count):
    X, y = regression_set(rng, pick(rng, [1, 2]))
    strategy = pick(rng, ["mean", "median", "quantile"])
    model = DummyRegressor(strategy=strategy, quantile=0.3 if strategy == "quantile" else None).fit(X, y)
    return Case(model, rows_for(rng, X, count), any_words=True)


def draw_target(rng, count):
    X, y = regression_set(rng)
    options = pick(rng, [
        dict(transformer=StandardScaler()), dict(transformer=MinMaxScaler()),
        dict(func=np.log1p, inverse_func=np.expm1), dict(func=np.sqrt, inverse_func=np.square), dict()])
    model = TransformedTargetRegressor(regressor(rng), check_inverse=False, **options).fit(X, np.abs(y) + 1)
    return Case(model, rows_for(rng, X, count), any_words=True)


def draw_search(rng, count):
    X, y, _ = classes_set(rng)
    inner = DecisionTreeClassifier(random_state=1)
    grid = {"max_depth": [1, 2, 3], "min_samples_leaf": [1, 4]}
    model = pick(rng, [
        GridSearchCV(inner, grid, cv=2), GridSearchCV(inner, grid, cv=2, scoring="accuracy"),
        RandomizedSearchCV(inner, grid, n_iter=3, cv=2, random_state=1),
        HalvingGridSearchCV(inner, grid, cv=2, random_state=1, min_resources=20)])
    return Case(model.fit(X, y), rows_for(rng, X, count))


def draw_threshold(rng, count):
    from sklearn.model_selection import FixedThresholdClassifier, TunedThresholdClassifierCV
    X, y, _ = classes_set(rng, 2)
    inner = classifier(rng)
    if rng.random() < 0.5:
        model = FixedThresholdClassifier(
            inner, threshold=pick(rng, ["auto", 0.3, 0.7]), pos_label=pick(rng, [None, y[0]]),
            response_method=pick(rng, ["auto", "predict_proba"]))
    else:
        model = TunedThresholdClassifierCV(inner, cv=2, random_state=1)
    return Case(model.fit(X, y), rows_for(rng, X, count), any_words=True)


def draw_frozen(rng, count):
    from sklearn.frozen import FrozenEstimator
    X, y, _ = classes_set(rng)
    frozen = FrozenEstimator(classifier(rng).fit(X, y))
    model = pick(rng, [frozen, CalibratedClassifierCV(frozen)])
    return Case(model.fit(X, y), rows_for(rng, X, count), any_words=True)


DRAWS = {
    "DecisionTreeClassifier": tree_classifier(DecisionTreeClassifier),
    "ExtraTreeClassifier": tree_classifier(ExtraTreeClassifier),
    "DecisionTreeRegressor": tree_regressor(DecisionTreeRegressor),
    "ExtraTreeRegressor": tree_regressor(ExtraTreeRegressor),
    "RandomForestClassifier": forest_classifier(RandomForestClassifier),
    "ExtraTreesClassifier": forest_classifier(ExtraTreesClassifier),
    "RandomForestRegressor": forest_regressor(RandomForestRegressor),
    "ExtraTreesRegressor": forest_regressor(ExtraTreesRegressor),
    "RandomTreesEmbedding": draw_embedding,
    "IsolationForest": draw_isolation,
    "GradientBoostingClassifier": draw_boosting_classifier,
    "GradientBoostingRegressor": draw_boosting_regressor,
    "HistGradientBoostingClassifier": draw_histogram_classifier,
    "HistGradientBoostingRegressor": draw_histogram_regressor,
    "AdaBoostClassifier": draw_ada_classifier,
    "AdaBoostRegressor": draw_ada_regressor,
    "BaggingClassifier": draw_bagging_classifier,
    "BaggingRegressor": draw_bagging_regressor,
    "VotingClassifier": draw_voting_classifier,
    "VotingRegressor": draw_voting_regressor,
    "StackingClassifier": draw_stacking_classifier,
    "StackingRegressor": draw_stacking_regressor,
    "CalibratedClassifierCV": draw_calibrated,
    "OneVsRestClassifier": draw_one_vs_rest,
    "OneVsOneClassifier": draw_one_vs_one,
    "OutputCodeClassifier": draw_output_code,
    "MultiOutputClassifier": draw_multi_classifier,
    "MultiOutputRegressor": draw_multi_regressor,
    "ClassifierChain": draw_chain_classifier,
    "RegressorChain": draw_chain_regressor,
    "DummyClassifier": draw_dummy_classifier,
    "DummyRegressor": draw_dummy_regressor,
    "TransformedTargetRegressor": draw_target,
    "GridSearchCV": draw_search,
}
if VERSION >= (1, 5):
    DRAWS["ThresholdClassifiers"] = draw_threshold
if VERSION >= (1, 6):
    DRAWS["FrozenEstimator"] = draw_frozen
