"""Compares trees, ensembles and estimators made of estimators with scikit-learn, bit for bit.

    python Tests/Exactness/ensembles.py --driver .build/release/ExactnessDriver [--seed N] [--only Bagging] [--rows 400]

Models are drawn anew in each run (the seed is printed), saved, and predicted by both. Every function that the
estimator has is compared (predict, predict_proba, decision_function, transform), dtype included, and where there
is a row model the same rows are predicted through it one by one. Rows that scikit-learn refuses (NaN, infinities,
a column too few) must be refused with its words.
"""
import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_CORETYPE", "Haswell")
# numpy has exponentials, logarithms and powers of its own for AVX-512; without them they are glibc's.
os.environ.setdefault(
    "NPY_DISABLE_CPU_FEATURES",
    "AVX512F AVX512CD AVX512_SKX AVX512_CLX AVX512_CNL AVX512_ICL AVX512_SPR X86_V4")

import argparse
import shutil
import subprocess
import sys
import tempfile
import time
import warnings

import numpy as np
import scipy.sparse
import sklearn

import comparison
import configurations as drawing
import ensemble_models

warnings.filterwarnings("ignore")
FUNCTIONS = ["predict", "predict_proba", "decision_function", "transform"]


class Job:
    """One function of one model over one block of rows."""

    def __init__(self, case, function, rows, path, by_rows=False, refused=False):
        self.case, self.function, self.rows, self.path = case, function, rows, path
        self.by_rows, self.refused = by_rows, refused
        self.input = path + ".rows"
        np.ascontiguousarray(rows).tofile(self.input)

    def line(self):
        rows, columns = self.rows.shape
        fields = [self.case.path, self.input, self.rows.dtype.str, rows, columns, self.function, self.path]
        if self.by_rows:
            fields += ["sklearn", "", "rows"]
        return "\t".join(map(str, fields)) + "\n"


def jobs(case, folder, stem, rng):
    case.path = os.path.join(folder, stem + ".model")
    case.label += ", " + drawing.save_model(case.model, case.path, rng)
    for function in FUNCTIONS:
        if hasattr(case.model, function):
            yield Job(case, function, case.rows, os.path.join(folder, f"{stem}.{function}"))
    if case.has_row_model:
        single = case.rows[:64]
        yield Job(case, "predict", single, os.path.join(folder, f"{stem}.rows.predict"), by_rows=True)
        if hasattr(case.model, "predict_proba"):
            yield Job(case, "probabilities", single, os.path.join(folder, f"{stem}.rows.proba"), by_rows=True)
    if not case.is_refused:
        return
    function = "predict" if hasattr(case.model, "predict") else "transform"
    for number, rows in enumerate(refusals(rng, case.rows)):
        yield Job(case, function, rows, os.path.join(folder, f"{stem}.refused{number}"), refused=True)


def refusals(rng, rows):
    if rows.dtype.kind == "f":
        for value in (np.nan, np.inf):
            bad = rows[:3].copy()
            bad[1, int(rng.integers(rows.shape[1]))] = value
            yield bad
    yield np.zeros((2, rows.shape[1] + 1), dtype=rows.dtype)


def right_answer(job):
    model = job.case.model
    if job.by_rows:
        function = "predict_proba" if job.function == "probabilities" else job.function
        parts = [getattr(model, function)(job.rows[row:row + 1]) for row in range(len(job.rows))]
        return [np.concatenate(parts)]
    result = getattr(model, job.function)(job.rows)
    if scipy.sparse.issparse(result):
        result = result.toarray()
    return result if isinstance(result, list) else [result]


