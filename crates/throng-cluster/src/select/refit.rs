//! Refits to bootstrap samples.

use std::ops::ControlFlow;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use throng_compute::{Compute, Matrix};
use throng_metrics::{Frame, Framed, adjusted_rand_score};

use super::overlap::jaccard;
use super::params::SearchParams;
use super::sample::{self, gather};
use super::valley::Valleys;
use crate::error::ClusterError;
use crate::kmeans::KMeans;
use crate::params::Init;

/// The rows that refits see, and the bootstrap samples of them.
pub(super) struct Panel {
    /// Rows of the matrix, ascending.
    chosen: Vec<u32>,
    /// Their values, [p, d].
    values: Vec<f32>,
    /// The same on the device.
    matrix: Matrix,
    /// Samples with replacement of `0..p`, the same for every k; ascending.
    samples: Vec<Vec<u32>>,
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
        let matrix = compute.matrix(&values, chosen.len(), d)?;
        let mut rng = ChaCha8Rng::seed_from_u64(params.seed);
        let samples = (0..params.bootstraps)
            .map(|_| {
                let draw = |_| rng.random_range(0..chosen.len() as u32);
                let mut sample: Vec<u32> = (0..chosen.len()).map(draw).collect();
                sample.sort_unstable();
                sample
            })
            .collect();
        Ok(Self {
            chosen,
            values,
            matrix,
            samples,
        })
    }

    /// Rows on the panel.
    pub fn rows(&self) -> usize {
        self.chosen.len()
    }

    /// Refits the model's k to every sample, and compares on all rows of the panel.
    ///
    /// Each sample is fitted twice: afresh, to see what is found again; and from the model's centroids (in the panel's
    /// `frame`), so that clusters keep their numbers, to see what lies between them.
    pub fn refit(
        &self,
        compute: &Compute,
        model: &KMeans,
        frame: &Frame,
        params: &SearchParams,
        progress: &mut dyn FnMut(usize) -> ControlFlow<()>,
    ) -> Result<Refits, ClusterError> {
        let (k, d) = (model.k(), model.d());
        let all = model.labels();
        let labels: Vec<u32> = self.chosen.iter().map(|&row| all[row as usize]).collect();
        let centroids = frame.enter(model.centroids().to_vec())?;
        let afresh = params.params.clone().k(k).n_init(params.refit_n_init);
        let onwards = afresh.clone().init(Init::Given(centroids));

        let mut agreement = Vec::with_capacity(self.samples.len());
        let mut overlap = vec![0.0; k];
        let mut valleys = Valleys::new(k);
        for (index, sample) in self.samples.iter().enumerate() {
            let seen = gather(&self.values, d, sample);
            let seen = compute.matrix(&seen, sample.len(), d)?;
            let mut observe = |_| progress(1 + index);

            let afresh = afresh
                .clone()
                .seed(params.seed.wrapping_add(1 + index as u64));
            let refit = afresh.fit_with(compute, &seen, &mut observe)?;
            let again = refit.predict(compute, &self.matrix)?;
            agreement.push(adjusted_rand_score(&labels, &again)?);
            let likeness = jaccard(&labels, &again, k);
            for (sum, likeness) in overlap.iter_mut().zip(likeness.chunks_exact(k)) {
                *sum += likeness.iter().copied().fold(0.0, f64::max);
            }

            let refit = onwards.fit_with(compute, &seen, &mut observe)?;
            let unseen = self.unseen(sample);
            if !unseen.is_empty() {
                let rows = gather(&self.values, d, &unseen);
                let labels = refit.predict(compute, &compute.matrix(&rows, unseen.len(), d)?)?;
                valleys.add(&rows, &labels, refit.centroids(), d);
            }
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

    /// The rows of the panel that a sample (ascending) leaves out: about 37%.
    fn unseen(&self, sample: &[u32]) -> Vec<u32> {
        let mut left_out = vec![true; self.chosen.len()];
        for &row in sample {
            left_out[row as usize] = false;
        }
        (0..self.chosen.len() as u32)
            .filter(|&row| left_out[row as usize])
            .collect()
    }
}

/// The mean and its standard error, of at least 2 values.
fn mean_and_error(values: &[f64]) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let squares: f64 = values.iter().map(|v| (v - mean).powi(2)).sum();
    (mean, (squares / (n - 1.0) / n).sqrt())
}
