"""What all comparisons share: one order of summation, the arguments, drawing, the driver's run, and the report.

A script gives `main` what it draws as comparisons; each knows its lines of the driver's manifest and how to compare
what the driver wrote. Imported before numpy, whose libraries read their settings once.
"""
import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
# OpenBLAS sums in an order that depends on the processor: scikit-learn differs from itself between an AVX2 and an
# AVX-512 machine (last bits of SVC's probabilities). Apus sums in the AVX2 order, so that one is asked for here.
os.environ.setdefault("OPENBLAS_CORETYPE", "Haswell")
# numpy has exponentials, logarithms and powers of its own for AVX-512; without them they are glibc's.
os.environ.setdefault(
    "NPY_DISABLE_CPU_FEATURES",
    "AVX512F AVX512CD AVX512_SKX AVX512_CLX AVX512_CNL AVX512_ICL AVX512_SPR X86_V4")

import argparse
import shutil
import subprocess
import tempfile
import time
import warnings

import numpy as np

warnings.filterwarnings("ignore")
# What an estimator may have, as scikit-learn calls it.
FUNCTIONS = ["predict", "predict_proba", "decision_function", "transform"]
DATATYPES = {
    "BOOL": "?", "INT8": "<i1", "INT16": "<i2", "INT32": "<i4", "INT64": "<i8", "UINT8": "<u1",
    "UINT16": "<u2", "UINT32": "<u4", "UINT64": "<u8", "FP32": "<f4", "FP64": "<f8",
}


class Report:
    """What went wrong, and what was excused as a rounding of BLAS."""

    def __init__(self):
        self.failures = []
        self.excused = []
        self.values = 0

    def fail(self, label, text):
        self.failures.append((label, " ".join(text.split())))

    def values_of(self, label, what, mine, right, excuse=None, any_type=False, any_zero=False):
        """Compares bit for bit, except that all NaN are alike.

        `excuse` tells of which of the values that differ (or of which rows) a difference may be a rounding. With
        `any_type` floating-point numbers may be of another width, with `any_zero` zeros of another sign.
        """
        self.values += right.size
        is_text = right.dtype.kind in "UO" or mine.dtype.kind == "O"
        if mine.shape != right.shape:
            return self.fail(label, f"{what}: shape {mine.shape} instead of {right.shape}")
        if not is_text and mine.dtype != right.dtype and not (any_type and mine.dtype.kind == "f"):
            return self.fail(label, f"{what}: type {mine.dtype} instead of {right.dtype}")
        different = unequal(mine, right, is_text, any_zero)
        if not different.any():
            return None
        bad = different
        if excuse is not None:
            excused = np.asarray(excuse(different))
            if excused.size == len(different):
                excused = excused.reshape((-1,) + (1,) * (different.ndim - 1))
            bad = different & ~excused
        count = len(rows_of(different))
        if not bad.any():
            return self.excused.append((label, f"{what}: {count} of {len(right)} rows"))
        row = rows_of(bad)[0]
        at = np.nonzero(np.atleast_1d(bad[row]).ravel())[0][:4]
        ours, theirs = np.atleast_1d(mine[row]).ravel()[at], np.atleast_1d(right[row]).ravel()[at]
        self.fail(label, f"{what}: {len(rows_of(bad))} of {len(right)} rows, first {row} {at}: {ours} instead of {theirs}")

    def show(self):
        if self.excused:
            print(f"  within the bound of a reordered sum, not bit-equal: {len(self.excused)} outputs")
        for label, text in self.excused:
            # Labels that differ are ties: rare, and worth a look.
            if text.startswith("labels"):
                print(f"  ties within BLAS rounding: {label}: {text}")
        for label, text in self.failures[:60]:
            print(f"  DIFFERS: {label[:200]}: {text[:400]}")


def unequal(mine, right, is_text=False, any_zero=False):
    """Where two arrays of one shape differ."""
    if is_text:
        return np.asarray(mine.astype(object) != right.astype(object))
    different = np.asarray(mine != right)
    if mine.dtype.kind == "f":
        different = different & ~(np.isnan(mine) & np.isnan(right))
        if not any_zero:
            different |= (mine == 0) & (right == 0) & (np.signbit(mine) != np.signbit(right))
    return different


