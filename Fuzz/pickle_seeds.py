"""Writes small model files of every estimator that is served: what Fuzz/Corpus/Pickle was chosen from.

    python Fuzz/pickle_seeds.py FOLDER [SEED]

Run it with the interpreters of several scikit-learn versions, then let the fuzzer keep those that reach something new:
`Pickle -merge=1 Fuzz/Corpus/Pickle FOLDER`. Files are not compressed, so that what the fuzzer changes is what the
reader sees.
"""
import pathlib
import pickle
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "Tests/Exactness"))
import comparison  # first: it settles what numpy's libraries read

import joblib
import numpy as np
from sklearn.calibration import CalibratedClassifierCV
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.ensemble import AdaBoostClassifier, BaggingClassifier, BaggingRegressor, ExtraTreesClassifier
from sklearn.ensemble import GradientBoostingClassifier, HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.multiclass import OneVsRestClassifier, OutputCodeClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

import classic
import configurations
import ensemble_models

LARGEST = 14_000
DRAWS = {**ensemble_models.DRAWS, **classic.DRAWS}
for estimator in configurations.ESTIMATORS:
    DRAWS[estimator] = lambda rng, rows, estimator=estimator: configurations.draw(estimator, rng, rows)


def smallest():
    """Models that are drawn larger than a seed should be, and labels of types that nobody draws."""
    rng = np.random.default_rng(5)
    X = rng.normal(size=(24, 2))
    y = (X[:, 0] > 0).astype(int) + (X[:, 1] > 0)
    stump, bayes = DecisionTreeClassifier(max_depth=1), GaussianNB()
    yield from (AdaBoostClassifier(tree, n_estimators=2).fit(X, y) for tree in (stump, bayes, LogisticRegression()))
    yield BaggingClassifier(bayes, n_estimators=2).fit(X, y)
    yield BaggingClassifier(bayes, n_estimators=2, max_features=1).fit(X, y)
    yield BaggingClassifier(stump, n_estimators=2).fit(X, y)
    yield BaggingClassifier(stump, n_estimators=2).fit(X[:2], y[:2])
    yield BaggingRegressor(Ridge(), n_estimators=2).fit(X, y)
    yield BaggingRegressor(DecisionTreeRegressor(max_depth=1), n_estimators=2).fit(X, y)
    yield ExtraTreesClassifier(2, max_depth=1).fit(X, y)
    yield GradientBoostingClassifier(n_estimators=2, max_depth=1).fit(X, y)
    yield GradientBoostingClassifier(n_estimators=2, max_depth=1, init="zero").fit(X, y)
    yield GradientBoostingClassifier(n_estimators=2, max_depth=1, init=bayes, loss="exponential").fit(X, y > 0)
    for options in ({}, {"categorical_features": [0]}):
        many = np.round(np.abs(X)) if options else X
        many[3, 0] = np.nan
        for make in (HistGradientBoostingClassifier, HistGradientBoostingRegressor):
            yield make(max_iter=1, max_leaf_nodes=3, max_bins=5, min_samples_leaf=2, early_stopping=False, **options).fit(many, y)
    X = np.nan_to_num(X)
    yield OutputCodeClassifier(LogisticRegression(), code_size=1.5).fit(X, y)
    yield OneVsRestClassifier(LogisticRegression()).fit(X, np.stack([y > 0, y > 5], axis=1).astype(int))
    for method in ("sigmoid", "isotonic"):
        yield CalibratedClassifierCV(bayes, method=method, cv=2).fit(X, y)
    for labels in ([True, False], [1.0, 2.0], [3, 4], ["a", "b"]):
        yield LogisticRegression().fit(X, np.array(labels)[(y > 0).astype(int)])
        yield DummyClassifier(strategy="constant", constant=[labels[0]]).fit(X, np.array(labels)[(y > 0).astype(int)])
        model = LogisticRegression().fit(X, y > 0)
        model.classes_ = np.array(labels, dtype=object)
        yield model
    for dtype in (np.uint16, np.uint32, np.uint64, np.int8, np.int16, np.float32):
        yield LogisticRegression().fit(X, (y > 0).astype(dtype))
    yield DummyClassifier(strategy="constant", constant=[1, 0]).fit(X, np.stack([y, y], axis=1))
    yield DummyClassifier(strategy="constant", constant=np.array([1, 0])).fit(X, np.stack([y, y], axis=1))
    yield DummyClassifier(strategy="uniform").fit(X, y)
    yield DummyRegressor(strategy="constant", constant=[1.0, 2.0]).fit(X, X)
    yield SVC(kernel="precomputed").fit(X @ X.T, y)


def save(model, path, rng):
    if rng.random() < 0.5:
        path.write_bytes(pickle.dumps(model, protocol=int(rng.integers(0, 6))))
    else:
        joblib.dump(model, path, protocol=int(rng.integers(2, 6)))
    if path.stat().st_size > LARGEST:
        path.unlink()


def main(folder, seed):
    folder.mkdir(parents=True, exist_ok=True)
    version = ".".join(map(str, configurations.VERSION))
    for number, model in enumerate(smallest()):
        save(model, folder / f"{type(model).__name__}-{version}-{number}.pkl", np.random.default_rng([seed, number]))
    for name, function in sorted(DRAWS.items()):
        kinds = {}
        for number in range(40):
            case, rng = comparison.draw(function, [seed, sum(name.encode()), number], 40)
            # A name may stand for several estimators, one of which holds another; each counts.
            parts = [case.model, getattr(case.model, "estimator", None), getattr(case.model, "estimator_", None)]
            kind = "-".join(type(part).__name__ for part in parts)
            kinds[kind] = kinds.get(kind, 0) + 1
            if kinds[kind] <= 6:
                save(case.model, folder / f"{name}-{version}-{kind}-{kinds[kind]}.pkl", rng)


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 1)
