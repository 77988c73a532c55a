//! Distances of all pairs of rows.

use std::ops::Range;
use std::str::FromStr;
use std::sync::Arc;

use throng_shaders::Metric;

use crate::device::{Compute, Engine};
use crate::error::ComputeError;
use crate::gpu::Rows;
use crate::gpu::pairwise_distances::{Comparison, Side};
use crate::host_buffer::{self, HostBuffer};
use crate::matrix::{Matrix, Values};
use crate::memory::MemoryPlan;
use crate::pairwise_batch::{PairwiseBatch, Problem, problems};
use crate::watch::Meter;
use crate::{cpu, gpu};

/// How two rows are compared.
///
/// # Error bounds
/// Differences are taken before anything is summed, so the bounds are relative to the true distance of the
/// two rows of 32-bit floats, however far from the origin they lie and however near each other. Each
/// rounding is off by a factor 1 + r with |r| <= e = 2^-23 (WGSL may round either way; hardware that
/// rounds to nearest stays within half of it), and terms that are not negative keep relative errors when
/// they are added (Higham, *Accuracy and Stability of Numerical Algorithms*, 2002, section 3.1):
///
/// | metric | relative error at most |
/// |---|---|
/// | squared Euclidean | (d + 2) e: the difference counts twice, its square once, and d - 1 additions |
/// | Euclidean | (d / 2 + 6) e: half of it, and at most 5 of the square root |
/// | Manhattan | d e |
/// | Chebyshev | e |
///
/// to first order in d e, for differences between 2e-19, whose squares are still normal numbers, and 2e16.
/// What was lost before, when 64-bit values were rounded to 32 bits, is not in it: at 1e4 neighbouring
/// floats are 0.001 apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PairwiseMetric {
    /// |a - b|^2
    SqEuclidean,
    /// |a - b|
    Euclidean,
    /// 1 - a.b / (|a| |b|), in [0, 2]; 1 where a row is zero, as in scikit-learn
    Cosine,
    /// a.b
    Dot,
    /// The sum of |a - b| over the features, L1
    Manhattan,
    /// The largest |a - b| of the features, L-infinity
    Chebyshev,
}

impl FromStr for PairwiseMetric {
    type Err = ComputeError;

    fn from_str(value: &str) -> Result<Self, ComputeError> {
        match value {
            "sqeuclidean" => Ok(PairwiseMetric::SqEuclidean),
            "euclidean" => Ok(PairwiseMetric::Euclidean),
            "cosine" => Ok(PairwiseMetric::Cosine),
            "dot" => Ok(PairwiseMetric::Dot),
            "manhattan" => Ok(PairwiseMetric::Manhattan),
            "chebyshev" => Ok(PairwiseMetric::Chebyshev),
            _ => Err(ComputeError::UnknownName {
                argument: "metric",
                value: value.to_owned(),
                choices: "sqeuclidean, euclidean, cosine, dot, manhattan, chebyshev",
            }),
        }
    }
}

impl From<PairwiseMetric> for Metric {
    fn from(metric: PairwiseMetric) -> Self {
        match metric {
            PairwiseMetric::SqEuclidean => Metric::SqEuclidean,
            PairwiseMetric::Euclidean => Metric::Euclidean,
            PairwiseMetric::Cosine => Metric::Cosine,
            PairwiseMetric::Dot => Metric::Dot,
            PairwiseMetric::Manhattan => Metric::Manhattan,
            PairwiseMetric::Chebyshev => Metric::Chebyshev,
        }
    }
}

/// What is said of the work.
pub(crate) const WHAT: &str = "pairwise distances";

impl Compute {
    /// What [`pairwise`] takes for [n, d] and [m, d]: the distances; for the cosine the scales of the rows, on the CPU
    /// unit rows too; and there a packed copy of the second matrix.
    ///
    /// # Errors
    /// [`ComputeError::MemoryCap`], and the device's where it binds less.
    pub fn plan_pairwise(
        &self,
        n: usize,
        m: usize,
        d: usize,
        metric: PairwiseMetric,
    ) -> Result<MemoryPlan, ComputeError> {
        let metric = metric.into();
        let shapes = std::iter::once((n, m));
        let plan = match self.engine() {
            Engine::Cpu(threads) => {
                cpu::pairwise_distances::plan(shapes, d, metric, threads.count())
            }
            Engine::Gpu(context) => MemoryPlan {
                parts: Rows::part_lengths(context, n, m)?.count(),
                ..gpu::pairwise_distances::plan(context, (n, m), shapes, metric)
            },
        };
        self.ledger().check(WHAT, plan)
    }

