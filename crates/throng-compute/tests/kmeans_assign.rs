//! Nearest centroids against plain f64 loops, on every device.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicUsize, Ordering};

use common::*;
use throng_compute::{AssignStats, ComputeError, Lloyd};

const EPS: f64 = f32::EPSILON as f64;

/// What an assignment gave.
#[derive(Clone)]
struct Found {
    labels: Vec<u32>,
    distances: Vec<f32>,
    inertia: f64,
}

impl Found {
    fn new(lloyd: &Lloyd, stats: AssignStats) -> Self {
        Self {
            labels: lloyd.labels().unwrap(),
            distances: lloyd.distances().unwrap(),
            inertia: stats.inertia,
        }
    }

    /// What is off by more than rounding, in words.
    fn wrong(&self, x: &[f32], d: usize, centroids: &[f32]) -> Option<String> {
        let (n, k) = (x.len() / d, centroids.len() / d);
        assert_eq!((self.labels.len(), self.distances.len()), (n, n));
        // One rounding a term and a few for the term itself.
        let steps = (d + 4) as f64 * EPS;
        let mut sum = 0.0;
        for i in 0..n {
            let all: Vec<f64> = (0..k)
                .map(|c| squared(row(x, d, i), row(centroids, d, c)))
                .collect();
            let least = all.iter().copied().fold(f64::MAX, f64::min);
            let label = self.labels[i] as usize;
            if label >= k || all[label] > least * (1.0 + 2.0 * steps) {
                return Some(format!(
                    "row {i} has label {label}; the nearest is at {least}"
                ));
            }
            let off = (f64::from(self.distances[i]) - all[label]).abs();
            if off.is_nan() || off > steps * all[label] + 1e-30 {
                return Some(format!(
                    "row {i} is at {}, not {}",
                    self.distances[i], all[label]
                ));
            }
            sum += all[label];
        }
        let off = (self.inertia - sum).abs();
        (off.is_nan() || off > 1e-5 * sum).then(|| format!("inertia {}, not {sum}", self.inertia))
    }
}

fn check(device: &Named, n: usize, d: usize, k: usize) {
    check_rows(device, n, d, k, &uniform(n * d, 11), &uniform(k * d, 12));
}

fn check_rows(device: &Named, n: usize, d: usize, k: usize, x: &[f32], centroids: &[f32]) {
    let on = device.compute.matrix(x, n, d).unwrap();
    let mut lloyd = Lloyd::new(&on, k).unwrap();
    let stats = lloyd.assign(centroids).unwrap();
    assert_eq!(stats.changed, n, "{}", device.name);
    let wrong = Found::new(&lloyd, stats).wrong(x, d, centroids);
    assert_eq!(wrong, None, "{}, n {n}, d {d}, k {k}", device.name);
}

#[test]
fn the_comparison_notices_one_wrong_value() {
    let (n, d, k) = (30, 3, 4);
    let (x, centroids) = (uniform(n * d, 11), uniform(k * d, 12));
    let on = throng_compute::Compute::cpu().matrix(&x, n, d).unwrap();
    let mut lloyd = Lloyd::new(&on, k).unwrap();
    let stats = lloyd.assign(&centroids).unwrap();
    let right = Found::new(&lloyd, stats);
    assert_eq!(right.wrong(&x, d, &centroids), None);
    let wrong = |change: fn(&mut Found)| {
        let mut found = right.clone();
        change(&mut found);
        found.wrong(&x, d, &centroids).is_some()
    };
    assert!(wrong(|found| found.labels[7] = (found.labels[7] + 1) % 4));
    assert!(wrong(|found| found.labels[7] = 4));
    assert!(wrong(|found| found.distances[29] *= 1.000_01));
    assert!(wrong(|found| found.distances[29] = f32::NAN));
    assert!(wrong(|found| found.inertia *= 1.000_02));
}

