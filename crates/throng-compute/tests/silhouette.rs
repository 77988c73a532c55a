//! Silhouettes against plain f64 loops, on every device.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use common::*;
use throng_compute::{ComputeError, SilhouetteMetric, silhouette};

const METRICS: [SilhouetteMetric; 3] = [
    SilhouetteMetric::Euclidean,
    SilhouetteMetric::SqEuclidean,
    SilhouetteMetric::Cosine,
];

fn distance(a: &[f32], b: &[f32], metric: SilhouetteMetric) -> f64 {
    match metric {
        SilhouetteMetric::Euclidean => squared(a, b).sqrt(),
        SilhouetteMetric::SqEuclidean => squared(a, b),
        SilhouetteMetric::Cosine => cosine(a, b),
    }
}

fn oracle(x: &[f32], d: usize, labels: &[u32], k: usize, metric: SilhouetteMetric) -> Vec<f64> {
    let n = labels.len();
    let mut counts = vec![0; k];
    labels.iter().for_each(|&label| counts[label as usize] += 1);
    (0..n)
        .map(|i| {
            let own = labels[i] as usize;
            if counts[own] == 1 {
                return 0.0;
            }
            let mut sums = vec![0.0; k];
            for j in (0..n).filter(|&j| j != i) {
                sums[labels[j] as usize] += distance(row(x, d, i), row(x, d, j), metric);
            }
            let inner = sums[own] / f64::from(counts[own] - 1);
            let least = (0..k)
                .filter(|&c| c != own && counts[c] > 0)
                .map(|c| sums[c] / f64::from(counts[c]))
                .fold(f64::MAX, f64::min);
            let larger = inner.max(least);
            if larger == 0.0 {
                0.0
            } else {
                (least - inner) / larger
            }
        })
        .collect()
}

fn check(x: &[f32], d: usize, labels: &[u32], k: usize) {
    check_metrics(&METRICS, x, d, labels, k);
}

fn check_metrics(metrics: &[SilhouetteMetric], x: &[f32], d: usize, labels: &[u32], k: usize) {
    let n = labels.len();
    for &metric in metrics {
        let want = oracle(x, d, labels, k, metric);
        for device in devices() {
            let on = device.compute.matrix(x, n, d).unwrap();
            let got = silhouette(&on, labels, k, metric).unwrap();
            let wrong = first_wrong(&got, &want);
            let name = &device.name;
            assert_eq!(wrong, None, "{name}, {metric:?}, n {n}, d {d}, k {k}");
        }
    }
}

/// The first row that is off by more than a few parts in a million of its mean distances.
fn first_wrong(got: &[f32], want: &[f64]) -> Option<(usize, f32, f64)> {
    assert_eq!(got.len(), want.len());
    let off = |i: usize| (f64::from(got[i]) - want[i]).abs();
    (0..want.len())
        .find(|&i| off(i).is_nan() || off(i) > 5e-6)
        .map(|i| (i, got[i], want[i]))
}

#[test]
fn the_comparison_notices_one_wrong_value() {
    let want = [0.25, -0.5, 0.0];
    assert_eq!(first_wrong(&[0.25, -0.5, 0.0], &want), None);
    assert!(first_wrong(&[0.25, -0.500_01, 0.0], &want).is_some());
    assert!(first_wrong(&[0.25, -0.5, f32::NAN], &want).is_some());
}

#[test]
fn silhouettes_agree_with_loops_at_odd_sizes() {
    for (n, d, k) in [
        (2, 1, 2),
        (3, 2, 2),
        (63, 5, 3),
        (64, 16, 2),
        (65, 17, 7),
        (129, 33, 11),
        (300, 3, 40),
    ] {
        let x = blobs(n, d, k.min(4), 51);
        let labels: Vec<u32> = (0..n).map(|i| ((i * i + i / 3) % k) as u32).collect();
        check(&x, d, &labels, k);
        let labels: Vec<u32> = (0..n).map(|i| (i % k) as u32).collect();
        check(&x, d, &labels, k);
    }
}

#[test]
fn matrices_in_parts_agree_with_loops() {
    // 512 KiB hold 1,024 rows.
    let (n, d, k) = (1_100, 128, 3);
    let x = blobs(n, d, k, 52);
    let labels: Vec<u32> = (0..n).map(|i| (i % k) as u32).collect();
    check(&x, d, &labels, k);
}

