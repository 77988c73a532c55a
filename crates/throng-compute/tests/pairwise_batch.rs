//! Many problems at once against one by one, on every device.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
// A batch of one problem is a slice of one range.
#![allow(clippy::single_range_in_vec_init)]

mod common;

use std::ops::Range;

use common::*;
use throng_compute::{
    BitMetric, ComputeError, PairwiseMetric, pairwise, pairwise_batch, pairwise_bits,
    pairwise_bits_batch,
};

const METRICS: [PairwiseMetric; 6] = [
    PairwiseMetric::SqEuclidean,
    PairwiseMetric::Euclidean,
    PairwiseMetric::Cosine,
    PairwiseMetric::Dot,
    PairwiseMetric::Manhattan,
    PairwiseMetric::Chebyshev,
];

fn bits_of(values: &[f32]) -> Vec<u32> {
    values.iter().map(|value| value.to_bits()).collect()
}

/// The first value whose bits differ, or the first that one of them has not.
fn first_unlike(got: &[f32], want: &[f32]) -> Option<usize> {
    let (got, want) = (bits_of(got), bits_of(want));
    let unlike = got.iter().zip(&want).position(|(a, b)| a != b);
    unlike.or((got.len() != want.len()).then_some(got.len().min(want.len())))
}

/// The same bits as each problem has alone, from matrices of its rows only.
fn check(
    metrics: &[PairwiseMetric],
    a: &[f32],
    a_rows: &[Range<usize>],
    b: &[f32],
    b_rows: &[Range<usize>],
    d: usize,
) {
    for device in devices() {
        let compute = &device.compute;
        let on_a = compute.matrix(a, a.len() / d, d).unwrap();
        let on_b = compute.matrix(b, b.len() / d, d).unwrap();
        let shapes: Vec<_> = a_rows
            .iter()
            .zip(b_rows)
            .map(|(a, b)| (a.len(), b.len()))
            .collect();
        for &metric in metrics {
            let batch = pairwise_batch(&on_a, a_rows, &on_b, b_rows, metric).unwrap();
            assert_eq!(batch.shapes(), shapes);
            assert_eq!(batch.compute().kind(), compute.kind());
            let mut want = Vec::new();
            for (a_range, b_range) in a_rows.iter().zip(b_rows) {
                if a_range.is_empty() || b_range.is_empty() {
                    continue;
                }
                let rows = |x: &[f32], range: &Range<usize>| {
                    let x = &x[range.start * d..range.end * d];
                    compute.matrix(x, range.len(), d).unwrap()
                };
                let (a, b) = (rows(a, a_range), rows(b, b_range));
                want.extend(pairwise(&a, &b, metric).unwrap().to_vec().unwrap());
            }
            let got = batch.to_vec().unwrap();
            assert_eq!(
                first_unlike(&got, &want),
                None,
                "{}, {metric:?}",
                device.name
            );
            // The same again.
            let batch = pairwise_batch(&on_a, a_rows, &on_b, b_rows, metric).unwrap();
            assert_eq!(first_unlike(&batch.to_vec().unwrap(), &want), None);
        }
    }
}

#[test]
fn the_comparison_notices_one_wrong_bit() {
    let right = [1.0, 2.0, 0.0];
    assert_eq!(first_unlike(&right, &right), None);
    assert_eq!(first_unlike(&[1.0, 2.0, -0.0], &right), Some(2));
    assert_eq!(
        first_unlike(&[1.0, 2.0_f32.next_up(), 0.0], &right),
        Some(1)
    );
    assert_eq!(first_unlike(&right[..2], &right), Some(2));
    assert_eq!(first_unlike(&right, &right[..1]), Some(1));
}

#[test]
fn ragged_problems_are_as_one_by_one() {
    let d = 13;
    let sizes = [
        (1, 1),
        (0, 5),
        (31, 33),
        (5, 0),
        (64, 65),
        (2, 130),
        (101, 3),
        (0, 0),
        (17, 19),
    ];
    let stacked = |sizes: &mut dyn Iterator<Item = usize>| -> Vec<Range<usize>> {
        let mut first = 0;
        let ranges = sizes.map(|size| {
            first += size;
            first - size..first
        });
        ranges.collect()
    };
    let a_rows = stacked(&mut sizes.iter().map(|size| size.0));
    let b_rows = stacked(&mut sizes.iter().map(|size| size.1));
    let mut a = uniform(a_rows.last().unwrap().end * d, 21);
    let b = uniform(b_rows.last().unwrap().end * d, 22);
    // A row of zeros, for cosine.
    a[3 * d..4 * d].fill(0.0);
    check(&METRICS, &a, &a_rows, &b, &b_rows, d);
}

#[test]
fn problems_may_share_rows() {
    let d = 6;
    let (a, b) = (uniform(40 * d, 23), uniform(70 * d, 24));
    check(
        &METRICS,
        &a,
        &[0..40, 10..20, 39..40, 0..40],
        &b,
        &[0..70, 0..70, 5..6, 3..9],
        d,
    );
}

#[test]
fn problems_across_parts_are_as_one_by_one() {
    // 512 KiB hold 256 rows of a or b, and 131,072 distances.
    let d = 512;
    let (a, b) = (uniform(600 * d, 25), uniform(300 * d, 26));
    check(
        &[PairwiseMetric::Cosine, PairwiseMetric::Chebyshev],
        &a,
        &[0..10, 0..600, 200..320],
        &b,
        &[0..20, 0..300, 250..300],
        d,
    );
}

