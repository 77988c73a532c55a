//! Plans and caps of memory, on every device. What a plan on the CPU is worth is seen in `memory_heap.rs`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use std::ops::ControlFlow;
use std::sync::{Arc, Mutex};

use common::operations::{Input, Shape, operations, to_half};
use common::*;
use throng_compute::{
    Compute, ComputeError, DeviceKind, KMeansFit, KMeansProblem, Lloyd, NeighborMetric,
    PairwiseMetric, kmeans_batch, pairwise, pairwise_into, top_k,
};

const SHAPES: [Shape; 3] = [
    Shape {
        n: 701,
        m: 430,
        d: 9,
        k: 23,
    },
    Shape {
        n: 1_300,
        m: 500,
        d: 33,
        k: 70,
    },
    Shape {
        n: 2_111,
        m: 257,
        d: 5,
        k: 12,
    },
];

/// Matrices of several parts, where buffers are small.
const PARTS: [Shape; 1] = [Shape {
    n: 1_100,
    m: 300,
    d: 130,
    k: 20,
}];

fn shapes(device: &Named) -> &'static [Shape] {
    match device.name.contains("512 KiB") {
        true => &PARTS,
        false => &SHAPES,
    }
}

fn is_near(found: u64, planned: u64) -> bool {
    found.abs_diff(planned) as f64 <= 0.05 * planned as f64
}

#[test]
fn what_is_held_is_what_was_planned() {
    for device in devices() {
        for &shape in shapes(&device) {
            for operation in operations().into_iter().chain([to_half()]) {
                let input = Input::new(&device.compute, shape);
                let free = device.compute.with_memory_cap(u64::MAX);
                let plan = (operation.plan)(&free, shape).unwrap();
                let made = (operation.run)(&input.on(&free)).unwrap();
                let memory = free.memory();
                drop(made);
                let case = format!("{}, {}, {shape:?}", device.name, operation.what);
                let is_right = match operation.what {
                    // How many candidates there are is drawn.
                    "k-means||" => memory.peak <= plan.peak() && 2 * memory.peak >= plan.peak(),
                    _ => is_near(memory.peak, plan.peak()),
                };
                assert!(is_right, "{case}: {memory:?}, {plan:?}");
                assert_eq!(free.memory().held, 0, "{case}");
            }
        }
    }
}

#[test]
fn a_cap_is_kept_with_the_same_bits() {
    for device in devices() {
        let is_cpu = device.compute.kind() == DeviceKind::Cpu;
        for &shape in shapes(&device) {
            for operation in operations() {
                let input = Input::new(&device.compute, shape);
                let case = format!("{}, {}, {shape:?}", device.name, operation.what);
                let plan = (operation.plan)(&device.compute, shape).unwrap();
                let cap = (plan.output + plan.scratch / 2).min(plan.peak() - 1);
                let capped = device.compute.with_memory_cap(cap);
                let input = input.on(&capped);
                let found = (operation.run)(&input);
                if !operation.is_cut[usize::from(is_cpu)] {
                    let error = found.err().unwrap();
                    assert!(
                        matches!(error, ComputeError::MemoryCap { what, needed, cap: c, .. }
                            if what == operation.what && needed > c && c == cap),
                        "{case}: {error}"
                    );
                    assert!(
                        operation.is_found_out || capped.memory().peak == 0,
                        "{case}"
                    );
                    continue;
                }
                let small = (operation.plan)(&capped, shape).unwrap();
                assert!(small.parts > plan.parts, "{case}: {small:?}, {plan:?}");
                assert!(capped.memory().peak <= cap, "{case}");
                let input = input.on(&device.compute);
                let whole = (operation.run)(&input).unwrap()();
                assert_eq!(found.unwrap()(), whole, "{case}");
            }
        }
    }
}

#[test]
fn what_cannot_fit_is_refused_before_it_starts() {
    for device in devices() {
        let shape = SHAPES[0];
        let capped = device.compute.with_memory_cap(4_000);
        let input = Input::new(&device.compute, shape).on(&capped);
        let is_gpu = capped.kind() != DeviceKind::Cpu;
        for operation in operations().into_iter().chain([to_half()]) {
            let error = (operation.run)(&input).err().unwrap();
            let planned = (operation.plan)(&capped, shape).unwrap_err();
            let is_known = is_gpu || !operation.is_found_out;
            assert!(!is_known || error == planned, "{}, {error}", device.name);
            assert_eq!(capped.memory().peak, 0, "{}, {error}", device.name);
        }
    }
}

