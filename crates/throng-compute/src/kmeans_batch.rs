//! Many k-means problems at once.

use std::ops::{ControlFlow, Range};

use crate::device::{Compute, Engine};
use crate::error::ComputeError;
use crate::matrix::{Matrix, Values, check_finite, check_k};
use crate::memory::{MemoryPlan, Sizes};
use crate::{cpu, gpu};

/// What is said of the work.
pub(crate) const WHAT: &str = "k-means";

/// The shape of a [`KMeansProblem`] or of a [`KMeansSeeding`](crate::KMeansSeeding).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KMeansShape {
    /// Rows.
    pub rows: usize,
    /// Clusters.
    pub k: usize,
    /// Whether the rows have weights.
    pub has_weights: bool,
}

/// One k-means problem over some rows of a matrix.
#[derive(Debug, Clone, PartialEq)]
pub struct KMeansProblem {
    /// Its rows. Problems may share rows.
    pub rows: Range<usize>,
    /// Clusters.
    pub k: usize,
    /// The first centroids, [k, d].
    pub start: Vec<f32>,
    /// The weight of each of its rows, from 0 up; all 1 without. A row of weight 0 is labelled, but counts nothing
    /// and is given to no empty cluster.
    pub weights: Option<Vec<f32>>,
    /// Whether centroids are scaled to length 1, for rows of length 1 (spherical k-means; Dhillon and Modha, 2001).
    pub unit: bool,
    /// Most iterations; 0 is taken as 1.
    pub max_iter: usize,
    /// The problem is done when the squared shifts of its centroids add up to this or less.
    pub tolerance: f64,
}

impl KMeansProblem {
    /// `k` clusters of `rows` from `start` [k, d]; rows weigh 1, at most 300 iterations, and only labels that repeat
    /// or centroids that stand still end it sooner.
    pub fn new(rows: Range<usize>, k: usize, start: Vec<f32>) -> Self {
        Self {
            rows,
            k,
            start,
            weights: None,
            unit: false,
            max_iter: 300,
            tolerance: 0.0,
        }
    }

    /// Its shape.
    pub fn shape(&self) -> KMeansShape {
        KMeansShape {
            rows: self.rows.len(),
            k: self.k,
            has_weights: self.weights.is_some(),
        }
    }

    /// Multiply-adds of all its iterations.
    fn work(&self, d: usize) -> usize {
        let pairs = self.rows.len().saturating_mul(self.k);
        pairs.saturating_mul(d).saturating_mul(self.max_iter.max(1))
    }

    fn check(&self, x: &Matrix) -> Result<(), ComputeError> {
        check_rows(x, &self.rows, self.k, self.weights.as_deref())?;
        check_len("start", self.k.saturating_mul(x.cols()), self.start.len())?;
        check_finite("the start", &self.start, x.cols())
    }
}

/// Refuses rows that are not in `x`, weights that are none, and k = 0 or above the rows; or any k without weight.
pub(crate) fn check_rows(
    x: &Matrix,
    rows: &Range<usize>,
    k: usize,
    weights: Option<&[f32]>,
) -> Result<(), ComputeError> {
    if rows.start > rows.end || rows.end > x.rows() {
        return Err(ComputeError::Rows {
            first: rows.start,
            end: rows.end,
            rows: x.rows(),
        });
    }
    let Some(weights) = weights else {
        return check_k(k, rows.len());
    };
    check_len("weights", rows.len(), weights.len())?;
    check_finite("the weights", weights, 1)?;
    if let Some(row) = weights.iter().position(|&weight| weight < 0.0) {
        let value = weights[row];
        return Err(ComputeError::Weight { row, value });
    }
    match weights.iter().any(|&weight| weight > 0.0) {
        true => check_k(k, rows.len()),
        false => check_k(k, 0),
    }
}

fn check_len(argument: &'static str, expected: usize, found: usize) -> Result<(), ComputeError> {
    if expected == found {
        return Ok(());
    }
    Err(ComputeError::Shape {
        argument,
        unit: "values",
        expected,
        found,
    })
}