/// As [b, n, d] by [b, m, d]; more problems than one dimension of a dispatch holds workgroups.
#[test]
fn many_small_problems_agree_with_loops() {
    let (problems, n, m, d) = (70_000, 2, 3, 2);
    let (a, b) = (uniform(problems * n * d, 27), uniform(problems * m * d, 28));
    let rows = |count: usize| -> Vec<Range<usize>> {
        (0..problems)
            .map(|problem| problem * count..(problem + 1) * count)
            .collect()
    };
    for device in devices() {
        // Few workgroups a dimension are for few problems.
        if device.name.ends_with("512 KiB") {
            continue;
        }
        let on_a = device.compute.matrix(&a, problems * n, d).unwrap();
        let on_b = device.compute.matrix(&b, problems * m, d).unwrap();
        let metric = PairwiseMetric::Manhattan;
        let batch = pairwise_batch(&on_a, &rows(n), &on_b, &rows(m), metric).unwrap();
        let got = batch.to_vec().unwrap();
        assert_eq!(got.len(), problems * n * m);
        for (at, &found) in got.iter().enumerate() {
            let (problem, i, j) = (at / (n * m), at % (n * m) / m, at % m);
            let want = manhattan(row(&a, d, problem * n + i), row(&b, d, problem * m + j));
            let off = (f64::from(found) - want).abs();
            assert!(
                off <= d as f64 * f64::from(f32::EPSILON) * want,
                "{}, {at}",
                device.name
            );
        }
    }
}

#[test]
fn problems_of_bits_are_as_one_by_one() {
    let bits = 75;
    let values = |rows: usize, seed| -> Vec<bool> {
        uniform(rows * bits, seed)
            .iter()
            .map(|v| *v > 0.2)
            .collect()
    };
    let (a, b) = (values(90, 29), values(60, 30));
    let (a_rows, b_rows) = ([0..90, 4..4, 80..90, 2..35], [0..60, 0..3, 59..60, 1..34]);
    for device in devices() {
        let compute = &device.compute;
        let on_a = compute.bits(&a, 90, bits).unwrap();
        let on_b = compute.bits(&b, 60, bits).unwrap();
        for metric in [BitMetric::Hamming, BitMetric::Jaccard] {
            let batch = pairwise_bits_batch(&on_a, &a_rows, &on_b, &b_rows, metric).unwrap();
            assert_eq!(batch.shapes(), [(90, 60), (0, 3), (10, 1), (33, 33)]);
            let mut want = Vec::new();
            for (a_range, b_range) in a_rows.iter().zip(&b_rows) {
                let rows = |x: &[bool], range: &Range<usize>| {
                    let x = &x[range.start * bits..range.end * bits];
                    compute.bits(x, range.len(), bits).unwrap()
                };
                let (a, b) = (rows(&a, a_range), rows(&b, b_range));
                want.extend(pairwise_bits(&a, &b, metric).unwrap().to_vec().unwrap());
            }
            let got = batch.to_vec().unwrap();
            assert_eq!(
                first_unlike(&got, &want),
                None,
                "{}, {metric:?}",
                device.name
            );
        }
    }
}

#[test]
fn no_problems_give_no_distances() {
    for device in devices() {
        let x = device.compute.matrix(&[1.0, 2.0], 2, 1).unwrap();
        let empty = device.compute.matrix(&[], 0, 1).unwrap();
        for metric in [PairwiseMetric::Euclidean, PairwiseMetric::Cosine] {
            let batch = pairwise_batch(&x, &[], &x, &[], metric).unwrap();
            assert!(batch.shapes().is_empty());
            assert!(batch.to_vec().unwrap().is_empty(), "{}", device.name);
            let batch = pairwise_batch(&x, &[0..2], &empty, &[0..0], metric).unwrap();
            assert_eq!(batch.shapes(), [(2, 0)]);
            assert!(batch.to_vec().unwrap().is_empty(), "{}", device.name);
        }
    }
}

#[test]
fn problems_that_cannot_be_are_refused() {
    for device in devices() {
        let a = device.compute.matrix(&[1.0; 6], 3, 2).unwrap();
        let b = device.compute.matrix(&[1.0; 6], 2, 3).unwrap();
        let run = |a_rows: &[Range<usize>], b_rows: &[Range<usize>]| {
            let batch = pairwise_batch(&a, a_rows, &a, b_rows, PairwiseMetric::Dot);
            batch.unwrap_err().to_string()
        };
        assert_eq!(
            run(&[0..1, 1..4], &[0..1, 0..1]),
            "problem 1 (counted from 0) takes the rows 1..4 of a, which has 3 rows"
        );
        let backwards = Range { start: 2, end: 1 };
        assert_eq!(
            run(&[0..1], &[backwards]),
            "problem 0 (counted from 0) takes the rows 2..1 of b, which has 3 rows"
        );
        assert_eq!(run(&[0..1], &[]), "b_rows has 0 ranges, but 1 are needed");
        let error = pairwise_batch(&a, &[0..1], &b, &[0..1], PairwiseMetric::Dot).unwrap_err();
        assert_eq!(error.to_string(), "b has 3 columns, but 2 are needed");
    }
    let other = throng_compute::Compute::cpu();
    let a = throng_compute::Compute::cpu().matrix(&[1.0], 1, 1).unwrap();
    let b = other.matrix(&[1.0], 1, 1).unwrap();
    assert_eq!(
        pairwise_batch(&a, &[0..1], &b, &[0..1], PairwiseMetric::Dot).unwrap_err(),
        ComputeError::DifferentDevices
    );
}
