//! What the kernels' tests share: every device of this machine, data, and plain f64 oracles.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

pub mod operations;

use std::env;
use std::path::Path;
use std::sync::LazyLock;

use throng_compute::{Compute, HostBuffer, HostDevice};

/// A folder for dispatches with what they read and wrote, which `cargo xtask platforms` runs again elsewhere.
const KEEP: &str = "THRONG_KEEP_DISPATCHES";

/// A device with its name for failure messages.
pub struct Named {
    pub name: String,
    pub compute: Compute,
}

/// The CPU, with one thread and with three; every adapter; and every adapter with buffers of at most
/// 512 KiB and 7 workgroups a dimension, so that matrices come in parts and dispatches are folded. New buffers on adapters are filled with NaN first.
///
/// No adapter is a failure: install a software one (Mesa's lavapipe).
pub fn devices() -> Vec<Named> {
    let mut devices = vec![
        named("cpu, 1 thread", Compute::cpu_with_threads(1).unwrap()),
        named("cpu, 3 threads", Compute::cpu_with_threads(3).unwrap()),
    ];
    for (instance, adapter) in adapters() {
        devices.push(limited(&instance, &adapter, 128 << 20, 65_535));
        devices.push(limited(&instance, &adapter, 512 << 10, 7));
    }
    devices
}

/// An adapter with buffers of at most so many bytes and so many workgroups a dimension.
pub fn limited(
    instance: &wgpu::Instance,
    adapter: &wgpu::Adapter,
    most_bytes: u64,
    most_groups: u32,
) -> Named {
    let limits = wgpu::Limits {
        max_storage_buffer_binding_size: most_bytes,
        max_compute_workgroups_per_dimension: most_groups,
        ..wgpu::Limits::default()
    };
    let compute = Compute::from_host(request(instance, adapter, limits)).unwrap();
    compute.poison_new_buffers();
    if let Some(dir) = env::var_os(KEEP) {
        compute.keep_dispatches(Path::new(&dir));
    }
    let info = adapter.get_info();
    let kib = most_bytes >> 10;
    let name = format!("{} by {}, buffers of {kib} KiB", info.name, info.backend);
    Named { name, compute }
}

/// Every adapter, of the graphics APIs that `WGPU_BACKEND` names if it does; at least one. Looked for once: a driver was
/// seen to find none after many times.
pub fn adapters() -> Vec<(wgpu::Instance, wgpu::Adapter)> {
    static FOUND: LazyLock<Vec<(wgpu::Instance, wgpu::Adapter)>> = LazyLock::new(find_adapters);
    FOUND.clone()
}

fn find_adapters() -> Vec<(wgpu::Instance, wgpu::Adapter)> {
    let mut descriptor = wgpu::InstanceDescriptor::new_without_display_handle();
    descriptor.backends = wgpu::Backends::PRIMARY;
    let instance = wgpu::Instance::new(descriptor.with_env());
    let adapters = pollster::block_on(instance.enumerate_adapters(wgpu::Backends::PRIMARY));
    assert!(
        !adapters.is_empty(),
        "no graphics adapter: the GPU kernels are untested; install a software one (mesa-vulkan-drivers)"
    );
    adapters
        .into_iter()
        .map(|adapter| (instance.clone(), adapter))
        .collect()
}

pub fn request(
    instance: &wgpu::Instance,
    adapter: &wgpu::Adapter,
    required_limits: wgpu::Limits,
) -> HostDevice {
    let descriptor = wgpu::DeviceDescriptor {
        required_limits,
        ..Default::default()
    };
    let (device, queue) = pollster::block_on(adapter.request_device(&descriptor)).unwrap();
    HostDevice {
        instance: instance.clone(),
        adapter: adapter.clone(),
        device,
        queue,
    }
}

fn named(name: &str, compute: Compute) -> Named {
    Named {
        name: name.to_owned(),
        compute,
    }
}

/// Numbers in [-1, 1) from a linear congruential generator.
pub fn uniform(count: usize, seed: u64) -> Vec<f32> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x5851_f42d;
    (0..count)
        .map(|_| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (state >> 40) as f32 / (1 << 23) as f32 - 1.0
        })
        .collect()
}

