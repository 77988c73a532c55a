//! Exact silhouettes; twin of `wgsl/silhouette/`.

use std::borrow::Cow;

use pulp::{Simd, WithSimd};
use rayon::prelude::*;
use throng_shaders::Metric;

use super::kmeans_update::by_label;
use super::rows_scale::{self, scales, unit_rows};
use super::simd::{dispatch, lanes};
use super::tile::{Panels, SquaredDifference, rows_at, tile};
use crate::memory::{MemoryPlan, words};
use crate::watch::Meter;

/// Rows of a task: few enough that they stay in the first-level cache while the panels pass.
const TASK_ROWS: usize = 64;

/// One cluster, packed by panels.
struct Cluster {
    panels: Panels,
    rows: usize,
    /// Rows of zeros under cosine: not in the panels, and at distance 1 from every other row.
    zeros: usize,
}

/// What silhouettes take on so many threads: one packed copy of `x` (and its unit rows, for cosine).
pub fn plan(rows: usize, features: usize, k: usize, metric: Metric, threads: usize) -> MemoryPlan {
    let width = 2 * lanes();
    // Every cluster's last panel may hold one row.
    let panels = Panels::count(rows + k * (width - 1), features, 1);
    let scales = match metric {
        Metric::Cosine => rows_scale::count(rows, features, metric),
        _ => rows,
    };
    // Sums of a task's rows, in f64.
    let sums = 2 * TASK_ROWS.min(rows) * k * threads;
    // The order of rows, and the members of clusters.
    let held = panels
        .saturating_add(scales)
        .saturating_add(rows + size_of::<Cluster>() / 4 * k)
        .saturating_add(sums);
    MemoryPlan {
        output: words(rows),
        scratch: words(held),
        parts: 1,
    }
}

/// The silhouette of each row. Zeros where `meter` stopped the work.
pub fn silhouettes(
    x: &[f32],
    features: usize,
    labels: &[u32],
    k: usize,
    metric: Metric,
    meter: &Meter,
) -> Vec<f32> {
    let (x, scales) = match metric {
        Metric::Cosine => {
            let scales = scales(x, features);
            (Cow::Owned(unit_rows(x, features, &scales)), scales)
        }
        _ => (Cow::Borrowed(x), vec![1.0; labels.len()]),
    };
    let mut order = by_label(labels, k);
    let mut members = Vec::with_capacity(k);
    let mut rest = order.as_mut_slice();
    while members.len() < k {
        let is_own = |row: &u32| labels[*row as usize] as usize == members.len();
        let count = rest.partition_point(is_own);
        let (own, others) = std::mem::take(&mut rest).split_at_mut(count);
        members.push(own);
        rest = others;
    }
    let clusters: Vec<Cluster> = members
        .into_par_iter()
        .map(|members| {
            let rows = members.len();
            // Rows of zeros go to the end.
            members.sort_unstable_by_key(|&row| (scales[row as usize] == 0.0, row));
            let zeros = members.iter().rev();
            let zeros = zeros
                .take_while(|&&row| scales[row as usize] == 0.0)
                .count();
            let members = members[..rows - zeros].iter();
            let members = members.map(|&row| &x[row as usize * features..][..features]);
            Cluster {
                panels: Panels::pack(members, features, 2 * lanes()),
                rows,
                zeros,
            }
        })
        .collect();
    drop(order);

    let mut out = vec![0.0; labels.len()];
    out.par_chunks_mut(TASK_ROWS)
        .zip(x.par_chunks(TASK_ROWS * features))
        .zip(labels.par_chunks(TASK_ROWS))
        .zip(scales.par_chunks(TASK_ROWS))
        .for_each(|(((out, rows), labels), scales)| {
            if meter.is_stopped() {
                return;
            }
            let sums = dispatch(Task {
                rows,
                features,
                clusters: &clusters,
                metric,
            });
            for (row, value) in out.iter_mut().enumerate() {
                let sums = &sums[row * k..][..k];
                let is_zero = scales[row] == 0.0;
                *value = finish(sums, &clusters, labels[row] as usize, is_zero);
            }
            meter.add(rows.len() * x.len() / features);
        });
    out
}

/// (b - a) / max(a, b), 0 for a row alone in its cluster.
fn finish(sums: &[f64], clusters: &[Cluster], own: usize, is_zero: bool) -> f32 {
    if clusters[own].rows < 2 {
        return 0.0;
    }
    let mut inner = 0.0;
    let mut least = f64::MAX;
    for (c, (cluster, &sum)) in clusters.iter().zip(sums).enumerate() {
        let itself = usize::from(c == own);
        let sum = if is_zero {
            (cluster.rows - itself) as f64
        } else {
            sum + cluster.zeros as f64
        };
        if c == own {
            inner = sum / (cluster.rows - 1) as f64;
        } else if cluster.rows > 0 {
            least = least.min(sum / cluster.rows as f64);
        }
    }
    let larger = inner.max(least);
    if larger > 0.0 {
        ((least - inner) / larger) as f32
    } else {
        0.0
    }
}

struct Task<'a> {
    rows: &'a [f32],
    features: usize,
    clusters: &'a [Cluster],
    metric: Metric,
}

impl WithSimd for Task<'_> {
    /// Sums of distances [rows, k].
    type Output = Vec<f64>;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> Vec<f64> {
        if S::REGISTER_COUNT >= 32 {
            self.run::<S, 8>(simd)
        } else {
            self.run::<S, 4>(simd)
        }
    }
}

impl Task<'_> {
    #[inline(always)]
    fn run<S: Simd, const R: usize>(self, simd: S) -> Vec<f64> {
        let rows = self.rows.len() / self.features;
        let mut sums = vec![0.0; rows * self.clusters.len()];
        // Of one cluster, by row and lane; short enough that 32 bits do.
        let mut lane_sums = vec![[simd.splat_f32s(0.0); 2]; rows.next_multiple_of(R)];
        let half = simd.splat_f32s(0.5);
        for (c, cluster) in self.clusters.iter().enumerate() {
            lane_sums.fill([simd.splat_f32s(0.0); 2]);
            for (panel, filled) in cluster.panels.iter() {
                let mut weights = [simd.splat_f32s(1.0); 2];
                let lanes: &mut [f32] = bytemuck::cast_slice_mut(&mut weights);
                lanes[filled..].fill(0.0);
                for first in (0..rows).step_by(R) {
                    let group = rows_at::<R>(self.rows, self.features, first);
                    let start = [simd.splat_f32s(0.0); 2];
                    let tile = tile::<S, SquaredDifference, R, 2>(simd, group, panel, start);
                    for i in 0..R {
                        for v in 0..2 {
                            let distance = match self.metric {
                                Metric::Euclidean => simd.sqrt_f32s(tile[i][v]),
                                Metric::Cosine => simd.mul_f32s(tile[i][v], half),
                                _ => tile[i][v],
                            };
                            let sum = &mut lane_sums[first + i][v];
                            *sum = simd.mul_add_e_f32s(distance, weights[v], *sum);
                        }
                    }
                }
            }
            for row in 0..rows {
                let lanes: &[f32] = bytemuck::cast_slice(&lane_sums[row]);
                let mut sum = 0.0;
                for lane in lanes {
                    sum += f64::from(*lane);
                }
                sums[row * self.clusters.len() + c] = sum;
            }
        }
        sums
    }
}
