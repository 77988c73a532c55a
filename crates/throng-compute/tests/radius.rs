//! What is within a radius, against plain f64 loops and scikit-learn, on every device.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use common::*;
use throng_compute::{
    Compute, ComputeError, NeighborMetric, RadiusNeighbors, radius_counts, radius_neighbors,
};

const METRICS: [NeighborMetric; 4] = [
    NeighborMetric::SqEuclidean,
    NeighborMetric::Euclidean,
    NeighborMetric::Cosine,
    NeighborMetric::Dot,
];

fn oracle(a: &[f32], b: &[f32], metric: NeighborMetric) -> f64 {
    match metric {
        NeighborMetric::SqEuclidean => squared(a, b),
        NeighborMetric::Euclidean => squared(a, b).sqrt(),
        NeighborMetric::Cosine => cosine(a, b),
        NeighborMetric::Dot => dot(a, b),
    }
}

/// The quantile `share` of all distances, moved to the middle of the widest gap near it, so that no
/// rounding decides.
fn radius(a: &[f32], b: &[f32], d: usize, metric: NeighborMetric, share: f64) -> f32 {
    let mut all: Vec<f64> = a
        .chunks(d)
        .flat_map(|x| b.chunks(d).map(move |y| oracle(x, y, metric)))
        .collect();
    all.sort_by(f64::total_cmp);
    let at = ((all.len() - 1) as f64 * share) as usize;
    let around = &all[at.saturating_sub(10)..(at + 10).min(all.len())];
    let widest = around
        .windows(2)
        .max_by(|x, y| (x[1] - x[0]).total_cmp(&(y[1] - y[0])));
    widest.map_or(all[at] + 1.0, |gap| (gap[0] + gap[1]) / 2.0) as f32
}

/// What is wrong, if anything: a list that is not the loops', or a distance off by more than rounding.
fn wrong(
    found: &RadiusNeighbors,
    a: &[f32],
    b: &[f32],
    d: usize,
    metric: NeighborMetric,
    radius: f32,
) -> Option<String> {
    let radius = f64::from(radius);
    assert_eq!(found.offsets.len(), a.len() / d + 1);
    assert_eq!(found.indices.len(), found.distances.len());
    assert_eq!(found.offsets.last(), Some(&found.indices.len()));
    for (i, x) in a.chunks(d).enumerate() {
        let list = found.offsets[i]..found.offsets[i + 1];
        let want: Vec<u32> = (0..(b.len() / d) as u32)
            .filter(|&j| {
                let distance = oracle(x, row(b, d, j as usize), metric);
                match metric {
                    NeighborMetric::Dot => distance >= radius,
                    _ => distance <= radius,
                }
            })
            .collect();
        if found.indices[list.clone()] != want {
            return Some(format!(
                "query {i}: {:?}, not {want:?}",
                &found.indices[list]
            ));
        }
        for (&j, &got) in want.iter().zip(&found.distances[list]) {
            let off = (f64::from(got) - oracle(x, row(b, d, j as usize), metric)).abs();
            // One rounding a term and a few for the term itself; terms are below 4.
            if off.is_nan() || off > (d + 4) as f64 * f64::from(f32::EPSILON) * 4.0 * d as f64 {
                return Some(format!("query {i}, item {j}: off by {off:e}"));
            }
        }
    }
    None
}

fn check(a: &[f32], b: &[f32], d: usize, share: f64) {
    let (n, m) = (a.len() / d, b.len() / d);
    for metric in METRICS {
        let radius = radius(a, b, d, metric, share);
        for device in devices() {
            let on_a = device.compute.matrix(a, n, d).unwrap();
            let on_b = device.compute.matrix(b, m, d).unwrap();
            let found = radius_neighbors(&on_a, &on_b, radius, metric).unwrap();
            let problem = wrong(&found, a, b, d, metric, radius);
            assert_eq!(
                problem, None,
                "{}, {metric:?}, n {n}, m {m}, d {d}",
                device.name
            );
            let counts = radius_counts(&on_a, &on_b, radius, metric).unwrap();
            let lengths = found.offsets.windows(2).map(|w| (w[1] - w[0]) as u32);
            assert_eq!(counts, lengths.collect::<Vec<_>>(), "{}", device.name);
        }
    }
}

#[test]
fn the_check_notices_what_is_wrong() {
    let (a, b, d) = (uniform(2 * 3, 1), uniform(20 * 3, 2), 3);
    let metric = NeighborMetric::Euclidean;
    let radius = radius(&a, &b, d, metric, 0.4);
    let compute = Compute::cpu();
    let on_a = compute.matrix(&a, 2, d).unwrap();
    let on_b = compute.matrix(&b, 20, d).unwrap();
    let right = radius_neighbors(&on_a, &on_b, radius, metric).unwrap();
    assert!(right.offsets[1] > 1);
    assert_eq!(wrong(&right, &a, &b, d, metric, radius), None);
    let mut swapped = right.clone();
    swapped.indices.swap(0, 1);
    let mut off = right.clone();
    off.distances[1] += 1e-3;
    let mut moved = right.clone();
    moved.offsets[1] -= 1;
    for found in [swapped, off, moved] {
        assert!(wrong(&found, &a, &b, d, metric, radius).is_some());
    }
}

#[test]
fn lists_agree_with_loops_at_odd_sizes() {
    for (n, m, d, share) in [
        (1, 1, 1, 0.5),
        (7, 65, 2, 0.9),
        (64, 63, 16, 0.3),
        (65, 257, 17, 0.05),
        (3, 70, 200, 0.5),
    ] {
        check(&uniform(n * d, 1), &uniform(m * d, 2), d, share);
    }
}