#[test]
fn labels_and_distances_agree_with_loops_at_odd_sizes() {
    let sizes = [
        (1, 1, 1),
        (2, 1, 2),
        (7, 5, 3),
        (63, 15, 16),
        (64, 16, 17),
        (65, 17, 15),
        (127, 3, 31),
        (129, 33, 32),
        (255, 8, 33),
        (257, 9, 63),
        (300, 2, 64),
        (301, 31, 65),
        (130, 128, 100),
        (1023, 4, 8),
        (1025, 4, 129),
    ];
    for device in devices() {
        for (n, d, k) in sizes {
            check(&device, n, d, k);
        }
    }
}

#[test]
fn rows_far_from_the_origin_agree_with_loops() {
    // |x|^2 + |c|^2 - 2xc has no correct digit here: 1e8 d eps is more than the distances.
    for device in devices() {
        for (n, d, k) in [(64, 1, 9), (301, 31, 65), (130, 128, 100)] {
            let far = |seed, count| uniform(count, seed).iter().map(|v| v + 1e4).collect();
            let (x, centroids): (Vec<f32>, Vec<f32>) = (far(25, n * d), far(26, k * d));
            check_rows(&device, n, d, k, &x, &centroids);
        }
    }
}

#[test]
fn small_and_large_numbers_agree_with_loops() {
    for device in devices() {
        for scale in [1e-15, 1e15] {
            let scaled = |seed, count| uniform(count, seed).iter().map(|v| v * scale).collect();
            let (n, d, k) = (130, 9, 33);
            let (x, centroids): (Vec<f32>, Vec<f32>) = (scaled(27, n * d), scaled(28, k * d));
            check_rows(&device, n, d, k, &x, &centroids);
        }
    }
}

#[test]
fn matrices_in_parts_agree_with_loops() {
    // 512 KiB hold 3,072 rows.
    for device in devices() {
        check(&device, 3_200, 40, 20);
    }
}

#[test]
fn changed_counts_the_labels_that_differ() {
    let (n, d, k) = (700, 6, 9);
    let x = uniform(n * d, 15);
    let first = uniform(k * d, 16);
    let second = uniform(k * d, 17);
    for device in devices() {
        let on = device.compute.matrix(&x, n, d).unwrap();
        let mut lloyd = Lloyd::new(&on, k).unwrap();
        assert_eq!(lloyd.assign(&first).unwrap().changed, n, "{}", device.name);
        let before = lloyd.labels().unwrap();
        assert_eq!(lloyd.assign(&first).unwrap().changed, 0, "{}", device.name);
        let changed = lloyd.assign(&second).unwrap().changed;
        let after = lloyd.labels().unwrap();
        let differ = before.iter().zip(&after).filter(|(a, b)| a != b).count();
        assert!(differ > 0);
        assert_eq!(changed, differ, "{}", device.name);
    }
}

#[test]
fn ties_go_to_the_lowest_index() {
    // Every centroid appears several times, across lanes, threads and tiles; the rows are integers, so
    // that all distances are exact.
    let (n, d, k) = (200, 5, 150);
    let x: Vec<f32> = uniform(n * d, 18)
        .iter()
        .map(|v| (v * 4.0).round())
        .collect();
    let distinct: Vec<f32> = uniform(10 * d, 19)
        .iter()
        .map(|v| (v * 4.0).round())
        .collect();
    let centroids: Vec<f32> = (0..k)
        .flat_map(|c| row(&distinct, d, c % 10).to_vec())
        .collect();
    for device in devices() {
        let on = device.compute.matrix(&x, n, d).unwrap();
        let mut lloyd = Lloyd::new(&on, k).unwrap();
        lloyd.assign(&centroids).unwrap();
        let labels = lloyd.labels().unwrap();
        for (i, &label) in labels.iter().enumerate() {
            let all: Vec<f64> = (0..k)
                .map(|c| squared(row(&x, d, i), row(&centroids, d, c)))
                .collect();
            let least = all.iter().copied().fold(f64::MAX, f64::min);
            let lowest = all.iter().position(|&v| v == least).unwrap();
            assert_eq!(label as usize, lowest, "{}, row {i}", device.name);
        }
    }
}

