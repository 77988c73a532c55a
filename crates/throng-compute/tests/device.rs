//! Devices, and matrices on them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use common::*;
use throng_compute::{
    Compute, ComputeError, DeviceChoice, DeviceKind, Lloyd, PairwiseMetric, pairwise,
};

#[test]
fn there_is_an_adapter() {
    for (_, adapter) in adapters() {
        println!("tested on {:?}", adapter.get_info());
    }
    let names: Vec<_> = devices().into_iter().map(|device| device.name).collect();
    assert_eq!(names.len(), 2 + 2 * adapters().len(), "{names:?}");
}

#[test]
fn auto_takes_a_gpu_or_the_cpu_and_never_software() {
    let has_gpu = adapters()
        .iter()
        .any(|(_, adapter)| adapter.get_info().device_type != wgpu::DeviceType::Cpu);
    let compute = Compute::auto();
    let want = if has_gpu {
        DeviceKind::Gpu
    } else {
        DeviceKind::Cpu
    };
    assert_eq!(compute.kind(), want);
    assert!(compute.is_auto() && compute.with_memory_cap(1 << 30).is_auto());
    assert!(!Compute::cpu().is_auto());
    assert!(!compute.describe().contains('\n'));
    if !has_gpu {
        let line = compute.describe();
        assert!(line.starts_with("cpu, "), "{line}");
        assert!(line.contains("is taken only when asked for"), "{line}");
        let error = Compute::gpu().unwrap_err().to_string();
        assert!(error.starts_with("no GPU found"), "{error}");
    }
}

#[test]
fn software_is_taken_when_asked_for() {
    let software = adapters()
        .into_iter()
        .find(|(_, adapter)| adapter.get_info().device_type == wgpu::DeviceType::Cpu);
    match (software, Compute::software()) {
        (Some((_, adapter)), Ok(compute)) => {
            assert_eq!(compute.kind(), DeviceKind::Software);
            assert!(compute.describe().contains(&adapter.get_info().name));
        }
        (None, Err(error)) => assert!(error.to_string().starts_with("no software adapter found")),
        (found, opened) => panic!("{:?}, but {opened:?}", found.map(|(_, a)| a.get_info())),
    }
}

#[test]
fn choices_have_names() {
    for choice in [
        DeviceChoice::Auto,
        DeviceChoice::Gpu,
        DeviceChoice::Software,
        DeviceChoice::Cpu,
    ] {
        assert_eq!(choice.to_string().parse(), Ok(choice));
    }
    let error = "cuda".parse::<DeviceChoice>().unwrap_err();
    assert_eq!(
        error.to_string(),
        "unknown device 'cuda': choose one of auto, gpu, software, cpu"
    );
    assert_eq!(
        Compute::choose(DeviceChoice::Cpu).unwrap().kind(),
        DeviceKind::Cpu
    );
    assert!(Compute::cpu().host_device().is_none());
}

#[test]
fn the_cpu_says_how_many_threads_it_has() {
    let compute = Compute::cpu_with_threads(3).unwrap();
    assert!(
        compute.describe().starts_with("cpu, 3 threads"),
        "{}",
        compute.describe()
    );
    let compute = Compute::cpu_with_threads(1).unwrap();
    assert!(
        compute.describe().starts_with("cpu, 1 thread,"),
        "{}",
        compute.describe()
    );
}

#[test]
fn a_host_shares_its_device() {
    for (instance, adapter) in adapters() {
        let host = request(&instance, &adapter, adapter.limits());
        let compute = Compute::from_host(host.clone()).unwrap();
        let shared = compute.host_device().unwrap();
        assert_eq!(shared.device, host.device);
        assert_eq!(shared.queue, host.queue);
        assert_eq!(shared.backend(), adapter.get_info().backend);
        let x = compute.matrix(&[0.0, 3.0], 2, 1).unwrap();
        let got = pairwise(&x, &x, PairwiseMetric::SqEuclidean).unwrap();
        assert_eq!(got.to_vec().unwrap(), [0.0, 9.0, 9.0, 0.0]);
        // The host goes on using it.
        let other = Compute::from_host(host).unwrap();
        let y = other.matrix(&[1.0], 1, 1).unwrap();
        assert_eq!(
            pairwise(&x, &y, PairwiseMetric::Dot).unwrap_err(),
            ComputeError::DifferentDevices
        );
    }
}

