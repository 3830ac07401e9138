"""Compares estimators and preprocessing that are neither trees nor boosters with scikit-learn.

    python Tests/Exactness/classic.py --driver .build/release/ExactnessDriver [--seed N] [--only Ridge] [--rows 400]

As exactness.py: models are drawn anew in each run, saved, and predicted by both. Every function that the estimator
has is compared (predict, predict_proba, decision_function, transform). Values must be bit-equal, dtype included,
except where BLAS makes sums: there the drawing gives a bound.
"""
import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_CORETYPE", "Haswell")
# numpy has exponentials and logarithms of its own for AVX-512; without it float64 ones are glibc's.
os.environ.setdefault(
    "NPY_DISABLE_CPU_FEATURES", "AVX512F AVX512CD AVX512_SKX AVX512_CLX AVX512_CNL AVX512_ICL AVX512_SPR")

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import time
import warnings

import numpy as np
import scipy.sparse
import sklearn

import classic_linear
import comparison
import configurations as drawing

warnings.filterwarnings("ignore")
FUNCTIONS = ["predict", "predict_proba", "decision_function", "transform"]


def modules():
    names = ["classic_linear", "classic_preprocessing", "classic_models", "classic_text"]
    folder = os.path.dirname(os.path.abspath(__file__))
    return [__import__(name) for name in names if os.path.exists(os.path.join(folder, name + ".py"))]


def registry():
    draws = {}
    for module in modules():
        draws.update(module.DRAWS)
    return draws


def save(case, folder, stem, rng):
    case.path = os.path.join(folder, stem + ".model")
    case.label += ", " + drawing.save_model(case.model, case.path, rng)
    case.outputs = {}
    case.input = os.path.join(folder, stem + ".rows")
    if isinstance(case.rows, np.ndarray) and case.rows.dtype.kind in "fi":
        case.rows = np.ascontiguousarray(case.rows)
        case.rows.tofile(case.input)
        case.form = (case.rows.dtype.str, *case.rows.shape)
    else:
        with open(case.input, "w") as file:
            json.dump({"instances": case.instances}, file)
        case.form = ("v1", 0, 0)
    for function in FUNCTIONS:
        if function in case.functions and hasattr(case.model, function):
            case.outputs[function] = os.path.join(folder, f"{stem}.{function}")


def right_answer(case, function):
    result = getattr(case.model, function)(case.rows)
    if scipy.sparse.issparse(result):
        result = result.toarray()
    return np.asarray(result)


def compare(case, report):
    for function, path in case.outputs.items():
        try:
            right = right_answer(case, function)
        except Exception as error:
            right = error
        try:
            mine = comparison.read_tensors(path)[0]
        except (OSError, ValueError) as error:
            if not isinstance(right, Exception):
                report.fail(case, f"{function}: {error}")
            continue
        if isinstance(right, Exception):
            report.fail(case, f"{function}: answers where scikit-learn says {right}")
            continue
        compare_values(case, function, mine, right, report)


