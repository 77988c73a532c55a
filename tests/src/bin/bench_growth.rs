//! How long kernels take as their work grows, for `cargo xtask bench`: prints one JSON object.
//!
//! `bench_growth DEVICE` prints, by kernel, pairs of work (multiply-adds) and seconds over three decades.

use std::error::Error;

use serde_json::json;
use throng_compute::{
    Compute, ComputeError, Lloyd, NeighborMetric, PairwiseMetric, SilhouetteMetric, pairwise,
    silhouette, top_k,
};
use throng_tests::devices::open;
use throng_tests::timing::{best, uniform};

const D: usize = 64;
const K: usize = 32;

type Points = Vec<(f64, f64)>;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [device] = &arguments[..] else {
        return Err("usage: bench_growth DEVICE".into());
    };
    let compute = open(device)?;
    let points = json!({
        "lloyd": lloyd(&compute)?,
        "pairwise": distances(&compute)?,
        "silhouette": silhouettes(&compute)?,
        "top-10": searches(&compute)?,
    });
    println!("{points}");
    Ok(())
}

/// An iteration's assignment and sums, n from 4,096 to 4,194,304.
fn lloyd(compute: &Compute) -> Result<Points, ComputeError> {
    let centroids = uniform(K * D, 2);
    (12..=22)
        .map(|power| {
            let n = 1 << power;
            let x = compute.matrix(&uniform(n * D, 1), n, D)?;
            let mut lloyd = Lloyd::new(&x, K)?;
            let seconds = best(|| lloyd.step(&centroids).map(drop))?;
            Ok(((n * D * K) as f64, seconds))
        })
        .collect()
}

/// n = m from 256 to 8,192.
fn distances(compute: &Compute) -> Result<Points, ComputeError> {
    (8..=13)
        .map(|power| {
            let n = 1 << power;
            let a = compute.matrix(&uniform(n * D, 3), n, D)?;
            let b = compute.matrix(&uniform(n * D, 4), n, D)?;
            let seconds = best(|| {
                pairwise(&a, &b, PairwiseMetric::SqEuclidean)?;
                compute.wait()
            })?;
            Ok(((n * n * D) as f64, seconds))
        })
        .collect()
}

/// n from 512 to 16,384.
fn silhouettes(compute: &Compute) -> Result<Points, ComputeError> {
    (9..=14)
        .map(|power| {
            let n = 1 << power;
            let x = compute.matrix(&uniform(n * D, 5), n, D)?;
            let labels: Vec<u32> = (0..n).map(|row| (row % K) as u32).collect();
            let seconds =
                best(|| silhouette(&x, &labels, K, SilhouetteMetric::Euclidean).map(drop))?;
            Ok(((n * n * D) as f64, seconds))
        })
        .collect()
}

/// n queries among n, from 512 to 16,384.
fn searches(compute: &Compute) -> Result<Points, ComputeError> {
    (9..=14)
        .map(|power| {
            let n = 1 << power;
            let x = compute.matrix(&uniform(n * D, 6), n, D)?;
            let y = compute.matrix(&uniform(n * D, 7), n, D)?;
            let seconds = best(|| top_k(&x, &y, 10, NeighborMetric::SqEuclidean, &[]).map(drop))?;
            Ok(((n * n * D) as f64, seconds))
        })
        .collect()
}
