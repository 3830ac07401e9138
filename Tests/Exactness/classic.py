"""Compares estimators and preprocessing that are neither trees nor boosters with scikit-learn.

    python Tests/Exactness/classic.py --driver .build/release/ExactnessDriver [--seed N] [--only Ridge] [--rows 400]

As exactness.py: models are drawn anew in each run, saved, and predicted by both. Every function that the estimator
has is compared (predict, predict_proba, decision_function, transform). Values must be bit-equal, dtype included,
except where BLAS makes sums: there the drawing gives a bound. Rows that scikit-learn refuses must be refused.
"""
import comparison  # first: it settles what numpy's libraries read

import json
import os
import sys

import numpy as np
import scipy.sparse
import sklearn

import classic_linear
import classic_models
import classic_preprocessing
import classic_text
import configurations as drawing

DRAWS = {
    **classic_linear.DRAWS, **classic_preprocessing.DRAWS, **classic_models.DRAWS, **classic_text.DRAWS}


class Comparison:
    """One function of one model."""

    def __init__(self, case, function, stem):
        self.case, self.function, self.output = case, function, f"{stem}.{function}"

    def lines(self):
        yield [self.case.path, self.case.input, *self.case.form, self.function, self.output]

    def right_answer(self):
        result = getattr(self.case.model, self.function)(self.case.rows)
        if scipy.sparse.issparse(result):
            result = result.toarray()
        return np.asarray(result)

    def compare(self, report):
        label = self.case.label
        right = comparison.outcome(self.right_answer)
        try:
            mine = next(iter(comparison.read_tensors(self.output).values()))
        except (OSError, ValueError) as error:
            if not isinstance(right, Exception):
                report.fail(label, f"{self.function}: {error}")
            return
        if isinstance(right, Exception):
            if self.case.known_fault and self.case.known_fault in str(right):
                return None
            return report.fail(label, f"{self.function}: answers where scikit-learn says {right}")
        if right.dtype.kind == "b" and mine.dtype.kind != "b":
            right = right.astype(mine.dtype)
        report.values_of(
            label, self.function, mine, right, self.excuse(mine, right), self.case.any_type, self.case.any_zero)

    def excuse(self, mine, right):
        slack = self.case.slack.get(self.function)
        if slack is None:
            return None

        def excuse(different):
            allowed = slack(self.case.rows, right)
            if allowed.dtype == bool:
                return allowed
            return np.abs(mine.astype(float) - right.astype(float)) <= np.broadcast_to(allowed, right.shape)
        return excuse


def save(case, stem, rng):
    case.path = stem + ".model"
    case.label += ", " + drawing.save_model(case.model, case.path, rng)
    case.input = stem + ".rows"
    if isinstance(case.rows, np.ndarray) and case.rows.dtype.kind in "fi":
        case.rows = np.ascontiguousarray(case.rows)
        case.rows.tofile(case.input)
        case.form = (case.rows.dtype.str, *case.rows.shape)
    else:
        with open(case.input, "w") as file:
            json.dump({"instances": case.instances}, file)
        case.form = ("v1", 0, 0)


def collect(arguments, seed, folder):
    for name, function in sorted(DRAWS.items()):
        if arguments.only and not name.startswith(arguments.only):
            continue
        for number in range(arguments.configurations):
            case, rng = comparison.draw(function, [seed, sum(name.encode()), number], arguments.rows)
            case.label = f"{name} {number}: {case.label}"
            stem = os.path.join(folder, f"{name}-{number}")
            save(case, stem, rng)
            for function_name in comparison.FUNCTIONS:
                if function_name in case.functions and hasattr(case.model, function_name):
                    yield Comparison(case, function_name, stem)


if __name__ == "__main__":
    versions = f"scikit-learn {sklearn.__version__}, numpy {np.__version__}"
    options = [("--rows", 400, "rows of each model"), ("--configurations", 4, "per estimator")]
    sys.exit(comparison.main(__doc__, versions, collect, options))
