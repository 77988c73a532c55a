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

mod bits;
mod ceilings;
mod cpu;
mod device;
mod doctor;
mod error;
mod gpu;
mod kmeans_batch;
mod kmeans_parallel;
mod kmeans_plus_plus;
mod lloyd;
mod matrix;
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
pub use kmeans_batch::{KMeansFit, KMeansProblem, KMeansProgress, kmeans_batch};
pub use kmeans_parallel::kmeans_parallel_batch;
pub use kmeans_plus_plus::{KMeansSeeding, kmeans_plus_plus, kmeans_plus_plus_batch};
pub use lloyd::{AssignStats, ClusterSums, Lloyd};
pub use matrix::Matrix;
pub use neighbors::{
    MOST_NEIGHBORS, NO_NEIGHBOR, NeighborMetric, Neighbors, k_nearest_graph, top_k,
};
pub use pairwise::{PairwiseMetric, pairwise, pairwise_batch};
pub use pairwise_batch::PairwiseBatch;
pub use philox::Philox;
pub use radius::{RadiusNeighbors, radius_counts, radius_neighbors};
pub use silhouette::{SilhouetteMetric, silhouette};
pub use silhouette_simplified::{NearestOther, nearest_other_cluster, simplified_silhouette};
pub use watch::Watch;
