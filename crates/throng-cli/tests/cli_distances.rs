//! `throng distances` against plain f64 loops.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;
use common::{Place, npy, npy_f32, read_f32, uniform};

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
        "manhattan" => differences(a, b).sum(),
        "chebyshev" => differences(a, b).fold(0.0, f64::max),
        _ => unreachable!(),
    }
}

fn differences(a: &[f32], b: &[f32]) -> impl Iterator<Item = f64> {
    a.iter()
        .zip(b)
        .map(|(&x, &y)| (f64::from(x) - f64::from(y)).abs())
}

/// Of rows of 0 and 1.
fn bits_by_hand(a: &[u8], b: &[u8], metric: &str) -> f64 {
    let count = |wanted: fn(u8, u8) -> bool| {
        let pairs = a.iter().zip(b).filter(|&(&x, &y)| wanted(x, y));
        pairs.count() as f64
    };
    let differing = count(|x, y| x != y);
    match metric {
        "hamming" => differing / a.len() as f64,
        "jaccard" => differing / count(|x, y| x + y > 0).max(1.0),
        _ => unreachable!(),
    }
}

/// Rows as numpy.packbits(x, axis=1) packs them.
fn packed(bits: &[u8], d: usize) -> Vec<u8> {
    let byte = |bits: &[u8]| (0..bits.len()).map(|at| bits[at] << (7 - at)).sum::<u8>();
    bits.chunks_exact(d)
        .flat_map(|row| row.chunks(8).map(byte))
        .collect()
}

#[test]
fn every_metric_agrees_with_plain_loops() {
    let place = Place::new();
    let (n, m, d) = (37, 65, 19);
    let (a, b) = (uniform(n * d, 1), uniform(m * d, 2));
    place.write("a.npy", npy_f32(&a, &[n, d]));
    place.write("b.npy", npy_f32(&b, &[m, d]));
    for metric in [
        "sqeuclidean",
        "euclidean",
        "cosine",
        "dot",
        "manhattan",
        "chebyshev",
    ] {
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
fn bits_of_both_layouts_agree_with_plain_loops() {
    let place = Place::new();
    let (n, m, d) = (21, 34, 19);
    let bits = |rows: usize, seed: u64| -> Vec<u8> {
        let mut bits: Vec<u8> = uniform(rows * d, seed)
            .iter()
            .map(|&v| u8::from(v < 0.3))
            .collect();
        // A row without any.
        bits[2 * d..3 * d].fill(0);
        bits
    };
    let (a, b) = (bits(n, 3), bits(m, 4));
    place.write("a.npy", npy("|b1", false, &[n, d], &a));
    place.write("b.npy", npy("|b1", false, &[m, d], &b));
    place.write("a8.npy", npy("|u1", false, &[n, 3], &packed(&a, d)));
    place.write("b8.npy", npy("|u1", false, &[m, 3], &packed(&b, d)));
    for metric in ["hamming", "jaccard"] {
        for (input, other, bits) in [
            ("a.npy", "b.npy", None),
            ("a8.npy", "b8.npy", Some("19")),
            ("a8.npy", "b.npy", Some("19")),
        ] {
            let mut args = vec!["distances", "--metric", metric, "--input", input];
            args.extend(["--other", other, "--out", "d.npy", "--force", "--json"]);
            args.extend(bits.into_iter().flat_map(|bits| ["--bits", bits]));
            let result = place.run(args).ok().json();
            assert_eq!(
                (&result["metric"], &result["d"]),
                (&metric.into(), &d.into())
            );
            let (shape, found) = read_f32(&place.path("d.npy"));
            assert_eq!(shape, [n, m]);
            for (at, &got) in found.iter().enumerate() {
                let (row, column) = (&a[at / m * d..][..d], &b[at % m * d..][..d]);
                let expected = bits_by_hand(row, column, metric);
                let off = (f64::from(got) - expected).abs();
                assert!(off < 1e-6, "{metric} {input} {at}: {got} {expected}");
            }
        }
    }
    // Without --bits the padding counts: 24 bits, of which five never differ.
    place
        .run([
            "distances",
            "--metric",
            "hamming",
            "--input",
            "a8.npy",
            "--out",
            "wide.npy",
        ])
        .ok();
    let (_, found) = read_f32(&place.path("wide.npy"));
    let expected = bits_by_hand(&a[..d], &a[d..2 * d], "hamming") * 19.0 / 24.0;
    assert!((f64::from(found[1]) - expected).abs() < 1e-6);
}

#[test]
fn bits_that_cannot_be_are_refused() {
    let place = Place::new();
    place.matrix("f.npy", &[&[1.0, 2.0]]);
    place.write("bool.npy", npy("|b1", false, &[2, 3], &[1, 0, 0, 1, 1, 1]));
    place.write("u8.npy", npy("|u1", false, &[2, 2], &[255, 0, 255, 1]));
    let refused = |args: &[&str], line: &str| {
        let mut all = vec!["distances", "--out", "d.npy"];
        all.extend(args);
        place.run(all).failed_with(2, line);
    };
    refused(
        &["--input", "f.npy", "--metric", "hamming"],
        "f.npy: holds <f4, hamming and jaccard compare bits; save x.astype(bool) or numpy.packbits(x, axis=1)",
    );
    refused(
        &["--input", "bool.npy", "--metric", "manhattan"],
        "bool.npy: holds |b1, a matrix is float32 or float64; save x.astype('float32')",
    );
    refused(
        &["--input", "f.npy", "--metric", "chebyshev", "--bits", "2"],
        "--bits: chebyshev compares numbers; leave it out, or take hamming or jaccard",
    );
    refused(
        &["--input", "bool.npy", "--metric", "jaccard", "--bits", "3"],
        "--bits: the input is bool, one bit a column; leave it out",
    );
    refused(
        &["--input", "u8.npy", "--metric", "jaccard", "--bits", "17"],
        "--bits: is 17, but a row of u8.npy has 2 bytes; give 9 to 16",
    );
    refused(
        &["--input", "u8.npy", "--metric", "jaccard", "--bits", "12"],
        "u8.npy: row 1 (counted from 0) has a bit set beyond its 12 bits: pack with numpy.packbits(x, axis=1), which fills up with zeros, or give the right number of bits",
    );
    refused(
        &[
            "--input", "u8.npy", "--other", "bool.npy", "--metric", "jaccard",
        ],
        "bool.npy: has 3 bits, but u8.npy has 16; give matrices of the same features",
    );
    assert_eq!(place.list(), ["bool.npy", "f.npy", "u8.npy"]);
}

#[test]
fn a_row_of_a_later_block_is_named_by_its_number_in_the_file() {
    let place = Place::new();
    // 4,200 squared is more than the 2^24 values of one block.
    let mut bytes = vec![0x80; 4200];
    place.write("b.npy", npy("|u1", false, &[4200, 1], &bytes));
    bytes[4100] = 0x81;
    place.write("a.npy", npy("|u1", false, &[4200, 1], &bytes));
    place
        .run([
            "distances", "--input", "a.npy", "--other", "b.npy", "--metric", "hamming", "--bits",
            "7", "--out", "d.npy",
        ])
        .failed_with(
            2,
            "a.npy: row 4100 (counted from 0) has a bit set beyond its 7 bits: pack with numpy.packbits(x, axis=1), which fills up with zeros, or give the right number of bits",
        );
    assert_eq!(place.list(), ["a.npy", "b.npy"]);
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