def compare(job, report):
    label = f"{job.function}{' by rows' if job.by_rows else ''}{' (to be refused)' if job.refused else ''}"
    try:
        right = right_answer(job)
    except Exception as error:
        right = error
    try:
        mine = comparison.read_tensors(job.path)
    except (OSError, ValueError) as error:
        if not isinstance(right, Exception):
            return report.fail(job.case, f"{label}: {error}")
        words = str(error).removeprefix("error ").replace("\\'", "'")
        first = str(right).splitlines()[0]
        report.values += 1
        if first not in words and not job.case.any_words:
            report.fail(job.case, f"{label}: says {words!r} where scikit-learn says {first!r}")
        return None
    if isinstance(right, Exception):
        return report.fail(job.case, f"{label}: answers where scikit-learn says {str(right).splitlines()[0]}")
    if len(mine) != len(right):
        return report.fail(job.case, f"{label}: {len(mine)} outputs instead of {len(right)}")
    for one, other in zip(mine, right):
        compare_values(job, label, one, np.asarray(other), report)


def compare_values(job, label, mine, right, report):
    report.values += right.size
    if mine.shape != right.shape:
        return report.fail(job.case, f"{label}: shape {mine.shape} instead of {right.shape}")
    if right.dtype.kind in "UO":
        different = mine.astype(object) != right.astype(object)
    elif mine.dtype != right.dtype:
        return report.fail(job.case, f"{label}: type {mine.dtype} instead of {right.dtype}")
    elif mine.dtype.kind == "f":
        bits = f"<u{mine.dtype.itemsize}"
        different = np.ascontiguousarray(mine).view(bits) != np.ascontiguousarray(right).view(bits)
        different &= ~(np.isnan(mine) & np.isnan(right))
        if job.case.bound is not None:
            close = np.isclose(mine, right, rtol=job.case.bound, atol=job.case.bound)
            if different.any() and not (different & ~close).any():
                return report.excuse(job.case, label)
            different &= ~close
    else:
        different = mine != right
    different = np.asarray(different, dtype=bool).reshape(len(right), -1)
    rows = np.nonzero(different.any(axis=1))[0]
    if len(rows):
        row = rows[0]
        report.fail(
            job.case, f"{label}: {len(rows)} of {len(right)} rows, first {row}: {mine[row]} instead of {right[row]}")
    return None


def draw(function, seeds, rows):
    last = None
    for attempt in range(30):
        rng = np.random.default_rng([*seeds, attempt])
        try:
            return function(rng, rows), rng
        except (ValueError, ZeroDivisionError, RuntimeError, np.linalg.LinAlgError) as error:
            last = error
    raise RuntimeError(f"no configuration of {function.__name__} could be fitted: {last}")


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--driver", required=True)
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--rows", type=int, default=300)
    parser.add_argument("--configurations", type=int, default=5, help="per estimator")
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
    work, models = [], 0
    for name, function in sorted(ensemble_models.DRAWS.items()):
        if arguments.only and not name.startswith(arguments.only):
            continue
        for number in range(arguments.configurations):
            case, rng = draw(function, [seed, sum(name.encode()), number], arguments.rows)
            case.label = f"{name} {number}: {case.label}"
            work += jobs(case, folder, f"{name}-{number}", rng)
            models += 1
    manifest = os.path.join(folder, "manifest.tsv")
    with open(manifest, "w") as file:
        file.writelines(job.line() for job in work)
    trained = time.monotonic()
    subprocess.run([os.path.abspath(arguments.driver), manifest], check=True)
    predicted = time.monotonic()
    report = comparison.Report()
    for job in work:
        compare(job, report)
    print(
        f"{models} models, {len(work)} comparisons: trained in {trained - started:.1f} s, predicted by Apus in "
        f"{predicted - trained:.1f} s, compared in {time.monotonic() - predicted:.1f} s; {report.values} values")
    if report.excused:
        print(f"  within the bound of a reordered sum, not bit-equal: {len(report.excused)} outputs")
    for label, text in report.failures[:60]:
        print(f"  DIFFERS: {label[:200]}: {text[:300]}")
    if report.failures:
        print(f"FAILED: {len(report.failures)} comparisons (seed {seed})")
        return 1
    print("all equal")
    return 0


if __name__ == "__main__":
    sys.exit(main())
