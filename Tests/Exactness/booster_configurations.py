"""Random XGBoost and LightGBM models with rows to predict."""
import json

import lightgbm
import numpy as np
import pandas
import xgboost

ROWS = 400
XGBOOST = tuple(int(part) for part in xgboost.__version__.split(".")[:2])


class Case:
    def __init__(self, framework, label, model, rows, expected, has_binary_form=True):
        self.framework, self.label, self.model, self.rows = framework, label, model, rows
        self.expected, self.has_binary_form = expected, has_binary_form


def draw_columns(rng, count, features, categorical, missing):
    """Columns of several kinds, so that thresholds fall on values, between them, and on zero."""
    columns = []
    for feature in range(features):
        kind = rng.integers(5)
        if feature in categorical:
            column = rng.integers(0, rng.integers(2, 40), count).astype(float)
        elif kind == 0:
            column = rng.normal(size=count)
        elif kind == 1:
            column = rng.integers(-3, 4, count).astype(float)
        elif kind == 2:
            column = np.round(rng.normal(size=count) * 4) / 4
        elif kind == 3:
            column = np.where(rng.random(count) < 0.7, 0.0, rng.normal(size=count))
        else:
            column = rng.normal(size=count) * 10.0 ** rng.integers(-20, 20)
        if missing:
            column = np.where(rng.random(count) < rng.choice([0, 0.1, 0.5]), np.nan, column)
        columns.append(column)
    return np.stack(columns, axis=1)


def edge_rows(rng, X, thresholds, single, categorical, missing, infinite):
    """The training rows' like, with thresholds, their neighbours and other special values strewn in."""
    rows = X[rng.integers(0, len(X), ROWS)].copy()
    special = [0.0, -0.0, 5e-324, -5e-324, 1e-45, -1e-45, 1e-35, -1e-35, 1.1e-35, 1e30, -1e30]
    special += [np.inf, -np.inf] if infinite else []
    for row in range(ROWS):
        for _ in range(rng.integers(0, 3)):
            feature = rng.integers(X.shape[1])
            if feature in categorical:
                value = rng.choice([-1, -0.5, 0, 0.5, 1.7, 31, 32, 33, 64, 1000, 2.0 ** 24, 2.0 ** 31, 1e10])
                if not categorical[feature]:
                    value = abs(int(value)) % 100
            elif thresholds.get(feature) and rng.random() < 0.8:
                value = thresholds[feature][rng.integers(len(thresholds[feature]))]
                if single:
                    value = np.float32(value)
                    with np.errstate(over="ignore"):
                        value = [value, np.nextafter(value, np.float32(np.inf)),
                                 np.nextafter(value, np.float32(-np.inf))][rng.integers(3)]
                else:
                    value = [value, np.nextafter(value, np.inf), np.nextafter(value, -np.inf)][rng.integers(3)]
                if not infinite and not np.isfinite(np.float32(value)):
                    value = 0.0
            else:
                value = special[rng.integers(len(special))]
            rows[row, feature] = value
        if missing and rng.random() < 0.3:
            rows[row, rng.integers(X.shape[1])] = np.nan
    kind = rng.integers(4)
    if kind == 0:
        with np.errstate(over="ignore"):
            rows = rows.astype(np.float32)
    elif kind == 1:
        with np.errstate(invalid="ignore"):
            whole = np.clip(np.nan_to_num(rows, nan=0, posinf=9e15, neginf=-9e15), -9e15, 9e15)
        rows = whole.astype(np.int64)
    return np.ascontiguousarray(rows)


XGBOOST_OBJECTIVES = [
    "reg:squarederror", "reg:logistic", "reg:pseudohubererror", "reg:absoluteerror", "reg:quantileerror", "reg:gamma",
    "reg:tweedie", "reg:squaredlogerror", "binary:logistic", "binary:logitraw", "binary:hinge", "count:poisson",
    "survival:cox", "survival:aft", "multi:softmax", "multi:softprob", "rank:pairwise", "rank:ndcg", "rank:map",
]


