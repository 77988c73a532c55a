//! The k nearest of many.

use std::str::FromStr;

use throng_shaders::Metric;

use crate::device::{Compute, Engine};
use crate::error::ComputeError;
use crate::matrix::{Matrix, Values};
use crate::memory::{MemoryPlan, Sizes};
use crate::watch::Meter;
use crate::{cpu, gpu};

/// The most neighbours that can be asked for.
pub const MOST_NEIGHBORS: usize = 1_000;

/// Stands in [`Neighbors::indices`] where exclusions leave fewer than k items; its score is NaN.
pub const NO_NEIGHBOR: u32 = u32::MAX;

/// What "near" means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NeighborMetric {
    /// |a - b|^2
    SqEuclidean,
    /// |a - b|
    Euclidean,
    /// 1 - a.b / (|a| |b|), in [0, 2]; 1 where a row is zero
    Cosine,
    /// a.b, where more is nearer
    Dot,
}

impl FromStr for NeighborMetric {
    type Err = ComputeError;

    fn from_str(value: &str) -> Result<Self, ComputeError> {
        match value {
            "sqeuclidean" => Ok(NeighborMetric::SqEuclidean),
            "euclidean" => Ok(NeighborMetric::Euclidean),
            "cosine" => Ok(NeighborMetric::Cosine),
            "dot" => Ok(NeighborMetric::Dot),
            _ => Err(ComputeError::UnknownName {
                argument: "metric",
                value: value.to_owned(),
                choices: "sqeuclidean, euclidean, cosine, dot",
            }),
        }
    }
}

impl From<NeighborMetric> for Metric {
    fn from(metric: NeighborMetric) -> Self {
        match metric {
            NeighborMetric::SqEuclidean => Metric::SqEuclidean,
            NeighborMetric::Euclidean => Metric::Euclidean,
            NeighborMetric::Cosine => Metric::Cosine,
            NeighborMetric::Dot => Metric::Dot,
        }
    }
}

/// The k nearest items of each query, the nearest first, ties to the lowest index.
#[derive(Debug, Clone, PartialEq)]
pub struct Neighbors {
    /// Neighbours of a query.
    pub k: usize,
    /// Items [q, k], or [`NO_NEIGHBOR`].
    pub indices: Vec<u32>,
    /// Their distances (for [`NeighborMetric::Dot`]: products) [q, k], or NaN.
    pub scores: Vec<f32>,
}

/// Items that a query must not get.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Excluded {
    /// Where each query's items begin, and the last one's end, [q + 1].
    offsets: Vec<usize>,
    /// Rising for each query.
    items: Vec<u32>,
    /// Whether each query has one.
    is_selves: bool,
}

impl Excluded {
    /// The most pairs of `queries` queries in a row, or more.
    pub(crate) fn most(&self, queries: usize) -> usize {
        match self.is_selves {
            true => queries.min(self.items.len()),
            false => self.items.len(),
        }
    }

    /// Sorts pairs of a query below `queries` and an item below `items`.
    pub(crate) fn new(
        pairs: &[(u32, u32)],
        queries: usize,
        items: usize,
    ) -> Result<Self, ComputeError> {
        for (row, &(query, item)) in pairs.iter().enumerate() {
            for (argument, index, rows) in [("queries", query, queries), ("items", item, items)] {
                if index as usize >= rows {
                    return Err(ComputeError::PairOutOfRange {
                        row,
                        argument,
                        index,
                        rows,
                    });
                }
            }
        }
        let mut sorted = pairs.to_vec();
        sorted.sort_unstable();
        let mut offsets = vec![0; queries + 1];
        sorted
            .iter()
            .for_each(|&(query, _)| offsets[query as usize + 1] += 1);
        for query in 0..queries {
            offsets[query + 1] += offsets[query];
        }
        let items = sorted.into_iter().map(|(_, item)| item).collect();
        Ok(Self {
            offsets,
            items,
            is_selves: false,
        })
    }

    /// Each row without itself.
    fn selves(rows: usize) -> Self {
        Self {
            offsets: (0..=rows).collect(),
            items: (0..rows as u32).collect(),
            is_selves: true,
        }
    }

    /// The items that a query must not get, rising.
    pub(crate) fn of(&self, query: usize) -> &[u32] {
        &self.items[self.offsets[query]..self.offsets[query + 1]]
    }
}

/// The `k` items [m, d] nearest to each query [q, d], by `metric`: every pair is looked at, none is kept.
///
/// A query never gets an item that it is paired with in `exclude`, pairs of a query and an item in any
/// order; where that leaves fewer than k, the rest is [`NO_NEIGHBOR`] with score NaN.
///
/// What it takes beside the result: [`Compute::plan_top_k`].
///
/// # Errors
/// [`ComputeError::NoItems`], [`ComputeError::Neighbors`] unless k is from 1 to m and at most [`MOST_NEIGHBORS`],
/// [`ComputeError::Shape`] where the columns differ, [`ComputeError::PairOutOfRange`],
/// [`ComputeError::DifferentDevices`], [`ComputeError::Cancelled`], and the device's.
pub fn top_k(
    queries: &Matrix,
    items: &Matrix,
    k: usize,
    metric: NeighborMetric,
    exclude: &[(u32, u32)],
) -> Result<Neighbors, ComputeError> {
    check_pair(queries, items)?;
    check_k(k, items.rows())?;
    let excluded = Excluded::new(exclude, queries.rows(), items.rows())?;
    find(queries, items, k, metric, &excluded)
}

