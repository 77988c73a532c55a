//! k-means as scikit-learn means it, and the choice of k.
//!
//! ```
//! use throng_cluster::KMeans;
//! use throng_compute::Compute;
//!
//! let compute = Compute::cpu();
//! let x = compute.matrix(&[0.0, 0.1, 0.2, 9.0, 9.1], 5, 1)?;
//! let model = KMeans::params(2).seed(7).fit(&compute, &x)?;
//! assert_eq!(model.labels(), [0, 0, 0, 1, 1]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! [`select::search`] tries a range of k and says why it took the one it took.

mod error;
mod fits;
mod init;
mod kmeans;
mod metric;
mod params;
pub mod select;

pub use error::ClusterError;
pub use kmeans::{KMeans, Step};
pub use metric::Metric;
pub use params::{Init, KMeansParams};
