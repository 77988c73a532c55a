"""The peers' side of `cargo xtask bench`: prints one JSON object.

peer.py data FOLDER N D K              writes x.f32 [n, d], centroids.f32 [k, d] and labels.u32 [n], little-endian
peer.py PEER lloyd FOLDER N D K        times Lloyd iterations from those centroids
peer.py PEER silhouette FOLDER N D K   times the exact silhouette of those labels
peer.py PEER pairwise FOLDER N D K METRIC  times the distances of x from those centroids
peer.py PEER top-100 FOLDER N D K METRIC   times the search for the 100 rows of x nearest to each of those centroids
"""

import json
import sys
import time
import warnings
from pathlib import Path

import numpy as np

# Iterations, at most, of the two runs whose difference is timed: seeding, checks and the last labelling fall out
# of it.
FEW, MANY = 2, 22
# Each is run so often, and its best time counts: a slow short run would flatter the difference.
REPEATS = 3


def status(field):
    """A field of this process in /proc, in bytes."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(field + ":"):
            return int(line.split()[1]) * 1024
    raise KeyError(field)


def rows(folder, name, d):
    return np.fromfile(folder / name, "<f4").reshape(-1, d)


def best(run):
    """The least seconds of a few runs, and what the last one returned."""
    took = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        result = run()
        took.append(time.perf_counter() - start)
    return min(took), result


def data(folder, n, d, k):
    rng = np.random.default_rng(7)
    centres = rng.normal(size=(k, d))
    labels = rng.integers(k, size=n)
    # Groups overlap at any d, so that runs take many iterations to converge.
    x = (centres[labels] + 0.4 * d**0.5 * rng.normal(size=(n, d))).astype("<f4")
    x.tofile(folder / "x.f32")
    x[rng.choice(n, k, replace=False)].tofile(folder / "centroids.f32")
    labels.astype("<u4").tofile(folder / "labels.u32")
    return {}


def iteration(fit, told=FEW):
    """Seconds of an iteration; `fit` is asked for so many and returns how many it took, and the inertia.

    The inertia that counts is that after FEW iterations, which is told with `told`: later on runs part at near ties,
    scikit-learn's own in 32 and in 64 bits, too.
    """
    few, (fewer, inertia) = best(lambda: fit(FEW))
    many, (more, _) = best(lambda: fit(MANY))
    assert fewer == FEW and more > 2 * FEW, more
    if told != FEW:
        _, inertia = fit(told)
    return {"seconds": (many - few) / (more - fewer), "value": float(inertia)}


def sklearn_lloyd(folder, d, k):
    from sklearn.cluster import KMeans

    x, init = rows(folder, "x.f32", d), rows(folder, "centroids.f32", d)

    def fit(iterations):
        model = KMeans(k, init=init, n_init=1, max_iter=iterations, tol=0.0, algorithm="lloyd").fit(x)
        return model.n_iter_, model.inertia_

    return iteration(fit)


def faiss_lloyd(folder, d, k):
    import faiss

    x, init = rows(folder, "x.f32", d), rows(folder, "centroids.f32", d)

    def fit(iterations):
        model = faiss.Kmeans(d, k, niter=iterations, min_points_per_centroid=1, max_points_per_centroid=len(x))
        model.train(x, init_centroids=init)
        return len(model.obj), model.obj[-1]

    # Its inertia is that before the last update.
    return iteration(fit, told=FEW + 1)


def sklearn_silhouette(folder, d, k):
    from sklearn.metrics import silhouette_score

    x = rows(folder, "x.f32", d)
    labels = np.fromfile(folder / "labels.u32", "<u4")
    silhouette_score(x[:500], labels[:500])
    Path("/proc/self/clear_refs").write_text("5")  # forget the peak so far
    before = status("VmRSS")
    start = time.perf_counter()
    value = silhouette_score(x, labels)
    seconds = time.perf_counter() - start
    return {"seconds": seconds, "value": float(value), "bytes": status("VmHWM") - before}


def pairwise(folder, d, distances):
    x, y = rows(folder, "x.f32", d), rows(folder, "centroids.f32", d)
    distances(x[:100], y[:100])
    seconds, result = best(lambda: distances(x, y))
    return {"seconds": seconds, "value": float(np.abs(result).mean(dtype=np.float64))}


def sklearn_pairwise(folder, d, k, metric):
    from sklearn.metrics import pairwise as of

    distances = {
        "sqeuclidean": lambda x, y: of.euclidean_distances(x, y, squared=True),
        "euclidean": of.euclidean_distances,
        "cosine": of.cosine_distances,
        "dot": of.linear_kernel,
        "manhattan": of.manhattan_distances,
    }
    return pairwise(folder, d, distances[metric])


def scipy_pairwise(folder, d, k, metric):
    from scipy.spatial.distance import cdist

    name = {"manhattan": "cityblock"}.get(metric, metric)
    return pairwise(folder, d, lambda x, y: cdist(x, y, name))


def faiss_top_100(folder, d, k, metric):
    import faiss

    x, queries = rows(folder, "x.f32", d), rows(folder, "centroids.f32", d)
    index = {"sqeuclidean": faiss.IndexFlatL2, "dot": faiss.IndexFlatIP}[metric](d)
    index.add(x)
    index.search(queries[:10], 100)
    seconds, (scores, _) = best(lambda: index.search(queries, 100))
    return {"seconds": seconds, "value": float(np.abs(scores).mean(dtype=np.float64))}


PEERS = {
    ("faiss", "top-100"): faiss_top_100,
    ("scikit-learn", "lloyd"): sklearn_lloyd,
    ("faiss", "lloyd"): faiss_lloyd,
    ("scikit-learn", "silhouette"): sklearn_silhouette,
    ("scikit-learn", "pairwise"): sklearn_pairwise,
    ("scipy", "pairwise"): scipy_pairwise,
}

if __name__ == "__main__":
    warnings.simplefilter("ignore")  # no convergence is asked for
    if sys.argv[1] == "data":
        _, _, folder, *shape = sys.argv
        result = data(Path(folder), *map(int, shape))
    else:
        _, peer, task, folder, _, d, k, *metric = sys.argv
        result = PEERS[peer, task](Path(folder), int(d), int(k), *metric)
    print(json.dumps(result))
