//! The nearest centroid but a row's own; twin of `wgsl/silhouette/simplified.wgsl`.

use pulp::{Simd, WithSimd};
use rayon::prelude::*;
use throng_shaders::Metric;

use super::neighbors::{Side, finished};
use super::rows_scale;
use super::simd::{dispatch, lanes};
use super::tile::{Panels, SquaredDifference, rows_at, tile};
use crate::memory::{MemoryPlan, words};
use crate::silhouette_simplified::NearestOther;
use crate::watch::Meter;

/// Rows of a task: few enough that they stay in the first-level cache while the panels pass.
const TASK_ROWS: usize = 64;

/// What distances to `k` centroids take.
pub fn plan(rows: usize, features: usize, k: usize, metric: Metric) -> MemoryPlan {
    let panels = Panels::count(k, features, 2 * lanes());
    let unit = rows_scale::count(rows + k, features, metric);
    MemoryPlan {
        output: words(3 * rows),
        scratch: words(panels.saturating_add(unit)),
        parts: 1,
    }
}

/// Distances to the own centroid, and the nearest other one; not all where `meter` stopped the work.
pub fn nearest_other(
    x: &[f32],
    features: usize,
    centroids: &[f32],
    labels: &[u32],
    metric: Metric,
    meter: &Meter,
) -> NearestOther {
    let x = Side::new(x, features, metric);
    let centroids = Side::new(centroids, features, metric);
    let has_zeros = x.has_zeros() || centroids.has_zeros();
    let panels = Panels::pack(centroids.rows.chunks_exact(features), features, 2 * lanes());
    let mut out = NearestOther {
        own: vec![0.0; labels.len()],
        cluster: vec![0; labels.len()],
        distance: vec![f32::MAX; labels.len()],
    };
    x.rows
        .par_chunks(TASK_ROWS * features)
        .enumerate()
        .zip(labels.par_chunks(TASK_ROWS))
        .zip(out.own.par_chunks_mut(TASK_ROWS))
        .zip(out.cluster.par_chunks_mut(TASK_ROWS))
        .zip(out.distance.par_chunks_mut(TASK_ROWS))
        .for_each(|(((((index, rows), labels), own), cluster), distance)| {
            if meter.is_stopped() {
                return;
            }
            dispatch(Task {
                rows,
                first: index * TASK_ROWS,
                features,
                panels: &panels,
                metric,
                zeros: [&x, &centroids],
                has_zeros,
                labels,
                own,
                cluster,
                distance,
            });
            meter.add(rows.len() * centroids.rows.len() / features);
        });
    out
}

struct Task<'a> {
    rows: &'a [f32],
    /// The first row in the whole matrix.
    first: usize,
    features: usize,
    panels: &'a Panels,
    metric: Metric,
    zeros: [&'a Side<'a>; 2],
    has_zeros: bool,
    labels: &'a [u32],
    own: &'a mut [f32],
    cluster: &'a mut [u32],
    distance: &'a mut [f32],
}

impl WithSimd for Task<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        if S::REGISTER_COUNT >= 32 {
            self.run::<S, 8>(simd);
        } else {
            self.run::<S, 4>(simd);
        }
    }
}

impl Task<'_> {
    #[inline(always)]
    #[expect(clippy::needless_range_loop)]
    fn run<S: Simd, const R: usize>(mut self, simd: S) {
        let rows = self.labels.len();
        for (index, (panel, filled)) in self.panels.iter().enumerate() {
            let centroid = index * 2 * S::F32_LANES;
            for first in (0..rows).step_by(R) {
                let group = rows_at::<R>(self.rows, self.features, first);
                let start = [simd.splat_f32s(0.0); 2];
                let mut sums = tile::<S, SquaredDifference, R, 2>(simd, group, panel, start);
                for i in 0..R {
                    for v in 0..2 {
                        sums[i][v] = finished(simd, self.metric, sums[i][v]);
                    }
                }
                // A copy to point into, so that the sums themselves stay in registers.
                let values = sums;
                let values: &[f32] = bytemuck::cast_slice(&values);
                for i in 0..R {
                    let row = (first + i).min(rows - 1);
                    let own = self.labels[row] as usize;
                    let least = simd.min_f32s(sums[i][0], sums[i][1]);
                    let is_near = self.has_zeros
                        || (centroid..centroid + filled).contains(&own)
                        || simd.reduce_min_f32s(least) < self.distance[row];
                    if is_near && first + i < rows {
                        let values = &values[i * 2 * S::F32_LANES..][..filled];
                        self.look(row, centroid, values);
                    }
                }
            }
        }
    }

    /// Centroids come in rising order, so a strict comparison keeps the lowest.
    #[inline(always)]
    fn look(&mut self, row: usize, first_centroid: usize, values: &[f32]) {
        let [x, centroids] = self.zeros;
        for (column, &value) in values.iter().enumerate() {
            let centroid = first_centroid + column;
            let is_zero = x.is_zero(self.first + row) || centroids.is_zero(centroid);
            let value = if is_zero { 1.0 } else { value };
            if centroid == self.labels[row] as usize {
                self.own[row] = value;
            } else if value < self.distance[row] {
                self.distance[row] = value;
                self.cluster[row] = centroid as u32;
            }
        }
    }
}