/// The k-nearest-neighbour graph of `x` [n, d]: the `k` other rows nearest to each row.
///
/// # Errors
/// As [`top_k`], and k is at most n - 1.
pub fn k_nearest_graph(
    x: &Matrix,
    k: usize,
    metric: NeighborMetric,
) -> Result<Neighbors, ComputeError> {
    check_k(k, x.rows().saturating_sub(1))?;
    find(x, x, k, metric, &Excluded::selves(x.rows()))
}

/// What is said of a search.
pub(crate) const WHAT: &str = "nearest neighbours";

impl Compute {
    /// What [`top_k`] takes for the `k` nearest of [m, d] to each of [q, d], with `exclude` pairs. On a GPU a strip of
    /// distances, as large as the cap allows up to 64 MiB, and 12 k bytes for each of its rows; on the CPU pools of
    /// candidates, some 16 k bytes each, for as many queries at once as the cap allows up to 4,096, and 2 MiB of items;
    /// for the cosine the scales of the rows, on the CPU unit rows too.
    ///
    /// On the CPU a pool takes more, at most 16 (2 k + 2,000) bytes, where many items are as near as the k-th, to within
    /// the rounding of 32-bit floats. That is not in the plan.
    ///
    /// # Errors
    /// [`ComputeError::MemoryCap`].
    pub fn plan_top_k(
        &self,
        q: usize,
        m: usize,
        d: usize,
        k: usize,
        metric: NeighborMetric,
        exclude: usize,
    ) -> Result<MemoryPlan, ComputeError> {
        self.plan_search((q, m, d), k, metric, exclude, |_| exclude)
    }

    /// What [`k_nearest_graph`] takes for the `k` nearest of [n, d]: as [`Compute::plan_top_k`].
    ///
    /// # Errors
    /// [`ComputeError::MemoryCap`].
    pub fn plan_k_nearest_graph(
        &self,
        n: usize,
        d: usize,
        k: usize,
        metric: NeighborMetric,
    ) -> Result<MemoryPlan, ComputeError> {
        self.plan_search((n, n, d), k, metric, n, |rows| rows.min(n))
    }

    fn plan_search(
        &self,
        shape: (usize, usize, usize),
        k: usize,
        metric: NeighborMetric,
        exclude: usize,
        pairs: impl Fn(usize) -> usize,
    ) -> Result<MemoryPlan, ComputeError> {
        let metric = metric.into();
        Ok(match self.engine() {
            Engine::Cpu(_) => {
                let ledger = self.ledger();
                cpu::neighbors::SearchSizes::new(ledger, shape, k, metric, exclude)?.plan()
            }
            Engine::Gpu(context) => {
                let (q, m, _) = shape;
                gpu::neighbors::SearchSizes::new(context, q, m, k, metric, pairs)?.plan()
            }
        })
    }
}

fn find(
    queries: &Matrix,
    items: &Matrix,
    k: usize,
    metric: NeighborMetric,
    excluded: &Excluded,
) -> Result<Neighbors, ComputeError> {
    let metric = metric.into();
    let d = items.cols();
    let meter = work(queries, items, WHAT);
    let shape = (queries.rows(), items.rows(), d);
    let ledger = queries.compute().ledger();
    let (indices, scores) = match (queries.compute().engine(), queries.values(), items.values()) {
        (Engine::Cpu(threads), Values::Host(queries), Values::Host(items)) => {
            let pairs = excluded.items.len();
            let sizes = cpu::neighbors::SearchSizes::new(ledger, shape, k, metric, pairs)?;
            let _charge = ledger.charge(WHAT, sizes.plan().peak())?;
            let nearest =
                threads.run(|| cpu::neighbors::nearest(queries, items, &sizes, excluded, &meter));
            meter.finish().map(|()| nearest)?
        }
        (Engine::Gpu(context), Values::Device(queries), Values::Device(items)) => {
            let context = context.metered(meter);
            let found = gpu::neighbors::nearest(&context, queries, items, k, metric, excluded)?;
            context.meter().finish().map(|()| found)?
        }
        _ => return Err(ComputeError::DifferentDevices),
    };
    Ok(Neighbors { k, indices, scores })
}

/// What measures a look at all pairs.
pub(crate) fn work(queries: &Matrix, items: &Matrix, what: &'static str) -> Meter {
    let pairs = queries.rows().saturating_mul(items.rows());
    let total = pairs.saturating_mul(items.cols());
    queries.compute().meter(what, total)
}

pub(crate) fn check_pair(queries: &Matrix, items: &Matrix) -> Result<(), ComputeError> {
    if !queries.compute().is_same(items.compute()) {
        return Err(ComputeError::DifferentDevices);
    }
    if queries.cols() != items.cols() {
        return Err(ComputeError::Shape {
            argument: "items",
            unit: "columns",
            expected: queries.cols(),
            found: items.cols(),
        });
    }
    Ok(())
}

fn check_k(k: usize, items: usize) -> Result<(), ComputeError> {
    if items == 0 {
        return Err(ComputeError::NoItems { k });
    }
    if k == 0 || k > items.min(MOST_NEIGHBORS) {
        return Err(ComputeError::Neighbors { k, items });
    }
    Ok(())
}
