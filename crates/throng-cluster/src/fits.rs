//! Many fits to the same rows, and all their restarts, as one batch.

use std::ops::ControlFlow;

use throng_compute::{KMeansFit, KMeansProblem, KMeansProgress, Philox, kmeans_batch};
use throng_metrics::{Frame, Framed};

use crate::error::ClusterError;
use crate::init::starts;
use crate::metric::Metric;
use crate::params::{Init, KMeansParams};

/// A fit; its parameters have been checked.
pub(crate) struct Fit {
    pub params: KMeansParams,
    /// The weight of each row; all 1 without.
    pub weights: Option<Vec<f32>>,
}

/// What is said of a restart of a fit, every few iterations.
pub(crate) struct FitProgress {
    pub fit: usize,
    pub restart: usize,
    pub progress: KMeansProgress,
}

impl Fit {
    pub fn restarts(&self) -> usize {
        match self.params.init {
            Init::Given(_) => 1,
            _ => self.params.n_init,
        }
    }

    /// The seed of each restart.
    pub fn seeds(&self) -> impl Iterator<Item = u64> + use<> {
        let seeds = Philox::new(self.params.seed);
        (0..self.restarts() as u32).map(move |restart| seeds.seed(restart))
    }

    /// The rows of n that a start may be.
    pub fn drawable(&self, n: usize) -> Vec<u32> {
        let weights = self.weights.as_ref();
        let counts = |row: &u32| weights.is_none_or(|weights| weights[*row as usize] > 0.0);
        (0..n as u32).filter(counts).collect()
    }
}

/// The restart with the least inertia of every fit, the first of equal ones. `x` has as many rows as any fit has
/// clusters.
pub(crate) fn fit_all(
    fits: &[Fit],
    frame: &Frame,
    x: &Framed,
    observer: &mut dyn FnMut(FitProgress) -> ControlFlow<()>,
) -> Result<Vec<KMeansFit>, ClusterError> {
    let mut starts = starts(fits, frame, x)?.into_iter();
    let mut problems = Vec::new();
    // The fit and restart of each problem.
    let mut places = Vec::new();
    for (at, fit) in fits.iter().enumerate() {
        for (restart, start) in starts.by_ref().take(fit.restarts()).enumerate() {
            places.push((at, restart));
            problems.push(KMeansProblem {
                rows: 0..x.matrix.rows(),
                k: fit.params.k,
                start,
                weights: fit.weights.clone(),
                unit: fit.params.metric == Metric::Cosine,
                max_iter: fit.params.max_iter,
                tolerance: fit.params.tol * x.variance,
            });
        }
    }
    let mut observe = |progress: KMeansProgress| {
        let (fit, restart) = places[progress.problem];
        observer(FitProgress {
            fit,
            restart,
            progress,
        })
    };
    let found = kmeans_batch(&x.matrix, &problems, &mut observe)?.ok_or(ClusterError::Cancelled)?;
    let mut best: Vec<KMeansFit> = Vec::with_capacity(fits.len());
    for (&(_, restart), found) in places.iter().zip(found) {
        match best.last_mut() {
            Some(best) if restart > 0 => {
                if found.inertia < best.inertia {
                    *best = found;
                }
            }
            _ => best.push(found),
        }
    }
    Ok(best)
}
