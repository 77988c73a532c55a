//! What is measured: one function a kernel, one line in [`KERNELS`].

use throng::compute::{
    Lloyd, NeighborMetric, PairwiseMetric, SilhouetteMetric, kmeans_plus_plus, pairwise,
    silhouette, top_k,
};

use super::What;
use super::measure::{Bench, Case};
use crate::failure::Failure;

/// Measures a kernel at its sizes.
type Kernel = fn(&mut Bench) -> Result<(), Failure>;

/// The kernels by name.
pub const KERNELS: &[(What, Kernel)] = &[
    (What::Kmeans, kmeans),
    (What::Pairwise, distances),
    (What::Silhouette, silhouettes),
    (What::Topk, neighbors),
];

/// Lloyd's iteration (assignment and sums), its assignment alone, and the seeding.
fn kmeans(bench: &mut Bench) -> Result<(), Failure> {
    for (d, k) in [(16, 8), (128, 64), (128, 1024)] {
        let n = bench.rows(2 * d * k, d).max(k);
        let x = bench.matrix(n, d)?;
        let centroids = bench.values(k * d);
        let case = |step| Case {
            kernel: step,
            metric: "sqeuclidean",
            shape: vec![("n", n), ("d", d), ("k", k)],
            flops: 2 * n * d * k,
            bytes: 4 * (n * d + k * d + 2 * n),
        };
        // Each time anew: on a CPU rows are known to keep centroids that did not move, and are not compared.
        bench.measure(case("kmeans assign"), || {
            Lloyd::new(&x, k)?.assign(&centroids).map(drop)
        })?;
        bench.measure(case("kmeans iteration"), || {
            Lloyd::new(&x, k)?.step(&centroids).map(drop)
        })?;
    }
    let (d, k) = (128, 64);
    // Each of k steps compares the rows with 2 + ln k candidates.
    let trials = 2 + (k as f64).ln() as usize;
    let n = bench.rows(2 * d * k * trials, d).max(k);
    let x = bench.matrix(n, d)?;
    let case = Case {
        kernel: "kmeans++",
        metric: "sqeuclidean",
        shape: vec![("n", n), ("d", d), ("k", k)],
        flops: 2 * n * d * k * trials,
        bytes: 4 * n * d * k,
    };
    bench.measure(case, || kmeans_plus_plus(&x, k, 0).map(drop))
}

fn distances(bench: &mut Bench) -> Result<(), Failure> {
    let wide = [
        (PairwiseMetric::SqEuclidean, "sqeuclidean"),
        (PairwiseMetric::Euclidean, "euclidean"),
        (PairwiseMetric::Cosine, "cosine"),
        (PairwiseMetric::Dot, "dot"),
        (PairwiseMetric::Manhattan, "manhattan"),
        (PairwiseMetric::Chebyshev, "chebyshev"),
    ]
    .map(|(metric, name)| (metric, name, 128));
    // Of few features, writing the output is most of the work.
    let narrow = (PairwiseMetric::SqEuclidean, "sqeuclidean", 4);
    for (metric, name, d) in wide.into_iter().chain([narrow]) {
        let n = bench.square(2 * d);
        let (a, b) = (bench.matrix(n, d)?, bench.matrix(n, d)?);
        let case = Case {
            kernel: "pairwise",
            metric: name,
            shape: vec![("n", n), ("m", n), ("d", d)],
            flops: 2 * n * n * d,
            bytes: 4 * (n * n + 2 * n * d),
        };
        bench.measure(case, || pairwise(&a, &b, metric).map(drop))?;
    }
    Ok(())
}

fn silhouettes(bench: &mut Bench) -> Result<(), Failure> {
    let k = 10;
    for d in [16, 128] {
        let n = bench.square(2 * d);
        let x = bench.matrix(n, d)?;
        let labels: Vec<u32> = (0..n).map(|row| (row % k) as u32).collect();
        let case = Case {
            kernel: "silhouette",
            metric: "euclidean",
            shape: vec![("n", n), ("d", d), ("k", k)],
            flops: 2 * n * n * d,
            bytes: 4 * (n * d + 2 * n),
        };
        bench.measure(case, || {
            silhouette(&x, &labels, k, SilhouetteMetric::Euclidean).map(drop)
        })?;
    }
    Ok(())
}

/// The nearest of as many items as queries.
fn neighbors(bench: &mut Bench) -> Result<(), Failure> {
    let d = 128;
    for k in [10, 100] {
        let n = bench.square(2 * d).max(k);
        let (queries, items) = (bench.matrix(n, d)?, bench.matrix(n, d)?);
        let case = Case {
            kernel: "topk",
            metric: "sqeuclidean",
            shape: vec![("q", n), ("m", n), ("d", d), ("k", k)],
            flops: 2 * n * n * d,
            bytes: 4 * (2 * n * d + 2 * n * k),
        };
        bench.measure(case, || {
            top_k(&queries, &items, k, NeighborMetric::SqEuclidean, &[]).map(drop)
        })?;
    }
    Ok(())
}
