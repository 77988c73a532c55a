//! Progress and cancellation, on every device.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use std::ops::ControlFlow;
use std::sync::{Arc, Mutex};

use common::*;
use throng_compute::{Compute, ComputeError, Matrix, SilhouetteMetric, silhouette};

/// n, d, k: several tasks on the CPU and several slices on software Vulkan, at less than 0.1 GFLOP.
const SHAPE: (usize, usize, usize) = (1_000, 64, 4);

fn labels() -> Vec<u32> {
    (0..SHAPE.0 as u32).map(|i| i % SHAPE.2 as u32).collect()
}

fn matrix(compute: &Compute) -> Matrix {
    let (n, d, k) = SHAPE;
    compute.matrix(&blobs(n, d, k, 71), n, d).unwrap()
}

fn run(x: &Matrix) -> Result<Vec<f32>, ComputeError> {
    silhouette(x, &labels(), SHAPE.2, SilhouetteMetric::Euclidean)
}

#[test]
fn a_watcher_hears_everything_and_changes_nothing() {
    for device in devices() {
        let heard = Arc::new(Mutex::new(Vec::new()));
        let into = heard.clone();
        let watched = device
            .compute
            .watched(move |what: &'static str, done, total| {
                into.lock().unwrap().push((what, done, total));
                ControlFlow::Continue(())
            });
        let x = matrix(&device.compute);
        let alone = run(&x).unwrap();
        assert!(heard.lock().unwrap().is_empty(), "{}", device.name);
        assert_eq!(
            run(&x.on(&watched).unwrap()).unwrap(),
            alone,
            "{}",
            device.name
        );

        let heard = heard.lock().unwrap();
        let (n, d, _) = SHAPE;
        assert!(heard.len() > 1, "{}: {heard:?}", device.name);
        assert!(
            heard
                .iter()
                .all(|&(what, _, total)| what == "silhouette" && total == (n * n * d) as u64)
        );
        assert!(heard.is_sorted_by_key(|&(_, done, _)| done), "{heard:?}");
        assert_eq!(
            heard.last().unwrap().1,
            (n * n * d) as u64,
            "{}",
            device.name
        );
    }
}

#[test]
fn a_watcher_stops_the_work_before_its_end() {
    for device in devices() {
        let calls = Arc::new(Mutex::new(0));
        let counted = calls.clone();
        let watched = device.compute.watched(move |_: &'static str, _, _| {
            *counted.lock().unwrap() += 1;
            ControlFlow::Break(())
        });
        let error = run(&matrix(&watched)).unwrap_err();
        assert_eq!(
            error,
            ComputeError::Cancelled { what: "silhouette" },
            "{}",
            device.name
        );
        // The first call stops it; on the CPU each thread may be in the middle of one more task.
        assert!((1..=3).contains(&*calls.lock().unwrap()), "{}", device.name);
        // The device is as good as before.
        run(&matrix(&device.compute)).unwrap();
    }
}

#[test]
fn a_matrix_stays_on_its_device() {
    let devices = devices();
    let x = matrix(&devices[0].compute);
    for other in &devices[1..] {
        let error = x.on(&other.compute).unwrap_err();
        assert_eq!(error, ComputeError::DifferentDevices, "{}", other.name);
    }
}
