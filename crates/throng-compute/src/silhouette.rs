//! Exact silhouettes.

use std::str::FromStr;

use throng_shaders::Metric;

use crate::device::{Compute, Engine};
use crate::error::ComputeError;
use crate::matrix::{Matrix, Values, check_k};
use crate::memory::{MemoryPlan, Sizes};
use crate::{cpu, gpu};

/// The distance that silhouettes are made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SilhouetteMetric {
    /// |a - b|
    Euclidean,
    /// |a - b|^2
    SqEuclidean,
    /// 1 - a.b / (|a| |b|); 1 where a row is zero
    Cosine,
}

impl FromStr for SilhouetteMetric {
    type Err = ComputeError;

    fn from_str(value: &str) -> Result<Self, ComputeError> {
        match value {
            "euclidean" => Ok(SilhouetteMetric::Euclidean),
            "sqeuclidean" => Ok(SilhouetteMetric::SqEuclidean),
            "cosine" => Ok(SilhouetteMetric::Cosine),
            _ => Err(ComputeError::UnknownName {
                argument: "metric",
                value: value.to_owned(),
                choices: "euclidean, sqeuclidean, cosine",
            }),
        }
    }
}

impl From<SilhouetteMetric> for Metric {
    fn from(metric: SilhouetteMetric) -> Self {
        match metric {
            SilhouetteMetric::Euclidean => Metric::Euclidean,
            SilhouetteMetric::SqEuclidean => Metric::SqEuclidean,
            SilhouetteMetric::Cosine => Metric::Cosine,
        }
    }
}

/// What is said of the work.
pub(crate) const WHAT: &str = "silhouette";

impl Compute {
    /// What [`silhouette`] takes for [n, d] in k clusters. On a GPU the sums of some rows by cluster, as many as the
    /// cap allows up to 64 MiB, and some values a row; on the CPU the rows sorted by cluster, for the cosine unit rows
    /// too, and the sums of 64 rows by cluster for each thread.
    ///
    /// # Errors
    /// [`ComputeError::MemoryCap`], and the device's where it binds less.
    pub fn plan_silhouette(
        &self,
        n: usize,
        d: usize,
        k: usize,
        metric: SilhouetteMetric,
    ) -> Result<MemoryPlan, ComputeError> {
        let metric = metric.into();
        match self.engine() {
            Engine::Cpu(threads) => {
                let plan = cpu::silhouette::plan(n, d, k, metric, threads.count());
                self.ledger().check(WHAT, plan)
            }
            Engine::Gpu(context) => {
                let sizes = gpu::silhouette::SilhouetteSizes::new(context, n, d, k, metric)?;
                Ok(sizes.plan())
            }
        }
    }
}

/// The silhouette of each row of `x` [n, d], in [-1, 1]: (b - a) / max(a, b), with a the mean distance to
/// the other rows of its cluster and b the least mean distance to the rows of another (Rousseeuw 1987).
/// A row alone in its cluster has 0. All pairs are looked at, none is kept: memory is O(n (k + d)).
///
/// `labels` `[n]` are below `k`; clusters may be empty.
///
/// # Errors
/// [`ComputeError::Shape`], [`ComputeError::NoClusters`], [`ComputeError::TooManyClusters`],
/// [`ComputeError::Label`], [`ComputeError::TooFewClusters`] where fewer than two clusters have rows,
/// [`ComputeError::Cancelled`], and the device's.
pub fn silhouette(
    x: &Matrix,
    labels: &[u32],
    k: usize,
    metric: SilhouetteMetric,
) -> Result<Vec<f32>, ComputeError> {
    if labels.len() != x.rows() {
        return Err(ComputeError::Shape {
            argument: "labels",
            unit: "values",
            expected: x.rows(),
            found: labels.len(),
        });
    }
    check_k(k, x.rows())?;
    if let Some(row) = labels.iter().position(|&label| label as usize >= k) {
        let label = labels[row];
        return Err(ComputeError::Label { row, label, k });
    }
    let mut has_rows = vec![false; k];
    labels
        .iter()
        .for_each(|&label| has_rows[label as usize] = true);
    let found = has_rows.iter().filter(|&&has_rows| has_rows).count();
    if found < 2 {
        return Err(ComputeError::TooFewClusters { found });
    }
    let (n, d) = (x.rows(), x.cols());
    let plan = x.compute().plan_silhouette(n, d, k, metric)?;
    let work = x.rows().saturating_mul(x.rows()).saturating_mul(x.cols());
    let meter = x.compute().meter(WHAT, work);
    match (x.compute().engine(), x.values()) {
        (Engine::Cpu(threads), Values::Host(values)) => {
            let _charge = x.compute().ledger().charge(WHAT, plan.peak())?;
            let silhouettes = threads.run(|| {
                cpu::silhouette::silhouettes(values, x.cols(), labels, k, metric.into(), &meter)
            });
            meter.finish().map(|()| silhouettes)
        }
        (Engine::Gpu(context), Values::Device(rows)) => {
            let context = context.metered(meter);
            let found = gpu::silhouette::silhouettes(&context, rows, labels, k, metric.into())?;
            context.meter().finish().map(|()| found)
        }
        _ => Err(ComputeError::DifferentDevices),
    }
}
