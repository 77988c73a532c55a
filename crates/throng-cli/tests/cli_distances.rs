//! `throng distances` against plain f64 loops.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;
use common::{Place, npy_f32, read_f32, uniform};

fn by_hand(a: &[f32], b: &[f32], metric: &str) -> f64 {
    let dot = |a: &[f32], b: &[f32]| -> f64 {
        a.iter()
            .zip(b)
            .map(|(&x, &y)| f64::from(x) * f64::from(y))
            .sum()
    };
    let squared: f64 = a
        .iter()
        .zip(b)
        .map(|(&x, &y)| (f64::from(x) - f64::from(y)).powi(2))
        .sum();
    match metric {
        "sqeuclidean" => squared,
        "euclidean" => squared.sqrt(),
        "cosine" => 1.0 - dot(a, b) / (dot(a, a) * dot(b, b)).sqrt(),
        "dot" => dot(a, b),
        _ => unreachable!(),
    }
}

#[test]
fn every_metric_agrees_with_plain_loops() {
    let place = Place::new();
    let (n, m, d) = (37, 65, 19);
    let (a, b) = (uniform(n * d, 1), uniform(m * d, 2));
    place.write("a.npy", npy_f32(&a, &[n, d]));
    place.write("b.npy", npy_f32(&b, &[m, d]));
    for metric in ["sqeuclidean", "euclidean", "cosine", "dot"] {
        let out = format!("{metric}.npy");
        let result = place
            .run([
                "distances",
                "--input",
                "a.npy",
                "--other",
                "b.npy",
                "--metric",
                metric,
                "--out",
                &out,
                "--json",
            ])
            .ok()
            .json();
        assert_eq!(result["metric"], metric);
        assert_eq!(
            (&result["n"], &result["m"], &result["d"]),
            (&n.into(), &m.into(), &d.into())
        );
        let (shape, found) = read_f32(&place.path(&out));
        assert_eq!(shape, [n, m]);
        for (i, row) in a.chunks_exact(d).enumerate() {
            for (j, other) in b.chunks_exact(d).enumerate() {
                let expected = by_hand(row, other, metric);
                let got = f64::from(found[i * m + j]);
                // 19 values below 1: squares sum to some 6, which f32 holds to 5e-7 or so.
                assert!(
                    (got - expected).abs() < 1e-5,
                    "{metric} {i} {j}: {got} {expected}"
                );
            }
        }
    }
}

#[test]
fn a_matrix_against_itself_has_a_zero_diagonal_across_blocks() {
    let place = Place::new();
    // 4,200 squared is more than the 2^24 values of one block.
    let (n, d) = (4200, 3);
    let a: Vec<f32> = uniform(n * d, 5).iter().map(|v| v + 50.0).collect();
    place.write("a.npy", npy_f32(&a, &[n, d]));
    place
        .run([
            "distances",
            "--input",
            "a.npy",
            "--out",
            "d.npy",
            "--metric",
            "euclidean",
        ])
        .ok();
    let (shape, found) = read_f32(&place.path("d.npy"));
    assert_eq!(shape, [n, n]);
    for i in 0..n {
        assert_eq!(found[i * n + i].to_bits(), 0, "row {i}");
    }
    for (i, j) in (0..n).map(|i| (i, (i * 2_654_435_761) % n)) {
        let expected = by_hand(&a[i * d..][..d], &a[j * d..][..d], "euclidean");
        let got = f64::from(found[i * n + j]);
        // Far from the origin an expanded square would lose all of it; direct differences do not.
        assert!(
            (got - expected).abs() <= 1e-6 * expected,
            "{i} {j}: {got} {expected}"
        );
    }
}

#[test]
fn different_features_are_refused() {
    let place = Place::new();
    place.matrix("a.npy", &[&[1.0, 2.0]]);
    place.matrix("b.npy", &[&[1.0, 2.0, 3.0]]);
    place
        .run([
            "distances",
            "--input",
            "a.npy",
            "--other",
            "b.npy",
            "--out",
            "d.npy",
        ])
        .failed_with(
            2,
            "b.npy: has 3 columns, but a.npy has 2; give matrices of the same features",
        );
    assert_eq!(place.list(), ["a.npy", "b.npy"]);
}

#[test]
fn an_input_is_never_replaced_nor_is_what_is_not_ours() {
    let place = Place::new();
    place.matrix("a.npy", &[&[1.0, 2.0], &[4.0, 6.0]]);
    let run = |args: &[&str]| {
        let mut all = vec!["distances", "--input", "a.npy"];
        all.extend(args);
        place.run(all)
    };
    run(&["--out", "a.npy", "--force"])
        .failed_with(2, "a.npy: is an input too; choose another --out");
    run(&["--out", "d.npy"]).ok();
    run(&["--out", "d.npy"]).failed_with(2, "d.npy: is there already; add --force to replace it");
    run(&["--out", "d.npy", "--metric", "euclidean", "--force"]).ok();
    assert_eq!(read_f32(&place.path("d.npy")).1, [0.0, 5.0, 5.0, 0.0]);
    place.write("notes.txt", "mine");
    run(&["--out", "notes.txt", "--force"]).failed_with(
        2,
        "notes.txt: is there and was not written by throng; choose another --out",
    );
    assert_eq!(
        std::fs::read_to_string(place.path("notes.txt")).unwrap(),
        "mine"
    );
    std::fs::create_dir(place.path("folder")).unwrap();
    run(&["--out", "folder", "--force"])
        .failed_with(2, "folder: is a folder; name a file for --out");
    run(&["--out", "new/deep/d.npy"]).ok();
    assert_eq!(
        place.list(),
        ["a.npy", "d.npy", "folder", "new", "notes.txt"]
    );
}