#[test]
fn sums_in_chunks_agree_with_loops() {
    // 512 KiB hold the sums of 448 rows by 290 clusters. Of two features some rows would be so near to parallel that the
    // rounding of their lengths is seen.
    let (n, d, k) = (450, 6, 290);
    let x = uniform(n * d, 53);
    let labels: Vec<u32> = (0..n).map(|i| (i % k) as u32).collect();
    check(&x, d, &labels, k);
}

#[test]
fn a_row_alone_in_its_cluster_has_zero_and_empty_clusters_do_not_count() {
    let x = [0.0, 0.1, 5.0, 5.1, 99.0];
    let labels = [0, 0, 3, 3, 4];
    check(&x, 1, &labels, 5);
    for device in devices() {
        let on = device.compute.matrix(&x, 5, 1).unwrap();
        let got = silhouette(&on, &labels, 5, SilhouetteMetric::Euclidean).unwrap();
        assert_eq!(got[4], 0.0, "{}", device.name);
        assert!(got[0] > 0.9, "{}: {got:?}", device.name);
    }
}

#[test]
fn rows_of_zeros_are_at_cosine_distance_one() {
    let d = 4;
    let mut x = uniform(30 * d, 54);
    x[..3 * d].fill(0.0);
    x[20 * d..21 * d].fill(0.0);
    let labels: Vec<u32> = (0..30).map(|i| i % 3).collect();
    check(&x, d, &labels, 3);
}

#[test]
fn equal_rows_in_all_clusters_have_zero() {
    let labels = [0, 0, 1, 1, 2, 2];
    for device in devices() {
        let on = device.compute.matrix(&[2.5; 12], 6, 2).unwrap();
        for metric in METRICS {
            let got = silhouette(&on, &labels, 3, metric).unwrap();
            assert_eq!(got, [0.0; 6], "{}, {metric:?}", device.name);
        }
    }
}

#[test]
fn tight_clusters_far_from_the_origin_are_right() {
    let (n, d) = (120, 8);
    let mut x = blobs(n, d, 3, 55);
    x.iter_mut().for_each(|v| *v = 3000.0 + *v * 0.03);
    let labels: Vec<u32> = (0..n as u32).map(|i| i % 3).collect();
    // Not cosine: unit rows in 32 bits do not tell such angles apart.
    check_metrics(&METRICS[..2], &x, d, &labels, 3);
}

#[test]
fn same_bits_twice_and_for_any_number_of_threads() {
    let (n, d, k) = (400, 12, 4);
    let x = blobs(n, d, k, 56);
    let labels: Vec<u32> = (0..n as u32).map(|i| i * 7 % 4).collect();
    let mut of_cpu = Vec::new();
    for device in devices() {
        let on = device.compute.matrix(&x, n, d).unwrap();
        let bits = || {
            let got = silhouette(&on, &labels, k, SilhouetteMetric::Euclidean).unwrap();
            got.into_iter().map(f32::to_bits).collect::<Vec<_>>()
        };
        let first = bits();
        assert_eq!(first, bits(), "{}", device.name);
        if device.name.starts_with("cpu") {
            of_cpu.push(first);
        }
    }
    assert_eq!(of_cpu[0], of_cpu[1]);
}

#[test]
fn bad_arguments_are_refused() {
    for device in devices() {
        let on = device.compute.matrix(&[1.0, 2.0, 3.0], 3, 1).unwrap();
        let refused = |labels: &[u32], k| {
            silhouette(&on, labels, k, SilhouetteMetric::Euclidean).unwrap_err()
        };
        assert_eq!(
            refused(&[0, 2, 1], 2),
            ComputeError::Label {
                row: 1,
                label: 2,
                k: 2
            }
        );
        assert_eq!(
            refused(&[1, 1, 1], 2),
            ComputeError::TooFewClusters { found: 1 }
        );
        assert_eq!(refused(&[0, 0, 0], 0), ComputeError::NoClusters);
        assert_eq!(
            refused(&[0, 1, 0], 4),
            ComputeError::TooManyClusters { k: 4, rows: 3 }
        );
        assert_eq!(
            refused(&[0, 1], 2).to_string(),
            "labels has 2 values, but 3 are needed"
        );
    }
    let error = "dot".parse::<SilhouetteMetric>().unwrap_err();
    assert!(error.to_string().contains("euclidean, sqeuclidean, cosine"));
    assert_eq!("cosine".parse(), Ok(SilhouetteMetric::Cosine));
}
