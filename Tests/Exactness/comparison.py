"""Compares what the driver wrote with what scikit-learn answers."""
import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from sklearn.svm import SVC

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

    def fail(self, case, text):
        self.failures.append((case.label, " ".join(text.split())))

    def excuse(self, case, text):
        self.excused.append((case.label, text))

    def show(self):
        print(f"{self.values} values compared")
        probabilities = [label for label, text in self.excused if text.startswith("probabilities")]
        if probabilities:
            print(f"  probabilities within BLAS rounding, not bit-equal: {len(probabilities)} configurations")
        for label, text in self.excused:
            if not text.startswith("probabilities"):
                print(f"  ties within BLAS rounding: {label}: {text}")
        for label, text in self.failures:
            print(f"  DIFFERS: {label}: {text}")


def read_tensors(path):
    with open(path, "rb") as file:
        data = file.read()
    tensors = []
    position = 0
    while position < len(data):
        end = data.index(b"\n", position)
        header = data[position:end].decode()
        if header.startswith("error "):
            raise ValueError(header)
        _, datatype, shape = header.split(" ")
        shape = tuple(int(part) for part in shape.split(","))
        count = int(np.prod(shape))
        position = end + 1
        if datatype == "BYTES":
            values = []
            for _ in range(count):
                length = int.from_bytes(data[position:position + 4], "little")
                values.append(data[position + 4:position + 4 + length].decode())
                position += 4 + length
            tensors.append(np.array(values, dtype=object).reshape(shape))
        else:
            dtype = np.dtype(DATATYPES[datatype])
            tensors.append(np.frombuffer(data, dtype, count, position).reshape(shape))
            position += count * dtype.itemsize
    return tensors


def compare(case, report):
    for kind, path in case.outputs.items():
        try:
            ours = read_tensors(path)
        except (OSError, ValueError) as error:
            report.fail(case, f"{kind}: {error}")
            continue
        theirs = expected(case, kind)
        if len(ours) != len(theirs):
            report.fail(case, f"{kind}: {len(ours)} outputs instead of {len(theirs)}")
            continue
        for mine, right in zip(ours, theirs):
            compare_output(case, kind, mine, right, report)


def expected(case, kind):
    if kind == "probabilities":
        result = case.model.predict_proba(case.rows)
        return result if isinstance(result, list) else [result]
    if hasattr(case.model, "predict"):
        return [case.model.predict(case.rows)]
    return [case.model.transform(case.rows)]


def compare_output(case, kind, mine, right, report):
    right = np.asarray(right)
    report.values += right.size
    is_text = right.dtype.kind in "UO"
    if mine.shape != right.shape:
        report.fail(case, f"{kind}: shape {mine.shape} instead of {right.shape}")
    elif is_text:
        compare_rows(case, kind, mine != right.astype(object), mine, right, report)
    elif mine.dtype != right.dtype:
        report.fail(case, f"{kind}: type {mine.dtype} instead of {right.dtype}")
    elif mine.dtype.kind == "f":
        # Bit for bit, except that all NaN are alike.
        bits = f"<u{mine.dtype.itemsize}"
        different = np.ascontiguousarray(mine).view(bits) != np.ascontiguousarray(right).view(bits)
        compare_rows(case, kind, different & ~(np.isnan(mine) & np.isnan(right)), mine, right, report)
    else:
        compare_rows(case, kind, mine != right, mine, right, report)


def compare_rows(case, kind, different, mine, right, report):
    different = np.asarray(different, dtype=bool).reshape(len(right), -1)
    rows = np.nonzero(different.any(axis=1))[0]
    if not len(rows):
        return
    excused = excuse(case, kind, rows, mine, right)
    if excused is not None and excused.all():
        report.excuse(case, f"{kind}: {len(rows)} of {len(right)} rows")
        return
    row = rows[0] if excused is None else rows[np.nonzero(~excused)[0][0]]
    text = f"{len(rows)} of {len(right)} rows, first {row}: {mine[row]} instead of {right[row]}"
    report.fail(case, f"{kind}: {text}")


def excuse(case, kind, rows, mine, right):
    """Which of the rows differ by no more than a reordered sum may; None where bits must be equal."""
    steps, X = [], case.rows[rows]
    model = case.model
    while isinstance(model, Pipeline):
        for _, step in model.steps[:-1]:
            if step not in (None, "passthrough"):
                X = step.transform(X)
        model = model.steps[-1][1]
    if isinstance(model, LogisticRegression):
        return excuse_logistic(model, kind, X, mine[rows], right[rows])
    if isinstance(model, SVC) and X.shape[1] >= 16:
        return excuse_svc(model, kind, X, mine[rows], right[rows])
    return None


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
