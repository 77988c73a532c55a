//! Distances of rows of bits against plain loops, on every device.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use common::*;
use throng_compute::{BitMetric, Compute, ComputeError, pairwise_bits};

const METRICS: [BitMetric; 2] = [BitMetric::Hamming, BitMetric::Jaccard];

fn oracle(a: &[bool], b: &[bool], metric: BitMetric) -> f64 {
    let (mut differing, mut either) = (0, 0);
    for (&x, &y) in a.iter().zip(b) {
        differing += usize::from(x != y);
        either += usize::from(x || y);
    }
    match metric {
        BitMetric::Hamming => differing as f64 / a.len() as f64,
        BitMetric::Jaccard if either == 0 => 0.0,
        BitMetric::Jaccard => differing as f64 / either as f64,
    }
}

/// Rows with one bit set in `one_in`, among them rows with none and with all set.
fn bits(rows: usize, bits: usize, one_in: u32, seed: u64) -> Vec<bool> {
    let mut values: Vec<bool> = uniform(rows * bits, seed)
        .iter()
        .map(|v| (v + 1.0) / 2.0 < 1.0 / one_in as f32)
        .collect();
    for (row, values) in values.chunks_exact_mut(bits).enumerate() {
        match row % 7 {
            3 => values.fill(false),
            5 => values.fill(true),
            _ => {}
        }
    }
    values
}

/// The first pair that is off by more than a division's 2.5 units in the last place.
fn first_wrong(got: &[f32], a: &[bool], b: &[bool], d: usize, metric: BitMetric) -> Option<usize> {
    let m = b.len() / d;
    assert_eq!(got.len(), a.len() / d * m);
    (0..got.len()).find(|&at| {
        let want = oracle(&a[at / m * d..][..d], &b[at % m * d..][..d], metric);
        let off = (f64::from(got[at]) - want).abs();
        off.is_nan() || off > 3.0 * f64::from(f32::EPSILON) * want
    })
}

#[test]
fn the_comparison_notices_one_wrong_value() {
    let (n, m, d) = (4, 3, 50);
    let (a, b) = (bits(n, d, 3, 1), bits(m, d, 3, 2));
    for metric in METRICS {
        let right: Vec<f32> = (0..n * m)
            .map(|at| oracle(&a[at / m * d..][..d], &b[at % m * d..][..d], metric) as f32)
            .collect();
        assert_eq!(first_wrong(&right, &a, &b, d, metric), None);
        for wrong in [right[5] + 1.0 / d as f32, f32::NAN] {
            let mut values = right.clone();
            values[5] = wrong;
            assert_eq!(first_wrong(&values, &a, &b, d, metric), Some(5));
        }
    }
}

#[test]
fn distances_agree_with_loops_at_odd_sizes() {
    let sizes = [
        (1, 1, 1),
        (3, 5, 7),
        (31, 33, 31),
        (32, 65, 32),
        (64, 63, 33),
        (65, 129, 127),
        (257, 16, 1_000),
        (7, 300, 513),
        (4, 5, 4_096),
    ];
    for (n, m, d) in sizes {
        for one_in in [2, 30] {
            let (a, b) = (bits(n, d, one_in, 3), bits(m, d, one_in, 4));
            for device in devices() {
                let on_a = device.compute.bits(&a, n, d).unwrap();
                let on_b = device.compute.bits(&b, m, d).unwrap();
                assert_eq!((on_a.rows(), on_a.bits()), (n, d));
                for metric in METRICS {
                    let out = pairwise_bits(&on_a, &on_b, metric).unwrap();
                    assert_eq!((out.rows(), out.cols()), (n, m));
                    let got = out.to_vec().unwrap();
                    let wrong = first_wrong(&got, &a, &b, d, metric);
                    assert_eq!(wrong, None, "{}, {metric:?}, {n} {m} {d}", device.name);
                    let again = pairwise_bits(&on_a, &on_b, metric).unwrap();
                    assert_eq!(got, again.to_vec().unwrap());
                }
            }
        }
    }
}

#[test]
fn matrices_in_parts_agree_with_loops() {
    // 512 KiB hold 256 rows of 512 words.
    let (n, m, d) = (260, 300, 16_384);
    let (a, b) = (bits(n, d, 20, 5), bits(m, d, 20, 6));
    for device in devices() {
        let on_a = device.compute.bits(&a, n, d).unwrap();
        let on_b = device.compute.bits(&b, m, d).unwrap();
        let got = pairwise_bits(&on_a, &on_b, BitMetric::Jaccard).unwrap();
        let got = got.to_vec().unwrap();
        // All pairs of some rows: the loops take as long as everything else.
        for i in [0, 1, 255, 256, 259] {
            let row = &a[i * d..][..d];
            let wrong = first_wrong(&got[i * m..][..m], row, &b, d, BitMetric::Jaccard);
            assert_eq!(wrong, None, "{}, row {i}", device.name);
        }
    }
}

