//! Measures of a clustering and of a classifier, with scikit-learn's names and values.
//!
//! Labels may be any `u32`s, with gaps; [`relabel`] turns other integers into `0..k`. Sums are in `f64`.
//!
//! ```
//! use throng_compute::Compute;
//! use throng_metrics::{SilhouetteMetric, adjusted_rand_score, silhouette_score};
//!
//! let compute = Compute::cpu();
//! let x = compute.matrix(&[0.0, 0.1, 5.0, 5.1], 4, 1)?;
//! let labels = [7, 7, 2, 2];
//! assert!(silhouette_score(&x, &labels, SilhouetteMetric::Euclidean)? > 0.9);
//! assert_eq!(adjusted_rand_score(&labels, &[0, 0, 1, 1])?, 1.0);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod balance;
mod calinski_harabasz;
pub mod classes;
mod davies_bouldin;
mod error;
mod frame;
mod groups;
mod inertia;
mod rand_index;
mod regression;
mod relabel;
mod silhouette;

pub use balance::{Balance, balance};
pub use calinski_harabasz::calinski_harabasz_score;
pub use davies_bouldin::davies_bouldin_score;
pub use error::MetricError;
pub use frame::{Frame, Framed};
pub use inertia::{inertia, inertia_of_rows};
pub use rand_index::adjusted_rand_score;
pub use regression::{mean_absolute_error, mean_squared_error, r2_score};
pub use relabel::relabel;
pub use silhouette::{silhouette_samples, silhouette_score};
pub use throng_compute::SilhouetteMetric;
