//! Distances of all pairs of rows.

use std::str::FromStr;
use std::sync::Arc;

use throng_shaders::Metric;

use crate::device::Engine;
use crate::error::ComputeError;
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
