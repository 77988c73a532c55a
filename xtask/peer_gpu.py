"""The peers' side of `cargo xtask bench --gpu`: prints one JSON object, {"seconds": ...} or {"missing": why}.

peer_gpu.py torch|flash-kmeans B N D K

Times one Lloyd iteration of B problems on CUDA in 32-bit floats, with TF32 if TRITON_F32_DEFAULT says tf32.
"""

import json
import os
import sys
import time

# Iterations of the two runs whose difference is timed, and how often each is run.
FEW, MANY = 2, 12
REPEATS = 3


def eager(torch, x, centroids):
    """An iteration as PyTorch is written: all distances, the least of each row, sums by label."""
    squares = (centroids * centroids).sum(-1)[:, None, :]
    # |x|^2 is the same for all centroids.
    labels = torch.baddbmm(squares, x, centroids.transpose(1, 2), alpha=-2).argmin(-1)
    sums = torch.zeros_like(centroids).scatter_add_(1, labels[..., None].expand_as(x), x)
    ones = torch.ones_like(labels, dtype=x.dtype)
    counts = torch.zeros_like(centroids[..., 0]).scatter_add_(1, labels, ones)
    return torch.where(counts[..., None] > 0, sums / counts[..., None], centroids)


def measure(peer, b, n, d, k):
    try:
        import torch
    except ImportError:
        return {"missing": "no PyTorch"}
    if not torch.cuda.is_available():
        return {"missing": "PyTorch without CUDA"}
    torch.backends.cuda.matmul.allow_tf32 = os.environ["TRITON_F32_DEFAULT"] == "tf32"
    x = torch.rand(b, n, d, device="cuda") * 2 - 1
    init = x[:, :k].contiguous()

    def by_torch(iterations):
        centroids = init
        for _ in range(iterations):
            centroids = eager(torch, x, centroids)

    def by_flash(iterations):
        # No shift is below a negative tolerance, and the centroids given may be written to.
        batch_kmeans_Euclid(x, k, max_iters=iterations, tol=-1.0, init_centroids=init.clone())

    run = by_torch
    if peer == "flash-kmeans":
        try:
            from flash_kmeans import batch_kmeans_Euclid
        except ImportError:
            return {"missing": "no flash-kmeans"}
        run = by_flash

    def best(iterations):
        took = []
        for _ in range(REPEATS + 1):
            torch.cuda.synchronize()
            start = time.perf_counter()
            run(iterations)
            torch.cuda.synchronize()
            took.append(time.perf_counter() - start)
        return min(took[1:])

    try:
        return {"seconds": (best(MANY) - best(FEW)) / (MANY - FEW)}
    except torch.cuda.OutOfMemoryError:
        return {"missing": "out of memory"}


if __name__ == "__main__":
    print(json.dumps(measure(sys.argv[1], *map(int, sys.argv[2:]))))
