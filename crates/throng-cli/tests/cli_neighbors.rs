//! `throng neighbors` against plain f64 loops.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;
use std::path::Path;

use common::{Place, npy, npy_f32, parse_npy, read_f32, uniform};

fn read_i64(path: &Path) -> (Vec<usize>, Vec<i64>) {
    let (shape, data) = parse_npy(path, "<i8");
    let values = data.chunks_exact(8);
    let value = |bytes: &[u8]| i64::from_le_bytes(bytes.try_into().unwrap());
    (shape, values.map(value).collect())
}

fn pairs(place: &Place, name: &str, pairs: &[[i64; 2]]) {
    let data: Vec<u8> = pairs
        .iter()
        .flatten()
        .flat_map(|v| v.to_le_bytes())
        .collect();
    place.write(name, npy("<i8", false, &[pairs.len(), 2], &data));
}

/// Less is nearer.
fn by_hand(a: &[f32], b: &[f32], metric: &str) -> f64 {
    let dot = |a: &[f32], b: &[f32]| -> f64 {
        let terms = a.iter().zip(b).map(|(&x, &y)| f64::from(x) * f64::from(y));
        terms.sum()
    };
    let difference = |(&x, &y): (&f32, &f32)| (f64::from(x) - f64::from(y)).powi(2);
    let squared: f64 = a.iter().zip(b).map(difference).sum();
    match metric {
        "sqeuclidean" => squared,
        "euclidean" => squared.sqrt(),
        "cosine" => 1.0 - dot(a, b) / (dot(a, a) * dot(b, b)).sqrt(),
        "dot" => -dot(a, b),
        _ => unreachable!(),
    }
}

#[test]
fn every_metric_agrees_with_plain_loops() {
    let place = Place::new();
    let (q, m, d, k) = (37, 165, 19, 7);
    let (queries, items) = (uniform(q * d, 1), uniform(m * d, 2));
    place.write("q.npy", npy_f32(&queries, &[q, d]));
    place.write("v.npy", npy_f32(&items, &[m, d]));
    for metric in ["dot", "cosine", "sqeuclidean", "euclidean"] {
        let args = [
            "neighbors",
            "--queries",
            "q.npy",
            "--items",
            "v.npy",
            "--k",
            "7",
            "--metric",
            metric,
            "--out",
            metric,
            "--json",
        ];
        let result = place.run(args).ok().json();
        assert_eq!(result["metric"], metric);
        for (name, value) in [("q", q), ("m", m), ("d", d), ("k", k), ("short", 0)] {
            assert_eq!(result[name], value, "{name}");
        }
        let (shape, indices) = read_i64(&place.path(metric).join("indices.npy"));
        assert_eq!(shape, [q, k]);
        let (shape, scores) = read_f32(&place.path(metric).join("scores.npy"));
        assert_eq!(shape, [q, k]);
        for (i, query) in queries.chunks_exact(d).enumerate() {
            let mut all: Vec<(f64, i64)> = items
                .chunks_exact(d)
                .zip(0..)
                .map(|(item, j)| (by_hand(query, item, metric), j))
                .collect();
            all.sort_by(|a, b| a.0.total_cmp(&b.0));
            for (at, &(expected, j)) in all[..k].iter().enumerate() {
                let sign = if metric == "dot" { -1.0 } else { 1.0 };
                let got = sign * f64::from(scores[i * k + at]);
                // 19 values below 1: sums stay below 19, which f32 holds to 2e-6 or so.
                assert!(
                    (got - expected).abs() < 1e-5,
                    "{metric} {i} {at}: {got} {expected}"
                );
                let apart = all[at + 1].0 - expected;
                let before = if at > 0 {
                    expected - all[at - 1].0
                } else {
                    1.0
                };
                if apart.min(before) > 1e-5 {
                    assert_eq!(indices[i * k + at], j, "{metric} {i} {at}");
                }
            }
        }
    }
    assert_eq!(
        common::list(&place.path("dot")),
        ["indices.npy", "scores.npy", "throng.json"]
    );
}

