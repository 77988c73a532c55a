//! The kernels on wgpu, one file a kernel, twins of `cpu/`.

pub mod adapters;
mod buffers;
mod context;
pub mod kmeans_assign;
pub mod kmeans_plus_plus;
pub mod kmeans_update;
pub mod pairwise_distances;
mod record;
mod rows;
mod rows_scale;
pub mod silhouette;
mod slices;

pub use context::Context;
pub use rows::Rows;