#[test]
fn matrices_count_while_they_live() {
    let (n, d) = (300, 7);
    let values = uniform(n * d, 96);
    let bytes = 4 * (n * d) as u64;
    for device in devices() {
        let capped = device.compute.with_memory_cap(2 * bytes + 3);
        let a = capped.matrix(&values, n, d).unwrap();
        let b = capped.matrix(&values, n, d).unwrap();
        let error = capped.matrix(&values, n, d).unwrap_err();
        let refused = ComputeError::MemoryCap {
            what: "a matrix",
            needed: bytes,
            left: 3,
            cap: 2 * bytes + 3,
        };
        assert_eq!(error, refused, "{}", device.name);
        assert_eq!(capped.memory().held, 2 * bytes, "{}", device.name);
        // A clone is the same memory.
        let c = b.clone();
        drop(b);
        assert_eq!(capped.memory().held, 2 * bytes, "{}", device.name);
        drop(c);
        capped.matrix_builder(n, d).unwrap();
        assert_eq!(a.into_vec().unwrap(), values, "{}", device.name);
        assert_eq!(capped.memory().held, 0, "{}", device.name);
        assert_eq!(capped.memory().peak, 2 * bytes, "{}", device.name);
        // Others have no cap.
        assert_eq!(device.compute.memory().cap, None);
        device.compute.matrix(&values, n, d).unwrap();
    }
}

/// A device holds the places of a batch beside the matrix.
#[test]
fn rows_put_into_a_matrix_count_once() {
    let (n, d) = (301, 5);
    let values = uniform(n * d, 98);
    let places: Vec<u32> = (0..n as u32).rev().collect();
    let want: Vec<f32> = values.rchunks(d).flatten().copied().collect();
    let bytes = 4 * (n * d) as u64;
    for device in devices() {
        let is_cpu = device.compute.kind() == DeviceKind::Cpu;
        let most = if is_cpu { 0 } else { 4 * 100 };
        let capped = device.compute.with_memory_cap(bytes + most);
        let x = device.compute.matrix(&values, n, d).unwrap();
        let mut builder = capped.matrix_builder(n, d).unwrap();
        if !is_cpu {
            let refused = ComputeError::MemoryCap {
                what: "places",
                needed: 4 * n as u64,
                left: most,
                cap: bytes + most,
            };
            assert_eq!(builder.put(&x, &places), Err(refused), "{}", device.name);
        }
        for (places, values) in places.chunks(100).zip(values.chunks(100 * d)) {
            let x = device.compute.matrix(values, places.len(), d).unwrap();
            builder.put(&x, places).unwrap();
        }
        assert_eq!(capped.memory().peak, bytes + most, "{}", device.name);
        let built = builder.finish().unwrap();
        assert_eq!(capped.memory().held, bytes, "{}", device.name);
        assert_eq!(built.into_vec().unwrap(), want, "{}", device.name);
        assert_eq!(capped.memory().held, 0, "{}", device.name);
    }
}

/// Only a copy is ours, and what a kernel needs beside.
#[test]
fn a_hosts_buffers_are_not_counted() {
    let (n, d) = (700, 9);
    let values = uniform(n * d, 99);
    let bytes = 4 * (n * d) as u64;
    // Where the first bad value is.
    let found = 4;
    for device in devices() {
        let Some(host) = device.compute.host_device() else {
            continue;
        };
        let from = |compute: &Compute, offset| {
            compute.matrix_from_buffer(lend(&host, &values, offset), n, d)
        };
        let copied = device.compute.with_memory_cap(bytes + found);
        let x = from(&copied, 4).unwrap();
        assert_eq!(copied.memory().held, bytes, "{}", device.name);
        assert_eq!(x.into_vec().unwrap(), values, "{}", device.name);
        assert_eq!(copied.memory().held, 0, "{}", device.name);
        let short = device.compute.with_memory_cap(bytes - 1);
        let error = from(&short, 4).unwrap_err();
        let refused = ComputeError::MemoryCap {
            what: "a matrix",
            needed: bytes,
            left: bytes - 1,
            cap: bytes - 1,
        };
        assert_eq!(error, refused, "{}", device.name);
        assert_eq!(short.memory().peak, 0, "{}", device.name);

        let metric = PairwiseMetric::Cosine;
        let plan = device.compute.plan_pairwise(n, n, d, metric).unwrap();
        let room = || lend(&host, &vec![0.0; n * n], 0);
        let capped = device.compute.with_memory_cap(plan.scratch);
        let x = from(&capped, 0).unwrap();
        assert_eq!(capped.memory().peak, found, "{}", device.name);
        let distances = pairwise_into(&x, &x, metric, room()).unwrap();
        assert_eq!(capped.memory().peak, plan.scratch, "{}", device.name);
        assert_eq!(capped.memory().held, 0, "{}", device.name);
        let want = pairwise(&from(&device.compute, 4).unwrap(), &x, metric);
        let want = want.unwrap().to_vec().unwrap();
        // Reading them takes more than the cap.
        let distances = distances.on(&device.compute).unwrap();
        assert_eq!(distances.to_vec().unwrap(), want, "{}", device.name);
        let short = device.compute.with_memory_cap(plan.scratch - 1);
        let x = x.on(&short).unwrap();
        let error = pairwise_into(&x, &x, metric, room()).unwrap_err();
        let refused = ComputeError::MemoryCap {
            what: "pairwise distances",
            needed: plan.scratch,
            left: plan.scratch - 1,
            cap: plan.scratch - 1,
        };
        assert_eq!(error, refused, "{}", device.name);
    }
}

