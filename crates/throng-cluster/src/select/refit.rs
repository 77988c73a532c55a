//! Refits to bootstrap samples.

use std::ops::ControlFlow;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use throng_compute::Compute;
use throng_metrics::{Frame, Framed, adjusted_rand_score};

use super::overlap::jaccard;
use super::params::SearchParams;
use super::sample::{self, gather};
use super::valley::Valleys;
use crate::error::ClusterError;
use crate::fits::{Fit, FitProgress, fit_all};
use crate::kmeans::KMeans;
use crate::params::Init;

/// The rows that refits see, and the bootstrap samples of them.
pub(super) struct Panel {
    /// Rows of the matrix, ascending.
    chosen: Vec<u32>,
    /// They themselves, [p, d].
    rows: Framed,
    /// Samples with replacement, the same for every k: how often each row is in, \[p\].
    samples: Vec<Vec<f32>>,
}

/// What refits say of a model.
pub(super) struct Refits {
    pub stability: f64,
    pub stability_error: f64,
    pub recovery: f64,
    pub valley: f64,
}

impl Panel {
    pub fn new(compute: &Compute, x: &Framed, params: &SearchParams) -> Result<Self, ClusterError> {
        let d = x.matrix.cols();
        let chosen = sample::rows(x.matrix.rows(), params.panel_rows, params.seed);
        let values = gather(&x.rows, d, &chosen);
        let mut rng = ChaCha8Rng::seed_from_u64(params.seed);
        let samples = (0..params.bootstraps)
            .map(|_| {
                let mut times = vec![0.0; chosen.len()];
                for _ in 0..chosen.len() {
                    times[rng.random_range(0..chosen.len())] += 1.0;
                }
                times
            })
            .collect();
        Ok(Self {
            rows: Framed {
                matrix: compute.matrix(&values, chosen.len(), d)?,
                rows: values,
                variance: x.variance,
            },
            chosen,
            samples,
        })
    }

    /// Rows on the panel.
    pub fn rows(&self) -> usize {
        self.chosen.len()
    }

    /// Refits the model's k to every sample, all in one batch, and compares on all rows of the panel.
    ///
    /// Each sample is fitted twice: afresh, to see what is found again; and from the model's centroids, so that
    /// clusters keep their numbers, to see what lies between them. `frame` is that of the panel's rows; `progress` gets
    /// the samples done.
    pub fn refit(
        &self,
        model: &KMeans,
        frame: &Frame,
        params: &SearchParams,
        progress: &mut dyn FnMut(usize) -> ControlFlow<()>,
    ) -> Result<Refits, ClusterError> {
        let (k, d) = (model.k(), model.d());
        let all = model.labels();
        let labels: Vec<u32> = self.chosen.iter().map(|&row| all[row as usize]).collect();
        let afresh = params.params.clone().k(k).n_init(params.refit_n_init);
        let onwards = afresh.clone().init(Init::Given(model.centroids().to_vec()));
        let fits: Vec<Fit> = self
            .samples
            .iter()
            .enumerate()
            .flat_map(|(index, times)| {
                let seed = params.seed.wrapping_add(1 + index as u64);
                [afresh.clone().seed(seed), onwards.clone()].map(|params| Fit {
                    params,
                    weights: Some(times.clone()),
                })
            })
            .collect();
        let restarts: usize = fits.iter().map(Fit::restarts).sum();
        let mut ended = 0;
        let mut observe = |step: FitProgress| {
            ended += usize::from(step.progress.is_done);
            progress(ended * self.samples.len() / restarts)
        };
        let found = fit_all(&fits, frame, &self.rows, &mut observe)?;

        let mut agreement = Vec::with_capacity(self.samples.len());
        let mut overlap = vec![0.0; k];
        let mut valleys = Valleys::new(k);
        // The labels are of all rows of the panel, those that a sample leaves out too.
        for (times, found) in self.samples.iter().zip(found.chunks_exact(2)) {
            let (afresh, onwards) = (&found[0], &found[1]);
            agreement.push(adjusted_rand_score(&labels, &afresh.labels)?);
            let likeness = jaccard(&labels, &afresh.labels, k);
            for (sum, likeness) in overlap.iter_mut().zip(likeness.chunks_exact(k)) {
                *sum += likeness.iter().copied().fold(0.0, f64::max);
            }
            // About 37%.
            let unseen: Vec<u32> = (0..times.len() as u32)
                .filter(|&row| times[row as usize] == 0.0)
                .collect();
            let rows = gather(&self.rows.rows, d, &unseen);
            let own = unseen.iter().map(|&row| onwards.labels[row as usize]);
            valleys.add(&rows, &own.collect::<Vec<_>>(), &onwards.centroids, d);
        }
        let (stability, stability_error) = mean_and_error(&agreement);
        let weakest = overlap.into_iter().fold(f64::MAX, f64::min);
        Ok(Refits {
            stability,
            stability_error,
            recovery: weakest / self.samples.len() as f64,
            valley: valleys.shallowest(),
        })
    }
}

/// The mean and its standard error, of at least 2 values.
fn mean_and_error(values: &[f64]) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let squares: f64 = values.iter().map(|v| (v - mean).powi(2)).sum();
    (mean, (squares / (n - 1.0) / n).sqrt())
}
