//! Pairwise distances on a wgpu device that the program already has.
//! `cargo run --release -p throng-examples --example host-device`

use throng::compute::{Compute, HostDevice, PairwiseMetric, pairwise};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // What a program that draws has anyway; a software adapter will do here.
    let instance = wgpu::Instance::default();
    let adapter =
        pollster::block_on(instance.request_adapter(&wgpu::RequestAdapterOptions::default()))?;
    let (device, queue) = pollster::block_on(adapter.request_device(&wgpu::DeviceDescriptor {
        required_limits: adapter.limits(),
        ..Default::default()
    }))?;

    let compute = Compute::from_host(HostDevice {
        instance,
        adapter,
        device,
        queue,
    })?;
    println!("{}", compute.describe());
    let cities = compute.matrix(&[0.0, 0.0, 3.0, 4.0, 6.0, 8.0], 3, 2)?;
    let distances = pairwise(&cities, &cities, PairwiseMetric::Euclidean)?.to_vec()?;
    for row in distances.chunks(3) {
        println!("{row:?}");
    }
    assert!((distances[1] - 5.0).abs() < 1e-5 && distances[4] == 0.0);
    Ok(())
}
