//! Sums and counts by label against plain f64 loops, on every device.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use common::*;
use throng_compute::{ClusterSums, ComputeError, Lloyd};

fn check(name: &str, lloyd: &mut Lloyd, x: &[f32], d: usize, centroids: &[f32]) {
    let (stats, sums) = lloyd.step(centroids).unwrap();
    let labels = lloyd.labels().unwrap();
    let k = centroids.len() / d;
    let wrong = wrong(&sums, x, d, &labels, k);
    assert_eq!(wrong, None, "{name}, d {d}, k {k}");
    // A step's assignment is what `assign` finds.
    let again = lloyd.assign(centroids).unwrap();
    assert_eq!((again.changed, &lloyd.labels().unwrap()), (0, &labels));
    let off = (again.inertia - stats.inertia).abs();
    assert!(off <= 1e-12 * again.inertia, "{name}, d {d}, k {k}: {off}");
}

/// What is off by more than rounding, in words.
fn wrong(got: &ClusterSums, x: &[f32], d: usize, labels: &[u32], k: usize) -> Option<String> {
    let mut sums = vec![0.0; k * d];
    let mut magnitudes = vec![0.0; k * d];
    let mut counts = vec![0; k];
    for (i, &label) in labels.iter().enumerate() {
        counts[label as usize] += 1;
        for f in 0..d {
            sums[label as usize * d + f] += f64::from(x[i * d + f]);
            magnitudes[label as usize * d + f] += f64::from(x[i * d + f].abs());
        }
    }
    if got.counts != counts {
        return Some(format!("counts {:?}, not {counts:?}", got.counts));
    }
    assert_eq!(got.sums.len(), k * d);
    // Roundings of a sum of terms of both signs, far inside the worst case.
    let off = |i: usize| (got.sums[i] - sums[i]).abs();
    (0..k * d)
        .find(|&i| off(i).is_nan() || off(i) > 1e-6 * magnitudes[i])
        .map(|i| format!("sum {i} is {}, not {}", got.sums[i], sums[i]))
}

#[test]
fn the_comparison_notices_one_wrong_value() {
    let x = [1.0, 2.0, -3.0, 4.0];
    let right = ClusterSums {
        sums: vec![-2.0, 6.0, 0.0, 0.0],
        counts: vec![2, 0],
    };
    assert_eq!(wrong(&right, &x, 2, &[0, 0], 2), None);
    let mut other = right.clone();
    other.sums[1] += 1e-5;
    assert!(wrong(&other, &x, 2, &[0, 0], 2).is_some());
    other = right.clone();
    other.counts[1] = 1;
    assert!(wrong(&other, &x, 2, &[0, 0], 2).is_some());
    other = right;
    other.sums[3] = f64::NAN;
    assert!(wrong(&other, &x, 2, &[0, 0], 2).is_some());
}

#[test]
fn sums_and_counts_agree_with_loops() {
    let sizes = [
        (1, 1, 1),
        (5, 63, 3),
        (64, 64, 7),
        (255, 65, 20),
        (257, 3, 2),
        (1_025, 7, 33),
        (5_003, 40, 6),
        (3_100, 130, 12),
    ];
    for (n, d, k) in sizes {
        let x = uniform(n * d, 31);
        let centroids = uniform(k * d, 32);
        for device in devices() {
            let on = device.compute.matrix(&x, n, d).unwrap();
            let mut lloyd = Lloyd::new(&on, k).unwrap();
            check(&device.name, &mut lloyd, &x, d, &centroids);
            // Nothing is left of the sums before.
            check(&device.name, &mut lloyd, &x, d, &uniform(k * d, 33));
        }
    }
}

#[test]
fn many_wide_clusters_agree_with_loops() {
    // k x d is so large that the CPU adds the rows after the assignment, not with it.
    let (n, d, k) = (210, 2_700, 200);
    let x = uniform(n * d, 38);
    for device in devices() {
        if device.name.contains("512 KiB") {
            continue;
        }
        let on = device.compute.matrix(&x, n, d).unwrap();
        let mut lloyd = Lloyd::new(&on, k).unwrap();
        check(&device.name, &mut lloyd, &x, d, &x[..k * d]);
    }
}

#[test]
fn an_empty_cluster_has_count_zero_and_sums_of_zero() {
    let (n, d, k) = (100, 4, 5);
    let x = uniform(n * d, 34);
    let mut centroids = uniform(k * d, 35);
    centroids[2 * d..3 * d].fill(1e6);
    for device in devices() {
        let on = device.compute.matrix(&x, n, d).unwrap();
        let mut lloyd = Lloyd::new(&on, k).unwrap();
        let (_, got) = lloyd.step(&centroids).unwrap();
        assert_eq!(got.counts[2], 0, "{}", device.name);
        assert_eq!(got.sums[2 * d..3 * d], [0.0; 4], "{}", device.name);
        check(&device.name, &mut lloyd, &x, d, &centroids);
    }
}

#[test]
fn more_than_65535_workgroups_are_folded() {
    // 65 runs by d / 64 strips: 66,755 workgroups of the sums in one dispatch.
    let (n, d) = (64, 65_700);
    let x = uniform(n * d, 36);
    let reversed: Vec<f32> = (0..n).rev().flat_map(|i| row(&x, d, i).to_vec()).collect();
    for device in devices() {
        if device.name.contains("512 KiB") {
            continue;
        }
        let on = device.compute.matrix(&x, n, d).unwrap();
        let mut lloyd = Lloyd::new(&on, n).unwrap();
        let (_, got) = lloyd.step(&reversed).unwrap();
        assert_eq!(got.counts, vec![1; n], "{}", device.name);
        let wrong = got
            .sums
            .iter()
            .zip(&reversed)
            .position(|(sum, &value)| *sum != f64::from(value));
        assert_eq!(wrong, None, "{}", device.name);
    }
}

#[test]
fn what_does_not_fit_one_buffer_is_refused() {
    for device in devices() {
        if !device.name.contains("512 KiB") {
            continue;
        }
        let error = device
            .compute
            .matrix(&vec![0.0; 131_073], 1, 131_073)
            .unwrap_err();
        assert!(matches!(error, ComputeError::TooBig { .. }), "{error}");
        // 131,073 labels of 4 bytes.
        let on = device
            .compute
            .matrix(&vec![0.0; 131_073], 131_073, 1)
            .unwrap();
        let error = Lloyd::new(&on, 2).unwrap_err();
        assert!(matches!(error, ComputeError::TooBig { .. }), "{error}");
    }
}

#[test]
fn same_bits_twice_and_for_any_number_of_threads() {
    let (n, d, k) = (4_000, 11, 8);
    let x = uniform(n * d, 37);
    let mut of_cpu = Vec::new();
    for device in devices() {
        let on = device.compute.matrix(&x, n, d).unwrap();
        let mut lloyd = Lloyd::new(&on, k).unwrap();
        let mut bits = || {
            let (_, sums) = lloyd.step(&x[..k * d]).unwrap();
            let sums = sums.sums;
            sums.into_iter().map(f64::to_bits).collect::<Vec<_>>()
        };
        let first = bits();
        assert_eq!(first, bits(), "{}", device.name);
        if device.name.starts_with("cpu") {
            of_cpu.push(first);
        }
    }
    assert_eq!(of_cpu[0], of_cpu[1]);
}
