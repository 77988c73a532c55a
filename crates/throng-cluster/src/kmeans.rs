//! The fitted model.

use std::ops::ControlFlow;

use serde::{Deserialize, Serialize};
use throng_compute::{Compute, KMeansFit, Lloyd, Matrix, PairwiseMetric, pairwise};

use crate::error::ClusterError;
use crate::fits::{Fit, FitProgress, fit_all};
use crate::metric::Metric;
use crate::params::{Init, KMeansParams, check_centroids};
use throng_metrics::{Frame, Framed, inertia_of_rows};

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

/// Clusters found by k-means (Lloyd, 1982).
///
/// Serialised without its labels: those belong to the rows it was fitted on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Saved", into = "Saved")]
pub struct KMeans {
    centroids: Vec<f32>,
    k: usize,
    metric: Metric,
    labels: Vec<u32>,
    counts: Vec<u32>,
    inertia: f64,
    n_iter: usize,
    converged: bool,
}

/// A model on disk.
#[derive(Serialize, Deserialize)]
struct Saved {
    k: usize,
    d: usize,
    metric: Metric,
    counts: Vec<u32>,
    inertia: f64,
    n_iter: usize,
    converged: bool,
    centroids: Vec<f32>,
}

impl KMeans {
    /// The parameters for `k` clusters, to be refined and then [fitted](KMeansParams::fit).
    pub fn params(k: usize) -> KMeansParams {
        KMeansParams::new(k)
    }

    /// A model of known centroids [k, d], without rows: no labels, counts of 0.
    ///
    /// # Errors
    /// [`ClusterError::Shape`] unless `centroids` divides into `k` rows, [`ClusterError::Centroid`] for one that is
    /// not finite, or zero with the cosine.
    pub fn from_centroids(
        centroids: Vec<f32>,
        k: usize,
        metric: Metric,
    ) -> Result<Self, ClusterError> {
        let d = centroids.len().checked_div(k).unwrap_or(0);
        check_centroids("centroids", &centroids, k, d, metric)?;
        let frame = metric.frame(&centroids, d);
        Ok(Self {
            centroids: match metric {
                Metric::SqEuclidean => centroids,
                Metric::Cosine => frame.enter(centroids)?,
            },
            k,
            metric,
            labels: Vec::new(),
            counts: vec![0; k],
            inertia: 0.0,
            n_iter: 0,
            converged: true,
        })
    }

    /// Fits; the parameters have been checked against `x`.
    pub(crate) fn fit(
        params: &KMeansParams,
        compute: &Compute,
        x: &Matrix,
        observer: &mut dyn FnMut(Step) -> ControlFlow<()>,
    ) -> Result<Self, ClusterError> {
        let rows = x.to_vec()?;
        let frame = params.metric.frame(&rows, x.cols());
        let framed = frame.upload(compute, rows)?;
        Self::fit_framed(params, &frame, &framed, observer)
    }

    /// Fits rows that are in their frame already.
    fn fit_framed(
        params: &KMeansParams,
        frame: &Frame,
        x: &Framed,
        observer: &mut dyn FnMut(Step) -> ControlFlow<()>,
    ) -> Result<Self, ClusterError> {
        let fits = [Fit {
            params: params.clone(),
            weights: None,
        }];
        let mut observe = |step: FitProgress| {
            observer(Step {
                restart: step.restart,
                restarts: fits[0].restarts(),
                iteration: step.progress.n_iter,
                max_iter: params.max_iter,
                changed: step.progress.changed,
            })
        };
        let mut found = fit_all(&fits, frame, x, &mut observe)?;
        // There is one fit, so this is never the error.
        let found = found.pop().ok_or(ClusterError::Cancelled)?;
        Self::from_fit(params, frame, x, found)
    }

