"""Makes the golden file of measures of a classifier from scikit-learn and scipy.

    python tests/golden/classes.py

needs the packages of requirements.txt and requirements-classes.txt, and writes classes.json beside itself. The data is
not stored: it comes from the integer recipes below, which crates/throng-metrics/tests/classes_golden/recipe.rs repeats bit for
bit. Peers: scikit-learn, scipy for the binomial test, the temperature and the bootstrap, MLstatkit for DeLong's test,
uncertainty-calibration (A. Kumar) for the calibration error of the predicted class.
"""

import json
import warnings
from pathlib import Path

import calibration
import numpy as np
import scipy
import sklearn
from kmeans import hash64
from MLstatkit import Delong_test
from scipy.optimize import minimize_scalar
from scipy.special import softmax
from scipy.stats import binomtest, bootstrap
from sklearn import metrics
from sklearn.calibration import calibration_curve

assert scipy.__version__ == "1.17.1", f"scipy 1.17.1 is needed, this is {scipy.__version__}"
assert sklearn.__version__ == "1.7.2", f"scikit-learn 1.7.2 is needed, this is {sklearn.__version__}"

# Of every case something is predicted rightly: where nothing is, scikit-learn's text has supports as 1.0, not 1.
# name, rows, levels of the score, signal, one row in how many is of the class, what else
BINARY = [
    ("plain", 60, 1024, 300, 2, ""),
    ("ties", 61, 5, 2, 3, ""),
    ("weights", 47, 24, 6, 2, "weighted"),
    ("weighted ties", 53, 4, 1, 4, "weighted"),
    ("certain", 40, 24, 9, 2, "certain"),
    ("certain in f32", 40, 24, 9, 2, "certain single"),
    ("plain in f32", 40, 1000, 300, 2, "single weighted"),
    ("equal scores", 20, 1, 0, 2, ""),
    ("no row of the class", 17, 24, 0, 0, ""),
    ("no other row", 17, 24, 0, 1, ""),
    ("one row", 1, 24, 30, 1, ""),
    ("two rows", 2, 24, 30, 2, ""),
    ("never predicted", 30, 24, 40, 5, "timid"),
    ("perfect", 30, 24, 30, 2, ""),
]
# name, rows, classes, levels, signal, what else
MULTICLASS = [
    ("three", 60, 3, 24, 9, ""),
    ("three with ties and weights", 45, 3, 3, 1, "weighted"),
    ("five", 70, 5, 24, 12, "weighted"),
    ("two columns", 40, 2, 24, 9, ""),
    ("class 1 without rows", 40, 3, 24, 9, "absent"),
    ("class 1 without rows, weighted", 40, 3, 24, 9, "absent weighted"),
    ("class 1 never predicted", 40, 3, 24, 9, "unpredicted"),
    ("class 1 is neither", 40, 3, 24, 9, "absent unpredicted"),
    ("certain", 40, 3, 24, 9, "certain"),
    ("certain in f32", 40, 3, 24, 9, "certain single weighted"),
    ("one row", 1, 3, 24, 9, ""),
    ("equal", 20, 4, 1, 0, ""),
]
MULTILABEL = [
    ("columns", 50, 4, 24, 9, ""),
    ("columns with ties and weights", 41, 3, 3, 1, "weighted"),
    ("column 1 without rows", 30, 3, 24, 9, "absent"),
    ("one row", 1, 3, 24, 9, ""),
]
NAMES = ["no", "yes", "maybe, with a long name", "vielleicht", "可能"]


def draws(which, seed, count):
    with np.errstate(over="ignore"):
        at = np.uint64((which << 56) + (seed << 40)) + np.arange(count, dtype=np.uint64)
        return hash64(at)


def below(which, seed, count, bound):
    return (draws(which, seed, count) % np.uint64(bound)).astype(np.int64)


def weights_of(seed, n, flags):
    return below(3, seed, n, 5) / 4 if "weighted" in flags else None


def number(value):
    return None if value is None or np.isnan(value) else float(value)


def numbers(values):
    return [float(v) if np.isfinite(v) else None for v in np.asarray(values, dtype=np.float64)]


def report_of(truth, predicted, weights, labels, names):
    arguments = dict(sample_weight=weights, labels=labels, target_names=names)
    return {
        "report": metrics.classification_report(truth, predicted, output_dict=True, **arguments),
        "text": metrics.classification_report(truth, predicted, **arguments),
    }


def judged(truth, predicted, weights, k):
    labels = list(range(k))
    matrix = metrics.confusion_matrix(truth, predicted, labels=labels, sample_weight=weights)
    return {
        **report_of(truth, predicted, weights, labels, NAMES[:k]),
        "confusion_matrix": matrix.tolist(),
        "balanced_accuracy_score": metrics.balanced_accuracy_score(truth, predicted, sample_weight=weights),
        "matthews_corrcoef": metrics.matthews_corrcoef(truth, predicted, sample_weight=weights),
    }


