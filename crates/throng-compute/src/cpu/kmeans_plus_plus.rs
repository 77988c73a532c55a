//! Greedy k-means++ seeding; twin of `wgsl/kmeans/plus_plus_*.wgsl`.

use pulp::{Simd, WithSimd};
use rayon::prelude::*;

use super::simd::{dispatch, lanes};
use super::tile::{Panels, SquaredDifference, rows_at, tile};
use crate::error::ComputeError;
use crate::kmeans_batch::KMeansShape;
use crate::kmeans_plus_plus::{KMeansSeeding, WHAT, trials};
use crate::memory::{Ledger, MemoryPlan, Sizes, words};
use crate::watch::Meter;

/// Rows of a task, and of a block of sums.
const BLOCK_ROWS: usize = 256;

/// Bytes of the seedings that run together, about.
const MOST_BYTES: u64 = 256 << 20;

/// Which seedings run together.
#[derive(Debug)]
pub struct Batches {
    /// How many of those that are left, each time.
    counts: Vec<usize>,
    plan: MemoryPlan,
}

impl Sizes for Batches {
    fn plan(&self) -> MemoryPlan {
        self.plan
    }
}

/// As many seedings together as the cap allows.
pub fn batches(
    ledger: &Ledger,
    features: usize,
    shapes: &[KMeansShape],
) -> Result<Batches, ComputeError> {
    ledger.fit(WHAT, MOST_BYTES, |most| cut(features, shapes, most))
}

/// What seedings take, as many together as take at most `most` bytes.
pub fn plan(features: usize, shapes: &[KMeansShape], most: u64) -> MemoryPlan {
    cut(features, shapes, most.min(MOST_BYTES)).plan
}

/// As many seedings together as take at most `most` bytes, or one.
pub fn cut(features: usize, shapes: &[KMeansShape], most: u64) -> Batches {
    let mut counts: Vec<usize> = Vec::new();
    let (mut output, mut scratch, mut largest) = (0, 0, 0);
    for shape in shapes {
        let own = held(shape, features);
        output += words(shape.k);
        match counts.last_mut() {
            Some(count) if scratch + own <= most => {
                *count += 1;
                scratch += own;
            }
            _ => {
                counts.push(1);
                scratch = own;
            }
        }
        largest = largest.max(scratch);
    }
    Batches {
        plan: MemoryPlan {
            output,
            scratch: largest,
            parts: counts.len(),
        },
        counts,
    }
}

/// Bytes that a seeding holds: for each row its distance to the nearest centre, and that with each candidate; the
/// candidates, and their potentials by block.
fn held(shape: &KMeansShape, features: usize) -> u64 {
    let trials = trials(shape.k);
    let blocks = shape.rows.div_ceil(BLOCK_ROWS);
    let potentials = size_of::<Vec<f64>>() + size_of::<f64>() * (trials + 1);
    let rows = shape.rows.saturating_mul(trials + 1);
    words(rows.saturating_add(Panels::count(trials, features, lanes())))
        + (blocks * potentials) as u64
}

/// The rows chosen as centres by each seeding, in order; not all where `meter` stopped the work.
pub fn seed_all(
    x: &[f32],
    features: usize,
    seedings: &[KMeansSeeding],
    batches: &Batches,
    meter: &Meter,
) -> Vec<Vec<u32>> {
    let mut centres = Vec::with_capacity(seedings.len());
    for &count in &batches.counts {
        let together = &seedings[centres.len()..][..count];
        let each = together.par_iter().map(|seeding| {
            let first = seeding.rows.start * features;
            let x = &x[first..][..seeding.rows.len() * features];
            seed(x, features, seeding, meter)
        });
        centres.extend(each.collect::<Vec<_>>());
    }
    centres
}

