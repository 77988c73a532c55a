//! Each row's nearest centroid; twin of `wgsl/kmeans/batch_assign.wgsl`.
//!
//! Centroids are compared by |c|^2 / 2 - xc, one multiply-add a term. Where the two best are closer than
//! its rounding, they are compared again by (x - c)^2, so that the labels are those of direct differences.

use pulp::{Simd, WithSimd};
use rayon::prelude::*;

use super::kmeans_update::{Sums, by_label};
use super::nearest::{ByDifference, ByProduct, Columns, Room, nearest, tile_rows};
use super::simd::dispatch;
use crate::memory::{MemoryPlan, words};
use crate::plan;
use crate::watch::Meter;

/// Labels that changed, and the inertia.
pub type Stats = (usize, f64);

/// Values of 32 bits that [`step`] holds: packed centroids, and the sums of its tasks.
pub fn step_count(rows: usize, features: usize, k: usize) -> usize {
    let columns = Columns::count(k, features);
    let tasks = rows.div_ceil(plan::cpu_update_rows(rows, k, features));
    let sums = tasks.saturating_mul(Sums::count(k, features));
    match plan::cpu_fuses(k, features) {
        true => columns.saturating_add(sums),
        false => columns.max(sums),
    }
}

/// What [`Lloyd`](crate::Lloyd) takes: labels and distances, and a step.
pub fn plan(rows: usize, features: usize, k: usize) -> MemoryPlan {
    MemoryPlan {
        output: 0,
        scratch: words(step_count(rows, features, k).saturating_add(2 * rows)),
        parts: 1,
    }
}

/// Writes each row's nearest centroid (ties to the lowest) and its squared distance; not all where `meter` stopped the
/// work.
pub fn assign(
    x: &[f32],
    features: usize,
    centroids: &[f32],
    labels: &mut [u32],
    distances: &mut [f32],
    meter: &Meter,
) -> Stats {
    let columns = Columns::pack(centroids, features);
    let rows = plan::cpu_assign_rows(features);
    let parts: Vec<Stats> = x
        .par_chunks(rows * features)
        .zip(labels.par_chunks_mut(rows))
        .zip(distances.par_chunks_mut(rows))
        .map(|((x, labels), distances)| {
            if meter.is_stopped() {
                return (0, 0.0);
            }
            let stats = dispatch(Block {
                x,
                columns: &columns,
                labels,
                distances,
                sums: None,
            });
            meter.add(x.len() * (centroids.len() / features));
            stats
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
    meter: &Meter,
) -> (Stats, Sums) {
    let k = centroids.len() / features;
    let block = plan::cpu_assign_rows(features);
    let task = plan::cpu_update_rows(labels.len(), k, features);
    if !plan::cpu_fuses(k, features) {
        let stats = assign(x, features, centroids, labels, distances, meter);
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
            if meter.is_stopped() {
                break;
            }
            stats.push(dispatch(Block {
                x,
                columns: &columns,
                labels,
                distances,
                sums: Some(&mut sums),
            }));
            meter.add(x.len() * k);
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
    sums: Option<&'a mut Sums>,
}

impl WithSimd for Block<'_> {
    type Output = Stats;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> Stats {
        let (columns, features) = (self.columns, self.columns.features());
        let row = |i: usize| &self.x[i * features..][..features];
        let rows = self.labels.len();
        let nearest = self.nearest(simd);
        let mut changed = 0;
        for (label, new) in self.labels.iter_mut().zip(nearest) {
            changed += usize::from(*label != new);
            *label = new;
        }
        match self.sums {
            Some(sums) => {
                // Cluster by cluster, so that its sums are in the cache for all its rows.
                for &i in &by_label(self.labels, sums.counts.len()) {
                    let i = i as usize;
                    let label = self.labels[i] as usize;
                    self.distances[i] = distance(simd, row(i), columns.centroid(label));
                    sums.add_row(label, row(i));
                }
            }
            None => {
                for i in 0..rows {
                    let centroid = columns.centroid(self.labels[i] as usize);
                    self.distances[i] = distance(simd, row(i), centroid);
                }
            }
        }
        let mut inertia = 0.0;
        for &distance in self.distances.iter() {
            inertia += f64::from(distance);
        }
        (changed, inertia)
    }
}

impl Block<'_> {
    /// Each row's nearest centroid by difference.
    #[inline(always)]
    fn nearest<S: Simd>(&self, simd: S) -> Vec<u32> {
        let (columns, features) = (self.columns, self.columns.features());
        let row = |i: usize| &self.x[i * features..][..features];
        let mut room = Room::new(features);
        let mut nearest_columns = vec![0; self.labels.len()];
        let mut close = Vec::new();
        for (tile, out) in nearest_columns.chunks_mut(tile_rows::<S>()).enumerate() {
            let first = tile * tile_rows::<S>();
            let at = |i| row(first + i);
            let next = (first + out.len()) * features;
            let ahead = &self.x[next..self.x.len().min(next + tile_rows::<S>() * features)];
            let found = nearest::<S, ByProduct>(simd, &mut room, columns, out.len(), at, ahead);
            for (i, nearest) in out.iter_mut().enumerate() {
                *nearest = found.column[i];
                // Nothing is clear where a score is NaN.
                let clear = found.second[i] - found.least[i] > columns.margin(found.norm[i]);
                if !clear {
                    close.push(first + i);
                }
            }
        }
        for close in close.chunks(tile_rows::<S>()) {
            let at = |i: usize| row(close[i]);
            let found = nearest::<S, ByDifference>(simd, &mut room, columns, close.len(), at, &[]);
            for (i, &row) in close.iter().enumerate() {
                nearest_columns[row] = found.column[i];
            }
        }
        nearest_columns
    }
}

/// |x - c|^2
#[inline(always)]
fn distance<S: Simd>(simd: S, x: &[f32], c: &[f32]) -> f32 {
    let (x_vectors, x_rest) = S::as_simd_f32s(x);
    let (c_vectors, c_rest) = S::as_simd_f32s(&c[..x.len()]);
    let mut sum = simd.splat_f32s(0.0);
    for feature in 0..x_vectors.len() {
        let difference = simd.sub_f32s(x_vectors[feature], c_vectors[feature]);
        sum = simd.mul_add_e_f32s(difference, difference, sum);
    }
    if !x_rest.is_empty() {
        let (x, c) = (
            simd.partial_load_f32s(x_rest),
            simd.partial_load_f32s(c_rest),
        );
        let difference = simd.sub_f32s(x, c);
        sum = simd.mul_add_e_f32s(difference, difference, sum);
    }
    simd.reduce_sum_f32s(sum)
}
