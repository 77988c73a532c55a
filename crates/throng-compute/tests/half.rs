//! Matrices of 16-bit floats: every kernel gives what it gives for the rounded values in 32 bits.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use std::ops::ControlFlow;

use common::*;
use throng_compute::*;

/// To 11 significant bits and multiples of 2^-24, ties to even: what binary16 keeps.
fn rounded(value: f32) -> f32 {
    let value = f64::from(value);
    let unit = (value.abs().log2().floor() - 10.0).max(-24.0).exp2();
    match value == 0.0 {
        true => 0.0,
        false => ((value / unit).round_ties_even() * unit) as f32,
    }
}

fn rounded_all(values: &[f32]) -> Vec<f32> {
    values.iter().map(|&value| rounded(value)).collect()
}

/// The bits of what every function makes of two matrices.
fn results(x: &Matrix, y: &Matrix) -> Vec<(&'static str, Vec<u64>)> {
    let bits = |values: Vec<f32>| values.into_iter().map(|v| u64::from(v.to_bits())).collect();
    let whole = |values: Vec<u32>| values.into_iter().map(u64::from).collect();
    let mut all = Vec::new();
    for (name, metric) in [
        ("squared Euclidean", PairwiseMetric::SqEuclidean),
        ("Euclidean", PairwiseMetric::Euclidean),
        ("cosine", PairwiseMetric::Cosine),
        ("dot", PairwiseMetric::Dot),
        ("Manhattan", PairwiseMetric::Manhattan),
        ("Chebyshev", PairwiseMetric::Chebyshev),
    ] {
        all.push((
            name,
            bits(pairwise(x, y, metric).unwrap().to_vec().unwrap()),
        ));
    }
    let ranges = [0..x.rows(), 1..y.rows()];
    let batch = pairwise_batch(x, &ranges, y, &[0..5, 3..8], PairwiseMetric::Dot).unwrap();
    all.push(("a batch", bits(batch.to_vec().unwrap())));
    for metric in [
        NeighborMetric::SqEuclidean,
        NeighborMetric::Cosine,
        NeighborMetric::Dot,
    ] {
        let near = top_k(x, y, 5, metric, &[]).unwrap();
        all.push(("neighbours", whole(near.indices)));
        all.push(("their scores", bits(near.scores)));
    }
    let counts = radius_counts(x, y, 4.0, NeighborMetric::Euclidean).unwrap();
    all.push((
        "counts",
        counts.into_iter().map(|count| count as u64).collect(),
    ));
    let labels: Vec<u32> = (0..x.rows() as u32).map(|row| row % 7).collect();
    for metric in [
        SilhouetteMetric::SqEuclidean,
        SilhouetteMetric::Euclidean,
        SilhouetteMetric::Cosine,
    ] {
        let own = silhouette(x, &labels, 7, metric).unwrap();
        all.push(("silhouettes", bits(own)));
        let simplified = simplified_silhouette(x, y, &labels, metric).unwrap();
        all.push(("simplified", bits(simplified)));
    }
    all.push(("seeds", whole(kmeans_plus_plus(x, 9, 3).unwrap())));
    let seeding = KMeansSeeding {
        rows: 0..x.rows(),
        k: 9,
        seed: 4,
        weights: None,
    };
    all.push((
        "drawn seeds",
        whole(kmeans_parallel_batch(x, &[seeding]).unwrap().remove(0)),
    ));
    let mut builder = x.compute().matrix_builder(x.rows(), x.cols()).unwrap();
    let places: Vec<u32> = (0..x.rows() as u32).rev().collect();
    builder.put(x, &places).unwrap();
    all.push((
        "scattered",
        bits(builder.finish().unwrap().to_vec().unwrap()),
    ));
    // Few clusters, many, whose rows are sorted, and so many that they are found by products; a cluster without rows
    // takes one.
    let values = x.to_vec().unwrap();
    for k in [6, 30, 70] {
        let mut start = values[..k * x.cols()].to_vec();
        start[..x.cols()].fill(500.0);
        let problem = KMeansProblem::new(2..x.rows(), k, start);
        let fits = kmeans_batch(x, &[problem], &mut |_| ControlFlow::Continue(()));
        let fit = fits.unwrap().unwrap().remove(0);
        all.push(("centroids", bits(fit.centroids)));
        all.push(("labels", whole(fit.labels)));
        all.push(("inertia", vec![fit.inertia.to_bits()]));
    }
    all
}

