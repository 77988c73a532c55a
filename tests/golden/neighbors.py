"""Makes neighbors.txt from scikit-learn.

    python tests/golden/neighbors.py

needs numpy and scikit-learn 1.7.2. Each line is a name and numbers. The matrix is of small whole numbers, so that
distances are exact until their roots; the radii lie between distances that occur.
"""

from pathlib import Path

import numpy as np
import sklearn
from sklearn.metrics import pairwise_distances
from sklearn.neighbors import NearestNeighbors

assert sklearn.__version__ == "1.7.2", f"scikit-learn 1.7.2 is needed, this is {sklearn.__version__}"

D = 8
i, f = np.meshgrid(np.arange(70), np.arange(D), indexing="ij")
x = ((i * i * 31 + i * f * 17 + f * f * 7 + 3) % 29).astype(np.float64)
lines = {"features": [D], "x": x.ravel()}

for metric in ["euclidean", "sqeuclidean", "cosine"]:
    near = NearestNeighbors(n_neighbors=9, algorithm="brute", metric=metric).fit(x)
    lines[f"kneighbors-{metric}"] = near.kneighbors()[0].ravel()
    distances = np.unique(pairwise_distances(x, metric=metric).round(9))
    at = np.searchsorted(distances, np.quantile(distances, 0.2))
    radius = (distances[at] + distances[at + 1]) / 2
    graph = near.radius_neighbors_graph(x, radius, mode="distance", sort_results=False)
    graph.sort_indices()
    lines[f"radius-{metric}"] = [radius]
    lines[f"offsets-{metric}"] = graph.indptr
    lines[f"indices-{metric}"] = graph.indices
    lines[f"distances-{metric}"] = graph.data

text = "".join(f"{name} {' '.join(f'{value:.9g}' for value in values)}\n" for name, values in lines.items())
(Path(__file__).parent / "neighbors.txt").write_text(text)
