//! `throng cluster` on matrices small enough to know the answer.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;
use std::fs;

use common::{Place, npy, read_f32, read_i32, uniform};
use serde_json::json;

/// Three groups far apart, of 4, 3 and 2 rows.
const ROWS: [&[f32]; 9] = [
    &[0.0, 0.0],
    &[100.0, 0.0],
    &[0.0, 2.0],
    &[0.0, 100.0],
    &[2.0, 0.0],
    &[100.0, 3.0],
    &[2.0, 2.0],
    &[103.0, 0.0],
    &[0.0, 104.0],
];
const GROUPS: [usize; 9] = [0, 1, 0, 2, 0, 1, 0, 1, 2];

/// Sum of squared distances to the groups' means, by plain loops.
fn inertia_of_groups() -> f64 {
    (0..3)
        .map(|group| {
            let rows: Vec<&[f32]> = (0..9)
                .filter(|&i| GROUPS[i] == group)
                .map(|i| ROWS[i])
                .collect();
            (0..2)
                .map(|j| {
                    let mean =
                        rows.iter().map(|r| f64::from(r[j])).sum::<f64>() / rows.len() as f64;
                    rows.iter()
                        .map(|r| (f64::from(r[j]) - mean).powi(2))
                        .sum::<f64>()
                })
                .sum::<f64>()
        })
        .sum()
}

/// Equal but for the rounding of rows up to 104 that are moved to their mean and back: 104 times 2^-23.
#[track_caller]
fn assert_near(found: &[f32], expected: &[f32]) {
    for (a, b) in found.iter().zip(expected) {
        assert!((a - b).abs() < 2e-5, "{found:?} {expected:?}");
    }
}

