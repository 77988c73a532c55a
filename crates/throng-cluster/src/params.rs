//! The parameters of k-means, checked once.

use std::ops::ControlFlow;

use throng_compute::{Compute, Matrix};

use crate::error::ClusterError;
use crate::kmeans::{KMeans, Step};
use crate::metric::Metric;

/// Where the centroids start.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Init {
    /// Greedy k-means++ (Arthur and Vassilvitskii, 2007).
    #[default]
    KMeansPlusPlus,
    /// k-means|| (Bahmani et al., 2012): a few passes over the rows whatever k is; for many clusters.
    KMeansParallel,
    /// k different rows, each as likely.
    Random,
    /// These centroids, [k, d]. The fit then runs once and keeps their order.
    Given(Vec<f32>),
}

/// The parameters of k-means; made by [`KMeans::params`].
#[derive(Debug, Clone, PartialEq)]
pub struct KMeansParams {
    pub(crate) k: usize,
    pub(crate) metric: Metric,
    pub(crate) init: Init,
    pub(crate) n_init: usize,
    pub(crate) max_iter: usize,
    pub(crate) tol: f64,
    pub(crate) seed: u64,
}

impl KMeansParams {
    pub(crate) fn new(k: usize) -> Self {
        Self {
            k,
            metric: Metric::default(),
            init: Init::default(),
            n_init: 10,
            max_iter: 300,
            tol: 1e-4,
            seed: 0,
        }
    }

    /// The number of clusters, 1 to n.
    pub fn k(mut self, k: usize) -> Self {
        self.k = k;
        self
    }

    /// The metric; squared Euclidean unless set.
    pub fn metric(mut self, metric: Metric) -> Self {
        self.metric = metric;
        self
    }

    /// Where the centroids start; greedy k-means++ unless set.
    pub fn init(mut self, init: Init) -> Self {
        self.init = init;
        self
    }

    /// Restarts, of which the one with the least inertia is kept; at least 1, 10 unless set. Given centroids run once.
    pub fn n_init(mut self, n_init: usize) -> Self {
        self.n_init = n_init;
        self
    }

    /// Most iterations of a restart; at least 1, 300 unless set.
    pub fn max_iter(mut self, max_iter: usize) -> Self {
        self.max_iter = max_iter;
        self
    }

    /// A restart stops when the squared shifts of the centroids add up to at most this much of the mean feature
    /// variance; at least 0, 1e-4 unless set.
    pub fn tol(mut self, tol: f64) -> Self {
        self.tol = tol;
        self
    }

    /// The seed of the random starts; 0 unless set.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Finds the clusters of `x` [n, d].
    ///
    /// # Errors
    /// [`ClusterError::K`] unless 1 <= k <= n; [`ClusterError::Parameter`], [`ClusterError::Shape`] or
    /// [`ClusterError::Centroid`] for a parameter outside its range; [`ClusterError::Metric`] for a row of zeros with the cosine;
    /// [`ClusterError::Compute`] if the device fails.
    pub fn fit(&self, compute: &Compute, x: &Matrix) -> Result<KMeans, ClusterError> {
        self.fit_with(compute, x, &mut |_| ControlFlow::Continue(()))
    }

    /// [`KMeansParams::fit`], calling `observer` for each restart every few iterations; `Break` stops the fit.
    ///
    /// # Errors
    /// As [`KMeansParams::fit`], and [`ClusterError::Cancelled`] if the observer said so.
    pub fn fit_with(
        &self,
        compute: &Compute,
        x: &Matrix,
        observer: &mut dyn FnMut(Step) -> ControlFlow<()>,
    ) -> Result<KMeans, ClusterError> {
        self.check(x.rows(), x.cols())?;
        KMeans::fit(self, compute, x, observer)
    }

    /// Checks the parameters against a matrix [n, d].
    pub(crate) fn check(&self, n: usize, d: usize) -> Result<(), ClusterError> {
        if self.k == 0 || self.k > n {
            return Err(ClusterError::K { k: self.k, rows: n });
        }
        let at_least_1 = |name, value: usize| match value {
            0 => Err(ClusterError::Parameter {
                name,
                value: value.to_string(),
                rule: "it is at least 1",
            }),
            _ => Ok(()),
        };
        at_least_1("n_init", self.n_init)?;
        at_least_1("max_iter", self.max_iter)?;
        if !(self.tol >= 0.0 && self.tol.is_finite()) {
            return Err(ClusterError::Parameter {
                name: "tol",
                value: self.tol.to_string(),
                rule: "it is a number from 0 up",
            });
        }
        if let Init::Given(centroids) = &self.init {
            check_centroids("init", centroids, self.k, d, self.metric)?;
        }
        Ok(())
    }
}

/// Checks centroids [k, d] that come from outside.
pub(crate) fn check_centroids(
    argument: &'static str,
    centroids: &[f32],
    k: usize,
    d: usize,
    metric: Metric,
) -> Result<(), ClusterError> {
    if d == 0 || k.checked_mul(d) != Some(centroids.len()) {
        return Err(ClusterError::Shape {
            argument,
            got: centroids.len(),
            k,
            d,
        });
    }
    for (row, centroid) in centroids.chunks_exact(d).enumerate() {
        let fault = if centroid.iter().any(|value| !value.is_finite()) {
            "has a value that is NaN or infinite"
        } else if metric == Metric::Cosine && centroid.iter().all(|&value| value == 0.0) {
            "is all zeros, so it has no cosine"
        } else {
            continue;
        };
        return Err(ClusterError::Centroid {
            argument,
            row,
            fault,
        });
    }
    Ok(())
}
