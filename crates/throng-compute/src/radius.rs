//! All that is within a radius.

use crate::device::Engine;
use crate::error::ComputeError;
use crate::matrix::{Matrix, Values};
use crate::neighbors::{NeighborMetric, check_pair, work};
use crate::{cpu, gpu};

/// The items near each query, as the rows of a sparse matrix (CSR).
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RadiusNeighbors {
    /// Where each query's items begin, and the last one's end, [q + 1].
    pub offsets: Vec<usize>,
    /// Items, rising for each query.
    pub indices: Vec<u32>,
    /// Their distances (for [`NeighborMetric::Dot`]: products).
    pub distances: Vec<f32>,
}

/// How many items [m, d] are within `radius` of each query [q, d], those at `radius` included: distances of
/// at most `radius`, for [`NeighborMetric::Dot`] products of at least that. Distances are 32-bit floats, and
/// so is what is compared. Of a matrix with itself every row counts itself.
///
/// Memory beside the result: on the CPU a copy of the items (and of the queries, for the cosine), on a device
/// at most 64 MiB.
///
/// # Errors
/// [`ComputeError::Radius`] where it is not a finite number, [`ComputeError::Shape`] where the columns
/// differ, [`ComputeError::DifferentDevices`], [`ComputeError::Cancelled`], and the device's.
pub fn radius_counts(
    queries: &Matrix,
    items: &Matrix,
    radius: f32,
    metric: NeighborMetric,
) -> Result<Vec<u32>, ComputeError> {
    check(queries, items, radius)?;
    let metric = metric.into();
    let d = items.cols();
    let meter = work(queries, items, "neighbours within a radius");
    match (queries.compute().engine(), queries.values(), items.values()) {
        (Engine::Cpu(threads), Values::Host(queries), Values::Host(items)) => {
            let found =
                threads.run(|| cpu::radius::counts(queries, items, d, radius, metric, &meter));
            meter.check().map(|()| found)
        }
        (Engine::Gpu(context), Values::Device(queries), Values::Device(items)) => {
            let context = context.metered(meter);
            gpu::radius::counts(&context, queries, items, radius, metric)
        }
        _ => Err(ComputeError::DifferentDevices),
    }
}

/// The items [m, d] within `radius` of each query [q, d], as [`radius_counts`] counts them.
///
/// # Errors
/// As [`radius_counts`].
pub fn radius_neighbors(
    queries: &Matrix,
    items: &Matrix,
    radius: f32,
    metric: NeighborMetric,
) -> Result<RadiusNeighbors, ComputeError> {
    check(queries, items, radius)?;
    let metric = metric.into();
    let d = items.cols();
    let meter = work(queries, items, "neighbours within a radius");
    match (queries.compute().engine(), queries.values(), items.values()) {
        (Engine::Cpu(threads), Values::Host(queries), Values::Host(items)) => {
            let found =
                threads.run(|| cpu::radius::neighbors(queries, items, d, radius, metric, &meter));
            meter.check().map(|()| found)
        }
        (Engine::Gpu(context), Values::Device(queries), Values::Device(items)) => {
            let context = context.metered(meter);
            gpu::radius::neighbors(&context, queries, items, radius, metric)
        }
        _ => Err(ComputeError::DifferentDevices),
    }
}

fn check(queries: &Matrix, items: &Matrix, radius: f32) -> Result<(), ComputeError> {
    check_pair(queries, items)?;
    if !radius.is_finite() {
        return Err(ComputeError::Radius { radius });
    }
    Ok(())
}