/// What a problem of a batch came to.
#[derive(Debug, Clone, PartialEq)]
pub struct KMeansFit {
    /// Centroids, [k, d].
    pub centroids: Vec<f32>,
    /// The nearest centroid of each of its rows.
    pub labels: Vec<u32>,
    /// The weighted sum of squared distances of the rows to their centroids.
    pub inertia: f64,
    /// Iterations, counted as scikit-learn does.
    pub n_iter: usize,
    /// False if the iterations ran out.
    pub converged: bool,
}

/// How far a problem of a batch is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KMeansProgress {
    /// The problem's place in the batch.
    pub problem: usize,
    /// Its iterations so far.
    pub n_iter: usize,
    /// Rows whose label changed in the last one.
    pub changed: usize,
    /// Whether it was its last one.
    pub is_done: bool,
}

impl Compute {
    /// What [`kmeans_batch`] takes for problems of these `shapes` over rows of `d` features, restarts counted one by
    /// one: as many problems together as the cap allows, on the CPU up to 256 MiB. On a GPU a problem takes 8 bytes a row,
    /// 4 more with weights, 4 more above 64 clusters, its centroids twice, and what new ones are made of: up to 16 clusters
    /// two floats a feature and cluster for each of at most 4,096 / k blocks of its rows; above 8 bytes a row, and two floats
    /// a feature for each run of some 64 rows and each cluster. All distances are in it, up to 64 MiB, where [tuning](Compute::tune) has
    /// found that they are better held. On the CPU it takes 18 bytes a row, where the processor has
    /// products of bytes 16 more and one for each value, its centroids three times, and the sums of up to 64 blocks of
    /// its rows.
    ///
    /// # Errors
    /// [`ComputeError::MemoryCap`], and the device's where it binds less.
    pub fn plan_kmeans_batch(
        &self,
        shapes: &[KMeansShape],
        d: usize,
    ) -> Result<MemoryPlan, ComputeError> {
        Ok(match self.engine() {
            Engine::Cpu(_) => cpu::kmeans_batch::batches(self.ledger(), d, shapes)?.plan(),
            Engine::Gpu(context) => gpu::kmeans_batch::batches(context, d, shapes)?.plan(),
        })
    }
}

/// Runs Lloyd's iterations (1982) of many problems over the rows of `x` [n, d] together, each until it is done as
/// scikit-learn's `KMeans` is: its labels repeat, its centroids stand still, or its iterations run out. A cluster
/// without rows is given the row farthest from its centroid.
///
/// What a problem comes to does not depend on the others: on one device it is the same, bit for bit, in any batch.
/// `observer` hears of every problem every few iterations, until it is done; `Break` ends the batch with `None`.
///
/// # Errors
/// [`ComputeError::Rows`], [`ComputeError::NoClusters`], [`ComputeError::TooManyClusters`] (also for rows without any
/// weight), [`ComputeError::Shape`], [`ComputeError::NotFinite`], [`ComputeError::TooLarge`] and
/// [`ComputeError::Weight`] for a problem that does not fit, [`ComputeError::Cancelled`], and the device's.
pub fn kmeans_batch(
    x: &Matrix,
    problems: &[KMeansProblem],
    observer: &mut dyn FnMut(KMeansProgress) -> ControlFlow<()>,
) -> Result<Option<Vec<KMeansFit>>, ComputeError> {
    for problem in problems {
        problem.check(x)?;
    }
    let ledger = x.compute().ledger();
    let work = problems.iter().map(|problem| problem.work(x.cols()));
    let work = work.fold(0, usize::saturating_add);
    let meter = x.compute().meter(WHAT, work);
    let fits = match (x.compute().engine(), x.values()) {
        (Engine::Cpu(threads), Values::Host(values)) => {
            let shapes: Vec<_> = problems.iter().map(KMeansProblem::shape).collect();
            let batches = cpu::kmeans_batch::batches(ledger, x.cols(), &shapes)?;
            let _charge = ledger.charge(WHAT, batches.plan().peak())?;
            let d = x.cols();
            let fits =
                cpu::kmeans_batch::run(threads, (values, d), problems, &batches, &meter, observer);
            meter.check()?;
            fits
        }
        (Engine::Gpu(context), Values::Device(rows)) => {
            let context = context.metered(meter.clone());
            gpu::kmeans_batch::run(&context, rows, problems, observer)?
        }
        _ => return Err(ComputeError::DifferentDevices),
    };
    if fits.is_some() {
        meter.finish()?;
    }
    Ok(fits)
}