/// By hand, from the description of numpy.packbits: [1, 1, 0, 0, 0, 0, 0, 0, 0, 1] is [0b11000000, 0b01000000].
#[test]
fn packed_rows_are_numpys() {
    for device in devices() {
        let compute = &device.compute;
        let packed = [0b1100_0000, 0b0100_0000, 0b0100_0001, 0b1100_0000];
        let on_a = compute.packed_bits(&packed, 2, 10).unwrap();
        let rows = [
            [1, 1, 0, 0, 0, 0, 0, 0, 0, 1],
            [0, 1, 0, 0, 0, 0, 0, 1, 1, 1],
        ];
        let values: Vec<bool> = rows.iter().flatten().map(|&bit| bit == 1).collect();
        let on_b = compute.bits(&values, 2, 10).unwrap();
        let got = pairwise_bits(&on_a, &on_b, BitMetric::Hamming).unwrap();
        let third = 3.0 / 10.0;
        assert_eq!(got.to_vec().unwrap()[0], 0.0);
        let off = |at: usize, want: f32| (got.to_vec().unwrap()[at] - want).abs() < 1e-6;
        assert!(
            off(1, third) && off(2, third) && off(3, 0.0),
            "{}",
            device.name
        );
    }
}

#[test]
fn packed_rows_are_as_unpacked_ones() {
    let (n, d) = (20, 77);
    let values = bits(n, d, 3, 7);
    let mut packed = Vec::new();
    for row in values.chunks_exact(d) {
        for byte in row.chunks(8) {
            let set = |sum: u8, (at, &bit): (usize, &bool)| sum + u8::from(bit) * (128 >> at);
            packed.push(byte.iter().enumerate().fold(0, set));
        }
    }
    for device in devices() {
        let one = device.compute.bits(&values, n, d).unwrap();
        let other = device.compute.packed_bits(&packed, n, d).unwrap();
        for metric in METRICS {
            let want = pairwise_bits(&one, &one, metric).unwrap().to_vec().unwrap();
            for (a, b) in [(&one, &other), (&other, &one), (&other, &other)] {
                let got = pairwise_bits(a, b, metric).unwrap().to_vec().unwrap();
                assert_eq!(got, want, "{}", device.name);
            }
            for i in 0..n {
                assert_eq!(want[i * n + i], 0.0);
            }
        }
    }
}

#[test]
fn bits_that_cannot_be_are_refused() {
    for device in devices() {
        let compute = &device.compute;
        let refused = |error: ComputeError, line: &str| assert_eq!(error.to_string(), line);
        assert_eq!(
            compute.bits(&[], 3, 0).unwrap_err(),
            ComputeError::NoColumns
        );
        assert_eq!(
            compute.packed_bits(&[], 3, 0).unwrap_err(),
            ComputeError::NoColumns
        );
        refused(
            compute.bits(&[true; 5], 2, 3).unwrap_err(),
            "values has 5 values, but 6 are needed",
        );
        refused(
            compute.packed_bits(&[0; 5], 2, 17).unwrap_err(),
            "values has 5 bytes, but 6 are needed",
        );
        assert_eq!(
            compute
                .packed_bits(&[0, 0, 0, 0b0000_1000], 2, 12)
                .unwrap_err(),
            ComputeError::Padding { row: 1, bits: 12 }
        );
        assert!(compute.packed_bits(&[0, 0b0001_0000], 1, 12).is_ok());

        let empty = compute.bits(&[], 0, 3).unwrap();
        let one = compute.bits(&[true; 3], 1, 3).unwrap();
        let other = compute.bits(&[true; 4], 1, 4).unwrap();
        let out = pairwise_bits(&empty, &one, BitMetric::Hamming).unwrap();
        assert_eq!((out.rows(), out.cols()), (0, 1));
        assert!(out.to_vec().unwrap().is_empty());
        refused(
            pairwise_bits(&one, &empty, BitMetric::Hamming).unwrap_err(),
            "b has 0 rows, but 1 are needed",
        );
        refused(
            pairwise_bits(&one, &other, BitMetric::Hamming).unwrap_err(),
            "b has 4 columns, but 3 are needed",
        );
        let elsewhere = Compute::cpu().bits(&[true; 3], 1, 3).unwrap();
        assert_eq!(
            pairwise_bits(&one, &elsewhere, BitMetric::Jaccard).unwrap_err(),
            ComputeError::DifferentDevices
        );
    }
    assert_eq!("hamming".parse(), Ok(BitMetric::Hamming));
    assert_eq!("jaccard".parse(), Ok(BitMetric::Jaccard));
    let error = "dice".parse::<BitMetric>().unwrap_err().to_string();
    assert!(
        error.contains("'dice'") && error.contains("jaccard"),
        "{error}"
    );
}
