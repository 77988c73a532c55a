//! Greedy k-means++ seeding; twin of `wgsl/kmeans/plus_plus_*.wgsl`.

use pulp::{Simd, WithSimd};
use rayon::prelude::*;

use super::simd::{dispatch, lanes};
use super::tile::{Panels, SquaredDifference, rows_at, tile};
use crate::kmeans_plus_plus::Draws;

/// Rows of a task, and of a block of sums.
const BLOCK_ROWS: usize = 256;

/// The rows chosen as centres, in order.
pub fn seed(x: &[f32], features: usize, k: usize, draws: &Draws) -> Vec<u32> {
    let rows = x.len() / features;
    let mut nearest = vec![f32::MAX; rows];
    let mut candidate_nearest = vec![0.0; rows * draws.trials];
    let mut block_sums = Vec::new();
    let mut centres = Vec::with_capacity(k);
    for step in 0..k {
        let candidates = match step {
            0 => vec![draws.first],
            _ => pick(&nearest, &block_sums, draws.step(step)),
        };
        let trials = candidates.len();
        let candidate_nearest = &mut candidate_nearest[..rows * trials];
        let potentials = potentials(x, features, &candidates, &nearest, candidate_nearest);
        let winner = lowest(&potentials);
        centres.push(candidates[winner] as u32);
        block_sums = nearest
            .par_chunks_mut(BLOCK_ROWS)
            .zip(candidate_nearest.par_chunks(BLOCK_ROWS * trials))
            .map(|(nearest, candidates)| {
                let mut sum = 0.0;
                for (nearest, candidates) in nearest.iter_mut().zip(candidates.chunks(trials)) {
                    *nearest = candidates[winner];
                    sum += f64::from(*nearest);
                }
                sum
            })
            .collect();
    }
    centres
}

/// Rows drawn with probability in proportion to `nearest`, one for each of `uniforms`.
fn pick(nearest: &[f32], block_sums: &[f64], uniforms: &[f32]) -> Vec<usize> {
    let total: f64 = block_sums.iter().sum();
    uniforms
        .iter()
        .map(|&uniform| {
            let target = f64::from(uniform) * total;
            let (block, left) = place(block_sums.iter().copied(), target);
            let first = block * BLOCK_ROWS;
            let end = nearest.len().min(first + BLOCK_ROWS);
            let weights = nearest[first..end].iter().map(|&w| f64::from(w));
            first + place(weights, left).0
        })
        .collect()
}

/// The first place where the running sum exceeds `target`, and what of the target is left there; the
/// last one with weight where rounding left the target beyond the end.
fn place(weights: impl Iterator<Item = f64>, target: f64) -> (usize, f64) {
    let mut left = target;
    let mut found = (0, 0.0);
    for (index, weight) in weights.enumerate().filter(|(_, weight)| *weight > 0.0) {
        if left < weight {
            return (index, left);
        }
        left -= weight;
        found = (index, weight);
    }
    found
}

fn lowest(potentials: &[f64]) -> usize {
    let mut best = 0;
    for (trial, potential) in potentials.iter().enumerate() {
        if *potential < potentials[best] {
            best = trial;
        }
    }
    best
}

/// Each candidate's potential; writes [n, trials] the squared distances to the nearest centre with it.
fn potentials(
    x: &[f32],
    features: usize,
    candidates: &[usize],
    nearest: &[f32],
    candidate_nearest: &mut [f32],
) -> Vec<f64> {
    let trials = candidates.len();
    let rows = candidates
        .iter()
        .map(|row| &x[row * features..][..features]);
    let panels = Panels::pack(rows, features, lanes());
    let blocks: Vec<Vec<f64>> = x
        .par_chunks(BLOCK_ROWS * features)
        .zip(nearest.par_chunks(BLOCK_ROWS))
        .zip(candidate_nearest.par_chunks_mut(BLOCK_ROWS * trials))
        .map(|((x, nearest), candidate_nearest)| {
            dispatch(Task {
                x,
                features,
                panels: &panels,
                trials,
                nearest,
                candidate_nearest,
            })
        })
        .collect();
    let mut sums = vec![0.0; trials];
    for block in blocks {
        sums.iter_mut()
            .zip(block)
            .for_each(|(sum, part)| *sum += part);
    }
    sums
}

struct Task<'a> {
    x: &'a [f32],
    features: usize,
    panels: &'a Panels,
    trials: usize,
    nearest: &'a [f32],
    candidate_nearest: &'a mut [f32],
}

impl WithSimd for Task<'_> {
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
    #[expect(clippy::needless_range_loop)]
    fn run<S: Simd, const R: usize>(self, simd: S) -> Vec<f64> {
        let rows = self.nearest.len();
        for (index, (panel, filled)) in self.panels.iter().enumerate() {
            let column = index * S::F32_LANES;
            for first in (0..rows).step_by(R) {
                let group = rows_at::<R>(self.x, self.features, first);
                let start = [simd.splat_f32s(0.0)];
                let sums = tile::<S, SquaredDifference, R, 1>(simd, group, panel, start);
                for i in 0..R.min(rows - first) {
                    let before = simd.splat_f32s(self.nearest[first + i]);
                    let values = [simd.min_f32s(sums[i][0], before)];
                    let values: &[f32] = bytemuck::cast_slice(&values);
                    let at = (first + i) * self.trials + column;
                    self.candidate_nearest[at..][..filled].copy_from_slice(&values[..filled]);
                }
            }
        }
        let mut potentials = vec![0.0; self.trials];
        for values in self.candidate_nearest.chunks_exact(self.trials) {
            for (potential, &value) in potentials.iter_mut().zip(values) {
                *potential += f64::from(value);
            }
        }
        potentials
    }
}
