//! Pairwise distances against plain f64 loops, on every device.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use common::*;
use throng_compute::{Compute, ComputeError, PairwiseMetric, pairwise};

const EPS: f64 = f32::EPSILON as f64;

fn oracle(a: &[f32], b: &[f32], metric: PairwiseMetric) -> f64 {
    match metric {
        PairwiseMetric::SqEuclidean => squared(a, b),
        PairwiseMetric::Euclidean => squared(a, b).sqrt(),
        PairwiseMetric::Cosine => cosine(a, b),
        PairwiseMetric::Dot => dot(a, b),
        PairwiseMetric::Manhattan => manhattan(a, b),
        PairwiseMetric::Chebyshev => chebyshev(a, b),
    }
}

/// What [`PairwiseMetric`] states; for the others what adding d terms in 32 bits may be off by: one rounding
/// a term and a few for the term itself.
fn bound(a: &[f32], b: &[f32], metric: PairwiseMetric) -> f64 {
    let d = a.len() as f64;
    let steps = (d + 4.0) * EPS;
    // What the second order adds.
    let second = 1.0 + d * EPS;
    match metric {
        PairwiseMetric::SqEuclidean => (d + 2.0) * EPS * second * squared(a, b),
        PairwiseMetric::Euclidean => (0.5 * d + 6.0) * EPS * second * squared(a, b).sqrt(),
        PairwiseMetric::Manhattan => d * EPS * second * manhattan(a, b),
        PairwiseMetric::Chebyshev => EPS * chebyshev(a, b),
        PairwiseMetric::Cosine => 4.0 * steps,
        PairwiseMetric::Dot => {
            let magnitudes = a.iter().zip(b).map(|(x, y)| f64::from((x * y).abs()));
            steps * magnitudes.sum::<f64>()
        }
    }
}

const METRICS: [PairwiseMetric; 6] = [
    PairwiseMetric::SqEuclidean,
    PairwiseMetric::Euclidean,
    PairwiseMetric::Cosine,
    PairwiseMetric::Dot,
    PairwiseMetric::Manhattan,
    PairwiseMetric::Chebyshev,
];

fn check(a: &[f32], b: &[f32], d: usize) {
    let (n, m) = (a.len() / d, b.len() / d);
    for device in devices() {
        let name = &device.name;
        let on_a = device.compute.matrix(a, n, d).unwrap();
        let on_b = device.compute.matrix(b, m, d).unwrap();
        for metric in METRICS {
            let out = pairwise(&on_a, &on_b, metric).unwrap();
            assert_eq!((out.rows(), out.cols()), (n, m));
            let got = out.to_vec().unwrap();
            let wrong = first_wrong(&got, a, b, d, metric);
            assert_eq!(wrong, None, "{name}, {metric:?}, n {n}, m {m}, d {d}");
        }
    }
}

/// The first pair that is off by more than rounding: row, column, found, wanted.
fn first_wrong(
    got: &[f32],
    a: &[f32],
    b: &[f32],
    d: usize,
    metric: PairwiseMetric,
) -> Option<(usize, usize, f32, f64)> {
    let (n, m) = (a.len() / d, b.len() / d);
    assert_eq!(got.len(), n * m);
    for i in 0..n {
        for j in 0..m {
            let (x, y) = (row(a, d, i), row(b, d, j));
            let want = oracle(x, y, metric);
            let off = (f64::from(got[i * m + j]) - want).abs();
            if off.is_nan() || off > bound(x, y, metric) + 1e-30 {
                return Some((i, j, got[i * m + j], want));
            }
        }
    }
    None
}

#[test]
fn the_comparison_notices_one_wrong_value() {
    let (n, m, d) = (6, 5, 40);
    let (a, b) = (uniform(n * d, 1), uniform(m * d, 2));
    for metric in METRICS {
        let right: Vec<f32> = (0..n * m)
            .map(|i| oracle(row(&a, d, i / m), row(&b, d, i % m), metric) as f32)
            .collect();
        assert_eq!(first_wrong(&right, &a, &b, d, metric), None);
        for wrong in [right[17] + 2e-4, f32::NAN] {
            let mut values = right.clone();
            values[17] = wrong;
            let found = first_wrong(&values, &a, &b, d, metric).unwrap();
            assert_eq!((found.0, found.1), (3, 2), "{metric:?}");
        }
    }
}