#[test]
fn excluded_items_are_left_out_and_what_is_missing_is_said() {
    let place = Place::new();
    place.matrix("q.npy", &[&[1.0], &[-1.0]]);
    place.matrix("v.npy", &[&[1.0], &[2.0], &[3.0], &[3.0]]);
    pairs(&place, "x.npy", &[[1, 0], [0, 2], [1, 1], [1, 2]]);
    let args = [
        "neighbors",
        "--queries",
        "q.npy",
        "--items",
        "v.npy",
        "--k",
        "3",
        "--exclude",
        "x.npy",
        "--out",
        "near",
    ];
    let stdout = place.run(args).ok().stdout();
    assert!(
        stdout.contains("1 queries have fewer than 3 items left: -1 and NaN stand for the rest"),
        "{stdout}"
    );
    let (_, indices) = read_i64(&place.path("near").join("indices.npy"));
    assert_eq!(indices, [3, 1, 0, 3, -1, -1]);
    let (_, scores) = read_f32(&place.path("near").join("scores.npy"));
    assert_eq!(scores[..4], [3.0, 2.0, 1.0, -3.0]);
    assert!(scores[4].is_nan() && scores[5].is_nan());
}

#[test]
fn what_does_not_fit_is_refused_and_nothing_is_left() {
    let place = Place::new();
    place.matrix("q.npy", &[&[1.0, 2.0]]);
    place.matrix("v.npy", &[&[1.0, 2.0], &[3.0, 4.0]]);
    place.matrix("wide.npy", &[&[1.0, 2.0, 3.0]]);
    place.matrix("nan.npy", &[&[1.0, f32::NAN]]);
    pairs(&place, "far.npy", &[[0, 1], [0, 2]]);
    pairs(&place, "below.npy", &[[-1, 0]]);
    let run = |args: &[&str]| {
        let mut all = vec!["neighbors", "--queries", "q.npy", "--out", "near"];
        all.extend(args);
        place.run(all)
    };
    run(&["--items", "wide.npy"]).failed_with(
        2,
        "wide.npy: has 3 columns, but q.npy has 2; give matrices of the same features",
    );
    run(&["--items", "v.npy"])
        .failed_with(2, "--k 10: v.npy has 2 rows; give a number from 1 to 2");
    run(&["--items", "v.npy", "--k", "0"])
        .failed_with(2, "--k 0: v.npy has 2 rows; give a number from 1 to 2");
    run(&["--items", "nan.npy", "--k", "1"]).failed_with(
        2,
        "nan.npy: row 0, column 1: NaN is not finite; fill or drop such values",
    );
    run(&["--items", "v.npy", "--k", "1", "--exclude", "far.npy"]).failed_with(
        2,
        "far.npy: row 1: item 2 is not a row of v.npy, which has 2; count rows from 0",
    );
    run(&["--items", "v.npy", "--k", "1", "--exclude", "below.npy"]).failed_with(
        2,
        "below.npy: row 0: query -1 is not a row of q.npy, which has 1; count rows from 0",
    );
    run(&["--items", "v.npy", "--k", "1", "--exclude", "v.npy"]).failed_with(
        2,
        "v.npy: holds <f4, pairs are integers; save pairs.astype('int64')",
    );
    assert!(!place.path("near").exists());
    run(&["--items", "v.npy", "--k", "2"]).ok();
    run(&["--items", "v.npy", "--k", "1"]).failed_with(
        2,
        "near: holds an earlier result; add --force to replace it",
    );
    run(&["--items", "v.npy", "--k", "1", "--force"]).ok();
    let (shape, indices) = read_i64(&place.path("near").join("indices.npy"));
    assert_eq!((shape, indices), (vec![1, 1], vec![1]));
}