    /// The model of a fit to rows in a frame.
    pub(crate) fn from_fit(
        params: &KMeansParams,
        frame: &Frame,
        x: &Framed,
        found: KMeansFit,
    ) -> Result<Self, ClusterError> {
        let inertia = inertia_of_rows(&x.rows, x.matrix.cols(), &found.labels, &found.centroids)?;
        let centroids: Vec<f64> = found.centroids.iter().map(|&v| f64::from(v)).collect();
        let model = Self {
            centroids: frame.leave(&centroids),
            k: params.k,
            metric: params.metric,
            counts: count(&found.labels, params.k),
            labels: found.labels,
            inertia: frame.leave_squared(inertia),
            n_iter: found.n_iter,
            converged: found.converged,
        };
        Ok(match params.init {
            Init::Given(_) => model,
            _ => model.canonical(),
        })
    }

    /// Numbers the clusters by descending size, equal sizes by their first row. Fits from given centroids keep the
    /// given order instead.
    pub fn canonical(mut self) -> Self {
        let mut first = vec![usize::MAX; self.k];
        for (row, &label) in self.labels.iter().enumerate().rev() {
            first[label as usize] = row;
        }
        let mut order: Vec<usize> = (0..self.k).collect();
        order.sort_by_key(|&j| (std::cmp::Reverse(self.counts[j]), first[j], j));
        let mut new = vec![0_u32; self.k];
        for (rank, &j) in order.iter().enumerate() {
            new[j] = rank as u32;
        }
        let d = self.d();
        let centroids = order.iter().flat_map(|&j| &self.centroids[j * d..][..d]);
        self.centroids = centroids.copied().collect();
        self.counts = order.iter().map(|&j| self.counts[j]).collect();
        for label in &mut self.labels {
            *label = new[*label as usize];
        }
        self
    }

    /// The centroids, [k, d]; of length 1 with the cosine.
    pub fn centroids(&self) -> &[f32] {
        &self.centroids
    }

    /// The cluster of every row that the model was fitted on, \[n\] in `0..k`; empty for a model that was opened.
    pub fn labels(&self) -> &[u32] {
        &self.labels
    }

    /// The sum of squared Euclidean distances of the rows to their centroids, of the final labels and centroids. With
    /// the cosine, of rows scaled to length 1: twice the sum of the cosine distances.
    pub fn inertia(&self) -> f64 {
        self.inertia
    }

    /// Iterations of the best restart, counted as scikit-learn does.
    pub fn n_iter(&self) -> usize {
        self.n_iter
    }

    /// False if the best restart ran out of iterations.
    pub fn converged(&self) -> bool {
        self.converged
    }

    /// Rows in each cluster, \[k\]. 0 happens only with fewer distinct rows than clusters, or when the iterations ran
    /// out.
    pub fn counts(&self) -> &[u32] {
        &self.counts
    }

    /// The metric.
    pub fn metric(&self) -> Metric {
        self.metric
    }

    /// Clusters.
    pub fn k(&self) -> usize {
        self.k
    }

    /// Features.
    pub fn d(&self) -> usize {
        self.centroids.len() / self.k
    }

    /// The nearest cluster of every row of `x` [n, d], \[n\]; ties go to the lowest.
    ///
    /// # Errors
    /// [`ClusterError::Features`] if d is not the model's, [`ClusterError::Metric`] for a row of zeros with the cosine,
    /// [`ClusterError::Compute`] if the device fails.
    pub fn predict(&self, compute: &Compute, x: &Matrix) -> Result<Vec<u32>, ClusterError> {
        let frame = self.frame(x)?;
        let framed = frame.upload(compute, x.to_vec()?)?;
        let centroids = frame.enter(self.centroids.clone())?;
        if x.rows() < self.k {
            // A k-means problem has at least k rows; so few distances can all be looked at.
            let centroids = compute.matrix(&centroids, self.k, self.d())?;
            let distances = pairwise(&framed.matrix, &centroids, PairwiseMetric::SqEuclidean)?;
            return Ok(arg_mins(&distances.to_vec()?, self.k));
        }
        let mut lloyd = Lloyd::new(&framed.matrix, self.k)?;
        lloyd.assign(&centroids)?;
        Ok(lloyd.labels()?)
    }