def binary_rows(seed, n, levels, signal, rarity, flags):
    """Truth, and probabilities of the class 1."""
    truth = below(1, seed, n, rarity) == 0 if rarity else np.zeros(n, bool)
    top = levels - 1 + signal
    points = below(2, seed, n, levels) + signal * truth
    p = points / top if top else np.full(n, 0.5)
    if "certain" in flags:
        p = np.where(below(4, seed, n, 3) == 0, np.round(p), p)
    if "timid" in flags:
        p = p / 4
    return truth.astype(np.int64), p.astype(np.float32) if "single" in flags else p


def binary(seed, case):
    name, n, levels, signal, rarity, flags = case
    truth, p = binary_rows(seed, n, levels, signal, rarity, flags)
    w = weights_of(seed, n, flags)
    fpr, tpr, thresholds = metrics.roc_curve(truth, p, sample_weight=w)
    precision, recall, at = metrics.precision_recall_curve(truth, p, sample_weight=w)
    both = np.unique(truth).size == 2
    golden = {
        "name": name, "n": n, "levels": levels, "signal": signal, "rarity": rarity, "flags": flags.split(),
        "roc_auc_score": number(metrics.roc_auc_score(truth, p, sample_weight=w)),
        "average_precision_score": metrics.average_precision_score(truth, p, sample_weight=w),
        "log_loss": metrics.log_loss(truth, p, sample_weight=w, labels=[0, 1]),
        "brier_score_loss": metrics.brier_score_loss(truth, p, sample_weight=w, pos_label=1),
        "roc_curve": [numbers(fpr), numbers(tpr), numbers(thresholds)] if both else None,
        "precision_recall_curve": [numbers(precision), numbers(recall), numbers(at)],
        **judged(truth, (p >= 0.5).astype(np.int64), w, 2),
    }
    if w is None:
        wide = p.astype(np.float64)
        curves = [calibration_curve(truth, wide, n_bins=7, strategy=s, pos_label=1) for s in ("uniform", "quantile")]
        golden["calibration_curves"] = [[numbers(true), numbers(said)] for true, said in curves]
        (true, said), count = curves[0], np.bincount(np.searchsorted(np.linspace(0, 1, 8)[1:-1], wide))
        count = count[count > 0]
        golden["expected_calibration_error"] = float((count / n) @ abs(true - said))
    return golden


def classes_rows(seed, n, k, levels, signal, flags):
    """Truth, and probabilities of every class."""
    truth = below(1, seed, n, k)
    if "absent" in flags:
        truth[truth == 1] = 2
    points = below(2, seed, n * k, levels).reshape(n, k) + 1 + signal * (truth[:, None] == np.arange(k))
    if "unpredicted" in flags:
        points[:, 1] = 0
    p = points / points.sum(axis=1, keepdims=True)
    if "certain" in flags:
        sure = below(4, seed, n, 3) == 0
        p[sure] = np.eye(k)[p[sure].argmax(axis=1)]
    return truth, p.astype(np.float32) if "single" in flags else p


def by_class(measure, truth, p, w):
    """Each column by itself, and the averages."""
    return {
        "per_class": [number(measure(truth[:, j], p[:, j], sample_weight=w)) for j in range(p.shape[1])],
        "macro": number(measure(truth, p, sample_weight=w, average="macro")),
        "weighted": number(measure(truth, p, sample_weight=w, average="weighted")),
    }


def multiclass(seed, case):
    name, n, k, levels, signal, flags = case
    truth, p = classes_rows(seed, n, k, levels, signal, flags)
    w = weights_of(seed, n, flags)
    columns = (truth[:, None] == np.arange(k)).astype(np.int64)
    predicted = p.argmax(axis=1)
    roc_auc = by_class(metrics.roc_auc_score, columns, p, w)
    if k > 2:
        for average in ("macro", "weighted"):
            arguments = dict(multi_class="ovr", labels=range(k), average=average, sample_weight=w)
            assert number(metrics.roc_auc_score(truth, p, **arguments)) == roc_auc[average], name
    golden = {
        "name": name, "n": n, "k": k, "levels": levels, "signal": signal, "flags": flags.split(),
        "roc_auc_score": roc_auc,
        "average_precision_score": by_class(metrics.average_precision_score, columns, p, w),
        "log_loss": metrics.log_loss(truth, p, sample_weight=w, labels=range(k)),
        "brier_score_loss": metrics.brier_score_loss(truth, p, sample_weight=w, labels=range(k)),
        **judged(truth, predicted, w, k),
    }
    some = [label for label in (2, 0) if label < k and label in truth]
    if k > 2 and some:
        golden["some"] = {"labels": some, **report_of(truth, predicted, w, some, [NAMES[j] for j in some])}
    if w is None and "single" not in flags:
        # Of the predicted class: how sure, and whether right; two columns, as that package wants them.
        golden["expected_calibration_error"] = float(calibration.get_ece(p, truth, num_bins=10))
    return golden


