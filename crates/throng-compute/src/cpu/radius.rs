//! The items within a radius; twin of `wgsl/radius/`. Distances are by differences, those of
//! [`super::pairwise_distances`] bit for bit.

use pulp::{Simd, WithSimd};
use rayon::prelude::*;
use throng_shaders::Metric;

use super::neighbors::{Side, finished};
use super::rows_scale;
use super::simd::{dispatch, lanes};
use super::tile::{Panels, Product, SquaredDifference, Sum, rows_at, tile};
use crate::memory::{MemoryPlan, words};
use crate::radius::RadiusNeighbors;
use crate::watch::Meter;

/// Rows of a task: few enough that they stay in the first-level cache while the panels pass.
const TASK_ROWS: usize = 64;

/// What it takes to count what is near `queries`.
pub fn plan_counts(queries: usize, items: usize, features: usize, metric: Metric) -> MemoryPlan {
    MemoryPlan {
        output: words(queries),
        // The counts by task outlive the panels.
        scratch: words(beside(queries, items, features, metric).max(queries)),
        parts: 1,
    }
}

/// What it takes to list what is near `queries`, of which there are `found` together: the lists of tasks, and of all.
pub fn plan_neighbors(
    queries: usize,
    items: usize,
    features: usize,
    metric: Metric,
    found: usize,
) -> MemoryPlan {
    let lists = words(2 * found + queries);
    let offsets = (size_of::<usize>() * (queries + 1)) as u64;
    let output = words(2 * found) + offsets;
    let beside = words(beside(queries, items, features, metric));
    MemoryPlan {
        output,
        // The panels are gone when the lists are joined.
        scratch: beside.saturating_sub(output).saturating_add(lists),
        parts: 1,
    }
}

/// Values of panels and unit rows.
fn beside(queries: usize, items: usize, features: usize, metric: Metric) -> usize {
    let panels = Panels::count(items, features, 2 * lanes());
    panels.saturating_add(rows_scale::count(queries + items, features, metric))
}

/// How many items are within the radius of each query.
pub fn counts(
    queries: &[f32],
    items: &[f32],
    features: usize,
    radius: f32,
    metric: Metric,
    meter: &Meter,
) -> Vec<u32> {
    let keep = |near: &mut u32, _, _| *near += 1;
    let finish = |near: Vec<u32>| near;
    each_task(
        queries, items, features, radius, metric, meter, keep, finish,
    )
    .concat()
}

/// What is near the queries of a task.
pub struct Lists {
    /// Items near each query.
    counts: Vec<u32>,
    /// They themselves, query by query.
    near: Vec<(u32, f32)>,
}

impl Lists {
    /// Items of all queries.
    pub fn found(&self) -> usize {
        self.near.len()
    }
}

/// The items within the radius of each query, by tasks of queries.
pub fn lists(
    queries: &[f32],
    items: &[f32],
    features: usize,
    radius: f32,
    metric: Metric,
    meter: &Meter,
) -> Vec<Lists> {
    let keep = |near: &mut Vec<(u32, f32)>, item, distance| near.push((item, distance));
    let finish = |near: Vec<Vec<(u32, f32)>>| Lists {
        counts: near.iter().map(|near| near.len() as u32).collect(),
        near: near.concat(),
    };
    each_task(
        queries, items, features, radius, metric, meter, keep, finish,
    )
}

/// The lists of all tasks in order.
pub fn joined(tasks: Vec<Lists>) -> RadiusNeighbors {
    let queries: usize = tasks.iter().map(|task| task.counts.len()).sum();
    let found = tasks.iter().map(Lists::found).sum();
    let mut out = RadiusNeighbors {
        offsets: Vec::with_capacity(queries + 1),
        indices: Vec::with_capacity(found),
        distances: Vec::with_capacity(found),
    };
    out.offsets.push(0);
    let mut end = 0;
    for task in tasks {
        for count in task.counts {
            end += count as usize;
            out.offsets.push(end);
        }
        out.indices.extend(task.near.iter().map(|near| near.0));
        out.distances.extend(task.near.iter().map(|near| near.1));
    }
    out
}

