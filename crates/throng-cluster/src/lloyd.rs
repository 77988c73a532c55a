//! One restart: Lloyd's iterations from given centroids, stopped as scikit-learn stops them.

use std::ops::ControlFlow;

use throng_compute::{ClusterSums, Lloyd};

use crate::error::ClusterError;
use crate::metric::Metric;
use crate::relocate::relocate_empty;
use throng_metrics::Framed;

/// What an observer is told after an iteration.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Step {
    /// The restart, from 0.
    pub restart: usize,
    /// Restarts in all.
    pub restarts: usize,
    /// The iteration, from 1.
    pub iteration: usize,
    /// Most iterations.
    pub max_iter: usize,
    /// Rows whose cluster changed.
    pub changed: usize,
}

/// Sums and sizes of the clusters, of which the new centroids are made.
pub(crate) struct Sums {
    /// Sums of rows, [k, d].
    pub values: Vec<f64>,
    /// Rows, \[k\].
    pub counts: Vec<f64>,
}

/// When a restart stops.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stop {
    /// Most iterations.
    pub max_iter: usize,
    /// The sum of squared shifts that counts as standing still.
    pub shift: f64,
}

/// What a restart found.
pub(crate) struct Found {
    /// Centroids, [k, d].
    pub centroids: Vec<f64>,
    /// Labels, \[n\].
    pub labels: Vec<u32>,
    /// Iterations.
    pub n_iter: usize,
    /// False if the iterations ran out.
    pub converged: bool,
}

/// Runs Lloyd's iterations from `start` [k, d].
///
/// `observer` gets the iteration, from 1, and the number of rows that changed.
pub(crate) fn run(
    lloyd: &mut Lloyd,
    x: &Framed,
    start: Vec<f32>,
    metric: Metric,
    stop: Stop,
    observer: &mut dyn FnMut(usize, usize) -> ControlFlow<()>,
) -> Result<Found, ClusterError> {
    let mut centroids: Vec<f64> = start.into_iter().map(f64::from).collect();
    let mut n_iter = 0;
    let mut labels_repeat = false;
    let mut converged = false;
    while n_iter < stop.max_iter && !converged {
        n_iter += 1;
        let (stats, sums) = lloyd.step(&to_f32(&centroids))?;
        let next = update(lloyd, x, sums, &centroids, metric)?;
        let shift: f64 = centroids
            .iter()
            .zip(&next)
            .map(|(old, new)| (old - new).powi(2))
            .sum();
        centroids = next;
        // The first assignment has none before it to repeat.
        labels_repeat = n_iter > 1 && stats.changed == 0;
        converged = labels_repeat || shift <= stop.shift;
        if observer(n_iter, stats.changed).is_break() {
            return Err(ClusterError::Cancelled);
        }
    }
    if !labels_repeat {
        lloyd.assign(&to_f32(&centroids))?;
    }
    Ok(Found {
        centroids,
        labels: lloyd.labels()?,
        n_iter,
        converged,
    })
}

/// The centroids of the clusters just assigned.
fn update(
    lloyd: &Lloyd,
    x: &Framed,
    device: ClusterSums,
    centroids: &[f64],
    metric: Metric,
) -> Result<Vec<f64>, ClusterError> {
    let d = x.matrix.cols();
    let mut sums = Sums {
        values: device.sums,
        counts: device.counts.iter().map(|&c| f64::from(c)).collect(),
    };
    if sums.counts.contains(&0.0) {
        relocate_empty(&mut sums, &x.rows, &lloyd.labels()?, centroids);
    }
    let largest = (0..sums.counts.len())
        .rev()
        .max_by(|&a, &b| sums.counts[a].total_cmp(&sums.counts[b]))
        .unwrap_or(0);
    let mut next = vec![0.0; centroids.len()];
    for (j, centroid) in next.chunks_exact_mut(d).enumerate() {
        // A cluster that stayed empty goes where the largest is: as in scikit-learn, better than the origin.
        let from = if sums.counts[j] > 0.0 { j } else { largest };
        for (new, sum) in centroid.iter_mut().zip(&sums.values[from * d..][..d]) {
            *new = sum / sums.counts[from];
        }
        if metric == Metric::Cosine {
            let length = centroid.iter().map(|v| v * v).sum::<f64>().sqrt();
            if length > 0.0 {
                centroid.iter_mut().for_each(|v| *v /= length);
            } else {
                // Opposite rows cancel out: any direction is as good, so the old one stays.
                centroid.copy_from_slice(&centroids[j * d..][..d]);
            }
        }
    }
    Ok(next)
}

/// Rounds for the device.
pub(crate) fn to_f32(values: &[f64]) -> Vec<f32> {
    values.iter().map(|&v| v as f32).collect()
}