#[test]
fn items_in_many_pieces_are_listed_in_order() {
    // 512 KiB hold a strip of 49 queries and 2,624 items.
    check(&uniform(3 * 4, 3), &uniform(3_100 * 4, 4), 4, 0.4);
    // And 256 rows of 512 features.
    check(&uniform(5 * 512, 5), &uniform(300 * 512, 6), 512, 0.5);
}

#[test]
fn the_radius_itself_is_within() {
    // Whole numbers: distances 0, 3, 4 and 5 are exact.
    let x = [0.0, 0.0, 3.0, 0.0, 0.0, 4.0];
    for device in devices() {
        let on = device.compute.matrix(&x, 3, 2).unwrap();
        let metric = NeighborMetric::SqEuclidean;
        let found = radius_neighbors(&on, &on, 16.0, metric).unwrap();
        assert_eq!(found.offsets, [0, 3, 5, 7], "{}", device.name);
        assert_eq!(found.indices, [0, 1, 2, 0, 1, 0, 2]);
        assert_eq!(found.distances, [0.0, 9.0, 16.0, 9.0, 0.0, 16.0, 0.0]);
        let products = radius_neighbors(&on, &on, 9.0, NeighborMetric::Dot).unwrap();
        assert_eq!(products.indices, [1, 2]);
        assert_eq!(products.distances, [9.0, 16.0]);
        assert_eq!(radius_counts(&on, &on, 15.9, metric).unwrap(), [2, 2, 1]);
        assert_eq!(radius_counts(&on, &on, -1.0, metric).unwrap(), [0, 0, 0]);
    }
}

#[test]
fn rows_of_zeros_are_at_cosine_distance_1() {
    let x = [0.0, 0.0, 1.0, 0.0, -1.0, 0.0];
    for device in devices() {
        let on = device.compute.matrix(&x, 3, 2).unwrap();
        let metric = NeighborMetric::Cosine;
        assert_eq!(radius_counts(&on, &on, 1.0, metric).unwrap(), [3, 2, 2]);
        assert_eq!(radius_counts(&on, &on, 0.5, metric).unwrap(), [0, 1, 1]);
    }
}

#[test]
fn lists_are_scikit_learns() {
    let golden = Golden::read();
    let (n, d) = (golden.x.len() / golden.d, golden.d);
    for device in devices() {
        let on = device.compute.matrix(&golden.x, n, d).unwrap();
        for (name, metric) in [
            ("euclidean", NeighborMetric::Euclidean),
            ("sqeuclidean", NeighborMetric::SqEuclidean),
            ("cosine", NeighborMetric::Cosine),
        ] {
            let radius = golden.values(&format!("radius-{name}"))[0] as f32;
            let found = radius_neighbors(&on, &on, radius, metric).unwrap();
            let whole = |name: String| golden.values(&name).iter().map(|&v| v as usize);
            let offsets: Vec<usize> = whole(format!("offsets-{name}")).collect();
            let indices: Vec<u32> = whole(format!("indices-{name}")).map(|j| j as u32).collect();
            assert_eq!(found.offsets, offsets, "{}, {name}", device.name);
            assert_eq!(found.indices, indices, "{}, {name}", device.name);
            let want = golden.values(&format!("distances-{name}"));
            for (&got, &want) in found.distances.iter().zip(want) {
                assert!(
                    (f64::from(got) - want).abs() <= 3e-6 * want.max(1.0),
                    "{got}, {want}"
                );
            }
        }
    }
}

#[test]
fn no_rows_have_no_lists() {
    for device in devices() {
        let none = device.compute.matrix(&[], 0, 2).unwrap();
        let one = device.compute.matrix(&[1.0, 2.0], 1, 2).unwrap();
        let metric = NeighborMetric::Euclidean;
        assert_eq!(radius_counts(&one, &none, 1.0, metric).unwrap(), [0]);
        assert!(radius_counts(&none, &one, 1.0, metric).unwrap().is_empty());
        let found = radius_neighbors(&none, &one, 1.0, metric).unwrap();
        assert_eq!(found.offsets, [0]);
        let found = radius_neighbors(&one, &none, 1.0, metric).unwrap();
        assert_eq!(found.offsets, [0, 0]);
    }
}

#[test]
fn same_bits_twice_and_for_any_number_of_threads() {
    let (n, d) = (170, 9);
    let x = uniform(n * d, 7);
    let mut of_cpu = Vec::new();
    for device in devices() {
        let on = device.compute.matrix(&x, n, d).unwrap();
        let find = || radius_neighbors(&on, &on, 1.5, NeighborMetric::Euclidean).unwrap();
        let found = find();
        assert_eq!(found, find(), "{}", device.name);
        if device.name.starts_with("cpu") {
            of_cpu.push(found);
        }
    }
    assert_eq!(of_cpu[0], of_cpu[1]);
}

#[test]
fn what_cannot_be_is_refused() {
    let compute = Compute::cpu();
    let x = compute.matrix(&[1.0, 2.0], 1, 2).unwrap();
    let wide = compute.matrix(&[1.0, 2.0, 3.0], 1, 3).unwrap();
    let other = Compute::cpu().matrix(&[1.0, 2.0], 1, 2).unwrap();
    let metric = NeighborMetric::Euclidean;
    assert_eq!(
        radius_counts(&x, &x, f32::NAN, metric)
            .unwrap_err()
            .to_string(),
        "the radius is NaN: give a finite number"
    );
    assert_eq!(
        radius_neighbors(&x, &wide, 1.0, metric)
            .unwrap_err()
            .to_string(),
        "items has 3 columns, but 2 are needed"
    );
    assert_eq!(
        radius_neighbors(&x, &other, 1.0, metric).unwrap_err(),
        ComputeError::DifferentDevices
    );
}
