//! The Calinski-Harabasz score.

use throng_compute::Matrix;

use crate::error::MetricError;
use crate::groups::{Groups, squared_distance};

/// The variance ratio of Caliński and Harabasz (1974): dispersion between clusters over dispersion
/// within, each by its degrees of freedom. At least 0; higher is better.
///
/// `x` is [n, d], `labels` \[n\]. Rows that equal their cluster's mean throughout give 1, as in scikit-learn.
///
/// # Errors
/// [`MetricError::Length`] if there is not one label a row, [`MetricError::LabelCount`] unless there are from
/// 2 to n - 1 distinct labels, [`MetricError::Compute`] if the rows cannot be fetched.
pub fn calinski_harabasz_score(x: &Matrix, labels: &[u32]) -> Result<f64, MetricError> {
    let groups = Groups::new(x, labels)?;
    let (n, k, d) = (groups.labels.len(), groups.counts.len(), groups.d);

    let mut mean = vec![0.0_f64; d];
    for (centroid, &count) in groups.means.chunks_exact(d).zip(&groups.counts) {
        for (sum, &value) in mean.iter_mut().zip(centroid) {
            *sum += value * count as f64 / n as f64;
        }
    }
    let between: f64 = groups
        .means
        .chunks_exact(d)
        .zip(&groups.counts)
        .map(|(centroid, &count)| {
            let squared: f64 = centroid
                .iter()
                .zip(&mean)
                .map(|(a, b)| (a - b).powi(2))
                .sum();
            squared * count as f64
        })
        .sum();
    let within: f64 = groups
        .iter()
        .map(|(row, _, centroid)| squared_distance(row, centroid))
        .sum();
    if within == 0.0 {
        return Ok(1.0);
    }
    Ok(between * (n - k) as f64 / (within * (k - 1) as f64))
}