def rows_of(different):
    return np.nonzero(different.reshape(len(different), -1).any(axis=1))[0]


def read_tensors(path):
    """The outputs that the driver wrote, by their names; ValueError with the words of what it was refused."""
    with open(path, "rb") as file:
        data = file.read()
    tensors, position = {}, 0
    while position < len(data):
        end = data.index(b"\n", position)
        header = data[position:end].decode()
        if header.startswith("error "):
            raise ValueError(header)
        name, datatype, shape = header.split(" ")
        shape = tuple(int(part) for part in shape.split(",") if part)
        count, position = int(np.prod(shape)), end + 1
        if datatype == "BYTES":
            values = []
            for _ in range(count):
                length = int.from_bytes(data[position:position + 4], "little")
                values.append(data[position + 4:position + 4 + length].decode())
                position += 4 + length
            tensors[name] = np.array(values, dtype=object).reshape(shape)
        else:
            dtype = np.dtype(DATATYPES[datatype])
            tensors[name] = np.frombuffer(data, dtype, count, position).reshape(shape)
            position += count * dtype.itemsize
    return tensors


def outcome(answer):
    """What the library answers, or the error that it raises."""
    try:
        return answer()
    except Exception as error:
        return error


def draw(function, seeds, *arguments):
    """What `function` draws with a generator, and the generator.

    A library may refuse to fit what was drawn, with whatever error (among them faults of its own); then the next
    one is tried.
    """
    last = None
    for attempt in range(50):
        rng = np.random.default_rng([*seeds, attempt])
        try:
            return function(rng, *arguments), rng
        except Exception as error:
            last = error
            if attempt == 20:
                print(f"  {function} {seeds}: cannot be fitted ({error})")
    raise RuntimeError(f"no configuration of {function} {seeds} could be fitted") from last


def main(document, versions, collect, options=()):
    """Runs `collect(arguments, seed, folder)`'s comparisons; the exit status.

    Each comparison has `lines()` for the driver's manifest and `compare(report)`.
    """
    parser = argparse.ArgumentParser(description=document, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--driver", required=True, help="path of the ExactnessDriver program")
    parser.add_argument("--seed", type=int, default=None, help="draws what a run with this seed drew")
    parser.add_argument("--only", default=None, help="names that start so")
    parser.add_argument("--keep", default=None, help="folder that keeps models and inputs")
    for name, default, text in options:
        parser.add_argument(name, type=type(default), default=default, help=text)
    arguments = parser.parse_args()
    seed = arguments.seed if arguments.seed is not None else int.from_bytes(os.urandom(4), "little")
    print(f"{versions}, seed {seed}", flush=True)
    folder = arguments.keep or tempfile.mkdtemp(prefix="apus-exactness-")
    os.makedirs(folder, exist_ok=True)
    try:
        return run(arguments, seed, folder, collect)
    finally:
        if not arguments.keep:
            shutil.rmtree(folder, ignore_errors=True)


def run(arguments, seed, folder, collect):
    started = time.monotonic()
    comparisons = list(collect(arguments, seed, folder))
    manifest = os.path.join(folder, "manifest.tsv")
    with open(manifest, "w") as file:
        for comparison in comparisons:
            file.writelines("\t".join(map(str, line)) + "\n" for line in comparison.lines())
    trained = time.monotonic()
    subprocess.run([os.path.abspath(arguments.driver), manifest], check=True)
    predicted = time.monotonic()
    report = Report()
    with np.errstate(all="ignore"):
        for comparison in comparisons:
            comparison.compare(report)
    models = len({id(comparison.case) for comparison in comparisons})
    print(
        f"{models} models, {len(comparisons)} comparisons: trained in {trained - started:.1f} s, predicted by Apus in "
        f"{predicted - trained:.1f} s, compared in {time.monotonic() - predicted:.1f} s; {report.values} values")
    report.show()
    if report.failures or not report.values:
        print(f"FAILED: {len(report.failures)} comparisons (seed {seed})")
        return 1
    print("all equal")
    return 0
