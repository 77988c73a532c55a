"""Makes the k-means golden files from scikit-learn.

    python tests/golden/kmeans.py

needs numpy and scikit-learn 1.7.2, and writes kmeans_*.json (figures) and kmeans_*.labels.gz (one byte a row) beside
itself. The data is not stored: iris, wine and digits are scikit-learn's own, blobs come from the integer recipe below,
which tests/src/blobs.rs repeats bit for bit.
"""

import gzip
import json
from pathlib import Path

import numpy as np
import sklearn
from sklearn.cluster import KMeans
from sklearn.datasets import load_digits, load_iris, load_wine
from sklearn.metrics import (
    adjusted_rand_score,
    calinski_harabasz_score,
    davies_bouldin_score,
    silhouette_samples,
)

assert sklearn.__version__ == "1.7.2", f"scikit-learn 1.7.2 is needed, this is {sklearn.__version__}"
HERE = Path(__file__).parent


def hash64(x):
    """splitmix64 (Steele, Lea and Flood, 2014) of a counter."""
    x = (x + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


def bell(x):
    """A bell-shaped integer of mean 0 and standard deviation 37,837: the sum of a hash's four 16-bit parts."""
    h = hash64(x)
    total = np.zeros(h.shape, dtype=np.int64)
    for part in range(4):
        total += ((h >> np.uint64(16 * part)) & np.uint64(0xFFFF)).astype(np.int64)
    return total - 131070


def blobs(n, d, k, spread):
    """n rows of d features around k centres that lie spread/64 as far apart as rows lie from their centre.

    Integers below 2^24 over 2^16, so exact in f32. Returns rows and the planted blob of each.
    """
    with np.errstate(over="ignore"):
        truth = (hash64((np.uint64(3) << np.uint64(56)) + np.arange(n, dtype=np.uint64)) % np.uint64(k)).astype(np.int64)
        features = np.arange(d, dtype=np.uint64)
        centres = np.stack(
            [(bell((np.uint64(2) << np.uint64(56)) + np.uint64(j * d) + features) * spread) >> 6 for j in range(k)]
        )
        x = np.empty((n, d), dtype=np.float32)
        for i in range(n):
            row = centres[truth[i]] + bell((np.uint64(1) << np.uint64(56)) + np.uint64(i * d) + features)
            x[i] = row / 65536
    return x, truth


def first_of_each(truth):
    """The first row of each group: a fair start."""
    return [int(np.argmax(truth == j)) for j in range(truth.max() + 1)]


def measures(x, labels, truth, silhouettes):
    """Measures of a labeling, in double precision, and the silhouettes of every 37th row."""
    figures = {
        "calinski_harabasz_score": calinski_harabasz_score(x, labels),
        "davies_bouldin_score": davies_bouldin_score(x, labels),
        "adjusted_rand_score": adjusted_rand_score(truth, labels),
    }
    samples = {}
    if silhouettes:
        for metric in ("euclidean", "sqeuclidean", "cosine"):
            rows = silhouette_samples(x, labels, metric=metric)
            figures[f"silhouette_score_{metric}"] = rows.mean()
            samples[metric] = rows[::37].round(8).tolist()
    return {"figures": figures, "silhouette_samples": samples}


def case(name, x, truth, start, *, far=None, silhouettes=True, spread=None):
    """Fits from the rows `start` (a centroid of `far` everywhere instead of the last, to leave a cluster empty)."""
    x = np.ascontiguousarray(x, dtype=np.float32)
    init = x[start].copy()
    if far is not None:
        init[-1] = far
    k = len(start)

    def fit(dtype):
        return KMeans(k, init=init.astype(dtype), n_init=1, algorithm="lloyd", tol=1e-4).fit(x.astype(dtype))

    double, single = fit(np.float64), fit(np.float32)
    same = np.mean(double.labels_ == single.labels_)
    assert same >= 0.9999 and double.n_iter_ == single.n_iter_, (
        f"{name}: scikit-learn's own f32 and f64 runs agree on {same:.4%} of the rows after "
        f"{single.n_iter_} and {double.n_iter_} iterations, so this is no data to compare on"
    )
    wide = x.astype(np.float64)
    golden = {
        "name": name,
        "n": x.shape[0],
        "d": x.shape[1],
        "k": k,
        "spread": spread,
        "start": start,
        "far": far,
        "n_iter": double.n_iter_,
        "inertia": double.inertia_,
        **measures(wide, double.labels_, truth, silhouettes),
    }
    (HERE / f"kmeans_{name}.json").write_text(json.dumps(golden, indent=1) + "\n")
    packed = gzip.compress(double.labels_.astype(np.uint8).tobytes(), 9, mtime=0)
    (HERE / f"kmeans_{name}.labels.gz").write_bytes(packed)
    print(f"{name}: {x.shape}, k {k}, {double.n_iter_} iterations, f32 agrees on {same:.4%}, ARI {golden['figures']['adjusted_rand_score']:.3f}")


def blob_case(name, n, d, k, spread, start=None, **more):
    x, truth = blobs(n, d, k, spread)
    case(name, x, truth, start or first_of_each(truth), spread=spread, **more)


def main():
    iris, wine, digits = load_iris(), load_wine(), load_digits()
    case("iris", iris.data, iris.target, [0, 50, 100])
    case("iris_empty", iris.data, iris.target, [0, 50, 100, 0], far=1000.0)
    case("wine", wine.data, wine.target, [0, 60, 140])
    case("digits", digits.data, digits.target, list(range(10)))
    blob_case("blobs_flat", 1000, 2, 5, 512)
    blob_case("blobs_odd", 4097, 33, 17, 64, start=list(range(17)))
    blob_case("blobs_10k", 10_000, 64, 32, 40)
    blob_case("blobs_100k", 100_000, 384, 100, 18, silhouettes=False)


if __name__ == "__main__":
    main()
