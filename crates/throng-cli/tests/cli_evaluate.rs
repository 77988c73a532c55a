//! `throng evaluate clusters` against plain f64 loops and published values.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;
use common::{Place, npy, npy_f32, uniform};

const N: usize = 61;
const D: usize = 5;

fn rows() -> Vec<f32> {
    let mut rows = uniform(N * D, 4);
    for (i, row) in rows.chunks_exact_mut(D).enumerate() {
        row[0] += (i % 3) as f32;
    }
    rows
}

fn distance(a: &[f32], b: &[f32]) -> f64 {
    a.iter()
        .zip(b)
        .map(|(&x, &y)| (f64::from(x) - f64::from(y)).powi(2))
        .sum::<f64>()
        .sqrt()
}

/// Rousseeuw's formula, word for word.
fn silhouettes(rows: &[f32], labels: &[i64]) -> Vec<f64> {
    let row = |i: usize| &rows[i * D..][..D];
    (0..N)
        .map(|i| {
            let mean_to = |label: i64| {
                let others: Vec<usize> = (0..N).filter(|&j| j != i && labels[j] == label).collect();
                others
                    .iter()
                    .map(|&j| distance(row(i), row(j)))
                    .sum::<f64>()
                    / others.len() as f64
            };
            let a = mean_to(labels[i]);
            let b = [-1, 4, 10]
                .into_iter()
                .filter(|&label| label != labels[i])
                .map(mean_to)
                .fold(f64::INFINITY, f64::min);
            (b - a) / a.max(b)
        })
        .collect()
}

#[test]
fn measures_agree_with_plain_loops() {
    let place = Place::new();
    let rows = rows();
    // Labels with gaps, one of them negative, as other programs write them.
    let labels: Vec<i64> = (0..N).map(|i| [10, -1, 4][i % 3]).collect();
    place.write("x.npy", npy_f32(&rows, &[N, D]));
    place.labels("l.npy", &labels);
    let ran = place
        .run([
            "evaluate", "clusters", "--input", "x.npy", "--labels", "l.npy", "--json",
        ])
        .ok();
    let result = ran.json();
    let expected = silhouettes(&rows, &labels);
    let score = result["silhouette_score"].as_f64().unwrap();
    assert!(
        (score - expected.iter().sum::<f64>() / N as f64).abs() < 1e-5,
        "{score}"
    );
    for (cluster, label) in result["clusters"]
        .as_array()
        .unwrap()
        .iter()
        .zip([-1, 4, 10])
    {
        assert_eq!(cluster["label"], label);
        let own: Vec<f64> = (0..N)
            .filter(|&i| labels[i] == label)
            .map(|i| expected[i])
            .collect();
        assert_eq!(cluster["count"], own.len());
        let mean = own.iter().sum::<f64>() / own.len() as f64;
        assert!((cluster["silhouette"].as_f64().unwrap() - mean).abs() < 1e-5);
    }
    assert_eq!(result["k"], 3);
    assert_eq!(result["counts"], serde_json::json!([20, 20, 21]));
    for name in ["calinski_harabasz_score", "davies_bouldin_score", "inertia"] {
        assert!(result[name].as_f64().unwrap() > 0.0, "{name}");
    }
    assert!(result["balance"]["entropy"].as_f64().unwrap() > 0.99);
    assert_eq!(result.get("adjusted_rand_score"), None);

    // Without --json it is the same object, laid out for people.
    let shown = place
        .run([
            "evaluate", "clusters", "--input", "x.npy", "--labels", "l.npy",
        ])
        .ok()
        .stdout();
    assert!(shown.lines().count() > 10, "{shown}");
    assert_eq!(
        serde_json::from_str::<serde_json::Value>(&shown).unwrap(),
        result
    );
}

#[test]
fn the_measures_of_four_points_on_a_line_are_known() {
    let place = Place::new();
    place.matrix("x.npy", &[&[0.0], &[2.0], &[10.0], &[12.0]]);
    place.labels("l.npy", &[0, 0, 1, 1]);
    place.labels("t.npy", &[5, 5, 6, 7]);
    let result = place
        .run([
            "evaluate", "clusters", "--input", "x.npy", "--labels", "l.npy", "--truth", "t.npy",
            "--json",
        ])
        .ok()
        .json();
    let near = |name: &str, expected: f64| {
        let got = result[name].as_f64().unwrap();
        assert!((got - expected).abs() < 1e-6, "{name}: {got} {expected}");
    };
    near("inertia", 4.0);
    // (100 / 1) / (4 / 2), (1 + 1) / 10, and 1 - 2/11, 1 - 2/9 twice.
    near("calinski_harabasz_score", 50.0);
    near("davies_bouldin_score", 0.2);
    near("silhouette_score", 1.0 - (2.0 / 11.0 + 2.0 / 9.0) / 2.0);
    // The example of scikit-learn's documentation.
    near("adjusted_rand_score", 0.571_428_571_428_571_4);
}

#[test]
fn labels_that_do_not_fit_are_refused() {
    let place = Place::new();
    place.matrix("x.npy", &[&[0.0], &[2.0], &[10.0]]);
    place.labels("short.npy", &[0, 1]);
    place.labels("one.npy", &[3, 3, 3]);
    place.labels("all.npy", &[0, 1, 2]);
    place.labels("good.npy", &[0, 0, 1]);
    place.write("float.npy", npy("<f8", false, &[3], &[0; 24]));
    let run = |labels: &str, truth: &str| {
        place.run([
            "evaluate", "clusters", "--input", "x.npy", "--labels", labels, "--truth", truth,
        ])
    };
    run("short.npy", "good.npy").failed_with(
        2,
        "short.npy: has 2 labels, but x.npy has 3 rows; give one label a row",
    );
    run("good.npy", "short.npy").failed_with(
        2,
        "short.npy: has 2 labels, but x.npy has 3 rows; give one label a row",
    );
    run("one.npy", "good.npy").failed_with(
        2,
        "one.npy: has 1 distinct labels over 3 rows; measures need at least 2 and fewer than rows",
    );
    run("all.npy", "good.npy").failed_with(
        2,
        "all.npy: has 3 distinct labels over 3 rows; measures need at least 2 and fewer than rows",
    );
    run("float.npy", "good.npy").failed_with(
        2,
        "float.npy: holds <f8, labels are integers; save labels.astype('int32')",
    );
}
