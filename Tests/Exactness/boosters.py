"""Compares Apus's predictions with XGBoost's and LightGBM's, bit for bit.

    python Tests/Exactness/boosters.py --driver .build/release/ExactnessDriver [--seed N] [--models 120]

Run it with the interpreter of the libraries' versions in question. Each run draws models anew (the seed is printed):
objectives, boosters, missing values, categorical features, several outputs; each is saved in every format that the
library writes and predicted as a batch and row by row. Among the rows are the models' own thresholds, their
neighbours, zeros of both signs, denormal numbers, NaN, and infinities where the library takes them.
"""
import comparison  # first: it settles what numpy's libraries read

import os
import sys

import lightgbm
import numpy as np
import xgboost

from booster_configurations import draw_lightgbm, draw_xgboost

XGBOOST = tuple(int(part) for part in xgboost.__version__.split(".")[:2])


class Comparison:
    """One file with one kind of call."""

    def __init__(self, case, path, framework, way):
        self.case, self.path, self.framework, self.way = case, path, framework, way
        self.output = f"{path}.{way}.out"

    def lines(self):
        rows, columns = self.case.rows.shape
        dtype = self.case.rows.dtype.str
        yield [
            self.path, self.case.input, dtype, rows, columns, "labels", self.output, self.framework, "", self.way]

    def compare(self, report):
        what = os.path.basename(self.output)
        try:
            mine = list(comparison.read_tensors(self.output).values())
        except (OSError, ValueError) as error:
            return report.fail(self.case.label, f"{what}: {error}")
        if len(mine) != 1:
            return report.fail(self.case.label, f"{what}: {len(mine)} outputs")
        report.values_of(self.case.label, what, mine[0], self.case.expected)


def comparisons(case, stem):
    """The case's rows and its model in all formats, each predicted in both ways."""
    case.input = stem + ".rows"
    case.rows.tofile(case.input)
    if case.framework == "xgboost":
        # A .bst may hold any format, whatever framework the server was told.
        files = []
        for form in ["json", "ubj"] + (["deprecated"] if XGBOOST < (3, 1) and case.has_binary_form else []):
            path = f"{stem}.{form}.bst"
            with open(path, "wb") as file:
                file.write(case.model.save_raw(form))
            files.append((path, "lightgbm" if form == "json" else "xgboost"))
    else:
        case.model.save_model(stem + ".bst")
        files = [(stem + ".bst", "lightgbm")]
    for path, framework in files:
        for way in ("batch", "rows"):
            yield Comparison(case, path, framework, way)


def collect(arguments, seed, folder):
    for index, (framework, draw) in enumerate([("xgboost", draw_xgboost), ("lightgbm", draw_lightgbm)]):
        if arguments.only and not framework.startswith(arguments.only):
            continue
        for number in range(arguments.models):
            case, _ = comparison.draw(draw, [seed, index, number])
            case.label = f"{framework} {number}: {case.label}"
            yield from comparisons(case, os.path.join(folder, f"{framework}-{number}"))


if __name__ == "__main__":
    versions = f"xgboost {xgboost.__version__}, lightgbm {lightgbm.__version__}, numpy {np.__version__}"
    options = [("--models", 120, "per library")]
    sys.exit(comparison.main(__doc__, versions, collect, options))
