//! The kernels on wgpu, one file a kernel, twins of `cpu/`.

pub mod adapters;
mod binding;
mod buffers;
mod context;
pub mod kmeans_assign;
pub mod kmeans_plus_plus;
pub mod kmeans_update;
pub mod pairwise_distances;
mod rows;
pub mod rows_finite;
mod rows_scale;
pub mod rows_scatter;
pub mod silhouette;
mod slices;

pub use context::Context;
pub use rows::Rows;
