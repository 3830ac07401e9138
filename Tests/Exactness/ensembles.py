"""Compares trees, ensembles and estimators made of estimators with scikit-learn, bit for bit.

    python Tests/Exactness/ensembles.py --driver .build/release/ExactnessDriver [--seed N] [--only Bagging] [--rows 400]

Models are drawn anew in each run (the seed is printed), saved, and predicted by both. Every function that the
estimator has is compared (predict, predict_proba, decision_function, transform), dtype included, and where there
is a row model the same rows are predicted through it one by one. Rows that scikit-learn refuses (NaN, infinities,
numbers too large for float32, a column too few) must be refused with its words.
"""
import comparison  # first: it settles what numpy's libraries read

import os
import sys

import numpy as np
import scipy.sparse
import sklearn

import configurations as drawing
import ensemble_models


class Comparison:
    """One function of one model over one block of rows."""

    def __init__(self, case, function, rows, path, by_rows=False, is_refusable=False):
        self.case, self.function, self.rows, self.path = case, function, rows, path
        self.by_rows = by_rows
        self.what = f"{function}{' by rows' if by_rows else ''}{' (to be refused)' if is_refusable else ''}"
        self.input = path + ".rows"
        np.ascontiguousarray(rows).tofile(self.input)

    def lines(self):
        rows, columns = self.rows.shape
        line = [self.case.path, self.input, self.rows.dtype.str, rows, columns, self.function, self.path]
        yield line + (["sklearn", "", "rows"] if self.by_rows else [])

    def right_answer(self):
        model = self.case.model
        if self.by_rows:
            function = "predict_proba" if self.function == "probabilities" else self.function
            parts = [getattr(model, function)(self.rows[row:row + 1]) for row in range(len(self.rows))]
            return [np.concatenate(parts)]
        result = getattr(model, self.function)(self.rows)
        if scipy.sparse.issparse(result):
            result = result.toarray()
        return result if isinstance(result, list) else [result]

    def compare(self, report):
        label = self.case.label
        right = comparison.outcome(self.right_answer)
        try:
            mine = list(comparison.read_tensors(self.path).values())
        except (OSError, ValueError) as error:
            if not isinstance(right, Exception):
                return report.fail(label, f"{self.what}: {error}")
            words = str(error).removeprefix("error ").replace("\\'", "'")
            first = str(right).splitlines()[0]
            report.values += 1
            if first not in words and not self.case.any_words:
                report.fail(label, f"{self.what}: says {words!r} where scikit-learn says {first!r}")
            return None
        if isinstance(right, Exception):
            return report.fail(label, f"{self.what}: answers where scikit-learn says {str(right).splitlines()[0]}")
        if len(mine) != len(right):
            return report.fail(label, f"{self.what}: {len(mine)} outputs instead of {len(right)}")
        for one, other in zip(mine, right):
            other = np.asarray(other)
            report.values_of(label, self.what, one, other, self.excuse(one, other))

    def excuse(self, mine, right):
        bound = self.case.bound
        if bound is None or mine.dtype.kind != "f":
            return None
        return lambda different: np.isclose(mine, right, rtol=bound, atol=bound)


def comparisons(case, stem, rng):
    case.path = stem + ".model"
    case.label += ", " + drawing.save_model(case.model, case.path, rng)
    for function in comparison.FUNCTIONS:
        if hasattr(case.model, function):
            yield Comparison(case, function, case.rows, f"{stem}.{function}")
    if case.has_row_model:
        single = case.rows[:64]
        yield Comparison(case, "predict", single, f"{stem}.rows.predict", by_rows=True)
        if hasattr(case.model, "predict_proba"):
            yield Comparison(case, "probabilities", single, f"{stem}.rows.proba", by_rows=True)
    if not case.is_refused:
        return
    function = "predict" if hasattr(case.model, "predict") else "transform"
    for number, rows in enumerate(refusals(rng, case.rows)):
        yield Comparison(case, function, rows, f"{stem}.refused{number}", is_refusable=True)


def refusals(rng, rows):
    if rows.dtype.kind == "f":
        for value in (np.nan, np.inf):
            bad = rows[:3].copy()
            bad[1, int(rng.integers(rows.shape[1]))] = value
            yield bad
    yield np.zeros((2, rows.shape[1] + 1), dtype=rows.dtype)


def collect(arguments, seed, folder):
    for name, function in sorted(ensemble_models.DRAWS.items()):
        if arguments.only and not name.startswith(arguments.only):
            continue
        for number in range(arguments.configurations):
            case, rng = comparison.draw(function, [seed, sum(name.encode()), number], arguments.rows)
            case.label = f"{name} {number}: {case.label}"
            yield from comparisons(case, os.path.join(folder, f"{name}-{number}"), rng)


if __name__ == "__main__":
    versions = f"scikit-learn {sklearn.__version__}, numpy {np.__version__}"
    options = [("--rows", 300, "rows of each model"), ("--configurations", 5, "per estimator")]
    sys.exit(comparison.main(__doc__, versions, collect, options))
