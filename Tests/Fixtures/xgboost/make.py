"""Makes the models of this folder and of ../lightgbm with what each library answers; run with venv-boosters."""
import json
import os

import lightgbm
import numpy as np
import xgboost

HERE = os.path.dirname(os.path.abspath(__file__))
rng = np.random.default_rng(1)
X = rng.normal(size=(200, 4)).astype(np.float32)
X[rng.random(X.shape) < 0.1] = np.nan
X[:, 3] = rng.integers(0, 6, 200)
y = (np.nan_to_num(X[:, 0]) + (X[:, 3] == 2) > 0.3).astype(int)
rows = X[:6].astype(float)
rows[5] = [np.nan, 0.0, -0.0, np.nan]
expected = {"rows": [[None if np.isnan(one) else float(one) for one in row] for row in rows]}
data = xgboost.DMatrix(X, y)
binary = xgboost.train({"objective": "binary:logistic", "max_depth": 3}, data, 8)
for form, ending in (("json", "json"), ("ubj", "ubj"), ("deprecated", "bst")):
    with open(f"{HERE}/binary.{ending}", "wb") as file:
        file.write(binary.save_raw(form))
expected["binary"] = binary.predict(xgboost.DMatrix(rows)).tolist()
softprob = xgboost.train(
    {"objective": "multi:softprob", "num_class": 3, "max_depth": 2, "booster": "dart", "rate_drop": 0.5}, xgboost.DMatrix(
        X, X[:, 3] % 3), 3)
softprob.save_model(f"{HERE}/dart.ubj")
expected["dart"] = softprob.predict(xgboost.DMatrix(rows)).tolist()
typed = xgboost.DMatrix(X, y, feature_types=["q", "q", "q", "c"], enable_categorical=True)
categorical = xgboost.train({"objective": "reg:squarederror", "max_depth": 3, "max_cat_to_onehot": 1}, typed, 4)
categorical.save_model(f"{HERE}/categorical.json")
expected["categorical"] = categorical.predict(
    xgboost.DMatrix(rows, feature_types=["q", "q", "q", "c"], enable_categorical=True)).tolist()
linear = xgboost.train({"objective": "count:poisson", "booster": "gblinear"}, data, 4)
with open(f"{HERE}/linear.bst", "wb") as file:
    file.write(linear.save_raw("deprecated"))
expected["linear"] = linear.predict(xgboost.DMatrix(rows)).tolist()
with open(f"{HERE}/expected.json", "w") as file:
    json.dump(expected, file)

HERE = os.path.join(HERE, "..", "lightgbm")
expected = {"rows": expected["rows"]}
common = {"verbosity": -1, "num_leaves": 7, "min_data_in_leaf": 5, "num_threads": 1, "min_data_per_group": 5}
for name, parameters in (
    ("binary", {"objective": "binary", "sigmoid": 0.7}),
    ("multiclass", {"objective": "multiclass", "num_class": 3, "zero_as_missing": True}),
    ("forest", {"objective": "regression", "boosting": "rf", "bagging_freq": 1, "bagging_fraction": 0.7}),
    ("linear", {"objective": "regression", "linear_tree": True}),
):
    label = X[:, 3] % 3 if name == "multiclass" else y
    data = lightgbm.Dataset(X.astype(float), label, categorical_feature=[3] if name == "binary" else "auto", params=common)
    model = lightgbm.train(common | parameters, data, 4)
    model.save_model(f"{HERE}/{name}.bst")
    expected[name] = lightgbm.Booster(model_file=f"{HERE}/{name}.bst").predict(rows).tolist()
with open(f"{HERE}/expected.json", "w") as file:
    json.dump(expected, file)