    /// What [`pairwise_batch`] takes for problems of these `shapes` (n, m) among `a_rows` and `b_rows` rows of `d`
    /// features: as [`Compute::plan_pairwise`], on the CPU for as many problems at a time as there are threads.
    ///
    /// # Errors
    /// [`ComputeError::MemoryCap`].
    pub fn plan_pairwise_batch(
        &self,
        a_rows: usize,
        b_rows: usize,
        shapes: &[(usize, usize)],
        d: usize,
        metric: PairwiseMetric,
    ) -> Result<MemoryPlan, ComputeError> {
        let metric = metric.into();
        let shapes = shapes.iter().copied();
        let plan = match self.engine() {
            Engine::Cpu(threads) => {
                cpu::pairwise_distances::plan(shapes, d, metric, threads.count())
            }
            Engine::Gpu(context) => {
                gpu::pairwise_distances::plan(context, (a_rows, b_rows), shapes, metric)
            }
        };
        self.ledger().check(WHAT, plan)
    }
}

/// The distances (for [`PairwiseMetric::Dot`]: products) [n, m] of the rows of `a` [n, d] from the rows of
/// `b` [m, d], on their device.
///
/// # Errors
/// [`ComputeError::Shape`] where the columns differ or `b` has no rows, [`ComputeError::DifferentDevices`],
/// [`ComputeError::Cancelled`], and the device's.
pub fn pairwise(a: &Matrix, b: &Matrix, metric: PairwiseMetric) -> Result<Matrix, ComputeError> {
    check_alike(a.compute(), a.cols(), b.compute(), b.cols())?;
    check_rows(b.rows())?;
    let compute = a.compute();
    let plan = compute.plan_pairwise(a.rows(), b.rows(), a.cols(), metric)?;
    let meter = meter(compute, [(a.rows(), b.rows())].into_iter(), a.cols());
    let metric = metric.into();
    let values = match (compute.engine(), a.values(), b.values()) {
        (Engine::Cpu(threads), Values::Host(a_values), Values::Host(b_values)) => {
            Values::host(compute.ledger().charge(WHAT, plan.peak())?, || {
                threads.run(|| {
                    cpu::pairwise_distances::distances(a_values, b_values, a.cols(), metric, &meter)
                })
            })
        }
        (Engine::Gpu(context), Values::Device(a), Values::Device(b)) => {
            let context = &context.metered(meter.clone());
            let a = Side::floats(context, a, metric)?;
            let b = Side::floats(context, b, metric)?;
            let comparison = Comparison { metric, bits: 0 };
            let out = gpu::pairwise_distances::distances(context, &a, &b, comparison)?;
            Values::Device(Arc::new(out))
        }
        _ => return Err(ComputeError::DifferentDevices),
    };
    meter.finish()?;
    Ok(Matrix::new(a.compute(), values, a.rows(), b.rows()))
}

/// [`pairwise`] into a host's buffer, with the same bits and without a copy: the matrix returned lies there.
///
/// The offset of `out` is a multiple of the device's `min_storage_buffer_offset_alignment`. It may be in the
/// same buffer as `a` and `b`, apart from them.
///
/// # Errors
/// Those of [`pairwise`]; [`ComputeError::HostBuffer`] on the CPU, and where the buffer cannot be used as
/// it is; [`ComputeError::Shape`] where it ends too early.
pub fn pairwise_into(
    a: &Matrix,
    b: &Matrix,
    metric: PairwiseMetric,
    out: HostBuffer,
) -> Result<Matrix, ComputeError> {
    check_alike(a.compute(), a.cols(), b.compute(), b.cols())?;
    check_rows(b.rows())?;
    let metric = metric.into();
    let (n, m) = (a.rows(), b.rows());
    let room = host_buffer::room(a.compute(), out, n, m, &[a, b])?;
    let meter = meter(a.compute(), [(n, m)].into_iter(), a.cols());
    let filled = match (a.compute().engine(), a.values(), b.values()) {
        (Engine::Gpu(context), Values::Device(a), Values::Device(b)) => {
            let context = &context.metered(meter.clone());
            let shapes = std::iter::once((n, m));
            let plan = gpu::pairwise_distances::plan(context, (n, m), shapes, metric);
            context
                .ledger()
                .check(WHAT, MemoryPlan { output: 0, ..plan })?;
            let a = Side::floats(context, a, metric)?;
            let b = Side::floats(context, b, metric)?;
            let comparison = Comparison { metric, bits: 0 };
            gpu::pairwise_distances::distances_into(context, &a, &b, comparison, room)?
        }
        _ => return Err(ComputeError::DifferentDevices),
    };
    meter.finish()?;
    Ok(Matrix::new(
        a.compute(),
        Values::Device(Arc::new(filled)),
        n,
        m,
    ))
}