/// Few rows and many clusters; where buffers are small all distances are held of one problem at a time.
#[test]
fn two_steps_are_planned() {
    let (n, d, k) = (500, 100, 256);
    let values = uniform(n * d, 97);
    let problems = [1, 9, 2].map(|max_iter| KMeansProblem {
        max_iter,
        ..KMeansProblem::new(0..n, k, values[..k * d].to_vec())
    });
    let shapes = [problems[0].shape(); 3];
    let fits = |compute: &Compute, memory_of: &Compute| -> Vec<KMeansFit> {
        let x = compute.matrix(&values, n, d).unwrap();
        let x = x.on(memory_of).unwrap();
        let fits = kmeans_batch(&x, &problems, &mut |_| ControlFlow::Continue(()));
        fits.unwrap().unwrap()
    };
    for device in devices() {
        if device.compute.kind() == DeviceKind::Cpu {
            continue;
        }
        let free = || device.compute.with_memory_cap(u64::MAX);
        let fused = fits(&device.compute, &free());
        let least = free().plan_kmeans_batch(&shapes, d).unwrap().peak();
        device.compute.take_two_steps(true);
        let two_steps = free();
        let plan = two_steps.plan_kmeans_batch(&shapes, d).unwrap();
        assert!(plan.peak() > least, "{}, {plan:?}", device.name);
        assert_eq!(fits(&device.compute, &two_steps), fused, "{}", device.name);
        let peak = two_steps.memory().peak;
        assert!(is_near(peak, plan.peak()), "{}, {peak}", device.name);
        let capped = device.compute.with_memory_cap(plan.peak());
        assert_eq!(fits(&device.compute, &capped), fused, "{}", device.name);
        let stepped = free();
        let x = device.compute.matrix(&values, n, d).unwrap();
        let mut lloyd = Lloyd::new(&x.on(&stepped).unwrap(), k).unwrap();
        lloyd.step(&values[..k * d]).unwrap();
        let (peak, plan) = (stepped.memory().peak, stepped.plan_lloyd(n, d, k).unwrap());
        assert!(is_near(peak, plan.peak()), "{}, {peak}", device.name);
    }
}

/// What wgpu's allocator says, against what we count, in the middle of a search and after it.
#[test]
fn the_driver_counts_the_same() {
    for (instance, adapter) in adapters() {
        let host = request(&instance, &adapter, wgpu::Limits::default());
        let device = host.device.clone();
        let compute = throng_compute::Compute::from_host(host).unwrap();
        // Metal's tells nothing, and Direct3D rounds each buffer up to 64 KiB.
        if adapter.get_info().backend != wgpu::Backend::Vulkan {
            continue;
        }
        let before = device.generate_allocator_report().unwrap();
        let shape = Shape {
            n: 2_000,
            m: 3_000,
            d: 8,
            k: 10,
        };
        let Shape { n, m, d, k } = shape;
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (into, of, counted) = (seen.clone(), device.clone(), compute.clone());
        let watched = compute.watched(move |_: &'static str, _, _| {
            let report = of.generate_allocator_report().unwrap();
            let held = counted.memory().held;
            into.lock()
                .unwrap()
                .push((report.total_allocated_bytes, held));
            ControlFlow::Continue(())
        });
        let x = watched.matrix(&blobs(n, d, 5, 91), n, d).unwrap();
        let y = watched.matrix(&blobs(m, d, 5, 92), m, d).unwrap();
        let plan = compute
            .plan_top_k(n, m, d, k, NeighborMetric::Euclidean, 0)
            .unwrap();
        top_k(&x, &y, k, NeighborMetric::Euclidean, &[]).unwrap();
        let seen = seen.lock().unwrap();
        let &(allocated, held) = seen.last().unwrap();
        let allocated = allocated - before.total_allocated_bytes;
        assert!(is_near(allocated, held), "{allocated}, {held}");
        let matrices = 4 * (d * (n + m)) as u64;
        assert!(is_near(held, plan.peak() + matrices), "{held}, {plan:?}");
        drop(seen);

        // A cap is kept in the driver's eyes, too.
        let most = Arc::new(Mutex::new(0));
        let (into, of) = (most.clone(), device.clone());
        let cap = plan.peak() / 2;
        let capped = compute
            .with_memory_cap(cap)
            .watched(move |_: &'static str, _, _| {
                let allocated = of
                    .generate_allocator_report()
                    .unwrap()
                    .total_allocated_bytes;
                let mut most = into.lock().unwrap();
                *most = allocated.max(*most);
                ControlFlow::Continue(())
            });
        let (x, y) = (x.on(&capped).unwrap(), y.on(&capped).unwrap());
        top_k(&x, &y, k, NeighborMetric::Euclidean, &[]).unwrap();
        let allocated = *most.lock().unwrap() - before.total_allocated_bytes;
        assert!(
            allocated <= cap + matrices + (64 << 10),
            "{allocated}, {cap}"
        );
        assert!(allocated >= cap / 2 + matrices, "{allocated}, {cap}");
        compute.wait().unwrap();
        let after = device.generate_allocator_report().unwrap();
        let left = after.total_allocated_bytes - before.total_allocated_bytes;
        assert!(is_near(left, matrices), "{left}, {matrices}");
    }
}
