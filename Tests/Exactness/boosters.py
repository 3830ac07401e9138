"""Compares Apus's predictions with XGBoost's and LightGBM's, bit for bit.

    python Tests/Exactness/boosters.py --driver .build/release/ExactnessDriver [--seed N] [--models 120]

Run it with the interpreter of the libraries' versions in question. Each run draws models anew (the seed is printed):
objectives, boosters, missing values, categorical features, several outputs; each is saved in every format that the
library writes and predicted as a batch and row by row. Among the rows are the models' own thresholds, their
neighbours, zeros of both signs, denormal numbers, NaN, and infinities where the library takes them.
"""
import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import argparse
import shutil
import subprocess
import sys
import tempfile
import time
import warnings

import lightgbm
import numpy as np
import xgboost

from booster_configurations import draw_lightgbm, draw_xgboost
from comparison import read_tensors

warnings.filterwarnings("ignore")
XGBOOST = tuple(int(part) for part in xgboost.__version__.split(".")[:2])


class Job:
    """One file with one kind of call."""

    def __init__(self, case, path, framework, by_row, output):
        self.case, self.path, self.framework, self.by_row, self.output = case, path, framework, by_row, output

    def manifest_line(self):
        rows, columns = self.case.rows.shape
        fields = [
            self.path, self.case.input, self.case.rows.dtype.str, str(rows), str(columns), "labels", self.output,
            self.framework, "", "rows" if self.by_row else "batch",
        ]
        return "\t".join(fields) + "\n"


def draw_fitting(draw, seeds):
    """A case that the library trains: it may refuse a combination, then the next one is drawn."""
    for attempt in range(50):
        try:
            return draw(np.random.default_rng([*seeds, attempt]))
        except (xgboost.core.XGBoostError, lightgbm.basic.LightGBMError) as error:
            refusal = str(error).split("Stack trace")[0].strip()
            if attempt > 20:
                print(f"  {seeds}: {refusal}")
    raise RuntimeError(f"no model could be trained for {seeds}")


def save(case, folder, name):
    """The case's rows and its model in all formats; the jobs that predict them."""
    case.input = os.path.join(folder, name + ".rows")
    case.rows.tofile(case.input)
    if case.framework == "xgboost":
        # A .bst may hold any format, whatever framework the server was told.
        formats = ["json", "ubj"] + (["deprecated"] if XGBOOST < (3, 1) and case.has_binary_form else [])
        files = []
        for form in formats:
            path = os.path.join(folder, f"{name}.{form}.bst")
            with open(path, "wb") as file:
                file.write(case.model.save_raw(form))
            files.append((path, "lightgbm" if form == "json" else "xgboost"))
    else:
        path = os.path.join(folder, name + ".bst")
        case.model.save_model(path)
        files = [(path, "lightgbm")]
    jobs = []
    for path, framework in files:
        for by_row in (False, True):
            jobs.append(Job(case, path, framework, by_row, f"{path}.{'rows' if by_row else 'batch'}.out"))
    return jobs


def compare(job):
    """None, or how the results differ."""
    try:
        mine = read_tensors(job.output)
    except (OSError, ValueError) as error:
        return str(error).strip()
    right = job.case.expected
    if len(mine) != 1 or mine[0].shape != right.shape or mine[0].dtype != right.dtype:
        return f"{[(one.shape, str(one.dtype)) for one in mine]} instead of {right.shape} {right.dtype}"
    bits = f"<u{right.dtype.itemsize}"
    different = np.ascontiguousarray(mine[0]).view(bits) != np.ascontiguousarray(right).view(bits)
    different &= ~(np.isnan(mine[0]) & np.isnan(right))
    rows = np.nonzero(different.reshape(len(right), -1).any(axis=1))[0]
    if not len(rows):
        return None
    row = rows[0]
    return f"{len(rows)} of {len(right)} rows, first {row}: {mine[0][row]} instead of {right[row]}"


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--driver", required=True, help="path of the ExactnessDriver program")
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--models", type=int, default=120, help="per library")
    parser.add_argument("--only", choices=["xgboost", "lightgbm"], default=None)
    parser.add_argument("--keep", default=None, help="folder that keeps models and inputs")
    arguments = parser.parse_args()
    seed = arguments.seed if arguments.seed is not None else int.from_bytes(os.urandom(4), "little")
    print(f"xgboost {xgboost.__version__}, lightgbm {lightgbm.__version__}, seed {seed}")
    folder = arguments.keep or tempfile.mkdtemp(prefix="apus-boosters-")
    os.makedirs(folder, exist_ok=True)
    try:
        return run(arguments, seed, folder)
    finally:
        if not arguments.keep:
            shutil.rmtree(folder, ignore_errors=True)


def run(arguments, seed, folder):
    started = time.monotonic()
    jobs, values = [], 0
    drawers = {"xgboost": draw_xgboost, "lightgbm": draw_lightgbm}
    for index, (framework, draw) in enumerate(drawers.items()):
        if arguments.only not in (None, framework):
            continue
        for number in range(arguments.models):
            case = draw_fitting(draw, [seed, index, number])
            case.label = f"{framework} {number}: {case.label}"
            jobs += save(case, folder, f"{framework}-{number}")
    manifest = os.path.join(folder, "manifest.tsv")
    with open(manifest, "w") as file:
        file.writelines(job.manifest_line() for job in jobs)
    trained = time.monotonic()
    subprocess.run([os.path.abspath(arguments.driver), manifest], check=True)
    predicted = time.monotonic()
    failures = 0
    for job in jobs:
        values += job.case.expected.size
        difference = compare(job)
        if difference is not None:
            failures += 1
            print(f"DIFFERS: {job.case.label} ({os.path.basename(job.output)}): {difference}")
    models = len({id(job.case) for job in jobs})
    print(
        f"{models} models in {len(jobs)} forms, {values} values: trained in {trained - started:.1f} s, predicted by "
        f"Apus in {predicted - trained:.1f} s")
    print("all equal" if not failures else f"FAILED: {failures} (seed {seed})")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
