//! All that is within a radius.

use crate::device::{Compute, Engine};
use crate::error::ComputeError;
use crate::matrix::{Matrix, Values};
use crate::memory::{MemoryPlan, Sizes};
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

/// What is said of a search.
pub(crate) const WHAT: &str = "neighbours within a radius";

impl Compute {
    /// What [`radius_counts`] takes for [m, d] items and [q, d] queries. On a GPU a strip of distances, as large as the
    /// cap allows up to 64 MiB; on the CPU packed items; for the cosine the scales of the rows, on the CPU unit rows
    /// too.
    ///
    /// # Errors
    /// [`ComputeError::MemoryCap`].
    pub fn plan_radius_counts(
        &self,
        q: usize,
        m: usize,
        d: usize,
        metric: NeighborMetric,
    ) -> Result<MemoryPlan, ComputeError> {
        let metric = metric.into();
        match self.engine() {
            Engine::Cpu(_) => {
                let plan = cpu::radius::plan_counts(q, m, d, metric);
                self.ledger().check(WHAT, plan)
            }
            Engine::Gpu(context) => {
                Ok(gpu::radius::BallSizes::new(context, q, m, metric, false)?.plan())
            }
        }
    }

    /// What [`radius_neighbors`] takes where `found` items are listed for all queries together: as
    /// [`Compute::plan_radius_counts`], on a GPU lists of a quarter of the strip at a time, on the CPU the lists twice.
    /// There the cap is looked at a second time when it is known what was found.
    ///
    /// # Errors
    /// [`ComputeError::MemoryCap`].
    pub fn plan_radius_neighbors(
        &self,
        q: usize,
        m: usize,
        d: usize,
        metric: NeighborMetric,
        found: usize,
    ) -> Result<MemoryPlan, ComputeError> {
        let metric = metric.into();
        match self.engine() {
            Engine::Cpu(_) => {
                let plan = cpu::radius::plan_neighbors(q, m, d, metric, found);
                self.ledger().check(WHAT, plan)
            }
            Engine::Gpu(context) => {
                Ok(gpu::radius::BallSizes::new(context, q, m, metric, true)?.plan())
            }
        }
    }
}

/// How many items [m, d] are within `radius` of each query [q, d], those at `radius` included: distances of
/// at most `radius`, for [`NeighborMetric::Dot`] products of at least that. Distances are 32-bit floats, and
/// so is what is compared. Of a matrix with itself every row counts itself.
///
/// What it takes beside the result: [`Compute::plan_radius_counts`].
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
    let (q, m, d) = (queries.rows(), items.rows(), items.cols());
    let ledger = queries.compute().ledger();
    let plan = queries.compute().plan_radius_counts(q, m, d, metric)?;
    let metric = metric.into();
    let meter = work(queries, items, WHAT);
    match (queries.compute().engine(), queries.values(), items.values()) {
        (Engine::Cpu(threads), Values::Host(queries), Values::Host(items)) => {
            let _charge = ledger.charge(WHAT, plan.peak())?;
            let found =
                threads.run(|| cpu::radius::counts(queries, items, d, radius, metric, &meter));
            meter.finish().map(|()| found)
        }
        (Engine::Gpu(context), Values::Device(queries), Values::Device(items)) => {
            let context = context.metered(meter);
            let found = gpu::radius::counts(&context, queries, items, radius, metric)?;
            context.meter().finish().map(|()| found)
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
    let (q, m, d) = (queries.rows(), items.rows(), items.cols());
    let ledger = queries.compute().ledger();
    let plan = queries
        .compute()
        .plan_radius_neighbors(q, m, d, metric, 0)?;
    let metric = metric.into();
    let meter = work(queries, items, WHAT);
    match (queries.compute().engine(), queries.values(), items.values()) {
        (Engine::Cpu(threads), Values::Host(queries), Values::Host(items)) => {
            let charge = ledger.charge(WHAT, plan.peak())?;
            let lists =
                threads.run(|| cpu::radius::lists(queries, items, d, radius, metric, &meter));
            meter.finish()?;
            let found = lists.iter().map(cpu::radius::Lists::found).sum();
            let whole = cpu::radius::plan_neighbors(q, m, d, metric, found);
            drop(charge);
            let _charge = ledger.charge(WHAT, whole.peak())?;
            Ok(cpu::radius::joined(lists))
        }
        (Engine::Gpu(context), Values::Device(queries), Values::Device(items)) => {
            let context = context.metered(meter);
            let found = gpu::radius::neighbors(&context, queries, items, radius, metric)?;
            context.meter().finish().map(|()| found)
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