#[test]
fn distances_agree_with_loops_at_odd_sizes() {
    let sizes = [
        (1, 1, 1),
        (1, 65, 3),
        (7, 1, 2),
        (63, 64, 15),
        (64, 63, 16),
        (65, 65, 17),
        (31, 33, 128),
        (129, 127, 7),
        (2, 3, 200),
        // One beside the other tiles: 32 x 32, 256 x 16 and 16 x 256.
        (33, 31, 1),
        (257, 15, 5),
        (255, 17, 9),
        (17, 255, 9),
        (15, 257, 5),
        // Primes, and many features.
        (101, 211, 53),
        (3, 5, 4_096),
    ];
    for (n, m, d) in sizes {
        check(&uniform(n * d, 1), &uniform(m * d, 2), d);
    }
}

#[test]
fn matrices_in_parts_agree_with_loops() {
    // 512 KiB hold 3,072 rows of a, and 512 rows of the output.
    check(&uniform(1_700 * 40, 3), &uniform(250 * 40, 4), 40);
    check(&uniform(5 * 40, 3), &uniform(256 * 40, 4), 40);
}

#[test]
fn parts_of_b_fill_their_columns() {
    // 512 KiB hold 256 rows of a or b, so that columns come from two parts.
    let (n, m, d) = (260, 300, 512);
    check(&uniform(n * d, 5), &uniform(m * d, 6), d);
}

#[test]
fn parts_of_wide_matrices_have_few_rows() {
    // 128 MiB hold 192 aligned rows of 140,001 distances, 512 KiB not one.
    let (n, m, d) = (300, 140_001, 1);
    let (a, b) = (uniform(n, 16), uniform(m, 17));
    for device in devices() {
        let (on_a, on_b) = (
            device.compute.matrix(&a, n, d).unwrap(),
            device.compute.matrix(&b, m, d).unwrap(),
        );
        let out = pairwise(&on_a, &on_b, PairwiseMetric::Manhattan);
        if device.name.contains("512 KiB") {
            let limit = 512 << 10;
            let (what, bytes) = ("a part of a matrix", 4 * m as u64);
            assert_eq!(
                out.unwrap_err(),
                ComputeError::TooBig { what, bytes, limit }
            );
            continue;
        }
        let got = out.unwrap().to_vec().unwrap();
        for (i, got) in got.chunks(m).enumerate() {
            let wrong = got
                .iter()
                .zip(&b)
                .position(|(&got, b)| got != (a[i] - b).abs());
            assert_eq!(wrong, None, "{}, row {i}", device.name);
        }
    }
    // 512 KiB hold 43 rows of 3,001 features, and 43 of as many distances.
    let (n, m, d) = (90, 3_001, 3_001);
    let (x, few) = (uniform(m, 18), uniform(n * d, 19));
    check(&few, &few[..d], d);
    check(&few[..50], &x, 1);
}

/// Rows around 10,000 with a spread of 1, and neighbours of them that differ in one feature in seven by the
/// least that floats of this size can: the bounds hold, relative to the true distances.
#[test]
fn rows_far_from_the_origin_keep_their_distances() {
    for d in [37, 128, 4_096] {
        let mut a = uniform(9 * d, 7);
        a.iter_mut().for_each(|v| *v += 1e4);
        let mut b = a.clone();
        for v in b.iter_mut().step_by(7) {
            *v = v.next_up();
        }
        b.extend(uniform(4 * d, 11).iter().map(|v| 1e4 + v));
        check(&a, &b, d);

        // |a|^2 + |b|^2 - 2ab in 32 bits is outside the bound by far: the test would notice.
        let (x, y) = (row(&a, d, 0), row(&b, d, 0));
        let terms = |x: &[f32], y: &[f32]| x.iter().zip(y).map(|(x, y)| x * y).sum::<f32>();
        let expanded = f64::from(terms(x, x) + terms(y, y) - 2.0 * terms(x, y));
        let off = (expanded - squared(x, y)).abs();
        assert!(off > 100.0 * bound(x, y, PairwiseMetric::SqEuclidean));
    }
}

#[test]
fn differences_beside_zero_and_of_the_largest_values_keep_to_the_bounds() {
    let d = 33;
    for scale in [1e-15, 1e15] {
        let a: Vec<f32> = uniform(5 * d, 12).iter().map(|v| v * scale).collect();
        let b: Vec<f32> = uniform(6 * d, 13).iter().map(|v| v * scale).collect();
        check(&a, &b, d);
    }
}

#[test]
fn a_row_is_at_distance_zero_from_itself() {
    let (n, d) = (70, 19);
    let x = uniform(n * d, 8);
    for device in devices() {
        let on = device.compute.matrix(&x, n, d).unwrap();
        for metric in [
            PairwiseMetric::SqEuclidean,
            PairwiseMetric::Euclidean,
            PairwiseMetric::Cosine,
            PairwiseMetric::Manhattan,
            PairwiseMetric::Chebyshev,
        ] {
            let got = pairwise(&on, &on, metric).unwrap().to_vec().unwrap();
            for i in 0..n {
                assert_eq!(got[i * n + i], 0.0, "{}, {metric:?}, row {i}", device.name);
            }
        }
    }
}

