//! What can go wrong in clustering.

use throng_compute::ComputeError;
use throng_metrics::MetricError;

/// Why clusters could not be found.
#[derive(Debug, thiserror::Error)]
pub enum ClusterError {
    /// The number of clusters does not fit the rows.
    #[error(
        "k: {k} clusters asked for, but there are {rows} rows; k runs from 1 to the number of rows"
    )]
    K {
        /// Clusters asked for.
        k: usize,
        /// Rows of the matrix.
        rows: usize,
    },
    /// The range of k to search is empty, starts below 2 or ends above n - 1.
    #[error(
        "k: the range {first}..{last} cannot be searched over {rows} rows; it starts at 2 or above and ends below the number of rows"
    )]
    Range {
        /// First k.
        first: usize,
        /// Last k.
        last: usize,
        /// Rows of the matrix.
        rows: usize,
    },
    /// A parameter is outside its range.
    #[error("{name}: {value} is not allowed; {rule}")]
    Parameter {
        /// The parameter's name.
        name: &'static str,
        /// Its value.
        value: String,
        /// What is allowed.
        rule: &'static str,
    },
    /// Given centroids do not have the shape [k, d].
    #[error("{argument}: {got} values given, but {k} clusters of {d} features need {expected}", expected = k * d)]
    Shape {
        /// The argument at fault.
        argument: &'static str,
        /// Values given.
        got: usize,
        /// Clusters.
        k: usize,
        /// Features.
        d: usize,
    },
    /// A given centroid is NaN, infinite or, for the cosine, zero.
    #[error("{argument}: centroid {row} {fault}")]
    Centroid {
        /// The argument at fault.
        argument: &'static str,
        /// The centroid, from 0.
        row: usize,
        /// What is wrong with it.
        fault: &'static str,
    },
    /// There are too few distinct rows.
    #[error("x: there are fewer than {k} distinct rows, so there is nothing to group")]
    Distinct {
        /// The smallest k of the range.
        k: usize,
    },
    /// New rows have another number of features than the model.
    #[error("x: {got} features given, but the model has {expected}")]
    Features {
        /// Features given.
        got: usize,
        /// Features of the model.
        expected: usize,
    },
    /// The observer asked to stop.
    #[error("cancelled")]
    Cancelled,
    /// A measure failed, or a row has no cosine ([`MetricError::ZeroRow`]).
    #[error(transparent)]
    Metric(#[from] MetricError),
    /// The device failed or refused the rows.
    #[error(transparent)]
    Compute(#[from] ComputeError),
}
