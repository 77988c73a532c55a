//! What can be wrong with the arguments of a measure.

use throng_compute::ComputeError;

/// Why a measure could not be computed.
#[derive(Debug, thiserror::Error)]
pub enum MetricError {
    /// Two arguments that go together differ in length.
    #[error("{argument}: {got} given, but {expected} are needed, one for each {each}")]
    Length {
        /// The argument at fault.
        argument: &'static str,
        /// Its length.
        got: usize,
        /// The length that it should have.
        expected: usize,
        /// What one element stands for.
        each: &'static str,
    },
    /// The measure compares clusters, and there is only one, or every row is its own.
    #[error(
        "labels: {found} distinct over {rows} rows; the measure needs at least 2, and fewer than there are rows"
    )]
    LabelCount {
        /// Distinct labels.
        found: usize,
        /// Rows.
        rows: usize,
    },
    /// A label without a centroid.
    #[error("labels: row {row} has label {label}, but there are {k} centroids; labels run from 0")]
    LabelRange {
        /// The row at fault, from 0.
        row: usize,
        /// Its label.
        label: u32,
        /// The number of centroids.
        k: usize,
    },
    /// A row without a direction, which the cosine cannot place.
    #[error("x: row {row} is all zeros, so it has no cosine; drop it or use another metric")]
    ZeroRow {
        /// The row, from 0.
        row: usize,
    },
    /// The device failed or refused the rows.
    #[error(transparent)]
    Compute(#[from] ComputeError),
}

/// Checks that there is one label for each row.
pub(crate) fn check_length(labels: &[u32], rows: usize) -> Result<(), MetricError> {
    if labels.len() == rows {
        return Ok(());
    }
    Err(MetricError::Length {
        argument: "labels",
        got: labels.len(),
        expected: rows,
        each: "row of x",
    })
}

/// Checks scikit-learn's rule: from 2 to n - 1 distinct labels.
pub(crate) fn check_label_count(found: usize, rows: usize) -> Result<(), MetricError> {
    if found < 2 || found >= rows {
        return Err(MetricError::LabelCount { found, rows });
    }
    Ok(())
}