def multilabel(seed, case):
    name, n, k, levels, signal, flags = case
    truth = (below(1, seed, n * k, 3) == 0).reshape(n, k)
    if "absent" in flags:
        truth[:, 1] = False
    points = below(2, seed, n * k, levels).reshape(n, k) + signal * truth
    truth, p = truth.astype(np.int64), points / (levels - 1 + signal)
    w = weights_of(seed, n, flags)
    return {
        "name": name, "n": n, "k": k, "levels": levels, "signal": signal, "flags": flags.split(),
        "roc_auc_score": by_class(metrics.roc_auc_score, truth, p, w),
        "average_precision_score": by_class(metrics.average_precision_score, truth, p, w),
        **report_of(truth, (p >= 0.5).astype(np.int64), w, None, NAMES[:k]),
    }


def temperature(seed, n, k, signal, weighted):
    truth = below(1, seed, n, k)
    logits = (below(2, seed, n * k, 33).reshape(n, k) - 16 + signal * (truth[:, None] == np.arange(k))) / 4
    w = weights_of(seed, n, "weighted" if weighted else "")
    def loss(inverse):
        return metrics.log_loss(truth, softmax(inverse * logits, axis=1), sample_weight=w, labels=range(k))

    best = minimize_scalar(loss, bracket=(0.1, 1.0), method="brent", tol=1e-12)
    return {"n": n, "k": k, "signal": signal, "weighted": weighted, "temperature": 1 / best.x, "log_loss": best.fun}


def two_scores(seed, n, levels):
    """Truth and two scores of each row that go together."""
    truth, a = binary_rows(seed, n, levels, levels // 3, 3, "")
    b = a + below(5, seed, n, levels) / levels
    return truth, a, b


def delong(seed, n, levels):
    truth, a, b = two_scores(seed, n, levels)
    z, p_value, _, _, auc_a, auc_b, info = Delong_test(truth, a, b)
    assert info["method"] == "delong"
    assert np.isclose(auc_a, metrics.roc_auc_score(truth, a), rtol=0, atol=1e-12)
    # That package takes the first from the second.
    return {
        "n": n, "levels": levels, "auc_a": auc_a, "auc_b": auc_b,
        "z": -z, "p_value": p_value, "standard_error": np.sqrt(info["var_diff"]),
    }


def mcnemar(only_a, only_b):
    p_value = binomtest(only_a, only_a + only_b).pvalue if only_a + only_b else 1.0
    return {"only_a": only_a, "only_b": only_b, "p_value": p_value}


def regression(seed, n, kind):
    truth = below(1, seed, n, 1000) / 8
    predicted = truth + (below(2, seed, n, 401) - 200) / 16
    if kind == "equal":
        truth = np.full(n, 2.5)
    if kind == "met":
        truth, predicted = np.full(n, 2.5), np.full(n, 2.5)
    w = weights_of(seed, n, kind)
    return {
        "n": n, "kind": kind,
        "mean_squared_error": metrics.mean_squared_error(truth, predicted, sample_weight=w),
        "mean_absolute_error": metrics.mean_absolute_error(truth, predicted, sample_weight=w),
        "r2_score": number(metrics.r2_score(truth, predicted, sample_weight=w)),
    }


def intervals(seed, n, levels):
    """Percentile intervals of 20,000 resamples of the rows."""
    truth, a, b = two_scores(seed, n, levels)
    measures = {
        "roc_auc_score": lambda t, a, b: metrics.roc_auc_score(t, a),
        "average_precision_score": lambda t, a, b: metrics.average_precision_score(t, a),
        "f1_score": lambda t, a, b: metrics.f1_score(t, a >= 0.5),
        "difference": lambda t, a, b: metrics.roc_auc_score(t, a) - metrics.roc_auc_score(t, b),
    }
    golden = {"n": n, "levels": levels}
    for name, measure in measures.items():
        found = bootstrap(
            (truth, a, b), measure, paired=True, vectorized=False, method="percentile",
            n_resamples=20_000, rng=np.random.default_rng(0),
        )
        golden[name] = numbers(found.confidence_interval)
    return golden


def main():
    warnings.simplefilter("ignore")
    golden = {
        "binary": [binary(seed, case) for seed, case in enumerate(BINARY)],
        "multiclass": [multiclass(20 + seed, case) for seed, case in enumerate(MULTICLASS)],
        "multilabel": [multilabel(40 + seed, case) for seed, case in enumerate(MULTILABEL)],
        "temperature": [temperature(50, 200, 3, 6, False), temperature(51, 150, 2, 3, True), temperature(52, 90, 5, 20, False)],
        "delong": [delong(60, 80, 1000), delong(61, 300, 7), delong(62, 9, 24)],
        "mcnemar": [mcnemar(3, 9), mcnemar(0, 0), mcnemar(5, 5), mcnemar(0, 7), mcnemar(1480, 1603)],
        "regression": [regression(70, 50, ""), regression(71, 33, "weighted"), regression(72, 5, "equal"), regression(73, 5, "met"), regression(74, 1, "")],
        "intervals": [intervals(80, 120, 24)],
    }
    parts = []
    for name, cases in golden.items():
        lines = ",\n".join(json.dumps(case, ensure_ascii=False) for case in cases)
        parts.append(f'"{name}": [\n{lines}\n]')
    (Path(__file__).parent / "classes.json").write_text("{\n" + ",\n".join(parts) + "\n}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