def draw_xgboost(rng):
    objective = str(rng.choice(XGBOOST_OBJECTIVES))
    booster = str(rng.choice(["gbtree", "gbtree", "gbtree", "gbtree", "dart", "gblinear"]))
    features = int(rng.integers(1, 12))
    missing = bool(rng.integers(2))
    categorical = {}
    if booster == "gbtree" and rng.random() < 0.35:
        categorical = {int(one): True for one in rng.integers(0, features, rng.integers(1, 3))}
    X = draw_columns(rng, 400, features, categorical, missing)
    signal = np.nan_to_num(X[:, 0]) / (np.nanstd(X[:, 0]) + 1e-30) + rng.normal(size=len(X))
    parameters = {
        "objective": objective, "booster": booster, "eta": float(rng.uniform(0.05, 1)), "nthread": 1,
        "seed": int(rng.integers(1 << 30)), "verbosity": 0,
    }
    if booster != "gblinear":
        parameters |= {
            "max_depth": int(rng.integers(1, 9)), "tree_method": str(rng.choice(["hist", "exact", "approx"])),
            "min_child_weight": float(rng.choice([0, 1, 5])), "subsample": float(rng.choice([1, 0.7])),
            "num_parallel_tree": int(rng.choice([1, 1, 3])), "gamma": float(rng.choice([0, 0, 0.5])),
        }
        if rng.random() < 0.2:
            parameters |= {"max_leaves": int(rng.integers(2, 40)), "grow_policy": "lossguide", "tree_method": "hist",
                           "max_depth": 0}
        if categorical:
            parameters |= {"max_cat_to_onehot": int(rng.choice([1, 4, 100]))}
            if parameters["tree_method"] == "exact":
                parameters["tree_method"] = "hist"
    else:
        parameters["updater"] = str(rng.choice(["shotgun", "coord_descent"]))
    if booster == "dart":
        parameters |= {"rate_drop": 0.5, "normalize_type": str(rng.choice(["tree", "forest"])), "one_drop": 1}
    if rng.random() < 0.4 and objective != "survival:aft":
        parameters["base_score"] = float(rng.uniform(0.05, 0.95))
    label, has_binary_form, extra = make_label(rng, objective, signal, parameters, booster)
    types = ["c" if one in categorical else "q" for one in range(features)] if categorical else None
    # XGBoost trains on whole categories only.
    data = xgboost.DMatrix(
        X, feature_types=types, enable_categorical=bool(categorical), nthread=1, **extra,
        feature_names=[f"f{one} x" if rng.random() < 2 else "" for one in range(features)]
        if rng.random() < 0.2 else None)
    if label is not None:
        data.set_label(label)
    if objective.startswith("rank:"):
        data.set_group([100] * 4)
    rounds = int(rng.integers(1, 25))
    model = xgboost.train(parameters, data, rounds)
    if rng.random() < 0.2:
        model.set_attr(best_iteration="0", note="ü")
    thresholds = xgboost_thresholds(model) if booster != "gblinear" else {}
    rows = edge_rows(rng, X, thresholds, True, categorical, missing or rng.random() < 0.3, False)
    with np.errstate(over="ignore"):
        rows = np.where(np.isinf(rows.astype(np.float32)), 0, rows).astype(rows.dtype)
    matrix = xgboost.DMatrix(rows, nthread=1, feature_names=data.feature_names, feature_types=types,
                             enable_categorical=bool(categorical))
    if categorical and rows.dtype.kind != "f":
        matrix = xgboost.DMatrix(rows, nthread=1, feature_names=data.feature_names)
    expected = model.predict(matrix, validate_features=False)
    details = {key: value for key, value in parameters.items() if key not in ("nthread", "seed", "verbosity")}
    return Case(
        "xgboost", f"{details}, {rounds} rounds, {features} features, categorical {sorted(categorical)}", model, rows,
        expected, has_binary_form and not categorical)


def make_label(rng, objective, signal, parameters, booster):
    count = len(signal)
    has_binary_form, extra = True, {}
    if objective.startswith("multi:"):
        classes = int(rng.integers(2, 6))
        parameters["num_class"] = classes
        label = np.clip(np.digitize(signal, np.linspace(-1.5, 1.5, classes - 1)), 0, classes - 1)
    elif objective in ("binary:logistic", "binary:logitraw", "binary:hinge", "reg:logistic", "rank:map"):
        label = (signal > 0).astype(float)
    elif objective in ("reg:gamma", "reg:tweedie", "reg:squaredlogerror"):
        label = np.exp(signal / 3)
    elif objective == "count:poisson":
        label = rng.poisson(np.exp(signal / 3))
    elif objective == "survival:cox":
        label = np.exp(signal / 3) * rng.choice([1, -1], count)
    elif objective == "survival:aft":
        lower = np.exp(signal / 3)
        extra = {"label_lower_bound": lower, "label_upper_bound": np.where(rng.random(count) < 0.3, np.inf, lower)}
        label = None
    elif objective == "rank:ndcg":
        label = np.clip(np.round(signal + 2), 0, 4)
    else:
        label = signal * 10.0 ** rng.integers(-3, 4)
        outputs = int(rng.choice([1, 1, 3]))
        if objective == "reg:quantileerror":
            parameters["quantile_alpha"] = [float(one) for one in np.sort(rng.random(outputs))]
        elif objective == "reg:squarederror" and outputs > 1 and booster != "gblinear":
            label = np.stack([label, label[::-1], -label], axis=1)
            if booster == "gbtree" and rng.random() < 0.6:
                parameters |= {"multi_strategy": "multi_output_tree", "tree_method": "hist"}
                parameters.pop("gamma", None)
                has_binary_form = False
    return label, has_binary_form, extra


