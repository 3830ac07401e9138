"""Compares Apus's predictions with scikit-learn's, bit for bit.

    python Tests/Exactness/exactness.py --driver .build/release/ExactnessDriver [--seed N] [--rows 10000]

Run it with the interpreter of the scikit-learn version in question: it trains models in configurations that
are drawn anew in each run (the seed is printed), saves them, predicts with scikit-learn, lets the driver
predict from the same files, and compares. Labels, regressors' values, forests' probabilities and scaled rows
must be bit-equal, dtype included. Where BLAS makes the sums (LogisticRegression's scores, SVC from 16 features
on), scikit-learn itself differs between batch, row and processor: there probabilities must lie within the
bound of the reordered sum, and a label may differ only where the two best scores lie within that bound; such
rows are counted and shown.
"""
import comparison  # first: it settles what numpy's libraries read

import sys

import joblib
import numpy as np
import sklearn
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from sklearn.svm import SVC

import configurations as drawing


class Comparison:
    """One function of one model."""

    def __init__(self, case, kind, output):
        self.case, self.kind, self.output = case, kind, output

    def lines(self):
        rows, columns = self.case.rows.shape
        dtype = self.case.rows.dtype.str
        yield [self.case.model_path, self.case.input_path, dtype, rows, columns, self.kind, self.output]

    def compare(self, report):
        try:
            ours = list(comparison.read_tensors(self.output).values())
        except (OSError, ValueError) as error:
            return report.fail(self.case.label, f"{self.kind}: {error}")
        theirs = self.expected()
        if len(ours) != len(theirs):
            return report.fail(self.case.label, f"{self.kind}: {len(ours)} outputs instead of {len(theirs)}")
        for mine, right in zip(ours, theirs):
            right = np.asarray(right)
            excuse = self.excuse(mine, right)
            report.values_of(self.case.label, self.kind, mine, right, excuse)

    def expected(self):
        model, rows = self.case.model, self.case.rows
        if self.kind == "probabilities":
            result = model.predict_proba(rows)
            return result if isinstance(result, list) else [result]
        return [model.predict(rows) if hasattr(model, "predict") else model.transform(rows)]

    def excuse(self, mine, right):
        """Tells which rows differ by no more than a reordered sum may; None where bits must be equal."""
        model, steps = self.case.model, []
        while isinstance(model, Pipeline):
            steps += [step for _, step in model.steps[:-1] if step not in (None, "passthrough")]
            model = model.steps[-1][1]
        features = self.case.rows.shape[1]
        if isinstance(model, LogisticRegression):
            judge = excuse_logistic
        elif isinstance(model, SVC) and features >= 16:
            judge = excuse_svc
        else:
            return None

        def excuse(different):
            rows = comparison.rows_of(different)
            X = self.case.rows[rows]
            for step in steps:
                X = step.transform(X)
            excused = np.zeros(len(different), dtype=bool)
            excused[rows] = judge(model, self.kind, X, mine[rows], right[rows])
            return excused
        return excuse


def excuse_logistic(model, kind, X, mine, right):
    exact = np.asarray(X, dtype=np.longdouble) @ model.coef_.T.astype(np.longdouble) + model.intercept_
    size = np.abs(X).astype(np.float64) @ np.abs(model.coef_.T).astype(np.float64) + np.abs(model.intercept_)
    single = X.dtype == np.float32 and model.coef_.dtype == np.float32
    epsilon = float(np.finfo(np.float32 if single else np.float64).eps)
    bound = (X.shape[1] + 1) * epsilon * size
    if kind == "probabilities":
        relative = 4 * bound.max(axis=1, keepdims=True) + 16 * epsilon
        allowed = np.abs(right) * relative + np.finfo(right.dtype).tiny
        if right.shape[1] == 2 and bound.shape[1] == 1:
            allowed = allowed.max(axis=1, keepdims=True)  # 1 - p carries p's error
        return (np.abs(mine - right) <= allowed).all(axis=1)
    if exact.shape[1] == 1:
        return np.abs(exact[:, 0]) <= bound[:, 0]
    best = np.argsort(exact, axis=1)
    at = np.arange(len(X))
    first, second = best[:, -1], best[:, -2]
    return exact[at, first] - exact[at, second] <= 2 * np.maximum(bound[at, first], bound[at, second])


def excuse_svc(model, kind, X, mine, right):
    """OpenBLAS sums 16 products and more in an order that depends on the processor; Apus always in AVX2's."""
    if kind == "probabilities":
        return np.isclose(mine, right, rtol=1e-9, atol=1e-12).all(axis=1)
    shape = model.decision_function_shape
    model.decision_function_shape = "ovo"
    decisions = model.decision_function(X)
    model.decision_function_shape = shape
    size = np.abs(model.dual_coef_).sum() + np.abs(model.intercept_).max()
    tie = np.abs(decisions.reshape(len(X), -1)).min(axis=1) <= 1e-12 * size
    if model.break_ties and len(model.classes_) > 2:
        confidences = np.sort(model.decision_function(X), axis=1)
        tie |= confidences[:, -1] - confidences[:, -2] <= 1e-12
    return tie


def collect(arguments, seed, folder):
    for index, name in enumerate(drawing.ESTIMATORS):
        if arguments.only and not name.startswith(arguments.only):
            continue
        for number in range(arguments.configurations):
            case, rng = comparison.draw(
                lambda rng: drawing.draw(name, rng, arguments.rows), [seed, index, number])
            case.label = f"{name} {number}: {case.label}"
            case.save(folder, f"{name}-{number}", rng)
            for kind, output in case.outputs.items():
                yield Comparison(case, kind, output)


if __name__ == "__main__":
    versions = f"scikit-learn {sklearn.__version__}, numpy {np.__version__}, joblib {joblib.__version__}"
    options = [("--rows", 10_000, "rows of each model"), ("--configurations", 30, "per estimator")]
    sys.exit(comparison.main(__doc__, versions, collect, options))
