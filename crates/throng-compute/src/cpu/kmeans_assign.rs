//! Each row's nearest centroid; twin of `wgsl/kmeans/assign.wgsl`.

use pulp::{Simd, WithSimd};
use rayon::prelude::*;

use super::simd::{dispatch, lanes};
use super::tile::{Panels, SquaredDifference, rows_at, tile};

/// Rows of a task; the inertia is summed task by task, so this is part of the result.
const TASK_ROWS: usize = 1024;

/// Writes each row's nearest centroid (ties to the lowest) and its squared distance; returns how many
/// labels changed, and the inertia.
pub fn assign(
    x: &[f32],
    features: usize,
    centroids: &[f32],
    labels: &mut [u32],
    distances: &mut [f32],
) -> (usize, f64) {
    let k = centroids.len() / features;
    let vectors = if k <= lanes() { 1 } else { 2 };
    let panels = Panels::pack(
        centroids.chunks_exact(features),
        features,
        vectors * lanes(),
    );
    let stats: Vec<(usize, f64)> = x
        .par_chunks(TASK_ROWS * features)
        .zip(labels.par_chunks_mut(TASK_ROWS))
        .zip(distances.par_chunks_mut(TASK_ROWS))
        .map(|((x, labels), distances)| {
            dispatch(Task {
                x,
                features,
                panels: &panels,
                vectors,
                labels,
                distances,
            })
        })
        .collect();
    stats
        .iter()
        .fold((0, 0.0), |sum, task| (sum.0 + task.0, sum.1 + task.1))
}

struct Task<'a> {
    x: &'a [f32],
    features: usize,
    panels: &'a Panels,
    vectors: usize,
    labels: &'a mut [u32],
    distances: &'a mut [f32],
}

impl WithSimd for Task<'_> {
    type Output = (usize, f64);

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> (usize, f64) {
        match (S::REGISTER_COUNT >= 32, self.vectors) {
            (true, 1) => self.run::<S, 8, 1>(simd),
            (true, _) => self.run::<S, 8, 2>(simd),
            (false, 1) => self.run::<S, 4, 1>(simd),
            (false, _) => self.run::<S, 4, 2>(simd),
        }
    }
}

impl Task<'_> {
    #[inline(always)]
    #[expect(clippy::needless_range_loop)]
    fn run<S: Simd, const R: usize, const V: usize>(self, simd: S) -> (usize, f64) {
        let mut changed = 0;
        let mut inertia = 0.0;
        for first in (0..self.labels.len()).step_by(R) {
            let rows = rows_at::<R>(self.x, self.features, first);
            let mut best = [simd.splat_f32s(f32::MAX); R];
            let mut best_vector = [simd.splat_u32s(0); R];
            for (index, (panel, filled)) in self.panels.iter().enumerate() {
                // A column without a centroid starts so high that it never wins.
                let mut start = [simd.splat_f32s(0.0); V];
                if filled < V * S::F32_LANES {
                    let starts: &mut [f32] = bytemuck::cast_slice_mut(&mut start);
                    starts[filled..].fill(f32::MAX);
                }
                let sums = tile::<S, SquaredDifference, R, V>(simd, rows, panel, start);
                for v in 0..V {
                    let vector = simd.splat_u32s((index * V + v) as u32);
                    for i in 0..R {
                        let nearer = simd.less_than_f32s(sums[i][v], best[i]);
                        best[i] = simd.select_f32s(nearer, sums[i][v], best[i]);
                        best_vector[i] = simd.select_u32s(nearer, vector, best_vector[i]);
                    }
                }
            }
            for i in 0..R.min(self.labels.len() - first) {
                let nearest = simd.reduce_min_f32s(best[i]);
                let bests: &[f32] = bytemuck::cast_slice(std::slice::from_ref(&best[i]));
                let vectors: &[u32] = bytemuck::cast_slice(std::slice::from_ref(&best_vector[i]));
                let mut winner = u32::MAX;
                for lane in 0..S::F32_LANES {
                    let column = vectors[lane] * S::F32_LANES as u32 + lane as u32;
                    winner = winner.min(if bests[lane] == nearest {
                        column
                    } else {
                        u32::MAX
                    });
                }
                changed += usize::from(self.labels[first + i] != winner);
                self.labels[first + i] = winner;
                self.distances[first + i] = nearest;
                inertia += f64::from(nearest);
            }
        }
        (changed, inertia)
    }
}
