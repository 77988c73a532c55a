//! Rows put into a matrix in any order lie where they were to lie.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use common::*;
use throng_compute::{ComputeError, MatrixBuilder};

/// 0 to n - 1, shuffled.
fn shuffled(n: usize, seed: u64) -> Vec<u32> {
    let keys = uniform(n, seed);
    let mut places: Vec<u32> = (0..n as u32).collect();
    places.sort_by(|&a, &b| keys[a as usize].total_cmp(&keys[b as usize]));
    places
}

#[test]
fn rows_come_to_their_places() {
    for device in devices() {
        // The last is more than 512 KiB, in and out: in parts on that device.
        for (n, d, batch) in [
            (0, 3, 1),
            (1, 1, 1),
            (257, 3, 19),
            (500, 4, 256),
            (2_600, 64, 2_300),
        ] {
            let places = shuffled(n, 81);
            let values = uniform(n * d, 82);
            let mut want = vec![0.0; n * d];
            for (i, &place) in places.iter().enumerate() {
                for f in 0..d {
                    want[place as usize * d + f] = values[i * d + f];
                }
            }
            let mut builder = device.compute.matrix_builder(n, d).unwrap();
            for (places, values) in places.chunks(batch).zip(values.chunks(batch * d)) {
                let x = device.compute.matrix(values, places.len(), d).unwrap();
                builder.put(&x, places).unwrap();
            }
            let got = builder.finish().unwrap();
            assert_eq!((got.rows(), got.cols()), (n, d));
            assert_eq!(got.to_vec().unwrap(), want, "{}, {n} x {d}", device.name);
        }
    }
}

#[test]
fn rows_missing_or_put_twice_are_refused() {
    for device in devices() {
        let compute = &device.compute;
        let x = compute.matrix(&[1.0, 2.0, 3.0, 4.0], 2, 2).unwrap();
        let begun = || -> MatrixBuilder { compute.matrix_builder(3, 2).unwrap() };
        let refused = |places: &[u32]| begun().put(&x, places).unwrap_err();
        assert_eq!(refused(&[0, 3]), ComputeError::Place { row: 3, rows: 3 });
        assert_eq!(refused(&[1, 1]), ComputeError::Place { row: 1, rows: 3 });
        assert!(matches!(
            refused(&[1]),
            ComputeError::Shape { unit: "rows", .. }
        ));
        let mut builder = begun();
        builder.put(&x, &[2, 0]).unwrap();
        // Row 1 is not taken by a call that fails.
        assert_eq!(
            builder.put(&x, &[1, 2]).unwrap_err(),
            ComputeError::Place { row: 2, rows: 3 }
        );
        assert_eq!(
            builder.finish().unwrap_err(),
            ComputeError::Place { row: 1, rows: 3 }
        );
        let mut narrow = compute.matrix_builder(2, 1).unwrap();
        assert!(matches!(
            narrow.put(&x, &[0, 1]),
            Err(ComputeError::Shape {
                unit: "columns",
                ..
            })
        ));
        assert_eq!(
            compute.matrix_builder(1, 0).unwrap_err(),
            ComputeError::NoColumns
        );
    }
    let [one, other, ..] = &devices()[..] else {
        panic!("two devices at least");
    };
    let x = one.compute.matrix(&[1.0], 1, 1).unwrap();
    let mut builder = other.compute.matrix_builder(1, 1).unwrap();
    assert_eq!(
        builder.put(&x, &[0]).unwrap_err(),
        ComputeError::DifferentDevices
    );
}