/// [`pairwise`] of many problems at once, with the same bits as one by one: problem i compares the rows
/// `a_rows[i]` of `a` [.., d] with the rows `b_rows[i]` of `b` [.., d], and has a matrix of its own.
///
/// The problems' rows are stacked in `a` and in `b`. Each problem may have its own number of rows, none as
/// well, and problems may share rows. Small problems fill a GPU together: there is one dispatch for all of
/// them, as far as buffers reach.
///
/// ```
/// use throng_compute::{Compute, PairwiseMetric, pairwise_batch};
///
/// # fn main() -> Result<(), throng_compute::ComputeError> {
/// let compute = Compute::auto();
/// // [b, n, d] by [b, m, d], with b = 2, n = 1, m = 2, d = 1.
/// let a = compute.matrix(&[0.0, 10.0], 2, 1)?;
/// let b = compute.matrix(&[1.0, 2.0, 11.0, 13.0], 4, 1)?;
/// let batch = pairwise_batch(&a, &[0..1, 1..2], &b, &[0..2, 2..4], PairwiseMetric::Manhattan)?;
/// assert_eq!(batch.shapes(), [(1, 2), (1, 2)]);
/// assert_eq!(batch.to_vec()?, [1.0, 2.0, 1.0, 3.0]);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// [`ComputeError::Shape`] where the columns or the numbers of problems differ, [`ComputeError::Range`]
/// where a problem asks for rows that are not there, [`ComputeError::DifferentDevices`],
/// [`ComputeError::Cancelled`], and the device's.
pub fn pairwise_batch(
    a: &Matrix,
    a_rows: &[Range<usize>],
    b: &Matrix,
    b_rows: &[Range<usize>],
    metric: PairwiseMetric,
) -> Result<PairwiseBatch, ComputeError> {
    check_alike(a.compute(), a.cols(), b.compute(), b.cols())?;
    let problems = problems(a_rows, a.rows(), b_rows, b.rows())?;
    let compute = a.compute();
    let shapes: Vec<_> = problems.iter().map(Problem::shape).collect();
    let plan = compute.plan_pairwise_batch(a.rows(), b.rows(), &shapes, a.cols(), metric)?;
    let meter = meter(compute, shapes.into_iter(), a.cols());
    let metric = metric.into();
    let values = match (compute.engine(), a.values(), b.values()) {
        (Engine::Cpu(threads), Values::Host(a_values), Values::Host(b_values)) => {
            let d = a.cols();
            let fill = |out: &mut [f32], problem: &Problem| {
                let a = &a_values[problem.a.start * d..problem.a.end * d];
                let b = &b_values[problem.b.start * d..problem.b.end * d];
                cpu::pairwise_distances::fill(out, a, b, d, metric, &meter);
            };
            Values::host(compute.ledger().charge(WHAT, plan.peak())?, || {
                threads.run(|| cpu::pairwise_distances::batch(&problems, fill))
            })
        }
        (Engine::Gpu(context), Values::Device(a), Values::Device(b)) => {
            let context = &context.metered(meter.clone());
            let a = Side::floats(context, a, metric)?;
            let b = Side::floats(context, b, metric)?;
            let comparison = Comparison { metric, bits: 0 };
            let out = gpu::pairwise_distances::batch(context, &a, &b, &problems, comparison)?;
            Values::Device(Arc::new(out))
        }
        _ => return Err(ComputeError::DifferentDevices),
    };
    meter.finish()?;
    Ok(PairwiseBatch::new(a.compute(), &problems, values))
}

/// What measures problems of these shapes, of `features` values a row.
pub(crate) fn meter(
    compute: &Compute,
    shapes: impl Iterator<Item = (usize, usize)>,
    features: usize,
) -> Meter {
    let pairs = shapes.map(|(n, m)| n.saturating_mul(m));
    let pairs = pairs.fold(0, usize::saturating_add);
    compute.meter(WHAT, pairs.saturating_mul(features))
}

/// Refuses matrices of different devices or columns.
pub(crate) fn check_alike(
    a: &Compute,
    a_cols: usize,
    b: &Compute,
    b_cols: usize,
) -> Result<(), ComputeError> {
    if !a.is_same(b) {
        return Err(ComputeError::DifferentDevices);
    }
    if a_cols != b_cols {
        return Err(ComputeError::Shape {
            argument: "b",
            unit: "columns",
            expected: a_cols,
            found: b_cols,
        });
    }
    Ok(())
}

/// Refuses a `b` without rows: a matrix has columns.
pub(crate) fn check_rows(b_rows: usize) -> Result<(), ComputeError> {
    if b_rows > 0 {
        return Ok(());
    }
    Err(ComputeError::Shape {
        argument: "b",
        unit: "rows",
        expected: 1,
        found: 0,
    })
}
