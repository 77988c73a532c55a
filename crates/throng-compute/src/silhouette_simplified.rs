//! Distances to centroids alone: the nearest other cluster, and the simplified silhouette.

use crate::device::{Compute, Engine};
use crate::error::ComputeError;
use crate::gpu::silhouette_simplified::NearestOtherSizes;
use crate::matrix::{Matrix, Values};
use crate::memory::{MemoryPlan, Sizes};
use crate::neighbors::work;
use crate::silhouette::SilhouetteMetric;
use crate::{cpu, gpu};

/// What is said of the work.
pub(crate) const WHAT: &str = "simplified silhouette";

/// How near each row is to its own centroid and to the nearest other one.
#[derive(Debug, Clone, PartialEq)]
pub struct NearestOther {
    /// The distance to the row's own centroid `[n]`.
    pub own: Vec<f32>,
    /// The nearest other centroid `[n]`, ties to the lowest.
    pub cluster: Vec<u32>,
    /// The distance to that `[n]`.
    pub distance: Vec<f32>,
}

impl Compute {
    /// What [`nearest_other_cluster`] and [`simplified_silhouette`] take for [n, d] and k centroids. On a GPU some
    /// values of as many rows at once as the cap allows, up to 4 Mi; on the CPU packed centroids; for the cosine the
    /// scales of the rows, on the CPU unit rows too.
    ///
    /// # Errors
    /// [`ComputeError::MemoryCap`].
    pub fn plan_nearest_other_cluster(
        &self,
        n: usize,
        d: usize,
        k: usize,
        metric: SilhouetteMetric,
    ) -> Result<MemoryPlan, ComputeError> {
        let metric = metric.into();
        match self.engine() {
            Engine::Cpu(_) => {
                let plan = cpu::silhouette_simplified::plan(n, d, k, metric);
                self.ledger().check(WHAT, plan)
            }
            Engine::Gpu(context) => {
                let sizes = NearestOtherSizes::new(context, n, d, k, metric)?;
                Ok(sizes.plan())
            }
        }
    }
}

/// For each row of `x` [n, d] its distance to its own of the `centroids` [k, d], and the nearest of the others.
/// `labels` `[n]` are below k. Every centroid counts, one without rows too. No n x k matrix is held.
///
/// # Errors
/// [`ComputeError::Shape`], [`ComputeError::TooFewClusters`] where k is below 2, [`ComputeError::Label`],
/// [`ComputeError::DifferentDevices`], [`ComputeError::Cancelled`], and the device's.
pub fn nearest_other_cluster(
    x: &Matrix,
    centroids: &Matrix,
    labels: &[u32],
    metric: SilhouetteMetric,
) -> Result<NearestOther, ComputeError> {
    if !x.compute().is_same(centroids.compute()) {
        return Err(ComputeError::DifferentDevices);
    }
    let k = centroids.rows();
    for (argument, unit, expected, found) in [
        ("centroids", "columns", x.cols(), centroids.cols()),
        ("labels", "values", x.rows(), labels.len()),
    ] {
        if expected != found {
            return Err(ComputeError::Shape {
                argument,
                unit,
                expected,
                found,
            });
        }
    }
    if k < 2 {
        return Err(ComputeError::TooFewClusters { found: k });
    }
    if let Some(row) = labels.iter().position(|&label| label as usize >= k) {
        let label = labels[row];
        return Err(ComputeError::Label { row, label, k });
    }
    let d = x.cols();
    let plan = x
        .compute()
        .plan_nearest_other_cluster(x.rows(), d, k, metric)?;
    let ledger = x.compute().ledger();
    let metric = metric.into();
    let meter = work(x, centroids, WHAT);
    match (x.compute().engine(), x.values(), centroids.values()) {
        (Engine::Cpu(threads), Values::Host(x), Values::Host(centroids)) => {
            let _charge = ledger.charge(WHAT, plan.peak())?;
            let nearest = threads.run(|| {
                cpu::silhouette_simplified::nearest_other(x, d, centroids, labels, metric, &meter)
            });
            meter.finish().map(|()| nearest)
        }
        (Engine::Gpu(context), Values::Device(x), Values::Device(centroids)) => {
            let context = context.metered(meter);
            let found =
                gpu::silhouette_simplified::nearest_other(&context, x, centroids, labels, metric)?;
            context.meter().finish().map(|()| found)
        }
        _ => Err(ComputeError::DifferentDevices),
    }
}

/// The simplified silhouette of each row of `x` [n, d], in [-1, 1]: (b - a) / max(a, b), with a the distance to
/// its own of the `centroids` [k, d] and b that to the nearest other one (Hruschka, de Castro and Campello 2004;
/// Vendramin, Campello and Hruschka 2010). It takes n k distances, not n^2. A row alone in its cluster
/// has 0, as there, and so has one at no distance from both.
///
/// # Errors
/// As [`nearest_other_cluster`].
pub fn simplified_silhouette(
    x: &Matrix,
    centroids: &Matrix,
    labels: &[u32],
    metric: SilhouetteMetric,
) -> Result<Vec<f32>, ComputeError> {
    let near = nearest_other_cluster(x, centroids, labels, metric)?;
    let mut counts = vec![0_u32; centroids.rows()];
    labels.iter().for_each(|&label| counts[label as usize] += 1);
    let silhouette = |((&label, a), b): ((&u32, &f32), &f32)| {
        let larger = a.max(*b);
        if counts[label as usize] > 1 && larger > 0.0 {
            (b - a) / larger
        } else {
            0.0
        }
    };
    let rows = labels.iter().zip(&near.own).zip(&near.distance);
    Ok(rows.map(silhouette).collect())
}