/// a b + c, rounded once. `f32::mul_add` is not that in every C library: Windows' MinGW calls one that rounds otherwise.
fn fused(a: f32, b: f32, c: f32) -> f32 {
    // f64 holds the product; a sum rounded to odd is rounded rightly once more (Boldo and Melquiond 2008).
    let (product, c) = (f64::from(a) * f64::from(b), f64::from(c));
    let sum = product + c;
    let part = sum - product;
    let error = (product - (sum - part)) + (c - part);
    let mut bits = sum.to_bits();
    if error != 0.0 && bits & 1 == 0 {
        bits = if (error > 0.0) == (sum > 0.0) {
            bits + 1
        } else {
            bits - 1
        };
    }
    f64::from_bits(bits) as f32
}

/// The nearest centroid by squared differences, added in 32 bits in the order of the features.
fn nearest_by_differences(x: &[f32], centroids: &[f32], d: usize) -> u32 {
    let distance = |c: &[f32]| {
        let term = |sum: f32, (x, c): (&f32, &f32)| fused(x - c, x - c, sum);
        x.iter().zip(c).fold(0.0, term)
    };
    let all: Vec<f32> = centroids.chunks_exact(d).map(distance).collect();
    let least = all.iter().copied().fold(f32::MAX, f32::min);
    all.iter().position(|&v| v == least).unwrap() as u32
}

#[test]
fn labels_are_those_of_differences_where_products_cannot_tell() {
    // Rows halfway between two centroids, but for a few last digits: near the origin and far from it, some
    // and all of them, in tiles that are full and not.
    for (n, d, k, far) in [
        (1, 7, 9, 0.0),
        (17, 33, 5, 0.0),
        (130, 128, 37, 0.0),
        (400, 50, 64, 100.0),
        (97, 16, 100, 1e4),
    ] {
        let centroids: Vec<f32> = uniform(k * d, 41).iter().map(|v| v + far).collect();
        let mut x: Vec<f32> = uniform(n * d, 42).iter().map(|v| v + far).collect();
        let noise = uniform(n * d, 43);
        for i in (0..n).filter(|i| i % 5 != 0) {
            let (a, b) = (row(&centroids, d, i % k), row(&centroids, d, (i + 1) % k));
            for f in 0..d {
                x[i * d + f] = (a[f] + b[f]) / 2.0 * (1.0 + 1e-6 * noise[i * d + f]);
            }
        }
        for device in devices().iter().take(2) {
            assert!(device.name.starts_with("cpu"));
            let on = device.compute.matrix(&x, n, d).unwrap();
            let mut lloyd = Lloyd::new(&on, k.min(n)).unwrap();
            let centroids = &centroids[..k.min(n) * d];
            lloyd.assign(centroids).unwrap();
            let want: Vec<u32> = (0..n)
                .map(|i| nearest_by_differences(row(&x, d, i), centroids, d))
                .collect();
            assert_eq!(lloyd.labels().unwrap(), want, "{}, d {d}", device.name);
        }
    }
}

/// Everything of a step, floats as bits.
fn step_bits(lloyd: &mut Lloyd, centroids: &[f32]) -> (Vec<u32>, Vec<u32>, u64, Vec<u64>) {
    let (stats, sums) = lloyd.step(centroids).unwrap();
    let distances = lloyd.distances().unwrap();
    let distances = distances.iter().map(|v| v.to_bits()).collect();
    let sums = sums.sums.iter().map(|v| v.to_bits()).collect();
    (
        lloyd.labels().unwrap(),
        distances,
        stats.inertia.to_bits(),
        sums,
    )
}

/// Steps that know the ones before skip rows whose labels cannot change; those of a new [`Lloyd`] skip none.
fn check_skips(device: &Named, x: &[f32], d: usize, path: &[Vec<f32>]) {
    let (n, k) = (x.len() / d, path[0].len() / d);
    let on = device.compute.matrix(x, n, d).unwrap();
    let mut lloyd = Lloyd::new(&on, k).unwrap();
    for (at, centroids) in path.iter().enumerate() {
        let whole = step_bits(&mut Lloyd::new(&on, k).unwrap(), centroids);
        let case = format!("{}, n {n}, d {d}, k {k}, step {at}", device.name);
        assert_eq!(step_bits(&mut lloyd, centroids), whole, "{case}");
    }
}