/// Rows around `centres` corners of a cube of side 8: row i belongs to corner i % centres.
pub fn blobs(n: usize, d: usize, centres: usize, seed: u64) -> Vec<f32> {
    let mut x = uniform(n * d, seed);
    for (i, row) in x.chunks_exact_mut(d).enumerate() {
        let centre = i % centres;
        for (f, value) in row.iter_mut().enumerate() {
            let corner = (centre * 7 + f * 3 + centre * centre * f) % 5;
            *value += 8.0 * corner as f32;
        }
    }
    x
}

pub fn row(x: &[f32], d: usize, i: usize) -> &[f32] {
    &x[i * d..][..d]
}

pub fn squared(a: &[f32], b: &[f32]) -> f64 {
    let mut sum = 0.0;
    for f in 0..a.len() {
        let difference = f64::from(a[f]) - f64::from(b[f]);
        sum += difference * difference;
    }
    sum
}

pub fn dot(a: &[f32], b: &[f32]) -> f64 {
    let mut sum = 0.0;
    for f in 0..a.len() {
        sum += f64::from(a[f]) * f64::from(b[f]);
    }
    sum
}

pub fn manhattan(a: &[f32], b: &[f32]) -> f64 {
    let mut sum = 0.0;
    for f in 0..a.len() {
        sum += (f64::from(a[f]) - f64::from(b[f])).abs();
    }
    sum
}

pub fn chebyshev(a: &[f32], b: &[f32]) -> f64 {
    let mut largest = 0.0_f64;
    for f in 0..a.len() {
        largest = largest.max((f64::from(a[f]) - f64::from(b[f])).abs());
    }
    largest
}

/// 1 where either row is zero, as in scikit-learn.
pub fn cosine(a: &[f32], b: &[f32]) -> f64 {
    let norms = (dot(a, a) * dot(b, b)).sqrt();
    if norms == 0.0 {
        1.0
    } else {
        1.0 - dot(a, b) / norms
    }
}

/// A buffer of the host's with `values` from byte `offset` on, NaN elsewhere.
pub fn lend(host: &HostDevice, values: &[f32], offset: u64) -> HostBuffer {
    HostBuffer::new(host_buffer(host, values, offset), offset)
}

pub fn host_buffer(host: &HostDevice, values: &[f32], offset: u64) -> wgpu::Buffer {
    let mut all = vec![f32::NAN; (offset / 4) as usize];
    all.extend_from_slice(values);
    all.extend([f32::NAN; 64]);
    let buffer = host.device.create_buffer(&wgpu::BufferDescriptor {
        label: None,
        size: 4 * all.len() as u64,
        usage: wgpu::BufferUsages::STORAGE
            | wgpu::BufferUsages::COPY_SRC
            | wgpu::BufferUsages::COPY_DST,
        mapped_at_creation: false,
    });
    host.queue
        .write_buffer(&buffer, 0, bytemuck::cast_slice(&all));
    buffer
}

/// What scikit-learn says of a small matrix; see tests/golden/neighbors.py.
pub struct Golden {
    pub x: Vec<f32>,
    pub d: usize,
    lines: Vec<(&'static str, Vec<f64>)>,
}

impl Golden {
    pub fn read() -> Self {
        let text = include_str!("../../../../tests/golden/neighbors.txt");
        let lines: Vec<(&str, Vec<f64>)> = text
            .lines()
            .map(|line| {
                let (name, values) = line.split_once(' ').unwrap();
                let values = values.split(' ').map(|value| value.parse().unwrap());
                (name, values.collect())
            })
            .collect();
        let mut golden = Self {
            x: Vec::new(),
            d: 0,
            lines,
        };
        golden.x = golden.values("x").iter().map(|&v| v as f32).collect();
        golden.d = golden.values("features")[0] as usize;
        golden
    }

    pub fn values(&self, name: &str) -> &[f64] {
        let line = self.lines.iter().find(|line| line.0 == name);
        &line.unwrap_or_else(|| panic!("no {name}")).1
    }
}
