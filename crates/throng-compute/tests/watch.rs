//! Progress and cancellation of every operation, on every device.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use std::ops::ControlFlow;
use std::sync::{Arc, Mutex};

use common::operations::{Input, Shape, operations};
use common::*;
use throng_compute::{BitMetric, ComputeError, DeviceKind, pairwise_bits};

/// Several tasks on the CPU, and several slices on software Vulkan.
const SHAPE: Shape = Shape {
    n: 900,
    m: 500,
    d: 37,
    k: 34,
};

/// What a watcher was told: of what, how much was done, and of how much.
type Told = Arc<Mutex<Vec<(&'static str, u64, u64)>>>;

/// The parts of an operation that count for themselves.
fn stages(what: &'static str) -> Vec<&'static str> {
    match what {
        "k-means||" => vec![what, "k-means++"],
        _ => vec![what],
    }
}

#[test]
fn a_watcher_hears_everything_and_changes_nothing() {
    for device in devices() {
        for operation in operations() {
            let told = Told::default();
            let into = told.clone();
            let watched = device.compute.watched(move |what, done, total| {
                into.lock().unwrap().push((what, done, total));
                ControlFlow::Continue(())
            });
            let case = format!("{}, {}", device.name, operation.what);
            let input = Input::new(&device.compute, SHAPE);
            let alone = (operation.run)(&input).unwrap()();
            assert!(told.lock().unwrap().is_empty(), "{case}");
            let heard = (operation.run)(&input.on(&watched)).unwrap()();
            assert!(heard == alone, "{case}: other bits");

            let told = told.lock().unwrap();
            let &(_, first, total) = told.first().unwrap();
            // Of a GPU's slices it is time that tells how many there are.
            if device.compute.kind() == DeviceKind::Cpu && operation.what != "Lloyd's iteration" {
                assert!(2 * first < total, "{case}: {told:?}");
            }
            let mut rest = told.as_slice();
            for stage in stages(operation.what) {
                let count = rest.partition_point(|&(what, ..)| what == stage);
                let (own, others) = rest.split_at(count);
                rest = others;
                let &(_, done, total) = own.last().unwrap();
                assert_eq!(done, total, "{case}: {own:?}");
                assert!(
                    total > 0 && own.iter().all(|told| told.2 == total),
                    "{case}"
                );
                assert!(own.is_sorted_by_key(|told| told.1), "{case}: {own:?}");
            }
            assert!(rest.is_empty(), "{case}: {rest:?}");
        }
    }
}

#[test]
fn a_watcher_stops_the_work_before_its_end() {
    for device in devices() {
        let is_cpu = device.compute.kind() == DeviceKind::Cpu;
        for operation in operations() {
            let case = format!("{}, {}", device.name, operation.what);
            // The calls from the one on that says no more.
            let told = Told::default();
            let into = told.clone();
            let watched = device.compute.watched(move |what, done, total| {
                let mut told = into.lock().unwrap();
                if told.is_empty() && done < total / 3 {
                    return ControlFlow::Continue(());
                }
                told.push((what, done, total));
                ControlFlow::Break(())
            });
            let input = Input::new(&device.compute, SHAPE).on(&watched);
            let error = (operation.run)(&input).err().unwrap();
            let what = operation.what;
            assert_eq!(error, ComputeError::Cancelled { what }, "{case}");
            // On the CPU each of three threads may be in the middle of one more task.
            let most = if is_cpu { 3 } else { 1 };
            let told = told.lock().unwrap();
            assert!((1..=most).contains(&told.len()), "{case}: {told:?}");
            // The device is as good as before.
            assert!((operation.run)(&input.on(&device.compute)).is_ok());
        }
    }
}

#[test]
fn distances_of_bits_are_heard_and_stopped() {
    for device in devices() {
        let (n, d) = (400, 100);
        let values: Vec<bool> = uniform(n * d, 97)
            .iter()
            .map(|value| *value > 0.0)
            .collect();
        for share in [1, 2] {
            let told = Told::default();
            let into = told.clone();
            let watched = device.compute.watched(move |what, done, total| {
                into.lock().unwrap().push((what, done, total));
                match done * share >= total && share > 1 {
                    true => ControlFlow::Break(()),
                    false => ControlFlow::Continue(()),
                }
            });
            let x = watched.bits(&values, n, d).unwrap();
            let found = pairwise_bits(&x, &x, BitMetric::Hamming);
            let what = "pairwise distances";
            let total = (n * n * d.div_ceil(32)) as u64;
            if share == 1 {
                found.unwrap();
                let told = told.lock().unwrap();
                assert_eq!(told.last(), Some(&(what, total, total)), "{}", device.name);
            } else {
                let error = found.unwrap_err();
                assert_eq!(error, ComputeError::Cancelled { what }, "{}", device.name);
            }
        }
    }
}

#[test]
fn a_matrix_stays_on_its_device() {
    let devices = devices();
    let x = devices[0].compute.matrix(&[1.0], 1, 1).unwrap();
    for other in &devices[1..] {
        let error = x.on(&other.compute).unwrap_err();
        assert_eq!(error, ComputeError::DifferentDevices, "{}", other.name);
    }
}
