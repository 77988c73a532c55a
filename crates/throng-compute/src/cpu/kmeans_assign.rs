//! Each row's nearest centroid; twin of `wgsl/kmeans/assign.wgsl`.
//!
//! Centroids are compared by |c|^2 / 2 - xc, one multiply-add a term. Where the two best are closer than
//! its rounding, they are compared again by (x - c)^2, so that the labels are those of direct differences.

use pulp::{Simd, WithSimd};
use rayon::prelude::*;

use super::kmeans_update::Sums;
use super::nearest::{ByDifference, ByProduct, Columns, Nearest, ROWS, nearest};
use super::simd::dispatch;
use super::tile::rows_at;
use crate::plan;

/// Labels that changed, and the inertia.
pub type Stats = (usize, f64);

/// Writes each row's nearest centroid (ties to the lowest) and its squared distance.
pub fn assign(
    x: &[f32],
    features: usize,
    centroids: &[f32],
    labels: &mut [u32],
    distances: &mut [f32],
) -> Stats {
    let columns = Columns::pack(centroids, features);
    let rows = plan::cpu_assign_rows(features);
    let parts: Vec<Stats> = x
        .par_chunks(rows * features)
        .zip(labels.par_chunks_mut(rows))
        .zip(distances.par_chunks_mut(rows))
        .map(|((x, labels), distances)| {
            dispatch(Block {
                x,
                columns: &columns,
                labels,
                distances,
            })
        })
        .collect();
    total(&parts)
}

/// [`assign`], and the sums of the rows by their new labels.
pub fn step(
    x: &[f32],
    features: usize,
    centroids: &[f32],
    labels: &mut [u32],
    distances: &mut [f32],
) -> (Stats, Sums) {
    let k = centroids.len() / features;
    let block = plan::cpu_assign_rows(features);
    let task = plan::cpu_update_rows(labels.len(), k, features).next_multiple_of(block);
    if !plan::cpu_fuses(k, features) {
        let stats = assign(x, features, centroids, labels, distances);
        let parts = x.par_chunks(task * features).zip(labels.par_chunks(task));
        let parts = parts.map(|(x, labels)| {
            let mut sums = Sums::new(k, features);
            for (x, labels) in x.chunks(block * features).zip(labels.chunks(block)) {
                sums.add(x, labels);
            }
            sums
        });
        return (stats, Sums::total(parts.collect(), k, features));
    }
    let columns = Columns::pack(centroids, features);
    let parts = x
        .par_chunks(task * features)
        .zip(labels.par_chunks_mut(task))
        .zip(distances.par_chunks_mut(task));
    let parts = parts.map(|((x, labels), distances)| {
        let mut sums = Sums::new(k, features);
        let mut stats = Vec::new();
        // Each block is added while it is in the cache.
        for ((x, labels), distances) in x
            .chunks(block * features)
            .zip(labels.chunks_mut(block))
            .zip(distances.chunks_mut(block))
        {
            stats.push(dispatch(Block {
                x,
                columns: &columns,
                labels,
                distances,
            }));
            sums.add(x, labels);
        }
        (total(&stats), sums)
    });
    let (stats, parts): (Vec<Stats>, Vec<Sums>) = parts.collect::<Vec<_>>().into_iter().unzip();
    (total(&stats), Sums::total(parts, k, features))
}

fn total(parts: &[Stats]) -> Stats {
    let sum = |sum: Stats, part: &Stats| (sum.0 + part.0, sum.1 + part.1);
    parts.iter().fold((0, 0.0), sum)
}

struct Block<'a> {
    x: &'a [f32],
    columns: &'a Columns<'a>,
    labels: &'a mut [u32],
    distances: &'a mut [f32],
}

impl WithSimd for Block<'_> {
    type Output = Stats;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> Stats {
        let mut changed = 0;
        let mut inertia = 0.0;
        let features = self.columns.features();
        for first in (0..self.labels.len()).step_by(ROWS) {
            let rows = rows_at::<ROWS>(self.x, features, first);
            let mut found = nearest::<S, ByProduct, ROWS>(simd, rows, self.columns);
            let mut measured = [(0.0, 0.0); ROWS];
            let mut close = [false; ROWS];
            let mut any_close = false;
            for i in 0..ROWS {
                measured[i] = self.measure(simd, rows[i], found[i].column);
                let margin = self.columns.margin(measured[i].1);
                // Nothing is clear where a score is NaN.
                let clear = found[i].second - found[i].least > margin;
                close[i] = !clear;
                any_close |= !clear;
            }
            if any_close {
                self.compare_again(simd, rows, close, &mut found);
                for i in 0..ROWS {
                    measured[i] = self.measure(simd, rows[i], found[i].column);
                }
            }
            for i in 0..ROWS.min(self.labels.len() - first) {
                let label = found[i].column as u32;
                changed += usize::from(self.labels[first + i] != label);
                self.labels[first + i] = label;
                self.distances[first + i] = measured[i].0;
                inertia += f64::from(measured[i].0);
            }
        }
        (changed, inertia)
    }
}

impl Block<'_> {
    /// Compares the centroids of close rows by difference.
    #[inline(always)]
    fn compare_again<S: Simd>(
        &self,
        simd: S,
        rows: [&[f32]; ROWS],
        close: [bool; ROWS],
        found: &mut [Nearest; ROWS],
    ) {
        if close == [true; ROWS] {
            *found = nearest::<S, ByDifference, ROWS>(simd, rows, self.columns);
            return;
        }
        for i in 0..ROWS {
            if close[i] {
                [found[i]] = nearest::<S, ByDifference, 1>(simd, [rows[i]], self.columns);
            }
        }
    }

    /// |x - c|^2 and |x|^2.
    #[inline(always)]
    fn measure<S: Simd>(&self, simd: S, x: &[f32], column: usize) -> (f32, f32) {
        distance_and_norm(simd, x, self.columns.centroid(column))
    }
}

/// |x - c|^2 and |x|^2.
#[inline(always)]
fn distance_and_norm<S: Simd>(simd: S, x: &[f32], c: &[f32]) -> (f32, f32) {
    let (x_vectors, x_rest) = S::as_simd_f32s(x);
    let (c_vectors, c_rest) = S::as_simd_f32s(&c[..x.len()]);
    let zero = simd.splat_f32s(0.0);
    let mut sums = [zero; 2];
    for feature in 0..x_vectors.len() {
        sums = add_terms(simd, sums, x_vectors[feature], c_vectors[feature]);
    }
    if !x_rest.is_empty() {
        let (x, c) = (
            simd.partial_load_f32s(x_rest),
            simd.partial_load_f32s(c_rest),
        );
        sums = add_terms(simd, sums, x, c);
    }
    (simd.reduce_sum_f32s(sums[0]), simd.reduce_sum_f32s(sums[1]))
}

#[inline(always)]
fn add_terms<S: Simd>(simd: S, sums: [S::f32s; 2], x: S::f32s, c: S::f32s) -> [S::f32s; 2] {
    let difference = simd.sub_f32s(x, c);
    [
        simd.mul_add_e_f32s(difference, difference, sums[0]),
        simd.mul_add_e_f32s(x, x, sums[1]),
    ]
}