def compare_values(case, function, mine, right, report):
    report.values += right.size
    if right.dtype.kind == "b" and mine.dtype.kind != "b":
        right = right.astype(mine.dtype)
    if mine.shape != right.shape:
        return report.fail(case, f"{function}: shape {mine.shape} instead of {right.shape}")
    if right.dtype.kind in "UO" or mine.dtype.kind == "O":
        different = mine.astype(object) != right.astype(object)
    elif mine.dtype != right.dtype and not (case.any_type and mine.dtype.kind == "f"):
        return report.fail(case, f"{function}: type {mine.dtype} instead of {right.dtype}")
    elif mine.dtype.kind == "f":
        with np.errstate(all="ignore"):
            different = (mine != right) & ~(np.isnan(mine) & np.isnan(right))
            if not case.any_zero:
                different |= (mine == 0) & (right == 0) & (np.signbit(mine) != np.signbit(right))
    else:
        different = mine != right
    if not different.any():
        return None
    rows = np.nonzero(np.asarray(different).reshape(len(right), -1).any(axis=1))[0]
    slack = case.slack.get(function)
    if slack is not None:
        allowed = slack(case.rows, right)
        if allowed.dtype == bool:
            allowed = allowed.reshape(len(right), *([1] * (right.ndim - 1)))
            bad = different & ~allowed
        else:
            with np.errstate(all="ignore"):
                close = np.abs(mine.astype(float) - right.astype(float)) <= np.broadcast_to(allowed, right.shape)
            bad = different & ~close
        if not bad.any():
            return report.excuse(case, f"{function}: {len(rows)} of {len(right)} rows")
        rows = np.nonzero(np.asarray(bad).reshape(len(right), -1).any(axis=1))[0]
    row = rows[0]
    at = np.nonzero(np.atleast_1d(mine[row] != right[row]))[0][:4]
    text = f"{len(rows)} of {len(right)} rows, first {row} {at}: {np.atleast_1d(mine[row])[at]} instead of {np.atleast_1d(right[row])[at]}"
    report.fail(case, f"{function}: {text}")


def draw(function, seeds, rows):
    for attempt in range(30):
        rng = np.random.default_rng([*seeds, attempt])
        try:
            return function(rng, rows), rng
        except (ValueError, ZeroDivisionError, np.linalg.LinAlgError, FloatingPointError, TypeError) as error:
            last = error
    raise RuntimeError(f"no configuration of {function} could be fitted: {last}")


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--driver", required=True)
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--rows", type=int, default=400)
    parser.add_argument("--configurations", type=int, default=4, help="per estimator")
    parser.add_argument("--only", default=None, help="names that start so")
    parser.add_argument("--keep", default=None)
    arguments = parser.parse_args()
    seed = arguments.seed if arguments.seed is not None else int.from_bytes(os.urandom(4), "little")
    print(f"scikit-learn {sklearn.__version__}, numpy {np.__version__}, seed {seed}")
    folder = arguments.keep or tempfile.mkdtemp(prefix="apus-exactness-")
    os.makedirs(folder, exist_ok=True)
    try:
        return run(arguments, seed, folder)
    finally:
        if not arguments.keep:
            shutil.rmtree(folder, ignore_errors=True)


def run(arguments, seed, folder):
    started = time.monotonic()
    cases = []
    for index, (name, function) in enumerate(sorted(registry().items())):
        if arguments.only and not name.startswith(arguments.only):
            continue
        for number in range(arguments.configurations):
            case, rng = draw(function, [seed, sum(name.encode()), number], arguments.rows)
            case.label = f"{name} {number}: {case.label}"
            save(case, folder, f"{name}-{number}", rng)
            cases.append(case)
    manifest = os.path.join(folder, "manifest.tsv")
    with open(manifest, "w") as file:
        for case in cases:
            for kind, output in case.outputs.items():
                file.write("\t".join(map(str, [case.path, case.input, *case.form, kind, output])) + "\n")
    trained = time.monotonic()
    subprocess.run([os.path.abspath(arguments.driver), manifest], check=True)
    predicted = time.monotonic()
    report = comparison.Report()
    for case in cases:
        compare(case, report)
    print(
        f"{len(cases)} models x {arguments.rows} rows: trained in {trained - started:.1f} s, predicted by Apus in "
        f"{predicted - trained:.1f} s, compared in {time.monotonic() - predicted:.1f} s; {report.values} values")
    print(f"  within the bound of a reordered sum, not bit-equal: {len(report.excused)} outputs")
    for label, text in report.failures:
        print(f"  DIFFERS: {label[:160]}: {text[:400]}")
    if report.failures:
        print(f"FAILED: {len(report.failures)} outputs (seed {seed})")
        return 1
    print("all equal")
    return 0


if __name__ == "__main__":
    sys.exit(main())
