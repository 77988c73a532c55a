//! Pairwise distances on a wgpu device and two buffers that the program already has; nothing crosses the host.
//! `cargo run --release -p throng-examples --example host-device`

use throng::compute::{Compute, HostBuffer, HostDevice, PairwiseMetric, pairwise};
use wgpu::util::{BufferInitDescriptor, DeviceExt};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // What a program that draws has anyway; a software adapter will do here.
    let instance = wgpu::Instance::default();
    let adapter =
        pollster::block_on(instance.request_adapter(&wgpu::RequestAdapterOptions::default()))?;
    let (device, queue) = pollster::block_on(adapter.request_device(&wgpu::DeviceDescriptor {
        required_limits: adapter.limits(),
        ..Default::default()
    }))?;
    // Places on a map, as its kernels left them.
    let buffer = |label, values: &[f32]| {
        let contents: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
        device.create_buffer_init(&BufferInitDescriptor {
            label: Some(label),
            contents: &contents,
            usage: wgpu::BufferUsages::STORAGE | wgpu::BufferUsages::COPY_SRC,
        })
    };
    let cities = buffer("cities", &[0.0, 0.0, 3.0, 4.0, 6.0, 8.0]);
    let wells = buffer("wells", &[3.0, 0.0, 6.0, 4.0]);

    let compute = Compute::from_host(HostDevice {
        instance,
        adapter,
        device,
        queue,
    })?;
    println!("{}", compute.describe());
    // The kernels bind the program's own buffers.
    let cities = compute.matrix_from_buffer(HostBuffer::new(cities, 0), 3, 2)?;
    let wells = compute.matrix_from_buffer(HostBuffer::new(wells, 0), 2, 2)?;
    let distances = pairwise(&cities, &wells, PairwiseMetric::Euclidean)?;
    // What the program's next kernel binds.
    for part in distances.device_parts() {
        println!(
            "rows {} to {} at byte {} of {:?}",
            part.first_row,
            part.first_row + part.rows,
            part.offset,
            part.buffer
        );
    }
    // And what a person reads.
    let distances = distances.to_vec()?;
    for row in distances.chunks(2) {
        println!("{row:?}");
    }
    assert!((distances[0] - 3.0).abs() < 1e-5 && (distances[5] - 4.0).abs() < 1e-5);
    Ok(())
}
