//! Bad matrices: one line that says what, where and what to do; status 2; nothing written.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;
use common::{Place, npy, npy_f32};

/// Every command that reads a matrix refuses it the same way.
fn refused(place: &Place, message: &str) {
    let before = place.list();
    place.labels("labels.npy", &[0, 0, 1]);
    let commands: [&[&str]; 3] = [
        &["cluster", "--input", "x.npy", "--out", "o", "--k", "2"],
        &["distances", "--input", "x.npy", "--out", "o"],
        &[
            "evaluate",
            "clusters",
            "--input",
            "x.npy",
            "--labels",
            "labels.npy",
        ],
    ];
    for args in commands {
        place.run(args).failed_with(2, message);
    }
    std::fs::remove_file(place.path("labels.npy")).unwrap();
    assert_eq!(place.list(), before);
}

#[test]
fn a_missing_file() {
    refused(&Place::new(), "x.npy: no such file; check the path");
}

#[test]
fn a_folder() {
    let place = Place::new();
    std::fs::create_dir(place.path("x.npy")).unwrap();
    refused(&place, "x.npy: is a folder; name a .npy file in it");
}

#[test]
fn an_empty_file() {
    let place = Place::new();
    place.write("x.npy", "");
    refused(
        &place,
        "x.npy: is empty; save the array again with numpy.save",
    );
}

#[test]
fn something_else() {
    let place = Place::new();
    place.write("x.npy", "user,item\n1,2\n");
    refused(
        &place,
        "x.npy: is not a .npy file; save the array with numpy.save",
    );
}

#[test]
fn a_truncated_file() {
    let place = Place::new();
    let whole = npy_f32(&[1.0; 6], &[3, 2]);
    place.write("x.npy", &whole[..whole.len() - 5]);
    refused(
        &place,
        "x.npy: is cut short: 19 of 24 bytes of data; save or copy the array again",
    );
    place.write("x.npy", &whole[..60]);
    refused(
        &place,
        "x.npy: is cut short in its header; save the array again with numpy.save",
    );
}

#[test]
fn a_column_of_nan() {
    let place = Place::new();
    place.matrix(
        "x.npy",
        &[&[1.0, f32::NAN], &[2.0, f32::NAN], &[3.0, f32::NAN]],
    );
    refused(
        &place,
        "x.npy: row 0, column 1: NaN is not finite; fill or drop such values",
    );
    place.matrix(
        "x.npy",
        &[&[1.0, 0.0], &[2.0, 0.0], &[f32::NEG_INFINITY, 0.0]],
    );
    refused(
        &place,
        "x.npy: row 2, column 0: -inf is not finite; fill or drop such values",
    );
}

#[test]
fn numbers_too_large() {
    let place = Place::new();
    let data: Vec<u8> = [1.0f64, 2.0, 1e39]
        .iter()
        .flat_map(|v| v.to_le_bytes())
        .collect();
    place.write("x.npy", npy("<f8", false, &[3, 1], &data));
    refused(
        &place,
        "x.npy: row 2, column 0: 1e39 does not fit a 32-bit float; scale the column",
    );
    // Held by a 32-bit float, but its square is not.
    place.matrix("x.npy", &[&[1.0], &[1e30], &[2.0]]);
    refused(
        &place,
        "x.npy: row 1, column 0 (counted from 0) of the matrix is 1e30: magnitudes above 1e16 overflow when \
         squared; rescale this column",
    );
}

#[test]
fn no_rows_or_no_columns() {
    let place = Place::new();
    for shape in [[0, 3], [3, 0]] {
        place.write("x.npy", npy_f32(&[], &shape));
        let [n, d] = shape;
        refused(
            &place,
            &format!(
                "x.npy: has shape ({n}, {d}), which holds no values; give at least one row and \
                 one column"
            ),
        );
    }
}

#[test]
fn another_shape_or_type() {
    let place = Place::new();
    place.write("x.npy", npy_f32(&[1.0; 8], &[2, 2, 2]));
    refused(
        &place,
        "x.npy: has shape (2, 2, 2), a matrix [n, d] is needed; use x.reshape(-1, 1) for one \
         column",
    );
    place.write("x.npy", npy("<i4", false, &[3, 1], &[0; 12]));
    refused(
        &place,
        "x.npy: holds <i4, a matrix is float32 or float64; save x.astype('float32')",
    );
}
