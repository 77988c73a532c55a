//! Distances of all pairs of rows.

use std::str::FromStr;
use std::sync::Arc;

use throng_shaders::Metric;

use crate::device::Engine;
use crate::error::ComputeError;
use crate::host_buffer::{self, HostBuffer};
use crate::matrix::{Matrix, Values};
use crate::{cpu, gpu};

/// How two rows are compared.
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
}

impl FromStr for PairwiseMetric {
    type Err = ComputeError;

    fn from_str(value: &str) -> Result<Self, ComputeError> {
        match value {
            "sqeuclidean" => Ok(PairwiseMetric::SqEuclidean),
            "euclidean" => Ok(PairwiseMetric::Euclidean),
            "cosine" => Ok(PairwiseMetric::Cosine),
            "dot" => Ok(PairwiseMetric::Dot),
            _ => Err(ComputeError::UnknownName {
                argument: "metric",
                value: value.to_owned(),
                choices: "sqeuclidean, euclidean, cosine, dot",
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
        }
    }
}

/// The distances (for [`PairwiseMetric::Dot`]: products) [n, m] of the rows of `a` [n, d] from the rows of
/// `b` [m, d], on their device.
///
/// # Errors
/// [`ComputeError::Shape`] where the columns differ or `b` has no rows, [`ComputeError::DifferentDevices`],
/// and the device's.
pub fn pairwise(a: &Matrix, b: &Matrix, metric: PairwiseMetric) -> Result<Matrix, ComputeError> {
    check_alike(a, b)?;
    let values = match (a.compute().engine(), a.values(), b.values()) {
        (Engine::Cpu(threads), Values::Host(a_values), Values::Host(b_values)) => {
            Values::Host(Arc::new(threads.run(|| {
                cpu::pairwise_distances::distances(a_values, b_values, a.cols(), metric.into())
            })))
        }
        (Engine::Gpu(context), Values::Device(a), Values::Device(b)) => Values::Device(Arc::new(
            gpu::pairwise_distances::distances(context, a, b, metric.into())?,
        )),
        _ => return Err(ComputeError::DifferentDevices),
    };
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
    check_alike(a, b)?;
    let (n, m) = (a.rows(), b.rows());
    let room = host_buffer::room(a.compute(), out, n, m, &[a, b])?;
    let filled = match (a.compute().engine(), a.values(), b.values()) {
        (Engine::Gpu(context), Values::Device(a), Values::Device(b)) => {
            gpu::pairwise_distances::fill(context, a, b, metric.into(), room)?
        }
        _ => return Err(ComputeError::DifferentDevices),
    };
    Ok(Matrix::new(
        a.compute(),
        Values::Device(Arc::new(filled)),
        n,
        m,
    ))
}

/// Refuses matrices of different devices or columns, and a `b` without rows: a matrix has columns.
fn check_alike(a: &Matrix, b: &Matrix) -> Result<(), ComputeError> {
    if !a.compute().is_same(b.compute()) {
        return Err(ComputeError::DifferentDevices);
    }
    if a.cols() != b.cols() {
        return Err(ComputeError::Shape {
            argument: "b",
            unit: "columns",
            expected: a.cols(),
            found: b.cols(),
        });
    }
    if b.rows() == 0 {
        return Err(ComputeError::Shape {
            argument: "b",
            unit: "rows",
            expected: 1,
            found: 0,
        });
    }
    Ok(())
}
