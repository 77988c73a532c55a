//! Distances to centroids and simplified silhouettes against plain f64 loops, on every device.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use common::*;
use throng_compute::{
    Compute, NearestOther, SilhouetteMetric, nearest_other_cluster, simplified_silhouette,
};

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

struct Case<'a> {
    x: &'a [f32],
    centroids: &'a [f32],
    d: usize,
    labels: &'a [u32],
    metric: SilhouetteMetric,
}

impl Case<'_> {
    /// The first row whose distances are off by more than rounding, or that has a nearer other centroid.
    fn wrong(&self, found: &NearestOther) -> Option<usize> {
        let (d, k) = (self.d, self.centroids.len() / self.d);
        // One rounding a term and a few for the term itself; for the cosine terms add up to 4.
        let steps = (d + 4) as f64 * f64::from(f32::EPSILON);
        let bound = |want: f64| match self.metric {
            SilhouetteMetric::Cosine => 4.0 * steps,
            _ => steps * want,
        };
        (0..self.labels.len()).find(|&i| {
            let to = |c: u32| {
                distance(
                    row(self.x, d, i),
                    row(self.centroids, d, c as usize),
                    self.metric,
                )
            };
            let other = found.cluster[i];
            if other == self.labels[i] || other as usize >= k {
                return true;
            }
            let is_off = |got: f32, want: f64| {
                let off = (f64::from(got) - want).abs();
                off.is_nan() || off > bound(want)
            };
            let others = (0..k as u32).filter(|&c| c != self.labels[i]);
            let least = others.map(to).fold(f64::MAX, f64::min);
            is_off(found.own[i], to(self.labels[i]))
                || is_off(found.distance[i], to(other))
                || to(other) > least + 2.0 * bound(to(other))
        })
    }
}

fn check(n: usize, k: usize, d: usize) {
    let x = blobs(n, d, 7, 1);
    let centroids = blobs(k, d, 7, 2);
    let labels: Vec<u32> = (0..n).map(|i| (i * 5 % k) as u32).collect();
    for metric in METRICS {
        for device in devices() {
            let on_x = device.compute.matrix(&x, n, d).unwrap();
            let on_centroids = device.compute.matrix(&centroids, k, d).unwrap();
            let found = nearest_other_cluster(&on_x, &on_centroids, &labels, metric).unwrap();
            let case = Case {
                x: &x,
                centroids: &centroids,
                d,
                labels: &labels,
                metric,
            };
            let name = &device.name;
            assert_eq!(
                case.wrong(&found),
                None,
                "{name}, {metric:?}, n {n}, k {k}, d {d}"
            );
            assert_eq!(
                nearest_other_cluster(&on_x, &on_centroids, &labels, metric).unwrap(),
                found
            );

            let silhouettes = simplified_silhouette(&on_x, &on_centroids, &labels, metric).unwrap();
            for (i, &got) in silhouettes.iter().enumerate() {
                let (a, b) = (f64::from(found.own[i]), f64::from(found.distance[i]));
                let alone = labels.iter().filter(|&&label| label == labels[i]).count() == 1;
                let want = if alone || a.max(b) == 0.0 {
                    0.0
                } else {
                    (b - a) / a.max(b)
                };
                // A difference and a quotient of two 32-bit floats.
                let off = (f64::from(got) - want).abs();
                assert!(
                    off <= 4.0 * f64::from(f32::EPSILON),
                    "{name}, row {i}: {got}, {want}"
                );
            }
        }
    }
}

#[test]
fn the_check_notices_what_is_wrong() {
    let (x, centroids, d) = (blobs(9, 3, 4, 1), blobs(4, 3, 4, 2), 3);
    let labels = [0, 1, 2, 3, 0, 1, 2, 3, 0];
    let metric = SilhouetteMetric::Euclidean;
    let case = Case {
        x: &x,
        centroids: &centroids,
        d,
        labels: &labels,
        metric,
    };
    let compute = Compute::cpu();
    let on_x = compute.matrix(&x, 9, d).unwrap();
    let on_centroids = compute.matrix(&centroids, 4, d).unwrap();
    let right = nearest_other_cluster(&on_x, &on_centroids, &labels, metric).unwrap();
    assert_eq!(case.wrong(&right), None);
    let mut own = right.clone();
    own.own[5] *= 1.001;
    let mut itself = right.clone();
    itself.cluster[5] = 1;
    let mut farther = right.clone();
    farther.cluster[5] = (0..4)
        .filter(|&c| c != 1)
        .max_by(|&a, &b| {
            let to = |c: u32| squared(row(&x, d, 5), row(&centroids, d, c as usize));
            to(a).total_cmp(&to(b))
        })
        .unwrap();
    let to = squared(
        row(&x, d, 5),
        row(&centroids, d, farther.cluster[5] as usize),
    );
    farther.distance[5] = to.sqrt() as f32;
    for wrong in [own, itself, farther] {
        assert_eq!(case.wrong(&wrong), Some(5));
    }
}