/// The centroids of Lloyd's iterations from rows spread over `x`; empty clusters stay. The last ones repeat, and the
/// first come back.
fn means(x: &[f32], d: usize, k: usize, iterations: usize) -> Vec<Vec<f32>> {
    let n = x.len() / d;
    let start = (0..k).flat_map(|c| row(x, d, c * n / k).to_vec());
    let mut path: Vec<Vec<f32>> = vec![start.collect()];
    let on = throng_compute::Compute::cpu().matrix(x, n, d).unwrap();
    for _ in 0..iterations {
        let mut next = path.last().unwrap().clone();
        let (_, sums) = Lloyd::new(&on, k).unwrap().step(&next).unwrap();
        for (c, &count) in sums
            .counts
            .iter()
            .enumerate()
            .filter(|(_, count)| **count > 0)
        {
            for f in 0..d {
                next[c * d + f] = (sums.sums[c * d + f] / f64::from(count)) as f32;
            }
        }
        path.push(next);
    }
    path.extend([path[iterations].clone(), path[0].clone(), path[0].clone()]);
    path
}

#[test]
fn rows_that_are_skipped_change_no_bit() {
    let far = |seed, count| -> Vec<f32> { uniform(count, seed).iter().map(|v| v + 1e4).collect() };
    for device in devices().iter().take(2) {
        assert!(device.name.starts_with("cpu"));
        for (n, d, k) in [
            (1, 1, 1),
            (50, 3, 1),
            (97, 7, 2),
            (1_601, 16, 13),
            (700, 33, 64),
        ] {
            check_skips(
                device,
                &uniform(n * d, 51),
                d,
                &means(&uniform(n * d, 51), d, k, 12),
            );
            let x = far(52, n * d);
            check_skips(device, &x, d, &means(&x, d, k, 6));
            for groups in [k, 3] {
                let x = blobs(n, d, groups, 53);
                check_skips(device, &x, d, &means(&x, d, k, 8));
            }
        }
        // Every row many times, and so few kinds that clusters are empty.
        let kinds = uniform(9 * 5, 54);
        let x: Vec<f32> = (0..400)
            .flat_map(|i| row(&kinds, 5, i * i % 9).to_vec())
            .collect();
        check_skips(device, &x, 5, &means(&x, 5, 17, 5));
    }
}

#[test]
fn ties_among_rows_that_are_skipped_go_to_the_lowest_index() {
    // Integers, so that distances are exact, and many are equal; centroids of which some move by one, or change places.
    let (n, d, k) = (900, 3, 24);
    let whole = |seed, count| -> Vec<f32> {
        uniform(count, seed)
            .iter()
            .map(|v| (v * 3.0).round())
            .collect()
    };
    let x = whole(55, n * d);
    let mut path = vec![whole(56, k * d)];
    for at in 0..30 {
        let mut next: Vec<f32> = path[at].clone();
        match at % 3 {
            0 => next[at * 7 % (k * d)] += 1.0,
            1 => next[at * 5 % (k * d)] -= 1.0,
            _ => (0..d).for_each(|f| next.swap(at % k * d + f, (at + 5) % k * d + f)),
        }
        path.push(next);
    }
    for device in devices().iter().take(2) {
        check_skips(device, &x, d, &path);
        for (scale, far) in [(1.0, 4_096.0), (1e15, 0.0), (1e-15, 0.0), (1e-22, 0.0)] {
            let moved = |v: &[f32]| -> Vec<f32> { v.iter().map(|v| v * scale + far).collect() };
            let path: Vec<_> = path.iter().map(|centroids| moved(centroids)).collect();
            check_skips(device, &moved(&x), d, &path);
        }
    }
}