#[test]
fn finds_groups_that_are_far_apart() {
    let place = Place::new();
    place.matrix("x.npy", &ROWS);
    let ran = place
        .run([
            "cluster", "--input", "x.npy", "--out", "o", "--k", "3", "--json",
        ])
        .ok();
    let result = ran.json();
    let (shape, labels) = read_i32(&place.path("o/labels.npy"));
    assert_eq!(shape, [9]);
    for i in 0..9 {
        for j in 0..9 {
            assert_eq!(labels[i] == labels[j], GROUPS[i] == GROUPS[j], "{i} {j}");
        }
    }
    let (shape, centroids) = read_f32(&place.path("o/centroids.npy"));
    assert_eq!(shape, [3, 2]);
    let first = labels[0] as usize;
    assert_near(&centroids[2 * first..2 * first + 2], &[1.0, 1.0]);

    for (name, value) in [("n", 9), ("d", 2), ("k", 3)] {
        assert_eq!(result[name], value);
    }
    assert_eq!(result["converged"], true);
    let mut counts: Vec<u64> = result["counts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|count| count.as_u64().unwrap())
        .collect();
    counts.sort_unstable();
    assert_eq!(counts, [2, 3, 4]);
    // The values are small whole numbers, the means a division away: only the sum rounds.
    let inertia = result["inertia"].as_f64().unwrap();
    assert!((inertia - inertia_of_groups()).abs() < 1e-4, "{inertia}");
    assert!(result["seconds"].as_f64().unwrap() >= 0.0);
    assert!(result["n_iter"].as_u64().unwrap() >= 1);
    assert!(
        result["device"].as_str().unwrap().starts_with("cpu"),
        "{result}"
    );
    assert_eq!(result.get("search"), None);
    let file = fs::read_to_string(place.path("o/result.json")).unwrap();
    assert_eq!(
        serde_json::from_str::<serde_json::Value>(&file).unwrap(),
        result
    );
}

#[test]
fn every_layout_of_the_input_gives_the_same_bytes() {
    let place = Place::new();
    place.matrix("c32.npy", &ROWS);
    let flat: Vec<f32> = ROWS.concat();
    let columns: Vec<f32> = (0..2)
        .flat_map(|j| ROWS.iter().map(move |r| r[j]))
        .collect();
    let wide = |values: &[f32]| -> Vec<u8> {
        values
            .iter()
            .flat_map(|&v| f64::from(v).to_le_bytes())
            .collect()
    };
    let narrow: Vec<u8> = columns.iter().flat_map(|v| v.to_le_bytes()).collect();
    place.write("f32.npy", npy("<f4", true, &[9, 2], &narrow));
    place.write("c64.npy", npy("<f8", false, &[9, 2], &wide(&flat)));
    place.write("f64.npy", npy("<f8", true, &[9, 2], &wide(&columns)));
    for name in ["c32", "f32", "c64", "f64"] {
        let input = format!("{name}.npy");
        place
            .run(["cluster", "--input", &input, "--out", name, "--k", "3"])
            .ok();
        for file in ["labels.npy", "centroids.npy"] {
            assert_eq!(
                fs::read(place.path(name).join(file)).unwrap(),
                fs::read(place.path("c32").join(file)).unwrap(),
                "{name} {file}"
            );
        }
    }
}

#[test]
fn two_runs_give_the_same_bytes() {
    let place = Place::new();
    place.write("x.npy", common::npy_f32(&uniform(1001 * 7, 1), &[1001, 7]));
    for device in ["cpu", "software"] {
        for out in ["a", "b"] {
            let out = format!("{device}-{out}");
            place
                .run([
                    "cluster", "--input", "x.npy", "--out", &out, "--k", "5", "--n-init", "2",
                    "--device", device, "--seed", "3",
                ])
                .ok();
        }
        for file in ["labels.npy", "centroids.npy"] {
            assert_eq!(
                fs::read(place.path(&format!("{device}-a/{file}"))).unwrap(),
                fs::read(place.path(&format!("{device}-b/{file}"))).unwrap(),
                "{device} {file}"
            );
        }
    }
}

#[test]
fn given_centroids_keep_their_order() {
    let place = Place::new();
    place.matrix("x.npy", &ROWS);
    // One from each group, the smallest group first.
    place.matrix("init.npy", &[ROWS[3], ROWS[1], ROWS[0]]);
    place
        .run([
            "cluster", "--input", "x.npy", "--out", "o", "--k", "3", "--init", "init.npy",
        ])
        .ok();
    let (_, labels) = read_i32(&place.path("o/labels.npy"));
    let expected: Vec<i32> = GROUPS.iter().map(|&group| 2 - group as i32).collect();
    assert_eq!(labels, expected);
    let (_, centroids) = read_f32(&place.path("o/centroids.npy"));
    assert_near(&centroids[..2], &[0.0, 102.0]);
    assert_near(&centroids[4..], &[1.0, 1.0]);
}

#[test]
fn a_search_finds_the_planted_number_and_says_why() {
    let place = Place::new();
    // Four bells, each coordinate the sum of four uniform draws, 10 apart, 50 rows each.
    let noise = uniform(4 * 400, 9);
    let sums: Vec<f32> = noise
        .chunks_exact(4)
        .map(|four| four.iter().sum())
        .collect();
    let rows: Vec<f32> = sums
        .chunks_exact(2)
        .enumerate()
        .flat_map(|(i, p)| {
            [
                p[0] + 10.0 * (i % 2) as f32,
                p[1] + 10.0 * (i / 2 % 2) as f32,
            ]
        })
        .collect();
    place.write("x.npy", common::npy_f32(&rows, &[200, 2]));
    for k in ["2..7", "auto"] {
        let result = place
            .run([
                "cluster", "--input", "x.npy", "--out", k, "--k", k, "--json",
            ])
            .ok()
            .json();
        assert_eq!(result["k"], 4, "{result}");
        assert_eq!(result["counts"], json!([50, 50, 50, 50]));
        let search = &result["search"];
        assert!(
            !search["reasons"].as_array().unwrap().is_empty(),
            "{result}"
        );
        let candidates = search["candidates"].as_array().unwrap();
        assert!(candidates.len() >= 5, "{result}");
        assert_eq!(search["grouped"], true, "{result}");
        let chosen = candidates.iter().find(|candidate| candidate["k"] == 4);
        assert!(chosen.unwrap()["silhouette_score"].as_f64().unwrap() > 0.8);
    }
    let candidates = place
        .run([
            "cluster", "--input", "x.npy", "--out", "c", "--k", "3..6", "--json",
        ])
        .ok()
        .json()["search"]["candidates"]
        .clone();
    let tried: Vec<u64> = candidates
        .as_array()
        .unwrap()
        .iter()
        .map(|candidate| candidate["k"].as_u64().unwrap())
        .collect();
    assert_eq!(tried, [3, 4, 5, 6]);
}

#[test]
fn the_cosine_sees_directions_only() {
    let place = Place::new();
    place.matrix(
        "x.npy",
        &[
            &[1.0, 0.01],
            &[900.0, 1.0],
            &[0.0, 2.0],
            &[1.0, 500.0],
            &[7.0, 0.0],
        ],
    );
    place
        .run([
            "cluster", "--input", "x.npy", "--out", "o", "--k", "2", "--metric", "cosine",
        ])
        .ok();
    let (_, labels) = read_i32(&place.path("o/labels.npy"));
    assert_eq!(labels, [0, 0, 1, 1, 0]);
}

#[test]
fn as_many_clusters_as_rows_is_allowed_and_one_more_is_not() {
    let place = Place::new();
    place.matrix("x.npy", &ROWS);
    let result = place
        .run([
            "cluster", "--input", "x.npy", "--out", "o", "--k", "9", "--json",
        ])
        .ok()
        .json();
    assert_eq!(result["inertia"], 0.0);
    place
        .run(["cluster", "--input", "x.npy", "--out", "p", "--k", "10"])
        .failed_with(2, "--k 10: x.npy has 9 rows; give at most that many");
    place
        .run(["cluster", "--input", "x.npy", "--out", "p", "--k", "2..9"])
        .failed_with(2, "--k 2..9: x.npy has 9 rows; a search ends below that");
    assert_eq!(place.list(), ["o", "x.npy"]);
}

#[test]
fn wrong_first_centroids_are_refused() {
    let place = Place::new();
    place.matrix("x.npy", &ROWS);
    place.matrix("init.npy", &[&[0.0, 0.0, 1.0]]);
    let run = |k: &str, init: &str| {
        place.run([
            "cluster", "--input", "x.npy", "--out", "o", "--k", k, "--init", init,
        ])
    };
    run("3", "init.npy").failed_with(
        2,
        "--init init.npy: has shape (1, 3), but --k 3 and x.npy need (3, 2)",
    );
    run("auto", "init.npy").failed_with(
        2,
        "--init init.npy: first centroids fix the number of clusters; give --k as a number",
    );
    run("3", "absent.npy").failed_with(2, "absent.npy: no such file; check the path");
    assert_eq!(place.list(), ["init.npy", "x.npy"]);
}
