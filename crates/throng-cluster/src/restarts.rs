//! The restarts of a fit, as one batch.

use std::ops::ControlFlow;

use throng_compute::{KMeansFit, KMeansProblem, Philox, kmeans_batch};
use throng_metrics::{Frame, Framed};

use crate::error::ClusterError;
use crate::init::initial_centroids;
use crate::metric::Metric;
use crate::params::{Init, KMeansParams};

/// What an observer is told of a restart, every few iterations.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Step {
    /// The restart, from 0.
    pub restart: usize,
    /// Restarts in all; they run together.
    pub restarts: usize,
    /// The iteration, from 1.
    pub iteration: usize,
    /// Most iterations.
    pub max_iter: usize,
    /// Rows whose cluster changed in it.
    pub changed: usize,
}

/// The problems of the restarts of a fit.
pub(crate) fn problems(
    params: &KMeansParams,
    frame: &Frame,
    x: &Framed,
) -> Result<Vec<KMeansProblem>, ClusterError> {
    let restarts = match params.init {
        Init::Given(_) => 1,
        _ => params.n_init,
    };
    let seeds = Philox::new(params.seed);
    (0..restarts)
        .map(|restart| {
            let seed = seeds.seed(restart as u32);
            Ok(KMeansProblem {
                rows: 0..x.matrix.rows(),
                k: params.k,
                start: initial_centroids(&params.init, frame, x, params.k, seed)?,
                weights: None,
                unit: params.metric == Metric::Cosine,
                max_iter: params.max_iter,
                tolerance: params.tol * x.variance,
            })
        })
        .collect()
}

/// The restart with the least inertia, the first of equal ones.
pub(crate) fn best(
    params: &KMeansParams,
    frame: &Frame,
    x: &Framed,
    observer: &mut dyn FnMut(Step) -> ControlFlow<()>,
) -> Result<KMeansFit, ClusterError> {
    let problems = problems(params, frame, x)?;
    let mut observe = |progress: throng_compute::KMeansProgress| {
        observer(Step {
            restart: progress.problem,
            restarts: problems.len(),
            iteration: progress.n_iter,
            max_iter: params.max_iter,
            changed: progress.changed,
        })
    };
    let fits = kmeans_batch(&x.matrix, &problems, &mut observe)?;
    // There is at least one restart, so this is the error only where the observer said so.
    fits.into_iter()
        .flatten()
        .min_by(|a, b| a.inertia.total_cmp(&b.inertia))
        .ok_or(ClusterError::Cancelled)
}
