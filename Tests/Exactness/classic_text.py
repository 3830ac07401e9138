"""Draws vectorizers of texts and of records, and classifiers behind them."""
import numpy as np
from sklearn.cluster import KMeans
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction import DictVectorizer
from sklearn.feature_extraction.text import CountVectorizer, HashingVectorizer, TfidfTransformer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression, Ridge, SGDClassifier
from sklearn.naive_bayes import ComplementNB, MultinomialNB
from sklearn.pipeline import FeatureUnion, Pipeline
from sklearn.preprocessing import MaxAbsScaler, StandardScaler
from sklearn.svm import SVC, LinearSVC

from classic_linear import ClassicCase
from classic_models import near, ties
from configurations import pick

WORDS = ("the a of house Haus maison été où naïve ÉCOLE straße Σίσυφος ΣΑΣ İstanbul ﬁne x y 42 3.14 foo_bar don't "
         "e-mail  \t tab\nline 東京 한국어 Größe cat dog bird fish zu über ½ ² Ⅳ nuns! (brackets) [x] ÅNGSTRÖM").split(" ")


def document(rng):
    count = int(rng.integers(0, 14))
    return pick(rng, [" ", "  ", ", "]).join(pick(rng, WORDS) for _ in range(count))


def options(rng):
    analyzer = pick(rng, ["word", "word", "word", "char", "char_wb"])
    low = int(rng.integers(1, 3))
    chosen = dict(analyzer=analyzer, ngram_range=(low, low + int(rng.integers(0, 3))), lowercase=bool(rng.random() < 0.8),
                  strip_accents=pick(rng, [None, None, "unicode", "ascii"]))
    if analyzer == "word":
        chosen["stop_words"] = pick(rng, [None, None, "english", ["cat", "dog", "haus"]])
        chosen["token_pattern"] = pick(
            rng, [r"(?u)\b\w\w+\b", r"(?u)\b\w+\b", r"\w+", r"[a-zA-Z]+", r"\S+", r"[^\s]{2,}", r"\b[a-z0-9_]{2,}\b"])
    return chosen


def vectorizer(rng):
    chosen = options(rng)
    kind = pick(rng, ["count", "tfidf", "tfidf", "hashing", "two"])
    dtype = pick(rng, [np.float64, np.float64, np.float32])
    norm = pick(rng, ["l2", "l1", None])
    if kind == "count":
        return CountVectorizer(binary=bool(rng.random() < 0.3), **chosen)
    if kind == "hashing":
        return HashingVectorizer(n_features=256, alternate_sign=bool(rng.random() < 0.5), norm=norm, **chosen)
    if kind == "two":
        return Pipeline([("count", CountVectorizer(**chosen)), ("weigh", TfidfTransformer(sublinear_tf=bool(rng.random() < 0.5)))])
    return TfidfVectorizer(use_idf=bool(rng.random() < 0.8), sublinear_tf=bool(rng.random() < 0.3), norm=norm, dtype=dtype, **chosen)


def texts(rng, count):
    return [document(rng) for _ in range(count)]


def draw_vectorizer(rng, count):
    model = vectorizer(rng)
    model.fit(texts(rng, 60))
    rows = texts(rng, count // 2)
    # numpy has a float32 logarithm of its own, and versions add float32 up in different widths.
    slack = {"transform": near(4e-6)} if getattr(model, "dtype", None) == np.float32 else None
    return ClassicCase(f"{model}", model, rows, slack, instances=rows)


def draw_text_classifier(rng, count):
    train = texts(rng, 80)
    y = np.array([int("cat" in text) + int("dog" in text) for text in train])
    last = pick(rng, [LogisticRegression(), MultinomialNB(), ComplementNB(), LinearSVC(), SGDClassifier(loss="log_loss"), Ridge(),
                      SVC(kernel=pick(rng, ["linear", "rbf"])), KMeans(3, n_init=1)])
    options_ = dict(analyzer=pick(rng, ["word", "char_wb"]), ngram_range=(1, int(rng.integers(1, 3))))
    if isinstance(last, KMeans):
        options_["norm"] = "l2"
    steps = [("vectorize", TfidfVectorizer(**options_))]
    if rng.random() < 0.3:
        steps.append(("scale", MaxAbsScaler()))
    model = Pipeline([*steps, ("last", last)]).fit(train, y)
    rows = texts(rng, count // 2)
    slack = {"predict_proba": near(1e-11, 1e-12), "decision_function": near(1e-11, 1e-12), "transform": near(1e-9, 1e-7)}
    if isinstance(last, Ridge):
        slack["predict"] = near(1e-11, 1e-12)
    elif hasattr(model, "decision_function") and not isinstance(last, SVC):
        slack["predict"] = ties(model, model.decision_function)
    elif isinstance(last, KMeans):
        slack["predict"] = ties(model, lambda rows: -model.transform(rows), 1e-9)
    return ClassicCase(f"{model}", model, rows, slack, instances=rows)


def draw_latent(rng, count):
    model = Pipeline([("vectorize", TfidfVectorizer()), ("svd", TruncatedSVD(3, random_state=1)), ("scale", StandardScaler())])
    model.fit(texts(rng, 60))
    rows = texts(rng, count // 2)
    return ClassicCase(f"{model}", model, rows, {"transform": near(1e-9, 1e-11)}, instances=rows)


def draw_text_union(rng, count):
    model = FeatureUnion([("words", TfidfVectorizer()), ("letters", CountVectorizer(analyzer="char"))],
                         transformer_weights={"letters": 0.5})
    model.fit(texts(rng, 60))
    rows = texts(rng, count // 2)
    return ClassicCase(f"{model}", model, rows, instances=rows)


def records(rng, count):
    return [{"color": pick(rng, ["red", "green", "blue"]), "size": float(np.round(rng.normal(), 3)), "n": int(rng.integers(9))}
            for _ in range(count)]


def draw_records(rng, count):
    model = DictVectorizer(sparse=bool(rng.random() < 0.5), dtype=pick(rng, [np.float64, np.float32])).fit(records(rng, 20))
    rows = records(rng, count)
    return ClassicCase(f"{model}", model, rows, instances=rows)


DRAWS = {
    "Vectorizer": draw_vectorizer, "VectorizerMore": draw_vectorizer, "TextClassifier": draw_text_classifier,
    "TextClassifierMore": draw_text_classifier, "LatentSemantics": draw_latent, "TextUnion": draw_text_union,
    "DictVectorizer": draw_records,
}