#[test]
fn distances_to_centroids_agree_with_loops_at_odd_sizes() {
    for (n, k, d) in [
        (1, 2, 1),
        (7, 3, 2),
        (63, 16, 15),
        (64, 17, 16),
        (65, 33, 17),
        (257, 65, 5),
        (5, 300, 512),
    ] {
        check(n, k, d);
    }
}

#[test]
fn ties_go_to_the_lowest_and_rows_alone_have_0() {
    let x = [0.0, 0.0, 5.0, 1.0];
    let centroids = [0.0, 0.0, 3.0, 3.0];
    for device in devices() {
        let on_x = device.compute.matrix(&x, 4, 1).unwrap();
        let on_centroids = device.compute.matrix(&centroids, 4, 1).unwrap();
        let labels = [0, 1, 3, 3];
        let metric = SilhouetteMetric::Euclidean;
        let near = nearest_other_cluster(&on_x, &on_centroids, &labels, metric).unwrap();
        assert_eq!(near.cluster, [1, 0, 2, 0], "{}", device.name);
        assert_eq!(near.own, [0.0, 0.0, 2.0, 2.0]);
        assert_eq!(near.distance, [0.0, 0.0, 2.0, 1.0]);
        let silhouettes = simplified_silhouette(&on_x, &on_centroids, &labels, metric).unwrap();
        assert_eq!(silhouettes, [0.0, 0.0, 0.0, -0.5]);
    }
}

#[test]
fn rows_of_zeros_are_at_cosine_distance_1() {
    let x = [0.0, 0.0, 2.0, 0.0];
    let centroids = [1.0, 0.0, 0.0, 0.0, 0.0, 3.0];
    for device in devices() {
        let on_x = device.compute.matrix(&x, 2, 2).unwrap();
        let on_centroids = device.compute.matrix(&centroids, 3, 2).unwrap();
        let metric = SilhouetteMetric::Cosine;
        let near = nearest_other_cluster(&on_x, &on_centroids, &[1, 0], metric).unwrap();
        assert_eq!((near.own, near.cluster), (vec![1.0, 0.0], vec![0, 1]));
        assert_eq!(near.distance, [1.0, 1.0], "{}", device.name);
    }
}

#[test]
fn no_rows_have_no_silhouettes() {
    for device in devices() {
        let none = device.compute.matrix(&[], 0, 2).unwrap();
        let two = device.compute.matrix(&[1.0, 2.0, 3.0, 4.0], 2, 2).unwrap();
        let metric = SilhouetteMetric::Euclidean;
        let found = simplified_silhouette(&none, &two, &[], metric).unwrap();
        assert!(found.is_empty());
    }
}

#[test]
fn what_cannot_be_is_refused() {
    let compute = Compute::cpu();
    let x = compute.matrix(&[1.0, 2.0, 3.0, 4.0], 2, 2).unwrap();
    let one = compute.matrix(&[1.0, 2.0], 1, 2).unwrap();
    let wide = compute.matrix(&[1.0; 6], 2, 3).unwrap();
    let refuse = |centroids, labels: &[u32]| {
        let metric = SilhouetteMetric::Euclidean;
        simplified_silhouette(&x, centroids, labels, metric)
            .unwrap_err()
            .to_string()
    };
    assert_eq!(
        refuse(&one, &[0, 0]),
        "a silhouette needs at least two clusters with rows, and there are 1"
    );
    assert_eq!(
        refuse(&wide, &[0, 1]),
        "centroids has 3 columns, but 2 are needed"
    );
    assert_eq!(refuse(&x, &[0]), "labels has 1 values, but 2 are needed");
    assert_eq!(
        refuse(&x, &[0, 2]),
        "the label of row 1 (counted from 0) is 2, but k is 2: labels are 0 to k - 1"
    );
}