#[test]
fn results_are_those_of_the_rounded_values() {
    // An odd number of features: rows begin in the middle of words. The small ones are kept for other checks.
    for [n, m, d] in [[301, 67, 305], [81, 23, 37]] {
        let (x, y) = (blobs(n, d, 5, 91), blobs(m, d, 5, 92));
        for device in devices() {
            let matrix =
                |values: &[f32]| device.compute.matrix(values, values.len() / d, d).unwrap();
            let (x_half, y_half) = (matrix(&x).to_half().unwrap(), matrix(&y).to_half().unwrap());
            let (x, y) = (matrix(&rounded_all(&x)), matrix(&rounded_all(&y)));
            assert!(x_half.is_half() && !x.is_half());
            assert_eq!(
                x_half.to_vec().unwrap(),
                x.to_vec().unwrap(),
                "{}",
                device.name
            );
            let want = results(&x, &y);
            for (halves, want) in results(&x_half, &y_half).into_iter().zip(&want) {
                assert_eq!(halves.0, want.0);
                assert!(halves.1 == want.1, "{}: {}", device.name, want.0);
            }
            // Each side by itself.
            let distances = |x, y| {
                let distances = pairwise(x, y, PairwiseMetric::SqEuclidean).unwrap();
                distances.to_vec().unwrap()
            };
            let both = distances(&x, &y);
            assert_eq!(distances(&x_half, &y), both, "{}", device.name);
            assert_eq!(distances(&x, &y_half), both, "{}", device.name);
        }
    }
}

#[test]
fn distances_agree_with_loops_over_the_rounded_values() {
    let (n, m, d) = (67, 41, 129);
    let (x, y) = (uniform(n * d, 93), uniform(m * d, 94));
    let (x_half, y_half) = (rounded_all(&x), rounded_all(&y));
    // The bound of the metric, which is of the rounded values.
    let most = (d + 2) as f64 * f64::from(f32::EPSILON);
    for device in devices() {
        let matrix = |values: &[f32]| device.compute.matrix(values, values.len() / d, d).unwrap();
        let (a, b) = (matrix(&x).to_half().unwrap(), matrix(&y).to_half().unwrap());
        let got = pairwise(&a, &b, PairwiseMetric::SqEuclidean).unwrap();
        let got = got.to_vec().unwrap();
        let mut differs = false;
        for i in 0..n {
            for j in 0..m {
                let want = squared(row(&x_half, d, i), row(&y_half, d, j));
                let found = f64::from(got[i * m + j]);
                assert!((found - want).abs() <= most * want, "{}", device.name);
                // Rounding is seen: it is far larger than the bound.
                let full = squared(row(&x, d, i), row(&y, d, j));
                differs |= (found - full).abs() > 4.0 * most * full;
            }
        }
        assert!(differs, "{}", device.name);
    }
}

#[test]
fn every_half_is_read_as_it_is() {
    let mut values = vec![0.0];
    for step in 1..1024 {
        let value = step as f32 * 2_f32.powi(-24);
        values.extend([value, -value]);
    }
    for exponent in -14..=15 {
        for step in 0..1024 {
            let value = (1.0 + step as f32 / 1024.0) * (exponent as f32).exp2();
            values.extend([value, -value]);
        }
    }
    assert_eq!(values[values.len() - 2], 65_504.0);
    for device in devices() {
        let x = device.compute.matrix(&values, values.len(), 1).unwrap();
        let one = device.compute.matrix(&[1.0], 1, 1).unwrap();
        let x = x.to_half().unwrap();
        let got = pairwise(&x, &one.to_half().unwrap(), PairwiseMetric::Dot).unwrap();
        assert_eq!(got.to_vec().unwrap(), values, "{}", device.name);
        let cpu = x.to_device(&Compute::cpu()).unwrap();
        assert!(cpu.is_half());
        assert_eq!(cpu.into_vec().unwrap(), values, "{}", device.name);
    }
}

#[test]
fn ties_go_to_even_and_what_is_too_large_is_refused() {
    for device in devices() {
        let halves = |values: &[f32]| {
            let x = device.compute.matrix(values, values.len() / 3, 3).unwrap();
            x.to_half()?.to_vec()
        };
        // Between 1 and the next half, and between that and its next; 65,519 is nearer to 65,504 than to 65,536.
        let near = [1.0 + 2_f32.powi(-11), 1.0 + 3.0 * 2_f32.powi(-11), 65_519.0];
        let want = [1.0, 1.0 + 2_f32.powi(-9), 65_504.0];
        assert_eq!(halves(&near).unwrap(), want, "{}", device.name);
        let error = halves(&[0.0, 0.0, 0.0, 0.0, 0.0, -65_520.0]).unwrap_err();
        let (row, column, value) = (1, 2, -65_520.0);
        assert_eq!(error, ComputeError::TooLargeForHalf { row, column, value });
    }
}