/// The rows of `x` chosen as centres, in order.
fn seed(x: &[f32], features: usize, seeding: &KMeansSeeding, meter: &Meter) -> Vec<u32> {
    let rows = x.len() / features;
    let trials = seeding.trials();
    let weights = seeding.weights.as_deref();
    let mut nearest = vec![f32::MAX; rows];
    let mut candidate_nearest = vec![0.0; rows * trials];
    let mut block_sums = Vec::new();
    let mut centres = Vec::with_capacity(seeding.k);
    for step in 0..seeding.k {
        if meter.is_stopped() {
            break;
        }
        let candidates = match (step, weights) {
            (0, None) => vec![((u64::from(seeding.word(0, 0)) * rows as u64) >> 32) as usize],
            (0, Some(weights)) => {
                let blocks = weights.chunks(BLOCK_ROWS);
                let sums: Vec<f64> = blocks
                    .map(|block| block.iter().map(|&w| f64::from(w)).sum())
                    .collect();
                let row = |row: usize| f64::from(weights[row]);
                pick(rows, row, &sums, &[uniform(seeding.word(0, 0))], 0)
            }
            _ => {
                let uniforms: Vec<f64> = (0..trials)
                    .map(|trial| uniform(seeding.word(step, trial)))
                    .collect();
                let row = |row: usize| weight(weights, row) * f64::from(nearest[row]);
                pick(rows, row, &block_sums, &uniforms, centres[0] as usize)
            }
        };
        let trials = candidates.len();
        let candidate_nearest = &mut candidate_nearest[..rows * trials];
        let potentials = potentials(
            x,
            features,
            &candidates,
            weights,
            &nearest,
            candidate_nearest,
            meter,
        );
        let winner = lowest(&potentials);
        centres.push(candidates[winner] as u32);
        block_sums = nearest
            .par_chunks_mut(BLOCK_ROWS)
            .zip(candidate_nearest.par_chunks(BLOCK_ROWS * trials))
            .enumerate()
            .map(|(block, (nearest, candidates))| {
                let mut sum = 0.0;
                for (row, (nearest, candidates)) in nearest
                    .iter_mut()
                    .zip(candidates.chunks(trials))
                    .enumerate()
                {
                    *nearest = candidates[winner];
                    sum += weight(weights, block * BLOCK_ROWS + row) * f64::from(*nearest);
                }
                sum
            })
            .collect();
    }
    centres
}

fn weight(weights: Option<&[f32]>, row: usize) -> f64 {
    weights.map_or(1.0, |weights| f64::from(weights[row]))
}

/// In [0, 1), by the upper 24 bits, which a device's 32-bit floats hold.
fn uniform(word: u32) -> f64 {
    f64::from(word >> 8) / f64::from(1 << 24)
}

/// Rows drawn with probability in proportion to `weight`, one for each of `uniforms`; `instead` where no row has
/// weight.
fn pick(
    rows: usize,
    weight: impl Fn(usize) -> f64,
    block_sums: &[f64],
    uniforms: &[f64],
    instead: usize,
) -> Vec<usize> {
    let total: f64 = block_sums.iter().sum();
    if total <= 0.0 {
        return vec![instead; uniforms.len()];
    }
    uniforms
        .iter()
        .map(|uniform| {
            let (block, left) = place(block_sums.iter().copied(), uniform * total);
            let first = block * BLOCK_ROWS;
            let end = rows.min(first + BLOCK_ROWS);
            first + place((first..end).map(&weight), left).0
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
    weights: Option<&[f32]>,
    nearest: &[f32],
    candidate_nearest: &mut [f32],
    meter: &Meter,
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
        .enumerate()
        .map(|(block, ((x, nearest), candidate_nearest))| {
            if meter.is_stopped() {
                return Vec::new();
            }
            let first = block * BLOCK_ROWS;
            let potentials = dispatch(Task {
                weights: weights.map(|weights| &weights[first..][..nearest.len()]),
                x,
                features,
                panels: &panels,
                trials,
                nearest,
                candidate_nearest,
            });
            meter.add(x.len() * trials);
            potentials
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
    weights: Option<&'a [f32]>,
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
        for (row, values) in self.candidate_nearest.chunks_exact(self.trials).enumerate() {
            let weight = weight(self.weights, row);
            for (potential, &value) in potentials.iter_mut().zip(values) {
                *potential += weight * f64::from(value);
            }
        }
        potentials
    }
}