#[test]
fn a_host_device_with_too_low_limits_is_refused() {
    for (instance, adapter) in adapters() {
        let limits = wgpu::Limits {
            max_compute_workgroup_storage_size: 8 << 10,
            ..wgpu::Limits::default()
        };
        let error = Compute::from_host(request(&instance, &adapter, limits)).unwrap_err();
        assert_eq!(
            error,
            ComputeError::Limit {
                limit: "max_compute_workgroup_storage_size",
                needed: 16_384,
                found: 8_192
            }
        );
    }
}

#[test]
fn a_destroyed_device_is_an_error_and_no_panic() {
    for (instance, adapter) in adapters() {
        let host = request(&instance, &adapter, wgpu::Limits::default());
        let device = host.device.clone();
        let compute = Compute::from_host(host).unwrap();
        let x = compute.matrix(&uniform(1000, 61), 100, 10).unwrap();
        let mut lloyd = Lloyd::new(&x, 3).unwrap();
        lloyd.assign(&uniform(30, 62)).unwrap();
        device.destroy();
        assert!(x.to_vec().is_err());
        assert!(lloyd.assign(&uniform(30, 63)).is_err());
        assert!(lloyd.step(&uniform(30, 63)).is_err());
    }
}

#[test]
fn matrices_come_back_as_they_went() {
    for device in devices() {
        for (n, d) in [(0, 1), (1, 1), (9, 60_000), (257, 3), (5_000, 20)] {
            let values = uniform(n * d, 64);
            let x = device.compute.matrix(&values, n, d).unwrap();
            assert_eq!((x.rows(), x.cols()), (n, d));
            assert_eq!(x.to_vec().unwrap(), values, "{}, n {n}, d {d}", device.name);
            assert_eq!(x.clone().into_vec().unwrap(), values);
            assert_eq!(x.to_vec().unwrap(), values);
            assert_eq!(x.compute().kind(), device.compute.kind());
            let host = x.to_device(&Compute::cpu()).unwrap();
            assert_eq!(host.compute().kind(), DeviceKind::Cpu);
            assert_eq!(host.to_vec().unwrap(), values);
            let back = host.to_device(&device.compute).unwrap();
            assert_eq!(back.to_vec().unwrap(), values);
            // Where it is already it stays.
            let same = back.to_device(&device.compute).unwrap();
            let parts = back.device_parts();
            assert!(
                same.device_parts()
                    .iter()
                    .zip(&parts)
                    .all(|(a, b)| a.buffer == b.buffer)
            );
        }
    }
}

#[test]
fn values_that_are_not_finite_are_refused_with_their_row() {
    for device in devices() {
        for value in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            let mut values = uniform(30, 65);
            values[17] = value;
            let error = device.compute.matrix(&values, 10, 3).unwrap_err();
            assert!(
                matches!(
                    error,
                    ComputeError::NotFinite {
                        row: 5,
                        column: 2,
                        ..
                    }
                ),
                "{}: {error}",
                device.name
            );
        }
        let mut values = uniform(30, 65);
        values[3] = -2e16;
        assert_eq!(
            device.compute.matrix(&values, 10, 3).unwrap_err(),
            ComputeError::TooLarge {
                argument: "the matrix",
                row: 1,
                column: 0,
                value: -2e16
            }
        );
    }
}

#[test]
fn matrices_of_the_wrong_shape_are_refused() {
    for device in devices() {
        assert_eq!(
            device.compute.matrix(&[], 3, 0).unwrap_err(),
            ComputeError::NoColumns
        );
        assert_eq!(
            device
                .compute
                .matrix(&[1.0; 5], 2, 3)
                .unwrap_err()
                .to_string(),
            "values has 5 values, but 6 are needed"
        );
        assert!(device.compute.matrix(&[1.0; 5], usize::MAX, 3).is_err());
    }
}

#[test]
fn things_can_be_sent_between_threads() {
    fn check<T: Send + Sync>() {}
    check::<Compute>();
    check::<throng_compute::Matrix>();
    check::<Lloyd>();
    check::<ComputeError>();
}
