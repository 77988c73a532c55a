//! The sum of squares that k-means lowers.

use throng_compute::Matrix;

use crate::error::{MetricError, check_length};

/// The sum, over rows, of the squared Euclidean distance to the row's own centroid.
///
/// `x` is [n, d], `labels` \[n\] in `0..k`, `centroids` [k, d].
///
/// # Errors
/// [`MetricError::Length`] if there is not one label a row or `centroids` is not a multiple of d,
/// [`MetricError::LabelRange`] for a label without a centroid, [`MetricError::Compute`] if the rows cannot be
/// fetched.
pub fn inertia(x: &Matrix, labels: &[u32], centroids: &[f32]) -> Result<f64, MetricError> {
    check_length(labels, x.rows())?;
    inertia_of_rows(&x.to_vec()?, x.cols(), labels, centroids)
}

/// [`inertia`] of rows [n, d] that are on the host already.
///
/// # Errors
/// As [`inertia`].
pub fn inertia_of_rows(
    rows: &[f32],
    d: usize,
    labels: &[u32],
    centroids: &[f32],
) -> Result<f64, MetricError> {
    check_length(labels, rows.len().checked_div(d).unwrap_or(0))?;
    let k = centroids.len().checked_div(d).unwrap_or(0);
    if k * d != centroids.len() {
        return Err(MetricError::Length {
            argument: "centroids",
            got: centroids.len(),
            expected: (k + 1) * d,
            each: "cluster and feature",
        });
    }
    if let Some(row) = labels.iter().position(|&label| label as usize >= k) {
        let label = labels[row];
        return Err(MetricError::LabelRange { row, label, k });
    }
    let own = labels
        .iter()
        .map(|&label| &centroids[label as usize * d..][..d]);
    Ok(rows
        .chunks_exact(d.max(1))
        .zip(own)
        .map(|(row, centroid)| -> f64 {
            let pairs = row.iter().zip(centroid);
            pairs
                .map(|(&a, &b)| (f64::from(a) - f64::from(b)).powi(2))
                .sum()
        })
        .sum())
}
