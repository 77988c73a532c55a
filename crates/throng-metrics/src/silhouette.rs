//! The silhouette (Rousseeuw, 1987).

use throng_compute::{Matrix, SilhouetteMetric, silhouette};

use crate::error::{MetricError, check_label_count, check_length};
use crate::frame::Frame;
use crate::relabel::relabel;

/// The silhouette of every row, \[n\], from -1 to 1: (b - a) / max(a, b), with a the mean distance to the
/// rest of its own cluster and b that to the nearest other cluster. 0 for a row alone in its cluster.
///
/// `x` is [n, d], `labels` \[n\].
///
/// # Errors
/// [`MetricError::Length`] if there is not one label a row, [`MetricError::LabelCount`] unless there are from
/// 2 to n - 1 distinct labels, [`MetricError::ZeroRow`] with the cosine, [`MetricError::Compute`] if the device fails.
pub fn silhouette_samples(
    x: &Matrix,
    labels: &[u32],
    metric: SilhouetteMetric,
) -> Result<Vec<f32>, MetricError> {
    check_length(labels, x.rows())?;
    let (labels, classes) = relabel(labels);
    check_label_count(classes.len(), x.rows())?;
    let (mut rows, mut metric) = (x.to_vec()?, metric);
    if metric == SilhouetteMetric::Cosine {
        // Of rows of length 1 the cosine distance is half the squared one, and halves cancel.
        rows = Frame::of_directions(x.cols()).enter(rows)?;
        metric = SilhouetteMetric::SqEuclidean;
    }
    let framed = Frame::of(&rows, x.cols()).upload(x.compute(), rows)?;
    Ok(silhouette(&framed.matrix, &labels, classes.len(), metric)?)
}

/// The mean of [`silhouette_samples`].
///
/// # Errors
/// As [`silhouette_samples`].
pub fn silhouette_score(
    x: &Matrix,
    labels: &[u32],
    metric: SilhouetteMetric,
) -> Result<f64, MetricError> {
    let samples = silhouette_samples(x, labels, metric)?;
    Ok(samples.iter().map(|&s| f64::from(s)).sum::<f64>() / samples.len() as f64)
}