/// Folds what is near each query with `keep`, in the order of items; what `finish` makes of it, by tasks of queries. Of
/// nothing where `meter` stopped the work.
#[expect(clippy::too_many_arguments)]
fn each_task<A, K, T>(
    queries: &[f32],
    items: &[f32],
    features: usize,
    radius: f32,
    metric: Metric,
    meter: &Meter,
    keep: K,
    finish: impl Fn(Vec<A>) -> T + Sync,
) -> Vec<T>
where
    A: Default + Send,
    K: Fn(&mut A, u32, f32) + Copy + Send + Sync,
    T: Send,
{
    let queries = Side::new(queries, features, metric);
    let items = Side::new(items, features, metric);
    let has_zeros = queries.has_zeros() || items.has_zeros();
    let panels = Panels::pack(items.rows.chunks_exact(features), features, 2 * lanes());
    queries
        .rows
        .par_chunks(TASK_ROWS * features)
        .enumerate()
        .map(|(index, rows)| {
            if meter.is_stopped() {
                return finish(Vec::new());
            }
            let near = dispatch(Task {
                rows,
                first: index * TASK_ROWS,
                features,
                panels: &panels,
                radius,
                metric,
                zeros: [&queries, &items],
                has_zeros,
                keep,
                near: Vec::new(),
            });
            meter.add(rows.len() * items.rows.len() / features);
            finish(near)
        })
        .collect()
}

struct Task<'a, A, K> {
    rows: &'a [f32],
    /// The first row among all queries.
    first: usize,
    features: usize,
    panels: &'a Panels,
    radius: f32,
    metric: Metric,
    zeros: [&'a Side<'a>; 2],
    has_zeros: bool,
    keep: K,
    near: Vec<A>,
}

impl<A, K> WithSimd for Task<'_, A, K>
where
    A: Default,
    K: Fn(&mut A, u32, f32),
{
    type Output = Vec<A>;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> Vec<A> {
        match (S::REGISTER_COUNT >= 32, self.metric) {
            (true, Metric::Dot) => self.run::<S, Product, 8>(simd),
            (true, _) => self.run::<S, SquaredDifference, 8>(simd),
            (false, Metric::Dot) => self.run::<S, Product, 4>(simd),
            (false, _) => self.run::<S, SquaredDifference, 4>(simd),
        }
    }
}

impl<A, K> Task<'_, A, K>
where
    A: Default,
    K: Fn(&mut A, u32, f32),
{
    #[inline(always)]
    #[expect(clippy::needless_range_loop)]
    fn run<S: Simd, T: Sum, const R: usize>(mut self, simd: S) -> Vec<A> {
        let rows = self.rows.len() / self.features;
        self.near.resize_with(rows, A::default);
        for (index, (panel, filled)) in self.panels.iter().enumerate() {
            let item = index * 2 * S::F32_LANES;
            for first in (0..rows).step_by(R) {
                let group = rows_at::<R>(self.rows, self.features, first);
                let start = [simd.splat_f32s(0.0); 2];
                let mut sums = tile::<S, T, R, 2>(simd, group, panel, start);
                for i in 0..R {
                    for v in 0..2 {
                        sums[i][v] = finished(simd, self.metric, sums[i][v]);
                    }
                }
                // A copy to point into, so that the sums themselves stay in registers.
                let values = sums;
                let values: &[f32] = bytemuck::cast_slice(&values);
                for i in 0..R {
                    let is_near = self.has_zeros
                        || match self.metric {
                            Metric::Dot => {
                                let most = simd.max_f32s(sums[i][0], sums[i][1]);
                                simd.reduce_max_f32s(most) >= self.radius
                            }
                            _ => {
                                let least = simd.min_f32s(sums[i][0], sums[i][1]);
                                simd.reduce_min_f32s(least) <= self.radius
                            }
                        };
                    if is_near && first + i < rows {
                        let values = &values[i * 2 * S::F32_LANES..][..filled];
                        self.look(first + i, item, values);
                    }
                }
            }
        }
        self.near
    }

    #[inline(always)]
    fn look(&mut self, row: usize, first_item: usize, values: &[f32]) {
        let [queries, items] = self.zeros;
        for (column, &value) in values.iter().enumerate() {
            let item = first_item + column;
            let is_zero = queries.is_zero(self.first + row) || items.is_zero(item);
            let value = if is_zero { 1.0 } else { value };
            let is_near = match self.metric {
                Metric::Dot => value >= self.radius,
                _ => value <= self.radius,
            };
            if is_near {
                (self.keep)(&mut self.near[row], item as u32, value);
            }
        }
    }
}