def xgboost_thresholds(model):
    thresholds = {}
    document = json.loads(bytes(model.save_raw("json")))["learner"]["gradient_booster"]
    trees = document.get("model", document.get("gbtree", {}).get("model"))["trees"]
    for tree in trees:
        for left, feature, value in zip(tree["left_children"], tree["split_indices"], tree["split_conditions"]):
            if left != -1:
                thresholds.setdefault(feature, []).append(value)
    return thresholds


LIGHTGBM_OBJECTIVES = [
    "regression", "regression_l1", "huber", "fair", "poisson", "quantile", "mape", "gamma", "tweedie", "binary",
    "multiclass", "multiclassova", "cross_entropy", "cross_entropy_lambda", "lambdarank", "rank_xendcg",
]


def draw_lightgbm(rng):
    objective = str(rng.choice(LIGHTGBM_OBJECTIVES))
    features = int(rng.integers(1, 12))
    missing = bool(rng.integers(2))
    categorical = {}
    if rng.random() < 0.35:
        categorical = {int(one): True for one in rng.integers(0, features, rng.integers(1, 3))}
    X = draw_columns(rng, 400, features, categorical, missing)
    signal = np.nan_to_num(X[:, 0]) / (np.nanstd(X[:, 0]) + 1e-30) + rng.normal(size=len(X))
    boosting = str(rng.choice(["gbdt", "gbdt", "gbdt", "dart", "rf"]))
    parameters = {
        "objective": objective, "boosting": boosting, "learning_rate": float(rng.uniform(0.05, 0.5)),
        "num_leaves": int(rng.integers(2, 40)), "min_data_in_leaf": int(rng.choice([1, 5, 20])),
        "max_bin": int(rng.choice([3, 15, 255])), "use_missing": bool(rng.random() < 0.85),
        "zero_as_missing": bool(rng.random() < 0.25), "verbosity": -1, "num_threads": 1,
        "seed": int(rng.integers(1 << 30)), "min_data_per_group": 1, "cat_smooth": 1.0,
        "max_cat_to_onehot": int(rng.choice([1, 4])), "deterministic": True, "boost_from_average": bool(rng.integers(2)),
    }
    if boosting == "rf":
        parameters |= {"bagging_freq": 1, "bagging_fraction": 0.7}
    elif rng.random() < 0.25 and objective in ("regression", "binary", "poisson", "multiclass", "huber"):
        if not parameters["zero_as_missing"] and objective != "regression_l1":
            parameters |= {"linear_tree": True, "linear_lambda": float(rng.choice([0, 0.1]))}
    if objective in ("binary", "multiclassova", "lambdarank"):
        parameters["sigmoid"] = float(rng.choice([1, 0.7, 1.7, 0.123]))
    if objective in ("regression", "regression_l1", "fair", "quantile") and rng.random() < 0.3:
        parameters["reg_sqrt"] = True
    label = lightgbm_label(rng, objective, signal, parameters)
    group = [100] * 4 if objective in ("lambdarank", "rank_xendcg") else None
    data = lightgbm.Dataset(
        X, label, group=group, categorical_feature=sorted(categorical) or "auto", free_raw_data=False,
        params=parameters)
    rounds = int(rng.integers(1, 25))
    model = lightgbm.train(parameters, data, rounds)
    thresholds = lightgbm_thresholds(model)
    rows = edge_rows(rng, X, thresholds, False, categorical, missing or rng.random() < 0.3, True)
    # As after a restart: the file is what is served.
    loaded = lightgbm.Booster(model_str=model.model_to_string())
    expected = np.asarray(loaded.predict(rows, num_threads=1))
    details = {key: value for key, value in parameters.items() if key not in ("num_threads", "seed", "verbosity")}
    return Case(
        "lightgbm", f"{details}, {rounds} rounds, {features} features, categorical {sorted(categorical)}", model, rows,
        expected)


def lightgbm_label(rng, objective, signal, parameters):
    if objective in ("multiclass", "multiclassova"):
        classes = int(rng.integers(2, 6))
        parameters["num_class"] = classes
        return np.clip(np.digitize(signal, np.linspace(-1.5, 1.5, classes - 1)), 0, classes - 1)
    if objective in ("binary", "cross_entropy", "cross_entropy_lambda"):
        return (signal > 0).astype(float)
    if objective in ("poisson", "gamma", "tweedie"):
        return np.exp(signal / 3)
    if objective in ("lambdarank", "rank_xendcg"):
        return np.clip(np.round(signal + 2), 0, 4)
    return signal * 10.0 ** rng.integers(-3, 4)


def lightgbm_thresholds(model):
    thresholds = {}
    for tree in model.dump_model()["tree_info"]:
        pending = [tree["tree_structure"]]
        while pending:
            node = pending.pop()
            if "split_feature" in node:
                if node["decision_type"] == "<=":
                    thresholds.setdefault(node["split_feature"], []).append(node["threshold"])
                pending += [node["left_child"], node["right_child"]]
    return thresholds
