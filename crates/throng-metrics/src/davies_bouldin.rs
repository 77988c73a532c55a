//! The Davies-Bouldin score.

use throng_compute::Matrix;

use crate::error::MetricError;
use crate::groups::{Groups, squared_distance};

/// Below this a distance counts as zero (the absolute tolerance of numpy's `allclose`, as in scikit-learn).
const ZERO: f64 = 1e-8;

/// The mean, over clusters, of the worst ratio of two clusters' spreads to the distance of their
/// centroids (Davies and Bouldin, 1979). At least 0; lower is better.
///
/// `x` is [n, d], `labels` \[n\]. Spread is the mean Euclidean distance to the centroid. 0 if all spreads or all
/// distances between centroids are zero, as in scikit-learn.
///
/// # Errors
/// [`MetricError::Length`] if there is not one label a row, [`MetricError::LabelCount`] unless there are from
/// 2 to n - 1 distinct labels, [`MetricError::Compute`] if the rows cannot be fetched.
pub fn davies_bouldin_score(x: &Matrix, labels: &[u32]) -> Result<f64, MetricError> {
    let groups = Groups::new(x, labels)?;
    let k = groups.counts.len();

    let mut spread = vec![0.0_f64; k];
    for (row, label, centroid) in groups.iter() {
        spread[label] += squared_distance(row, centroid).sqrt();
    }
    for (sum, &count) in spread.iter_mut().zip(&groups.counts) {
        *sum /= count as f64;
    }
    let centroid = |j: usize| &groups.means[j * groups.d..][..groups.d];
    let distance = |a: usize, b: usize| {
        let pairs = centroid(a).iter().zip(centroid(b));
        pairs.map(|(x, y)| (x - y).powi(2)).sum::<f64>().sqrt()
    };

    let mut total = 0.0;
    let mut farthest = 0.0_f64;
    for a in 0..k {
        let mut worst = 0.0_f64;
        for b in (0..k).filter(|&b| b != a) {
            let apart = distance(a, b);
            farthest = farthest.max(apart);
            // Clusters with the same centroid are left out, as in scikit-learn.
            if apart > 0.0 {
                worst = worst.max((spread[a] + spread[b]) / apart);
            }
        }
        total += worst;
    }
    if farthest <= ZERO || spread.iter().all(|&s| s <= ZERO) {
        return Ok(0.0);
    }
    Ok(total / k as f64)
}
