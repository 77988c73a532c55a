//! The items within a radius; twin of `wgsl/radius/`. Distances are by differences, those of
//! [`super::pairwise_distances`] bit for bit.

use pulp::{Simd, WithSimd};
use rayon::prelude::*;
use throng_shaders::Metric;

use super::neighbors::{Side, finished};
use super::simd::{dispatch, lanes};
use super::tile::{Panels, Product, SquaredDifference, Sum, rows_at, tile};
use crate::radius::RadiusNeighbors;
use crate::watch::Meter;

/// Rows of a task: few enough that they stay in the first-level cache while the panels pass.
const TASK_ROWS: usize = 64;

/// How many items are within the radius of each query.
pub fn counts(
    queries: &[f32],
    items: &[f32],
    features: usize,
    radius: f32,
    metric: Metric,
    meter: &Meter,
) -> Vec<u32> {
    let tasks = each_task(
        queries,
        items,
        features,
        radius,
        metric,
        meter,
        |near: &mut u32, _, _| {
            *near += 1;
        },
    );
    tasks.concat()
}

/// The items within the radius of each query.
pub fn neighbors(
    queries: &[f32],
    items: &[f32],
    features: usize,
    radius: f32,
    metric: Metric,
    meter: &Meter,
) -> RadiusNeighbors {
    let keep = |near: &mut Vec<(u32, f32)>, item, distance| near.push((item, distance));
    let tasks = each_task(queries, items, features, radius, metric, meter, keep);
    let mut out = RadiusNeighbors {
        offsets: vec![0],
        ..Default::default()
    };
    for near in tasks.into_iter().flatten() {
        out.indices.extend(near.iter().map(|(item, _)| item));
        out.distances
            .extend(near.iter().map(|(_, distance)| distance));
        out.offsets.push(out.indices.len());
    }
    out
}

/// Folds what is near each query with `keep`, in the order of items; by tasks of queries. Nothing where `meter`
/// stopped the work.
fn each_task<A, K>(
    queries: &[f32],
    items: &[f32],
    features: usize,
    radius: f32,
    metric: Metric,
    meter: &Meter,
    keep: K,
) -> Vec<Vec<A>>
where
    A: Default + Send,
    K: Fn(&mut A, u32, f32) + Copy + Send + Sync,
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
                return Vec::new();
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
            near
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
