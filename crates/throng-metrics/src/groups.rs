//! Rows, their clusters' means and sizes: what the dispersion measures share.

use throng_compute::Matrix;

use crate::error::{MetricError, check_label_count, check_length};
use crate::relabel::relabel;

/// A matrix on the host with its clusters' means.
pub(crate) struct Groups {
    /// Features.
    pub d: usize,
    /// Rows, [n, d].
    pub rows: Vec<f32>,
    /// Labels in `0..k`, \[n\].
    pub labels: Vec<u32>,
    /// Cluster sizes, \[k\].
    pub counts: Vec<usize>,
    /// Cluster means, [k, d].
    pub means: Vec<f64>,
}

impl Groups {
    /// Fetches the rows of `x` [n, d] and averages them by label.
    pub fn new(x: &Matrix, labels: &[u32]) -> Result<Self, MetricError> {
        check_length(labels, x.rows())?;
        let (labels, classes) = relabel(labels);
        let (k, d) = (classes.len(), x.cols());
        check_label_count(k, x.rows())?;
        let rows = x.to_vec()?;
        let mut counts = vec![0_usize; k];
        let mut means = vec![0.0_f64; k * d];
        for (row, &label) in rows.chunks_exact(d).zip(&labels) {
            let label = label as usize;
            counts[label] += 1;
            for (sum, &value) in means[label * d..][..d].iter_mut().zip(row) {
                *sum += f64::from(value);
            }
        }
        for (mean, &count) in means.chunks_exact_mut(d).zip(&counts) {
            mean.iter_mut().for_each(|sum| *sum /= count as f64);
        }
        Ok(Self {
            d,
            rows,
            labels,
            counts,
            means,
        })
    }

    /// Each row with its label and its cluster's mean.
    pub fn iter(&self) -> impl Iterator<Item = (&[f32], usize, &[f64])> {
        self.rows
            .chunks_exact(self.d)
            .zip(&self.labels)
            .map(|(row, &label)| {
                let label = label as usize;
                (row, label, &self.means[label * self.d..][..self.d])
            })
    }
}

/// Squared Euclidean distance of a row to a point.
pub(crate) fn squared_distance(row: &[f32], point: &[f64]) -> f64 {
    row.iter()
        .zip(point)
        .map(|(&a, &b)| (f64::from(a) - b).powi(2))
        .sum()
}
