//! Distances, k-means and silhouettes on a GPU by wgpu, or on the CPU.
//!
//! [`Compute`] is the device, [`Matrix`] a matrix on it. Each kernel exists twice, as WGSL in
//! `throng-shaders` and in `cpu/`; both sum squared differences directly, so near-equal rows are as right
//! as distant ones, and both give the same bits for the same input on the same device.
//!
//! ```
//! use throng_compute::{Compute, PairwiseMetric, pairwise};
//!
//! # fn main() -> Result<(), throng_compute::ComputeError> {
//! let compute = Compute::auto();
//! let x = compute.matrix(&[0.0, 0.0, 3.0, 4.0], 2, 2)?;
//! let distances = pairwise(&x, &x, PairwiseMetric::Euclidean)?.to_vec()?;
//! assert_eq!(distances, [0.0, 5.0, 5.0, 0.0]);
//! # Ok(())
//! # }
//! ```
//!
//! What an operation takes is known from shapes before it starts ([`MemoryPlan`]), and can be capped: work is then cut
//! into smaller parts, with the same bits, or refused before anything is allocated.
//!
//! ```
//! use throng_compute::{Compute, ComputeError, NeighborMetric, top_k};
//!
//! # fn main() -> Result<(), ComputeError> {
//! let compute = Compute::auto();
//! let (n, d, k, metric) = (2_000, 8, 10, NeighborMetric::Euclidean);
//! let plan = compute.plan_top_k(n, n, d, k, metric, 0)?;
//!
//! let capped = compute.with_memory_cap(plan.peak() / 2);
//! assert!(capped.plan_top_k(n, n, d, k, metric, 0)?.parts > plan.parts);
//! let values: Vec<f32> = (0..n * d).map(|i| (i % 101) as f32).collect();
//! let x = compute.matrix(&values, n, d)?;
//! assert_eq!(top_k(&x.on(&capped)?, &x, k, metric, &[])?, top_k(&x, &x, k, metric, &[])?);
//! assert!(capped.memory().peak <= plan.peak() / 2);
//!
//! let tiny = compute.with_memory_cap(1_000);
//! assert!(matches!(tiny.matrix(&values, n, d), Err(ComputeError::MemoryCap { .. })));
//! # Ok(())
//! # }
//! ```
//!
//! Every operation tells how far it is, and can be stopped: [`Compute::watched`].
//!
//! A program with a wgpu device of its own shares it ([`Compute::from_host`]), and its buffers with it
//! ([`Compute::matrix_from_buffer`]): the kernels bind them where they lie, and what comes out can be bound
//! by the program's own ([`Matrix::device_parts`], [`pairwise_into`]). Nothing crosses the host.
//!
//! ```
//! use throng_compute::{Compute, HostBuffer, HostDevice, PairwiseMetric, pairwise};
//! use wgpu::util::{BufferInitDescriptor, DeviceExt};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let instance = wgpu::Instance::default();
//! # let adapter = pollster::block_on(instance.request_adapter(&Default::default()))?;
//! # let (device, queue) = pollster::block_on(adapter.request_device(&Default::default()))?;
//! // The program's device, and two buffers that its own kernels filled: 2 points and 1 query in the plane.
//! let buffer = |values: &[f32]| {
//!     device.create_buffer_init(&BufferInitDescriptor {
//!         label: None,
//!         contents: bytemuck::cast_slice(values),
//!         usage: wgpu::BufferUsages::STORAGE | wgpu::BufferUsages::COPY_SRC,
//!     })
//! };
//! let (points, query) = (buffer(&[0.0, 0.0, 3.0, 4.0]), buffer(&[6.0, 8.0]));
//!
//! let host = HostDevice { instance, adapter, device, queue };
//! let compute = Compute::from_host(host)?;
//! let x = compute.matrix_from_buffer(HostBuffer::new(points.clone(), 0), 2, 2)?;
//! let y = compute.matrix_from_buffer(HostBuffer::new(query, 0), 1, 2)?;
//! assert_eq!(x.device_parts()[0].buffer, points);
//!
//! let distances = pairwise(&y, &x, PairwiseMetric::Euclidean)?;
//! // For the program's next kernel: [1, 2] floats.
//! let part = &distances.device_parts()[0];
//! assert_eq!((part.first_row, part.rows, part.offset), (0, 1, 0));
//! assert_eq!(distances.to_vec()?, [10.0, 5.0]);
//! # Ok(())
//! # }
//! ```

mod bits;
mod ceilings;
mod cpu;
mod device;
mod doctor;
mod error;
mod gpu;
mod half;
mod host_buffer;
mod host_values;
mod kmeans_batch;
mod kmeans_parallel;
mod kmeans_plus_plus;
mod lloyd;
mod matrix;
mod matrix_builder;
mod memory;
mod neighbors;
mod pairwise;
mod pairwise_batch;
mod philox;
mod plan;
mod radius;
mod silhouette;
mod silhouette_simplified;
mod watch;

pub use bits::{BitMatrix, BitMetric, pairwise_bits, pairwise_bits_batch};
pub use ceilings::Ceilings;
pub use device::{Compute, DeviceChoice, DeviceKind, HostDevice};
pub use doctor::{Finding, Outcome};
pub use error::ComputeError;
pub use host_buffer::{DevicePart, HostBuffer};
pub use kmeans_batch::{KMeansFit, KMeansProblem, KMeansProgress, KMeansShape, kmeans_batch};
pub use kmeans_parallel::kmeans_parallel_batch;
pub use kmeans_plus_plus::{KMeansSeeding, kmeans_plus_plus, kmeans_plus_plus_batch};
pub use lloyd::{AssignStats, ClusterSums, Lloyd};
pub use matrix::Matrix;
pub use matrix_builder::MatrixBuilder;
pub use memory::{MemoryPlan, MemoryUse};
pub use neighbors::{
    MOST_NEIGHBORS, NO_NEIGHBOR, NeighborMetric, Neighbors, k_nearest_graph, top_k,
};
pub use pairwise::{PairwiseMetric, pairwise, pairwise_batch, pairwise_into};
pub use pairwise_batch::PairwiseBatch;
pub use philox::Philox;
pub use radius::{RadiusNeighbors, radius_counts, radius_neighbors};
pub use silhouette::{SilhouetteMetric, silhouette};
pub use silhouette_simplified::{NearestOther, nearest_other_cluster, simplified_silhouette};
pub use watch::Watch;