    /// The distance of every row of `x` [n, d] to every centroid, [n, k]: Euclidean, as in scikit-learn, or cosine.
    ///
    /// # Errors
    /// As [`KMeans::predict`].
    pub fn transform(&self, compute: &Compute, x: &Matrix) -> Result<Matrix, ClusterError> {
        let frame = self.frame(x)?.unscaled();
        let framed = frame.upload(compute, x.to_vec()?)?;
        let centroids = frame.enter(self.centroids.clone())?;
        let centroids = compute.matrix(&centroids, self.k, self.d())?;
        let metric = match self.metric {
            Metric::SqEuclidean => PairwiseMetric::Euclidean,
            Metric::Cosine => PairwiseMetric::Cosine,
        };
        Ok(pairwise(&framed.matrix, &centroids, metric)?)
    }

    /// The distance of every row of `x` [n, d] to the centroid of its label, \[n\], in the model's metric: squared
    /// Euclidean, or 1 - cosine.
    ///
    /// # Errors
    /// As [`KMeans::predict`], and [`ClusterError::Metric`] if `labels` \[n\] do not fit the rows or the centroids.
    pub fn distances(&self, x: &Matrix, labels: &[u32]) -> Result<Vec<f32>, ClusterError> {
        let frame = self.frame(x)?;
        let (d, rows) = (self.d(), x.to_vec()?);
        let rows = match self.metric {
            Metric::SqEuclidean => rows,
            Metric::Cosine => frame.enter(rows)?,
        };
        // Refuses labels that do not fit.
        inertia_of_rows(&rows, d, labels, &self.centroids)?;
        let half = match self.metric {
            Metric::SqEuclidean => 1.0,
            // Of vectors of length 1, 1 - cosine is half the squared distance.
            Metric::Cosine => 0.5,
        };
        Ok(rows
            .chunks_exact(d)
            .zip(labels)
            .map(|(row, &label)| {
                let own = &self.centroids[label as usize * d..][..d];
                let pairs = row.iter().zip(own);
                let squared: f64 = pairs
                    .map(|(&a, &b)| (f64::from(a) - f64::from(b)).powi(2))
                    .sum();
                (half * squared) as f32
            })
            .collect())
    }

    /// The frame of the centroids, for new rows `x`: it depends on the model alone, so a row's result does not depend
    /// on the rows beside it.
    fn frame(&self, x: &Matrix) -> Result<Frame, ClusterError> {
        if x.cols() != self.d() {
            return Err(ClusterError::Features {
                got: x.cols(),
                expected: self.d(),
            });
        }
        Ok(self.metric.frame(&self.centroids, self.d()))
    }
}

impl From<KMeans> for Saved {
    fn from(model: KMeans) -> Self {
        Self {
            k: model.k,
            d: model.d(),
            metric: model.metric,
            counts: model.counts,
            inertia: model.inertia,
            n_iter: model.n_iter,
            converged: model.converged,
            centroids: model.centroids,
        }
    }
}

impl TryFrom<Saved> for KMeans {
    type Error = ClusterError;

    fn try_from(saved: Saved) -> Result<Self, ClusterError> {
        check_centroids(
            "centroids",
            &saved.centroids,
            saved.k,
            saved.d,
            saved.metric,
        )?;
        if saved.k == 0 || saved.counts.len() != saved.k {
            return Err(ClusterError::Parameter {
                name: "counts",
                value: format!("a list of {}", saved.counts.len()),
                rule: "it has one count for each of at least 1 cluster",
            });
        }
        Ok(Self {
            counts: saved.counts,
            inertia: saved.inertia,
            n_iter: saved.n_iter,
            converged: saved.converged,
            ..Self::from_centroids(saved.centroids, saved.k, saved.metric)?
        })
    }
}

/// The place of the least of every `k` values, ties to the lowest.
fn arg_mins(values: &[f32], k: usize) -> Vec<u32> {
    let arg_min = |row: &[f32]| {
        let less = |best: usize, j: usize| if row[j] < row[best] { j } else { best };
        (1..row.len()).fold(0, less) as u32
    };
    values.chunks_exact(k).map(arg_min).collect()
}

/// Rows with each label, \[k\].
fn count(labels: &[u32], k: usize) -> Vec<u32> {
    let mut counts = vec![0; k];
    for &label in labels {
        counts[label as usize] += 1;
    }
    counts
}