#[test]
fn a_step_after_one_that_was_stopped_is_whole() {
    let (n, d, k) = (20_000, 24, 10);
    let x = blobs(n, d, k, 57);
    let path = means(&x, d, k, 3);
    let compute = throng_compute::Compute::cpu_with_threads(1).unwrap();
    let on = compute.matrix(&x, n, d).unwrap();
    let steps = AtomicUsize::new(0);
    let watched = compute.watched(move |_: &'static str, _, _| {
        // In the middle of the second step.
        match steps.fetch_add(1, Ordering::Relaxed) {
            at if at == n.div_ceil(1536) + 5 => ControlFlow::Break(()),
            _ => ControlFlow::Continue(()),
        }
    });
    let mut lloyd = Lloyd::new(&on.on(&watched).unwrap(), k).unwrap();
    lloyd.step(&path[0]).unwrap();
    let stopped = lloyd.step(&path[1]).unwrap_err();
    assert!(
        matches!(stopped, ComputeError::Cancelled { .. }),
        "{stopped}"
    );
    for centroids in [&path[1], &path[2]] {
        let whole = step_bits(&mut Lloyd::new(&on, k).unwrap(), centroids);
        assert_eq!(step_bits(&mut lloyd, centroids), whole);
    }
}

#[test]
fn rows_that_equal_a_centroid_are_at_distance_zero() {
    let (n, d) = (90, 21);
    let mut x = uniform(n * d, 20);
    x.iter_mut().for_each(|v| *v += 1000.0);
    for device in devices() {
        let on = device.compute.matrix(&x, n, d).unwrap();
        let mut lloyd = Lloyd::new(&on, n).unwrap();
        let stats = lloyd.assign(&x).unwrap();
        assert_eq!(stats.inertia, 0.0, "{}", device.name);
        let labels = lloyd.labels().unwrap();
        assert_eq!(labels, (0..n as u32).collect::<Vec<_>>(), "{}", device.name);
    }
}

#[test]
fn same_bits_twice_and_for_any_number_of_threads() {
    let (n, d, k) = (3_000, 24, 40);
    let x = uniform(n * d, 21);
    let centroids = uniform(k * d, 22);
    let mut of_cpu = Vec::new();
    for device in devices() {
        let on = device.compute.matrix(&x, n, d).unwrap();
        let bits = || {
            let mut lloyd = Lloyd::new(&on, k).unwrap();
            let stats = lloyd.assign(&centroids).unwrap();
            let distances = lloyd.distances().unwrap();
            let distances: Vec<_> = distances.into_iter().map(f32::to_bits).collect();
            (lloyd.labels().unwrap(), distances, stats.inertia.to_bits())
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
fn loops_of_any_length_are_right_or_refused() {
    // llvmpipe ends an invocation's loops at 65,535 rounds, and goes on with wrong numbers.
    let (n, d) = (64, 70_000);
    let x = uniform(n * d, 24);
    for device in devices() {
        let on = device.compute.matrix(&x, n, d).unwrap();
        // So wide centroids are more than 512 KiB.
        let Ok(mut lloyd) = Lloyd::new(&on, n) else {
            assert!(device.name.contains("512 KiB"), "{}", device.name);
            continue;
        };
        match lloyd.assign(&x) {
            Ok(stats) => {
                assert_eq!(stats.inertia, 0.0, "{}", device.name);
                assert_eq!(lloyd.labels().unwrap(), (0..n as u32).collect::<Vec<_>>());
            }
            Err(error) => {
                assert!(device.name.contains("llvmpipe"), "{}: {error}", device.name);
                assert!(matches!(error, ComputeError::TooLong { .. }), "{error}");
            }
        }
    }
}

#[test]
fn bad_arguments_are_refused() {
    for device in devices() {
        let x = device.compute.matrix(&uniform(12, 23), 4, 3).unwrap();
        assert_eq!(Lloyd::new(&x, 0).unwrap_err(), ComputeError::NoClusters);
        assert_eq!(
            Lloyd::new(&x, 5).unwrap_err(),
            ComputeError::TooManyClusters { k: 5, rows: 4 }
        );
        let mut lloyd = Lloyd::new(&x, 2).unwrap();
        assert_eq!(
            lloyd.labels().unwrap_err().to_string(),
            "no labels yet: call assign before labels"
        );
        assert_eq!(
            lloyd.assign(&[0.0; 5]).unwrap_err().to_string(),
            "centroids has 5 values, but 6 are needed"
        );
        let error = lloyd
            .assign(&[0.0, 0.0, 0.0, 0.0, f32::NAN, 0.0])
            .unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with("row 1, column 1 (counted from 0) of the centroids is NaN"),
            "{error}"
        );
    }
}
