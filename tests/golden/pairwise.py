"""Makes the golden file of pairwise distances from scipy and scikit-learn.

    python tests/golden/pairwise.py

needs the packages of requirements.txt, and writes pairwise.json beside itself: of every case and metric the distances
of every 37th pair and of the last. The data is not stored: rows of a and then of b are the blobs of kmeans.py, the last
row of each set to 0; bits are where those are positive.
"""

import json
from pathlib import Path

import numpy as np
import scipy
import sklearn
from kmeans import blobs
from scipy.spatial.distance import cdist
from sklearn.metrics.pairwise import cosine_distances, linear_kernel

assert scipy.__version__ == "1.17.1", f"scipy 1.17.1 is needed, this is {scipy.__version__}"
assert sklearn.__version__ == "1.7.2", f"scikit-learn 1.7.2 is needed, this is {sklearn.__version__}"

SIZES = [(2, 2, 1), (31, 33, 17), (65, 63, 128), (101, 103, 53), (7, 257, 9), (3, 2, 4096)]

METRICS = {
    "sqeuclidean": lambda a, b: cdist(a, b, "sqeuclidean"),
    "euclidean": lambda a, b: cdist(a, b, "euclidean"),
    "cosine": cosine_distances,
    "dot": linear_kernel,
    "manhattan": lambda a, b: cdist(a, b, "cityblock"),
    "chebyshev": lambda a, b: cdist(a, b, "chebyshev"),
    "hamming": lambda a, b: cdist(a > 0, b > 0, "hamming"),
    "jaccard": lambda a, b: cdist(a > 0, b > 0, "jaccard"),
}


def case(n, m, d):
    x, _ = blobs(n + m, d, 5, 64)
    a, b = x[:n].astype(np.float64), x[n:].astype(np.float64)
    a[-1] = 0
    b[-1] = 0
    distances = {}
    for name, metric in METRICS.items():
        values = metric(a, b).ravel()
        distances[name] = [float(f"{value:.9g}") for value in [*values[::37], values[-1]]]
    return {"n": n, "m": m, "d": d, "distances": distances}


def main():
    golden = [case(*size) for size in SIZES]
    lines = ",\n".join(json.dumps(case) for case in golden)
    (Path(__file__).parent / "pairwise.json").write_text(f"[\n{lines}\n]\n")


if __name__ == "__main__":
    main()
