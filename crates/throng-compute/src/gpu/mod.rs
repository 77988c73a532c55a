//! The kernels on wgpu, one file a kernel, twins of `cpu/`.

pub mod adapters;
mod binding;
mod buffers;
pub mod ceiling_copy;
pub mod ceiling_fma;
mod context;
pub mod kmeans_batch;
pub mod kmeans_parallel;
pub mod kmeans_plus_plus;
pub mod neighbors;
pub mod pairwise_distances;
pub mod radius;
mod record;
mod rows;
pub mod rows_finite;
mod rows_scale;
pub mod rows_scatter;
pub mod silhouette;
pub mod silhouette_simplified;
mod slices;
mod timing;
pub mod tuning;

pub use context::Context;
pub use rows::Rows;
