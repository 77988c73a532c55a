//! Measures against published values, plain loops and scikit-learn's rules for labels.
#![allow(clippy::unwrap_used)]

use throng_compute::{Compute, Matrix};
use throng_metrics::{
    MetricError, SilhouetteMetric, calinski_harabasz_score, davies_bouldin_score, inertia,
    silhouette_samples, silhouette_score,
};

fn matrix(rows: &[[f32; 2]]) -> Matrix {
    Compute::cpu()
        .matrix(rows.as_flattened(), rows.len(), 2)
        .unwrap()
}

const ROWS: [[f32; 2]; 6] = [
    [0.0, 1.0],
    [1.0, 1.0],
    [3.0, 4.0],
    [4.0, 4.0],
    [4.0, 5.0],
    [-7.0, 2.0],
];
const LABELS: [u32; 6] = [0, 0, 1, 1, 1, 2];

fn distance(a: &[f64; 2], b: &[f64; 2]) -> f64 {
    ((a[0] - b[0]).powi(2) + (a[1] - b[1]).powi(2)).sqrt()
}

fn wide() -> Vec<[f64; 2]> {
    ROWS.iter().map(|r| r.map(f64::from)).collect()
}

/// The mean of the rows with a label.
fn mean(label: u32) -> [f64; 2] {
    let rows: Vec<_> = wide()
        .into_iter()
        .zip(LABELS)
        .filter(|(_, l)| *l == label)
        .collect();
    let sum = |j: usize| rows.iter().map(|(r, _)| r[j]).sum::<f64>() / rows.len() as f64;
    [sum(0), sum(1)]
}

/// The example of scikit-learn's documentation of `davies_bouldin_score`: 0.12...
#[test]
fn davies_bouldin_published_example() {
    let x = matrix(&[[0.0, 1.0], [1.0, 1.0], [3.0, 4.0]]);
    let score = davies_bouldin_score(&x, &[0, 0, 1]).unwrap();
    // Spreads 1/2 and 0; centroids (1/2, 1) and (3, 4) are sqrt(15.25) apart.
    assert!((score - 0.5 / 15.25_f64.sqrt()).abs() < 1e-15);
    assert_eq!(format!("{score:.3}"), "0.128");
}

#[test]
fn calinski_harabasz_by_a_plain_loop() {
    let all = [5.0 / 6.0, 17.0 / 6.0];
    let (mut between, mut within) = (0.0, 0.0);
    for (row, label) in wide().iter().zip(LABELS) {
        between += distance(&mean(label), &all).powi(2);
        within += distance(row, &mean(label)).powi(2);
    }
    let wanted = (between / 2.0) / (within / 3.0);
    let score = calinski_harabasz_score(&matrix(&ROWS), &LABELS).unwrap();
    assert!((score - wanted).abs() < 1e-12 * wanted, "{score} {wanted}");
}

#[test]
fn silhouettes_by_a_plain_loop() {
    let found = silhouette_samples(&matrix(&ROWS), &LABELS, SilhouetteMetric::Euclidean).unwrap();
    let rows = wide();
    for (i, &silhouette) in found.iter().enumerate() {
        let to = |label: u32| {
            let others: Vec<f64> = (0..6)
                .filter(|&j| j != i && LABELS[j] == label)
                .map(|j| distance(&rows[i], &rows[j]))
                .collect();
            others.iter().sum::<f64>() / others.len() as f64
        };
        let own = to(LABELS[i]);
        let next = (0..3)
            .filter(|&l| l != LABELS[i])
            .map(to)
            .fold(f64::MAX, f64::min);
        // A row alone in its cluster has no mean distance to its like.
        let wanted = if own.is_nan() {
            0.0
        } else {
            (next - own) / own.max(next)
        };
        // f32 distances of numbers below 10.
        assert!((f64::from(silhouette) - wanted).abs() < 1e-5, "row {i}");
    }
    assert_eq!(found[5], 0.0);
    let mean = silhouette_score(&matrix(&ROWS), &LABELS, SilhouetteMetric::Euclidean).unwrap();
    let by_hand = found.iter().map(|&s| f64::from(s)).sum::<f64>() / 6.0;
    assert!((mean - by_hand).abs() < 1e-12);
}

#[test]
fn names_of_labels_do_not_matter() {
    let x = matrix(&ROWS);
    let renamed = LABELS.map(|l| [4_000_000_000, 7, 12][l as usize]);
    let metric = SilhouetteMetric::SqEuclidean;
    for (a, b) in [
        (
            calinski_harabasz_score(&x, &LABELS),
            calinski_harabasz_score(&x, &renamed),
        ),
        (
            davies_bouldin_score(&x, &LABELS),
            davies_bouldin_score(&x, &renamed),
        ),
        (
            silhouette_score(&x, &LABELS, metric),
            silhouette_score(&x, &renamed, metric),
        ),
    ] {
        let (a, b) = (a.unwrap(), b.unwrap());
        assert!((a - b).abs() < 1e-12 * a.abs(), "{a} {b}");
    }
}

#[test]
fn equal_rows_have_scikit_learns_values() {
    let x = matrix(&[[2.0, 2.0]; 4]);
    assert_eq!(calinski_harabasz_score(&x, &[0, 0, 1, 1]).unwrap(), 1.0);
    assert_eq!(davies_bouldin_score(&x, &[0, 0, 1, 1]).unwrap(), 0.0);
    let metric = SilhouetteMetric::Euclidean;
    assert_eq!(silhouette_score(&x, &[0, 0, 1, 1], metric).unwrap(), 0.0);
}

#[test]
fn one_label_or_one_a_row_is_refused() {
    let x = matrix(&ROWS);
    for labels in [[3, 3, 3, 3, 3, 3], [0, 1, 2, 3, 4, 5]] {
        let metric = SilhouetteMetric::Euclidean;
        for result in [
            calinski_harabasz_score(&x, &labels),
            davies_bouldin_score(&x, &labels),
            silhouette_score(&x, &labels, metric),
        ] {
            assert!(matches!(
                result,
                Err(MetricError::LabelCount { rows: 6, .. })
            ));
        }
    }
}

#[test]
fn labels_must_fit_the_rows() {
    let x = matrix(&ROWS);
    let error = calinski_harabasz_score(&x, &LABELS[1..]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "labels: 5 given, but 6 are needed, one for each row of x"
    );
    assert!(silhouette_samples(&x, &LABELS[1..], SilhouetteMetric::Cosine).is_err());
}

#[test]
fn inertia_by_hand_and_its_refusals() {
    let x = matrix(&[[0.0, 0.0], [2.0, 0.0], [5.0, 5.0]]);
    let centroids = [1.0, 0.0, 5.0, 4.0];
    assert_eq!(inertia(&x, &[0, 0, 1], &centroids).unwrap(), 3.0);
    let error = inertia(&x, &[0, 2, 1], &centroids).unwrap_err();
    assert_eq!(
        error.to_string(),
        "labels: row 1 has label 2, but there are 2 centroids; labels run from 0"
    );
    assert!(matches!(
        inertia(&x, &[0, 0, 1], &centroids[1..]),
        Err(MetricError::Length {
            argument: "centroids",
            ..
        })
    ));
    assert!(inertia(&x, &[0, 0], &centroids).is_err());
}