#[test]
fn cosine_of_zero_parallel_and_opposite_rows() {
    let x = [
        0.0, 0.0, 0.0, //
        3.0, 4.0, 0.0, //
        6e9, 8e9, 0.0, //
        -3e-9, -4e-9, 0.0, //
        0.0, 0.0, 1e-20,
    ];
    let want = [
        [1.0, 1.0, 1.0, 1.0, 1.0],
        [1.0, 0.0, 0.0, 2.0, 1.0],
        [1.0, 0.0, 0.0, 2.0, 1.0],
        [1.0, 2.0, 2.0, 0.0, 1.0],
        [1.0, 1.0, 1.0, 1.0, 0.0],
    ];
    for device in devices() {
        let on = device.compute.matrix(&x, 5, 3).unwrap();
        let got = pairwise(&on, &on, PairwiseMetric::Cosine).unwrap();
        let got = got.to_vec().unwrap();
        for (i, want) in want.iter().flatten().enumerate() {
            assert!(
                (f64::from(got[i]) - want).abs() <= 8.0 * EPS,
                "{}: {got:?}",
                device.name
            );
        }
    }
}

#[test]
fn no_rows_give_no_distances() {
    for device in devices() {
        let a = device.compute.matrix(&[], 0, 3).unwrap();
        let b = device.compute.matrix(&[1.0, 2.0, 3.0], 1, 3).unwrap();
        let out = pairwise(&a, &b, PairwiseMetric::Euclidean).unwrap();
        assert_eq!((out.rows(), out.cols()), (0, 1), "{}", device.name);
        assert!(out.to_vec().unwrap().is_empty());
        let error = pairwise(&b, &a, PairwiseMetric::Euclidean).unwrap_err();
        assert_eq!(error.to_string(), "b has 0 rows, but 1 are needed");
    }
}

#[test]
fn same_bits_twice_and_for_any_number_of_threads() {
    let (n, m, d) = (150, 90, 33);
    let (a, b) = (uniform(n * d, 9), uniform(m * d, 10));
    let mut of_cpu = Vec::new();
    for device in devices() {
        let on_a = device.compute.matrix(&a, n, d).unwrap();
        let on_b = device.compute.matrix(&b, m, d).unwrap();
        for metric in METRICS {
            let bits = || {
                let out = pairwise(&on_a, &on_b, metric).unwrap().to_vec().unwrap();
                out.into_iter().map(f32::to_bits).collect::<Vec<_>>()
            };
            let first = bits();
            assert_eq!(first, bits(), "{}, {metric:?}", device.name);
            if device.name.starts_with("cpu") {
                of_cpu.push(first);
            }
        }
    }
    let (one, three) = of_cpu.split_at(METRICS.len());
    assert_eq!(one, three);
}

#[test]
fn unlike_matrices_are_refused() {
    let one = Compute::cpu();
    let other = Compute::cpu();
    let a = one.matrix(&[1.0, 2.0], 1, 2).unwrap();
    let b = one.matrix(&[1.0, 2.0, 3.0], 1, 3).unwrap();
    let c = other.matrix(&[1.0, 2.0], 1, 2).unwrap();
    assert_eq!(
        pairwise(&a, &b, PairwiseMetric::Dot)
            .unwrap_err()
            .to_string(),
        "b has 3 columns, but 2 are needed"
    );
    assert_eq!(
        pairwise(&a, &c, PairwiseMetric::Dot).unwrap_err(),
        ComputeError::DifferentDevices
    );
}

#[test]
fn metrics_are_named() {
    assert_eq!("cosine".parse(), Ok(PairwiseMetric::Cosine));
    assert_eq!("sqeuclidean".parse(), Ok(PairwiseMetric::SqEuclidean));
    assert_eq!("euclidean".parse(), Ok(PairwiseMetric::Euclidean));
    assert_eq!("dot".parse(), Ok(PairwiseMetric::Dot));
    assert_eq!("manhattan".parse(), Ok(PairwiseMetric::Manhattan));
    assert_eq!("chebyshev".parse(), Ok(PairwiseMetric::Chebyshev));
    let error = "l3".parse::<PairwiseMetric>().unwrap_err().to_string();
    assert!(
        error.contains("'l3'") && error.contains("sqeuclidean"),
        "{error}"
    );
}
