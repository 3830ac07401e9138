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
import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
# OpenBLAS sums in an order that depends on the processor: scikit-learn differs from itself between an AVX2 and an
# AVX-512 machine (last bits of SVC's probabilities). Apus sums in the AVX2 order, so that one is asked for here.
os.environ.setdefault("OPENBLAS_CORETYPE", "Haswell")

import argparse
import shutil
import subprocess
import sys
import tempfile
import time
import warnings

import joblib
import numpy as np
import sklearn

import configurations as drawing
import comparison

warnings.filterwarnings("ignore")


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--driver", required=True, help="path of the ExactnessDriver program")
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--configurations", type=int, default=30, help="per estimator")
    parser.add_argument("--only", default=None, help="one estimator's name")
    parser.add_argument("--keep", default=None, help="folder that keeps models and inputs")
    arguments = parser.parse_args()
    seed = arguments.seed if arguments.seed is not None else int.from_bytes(os.urandom(4), "little")
    versions = f"scikit-learn {sklearn.__version__}, numpy {np.__version__}, joblib {joblib.__version__}"
    print(f"{versions}, seed {seed}")
    folder = arguments.keep or tempfile.mkdtemp(prefix="apus-exactness-")
    os.makedirs(folder, exist_ok=True)
    try:
        return run(arguments, seed, folder)
    finally:
        if not arguments.keep:
            shutil.rmtree(folder, ignore_errors=True)


def draw(name, seeds, rows):
    """A configuration that scikit-learn can fit: a solver may give up on a drawn one, then the next is tried."""
    for attempt in range(20):
        rng = np.random.default_rng([*seeds, attempt])
        try:
            return drawing.draw(name, rng, rows), rng
        except (ValueError, ZeroDivisionError) as error:
            print(f"  {name} {seeds[-1]}: scikit-learn does not fit this one, drawing again ({error})")
    raise RuntimeError(f"no configuration of {name} could be fitted")


def run(arguments, seed, folder):
    started = time.monotonic()
    cases = []
    for index, name in enumerate(drawing.ESTIMATORS):
        if arguments.only not in (None, name):
            continue
        for number in range(arguments.configurations):
            case, rng = draw(name, [seed, index, number], arguments.rows)
            case.label = f"{name} {number}: {case.label}"
            case.save(folder, f"{name}-{number}", rng)
            cases.append(case)
    manifest = os.path.join(folder, "manifest.tsv")
    with open(manifest, "w") as file:
        for case in cases:
            file.writelines(case.manifest_lines())
    trained = time.monotonic()
    subprocess.run([os.path.abspath(arguments.driver), manifest], check=True)
    predicted = time.monotonic()
    report = comparison.Report()
    for case in cases:
        comparison.compare(case, report)
    print(
        f"{len(cases)} configurations x {arguments.rows} rows: trained in {trained - started:.1f} s, "
        f"predicted by Apus in {predicted - trained:.1f} s, compared in {time.monotonic() - predicted:.1f} s"
    )
    report.show()
    if report.failures:
        print(f"FAILED: {len(report.failures)} of {len(cases)} configurations (seed {seed})")
        return 1
    print("all equal")
    return 0


if __name__ == "__main__":
    sys.exit(main())
