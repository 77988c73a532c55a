"""scikit-learn's side of `cargo xtask bench`: prints one JSON object.

peer.py data FOLDER N D K       writes x.f32 [n, d], centroids.f32 [k, d] and labels.u32 [n], little-endian
peer.py lloyd FOLDER N D K      times Lloyd iterations from those centroids
peer.py silhouette FOLDER N D K times the exact silhouette of those labels
"""

import json
import sys
import time
import warnings
from pathlib import Path

import numpy as np

# Iterations of the two runs whose difference is timed: seeding, checks and the last labelling fall out of it.
FEW, MANY = 2, 22
# Each is run so often, and its best time counts: a slow short run would flatter the difference.
REPEATS = 3


def status(field):
    """A field of this process in /proc, in bytes."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(field + ":"):
            return int(line.split()[1]) * 1024
    raise KeyError(field)


def data(folder, n, d, k):
    rng = np.random.default_rng(7)
    centres = rng.normal(size=(k, d))
    labels = rng.integers(k, size=n)
    x = (centres[labels] + 3.0 * rng.normal(size=(n, d))).astype("<f4")
    x.tofile(folder / "x.f32")
    x[rng.choice(n, k, replace=False)].tofile(folder / "centroids.f32")
    labels.astype("<u4").tofile(folder / "labels.u32")
    return {}


def lloyd(folder, n, d, k):
    from sklearn.cluster import KMeans

    x = np.fromfile(folder / "x.f32", "<f4").reshape(n, d)
    init = np.fromfile(folder / "centroids.f32", "<f4").reshape(k, d)
    took = {}
    for iterations in (FEW, MANY):
        model = KMeans(k, init=init, n_init=1, max_iter=iterations, tol=0.0, algorithm="lloyd")
        seconds = []
        for _ in range(REPEATS):
            start = time.perf_counter()
            model.fit(x)
            seconds.append(time.perf_counter() - start)
            assert model.n_iter_ == iterations, model.n_iter_
        took[iterations] = min(seconds)
    return {"seconds": (took[MANY] - took[FEW]) / (MANY - FEW), "value": float(model.inertia_)}


def silhouette(folder, n, d, k):
    from sklearn.metrics import silhouette_score

    x = np.fromfile(folder / "x.f32", "<f4").reshape(n, d)
    labels = np.fromfile(folder / "labels.u32", "<u4")
    silhouette_score(x[:500], labels[:500])
    Path("/proc/self/clear_refs").write_text("5")  # forget the peak so far
    before = status("VmRSS")
    start = time.perf_counter()
    value = silhouette_score(x, labels)
    seconds = time.perf_counter() - start
    return {"seconds": seconds, "value": float(value), "bytes": status("VmHWM") - before}


if __name__ == "__main__":
    warnings.simplefilter("ignore")  # no convergence is asked for
    task, folder, *shape = sys.argv[1:]
    result = {"data": data, "lloyd": lloyd, "silhouette": silhouette}[task](Path(folder), *map(int, shape))
    print(json.dumps(result))
