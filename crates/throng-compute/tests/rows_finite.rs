//! Values that no kernel takes are refused with their row and column, wherever they lie.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use common::*;
use throng_compute::{ComputeError, Matrix};

const BAD: [f32; 5] = [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, 2e16, -2e16];

/// The error names the row, column and value.
fn names(error: &ComputeError, at: usize, cols: usize, bad: f32) -> bool {
    match *error {
        ComputeError::NotFinite {
            row, column, value, ..
        } => {
            !bad.is_finite()
                && (row, column, value.to_bits()) == (at / cols, at % cols, bad.to_bits())
        }
        ComputeError::TooLarge {
            row, column, value, ..
        } => bad.is_finite() && (row, column, value) == (at / cols, at % cols, bad),
        _ => false,
    }
}

/// Every value of the first and the last 4,096, of which a workgroup looks at so many, and of those around.
#[test]
fn the_first_bad_value_is_named() {
    for device in devices() {
        for (n, d) in [
            (1, 1),
            (4_095, 1),
            (4_096, 1),
            (4_097, 1),
            (331, 13),
            (70_001, 2),
        ] {
            let good = uniform(n * d, 71);
            let count = n * d;
            let places = [0, 1, count / 2, 4_095, 4_096, count - 2, count - 1];
            for (i, at) in places.into_iter().filter(|&at| at < count).enumerate() {
                let bad = BAD[i % BAD.len()];
                let mut values = good.clone();
                // Later ones do not count.
                values[count - 1] = f32::NAN;
                values[at] = bad;
                let error = matrix(&device, &values, n, d).unwrap_err();
                let name = &device.name;
                assert!(
                    names(&error, at, d, bad),
                    "{name}, {n} x {d}, {at}: {error:?}"
                );
            }
            assert_eq!(
                matrix(&device, &good, n, d).unwrap().to_vec().unwrap(),
                good
            );
        }
    }
}

#[test]
fn all_others_are_taken() {
    let values = [
        1e16,
        -1e16,
        0.0,
        -0.0,
        1e-45,
        -1e-45,
        f32::MIN_POSITIVE,
        1.0,
    ];
    for device in devices() {
        let got = matrix(&device, &values, 4, 2).unwrap().to_vec().unwrap();
        let bits = |values: &[f32]| values.iter().map(|v| v.to_bits()).collect::<Vec<_>>();
        assert_eq!(bits(&got), bits(&values), "{}", device.name);
        assert_eq!(matrix(&device, &[], 0, 2).unwrap().rows(), 0);
    }
}

/// On a device the values are in a host's buffer, where the kernel looks at them.
fn matrix(device: &Named, values: &[f32], n: usize, d: usize) -> Result<Matrix, ComputeError> {
    match device.compute.host_device() {
        Some(host) => device
            .compute
            .matrix_from_buffer(lend(&host, values, 256), n, d),
        None => device.compute.matrix(values, n, d),
    }
}
