//! Sums and counts of the rows of each cluster; twin of `wgsl/kmeans/batch_partials.wgsl`.

use pulp::{Simd, WithSimd};
use rayon::prelude::*;

use super::kmeans_changes::{Changes, Move};
use super::simd::{dispatch, prefetch_all};
use crate::plan;

/// Sums [k, d] and counts `[k]` of rows by label.
#[derive(Debug, Clone)]
pub struct Sums {
    /// Sums of the rows of each cluster.
    pub values: Vec<f64>,
    /// Rows of each cluster.
    pub counts: Vec<u32>,
}

impl Sums {
    /// Values of 32 bits that sums of `k` clusters take.
    pub fn count(k: usize, features: usize) -> usize {
        k.saturating_mul(2 * features + 1)
    }

    /// Of no rows.
    pub fn new(k: usize, features: usize) -> Self {
        Self {
            values: vec![0.0; k * features],
            counts: vec![0; k],
        }
    }

    /// Of the rows of `x` by label.
    pub fn of(x: &[f32], features: usize, labels: &[u32], k: usize) -> Self {
        let block = plan::cpu_assign_rows(features);
        let task = plan::cpu_update_rows(labels.len(), k, features);
        let parts = x.par_chunks(task * features).zip(labels.par_chunks(task));
        let parts = parts.map(|(x, labels)| {
            let mut sums = Self::new(k, features);
            for (x, labels) in x.chunks(block * features).zip(labels.chunks(block)) {
                dispatch(Add {
                    sums: &mut sums,
                    x,
                    labels,
                });
            }
            sums
        });
        Self::total(parts.collect(), k, features)
    }

    /// Moves the rows of `changes` from their clusters before to those of `labels`. An emptied cluster's sums are 0.
    pub fn change(&mut self, x: &[f32], features: usize, labels: &[u32], changes: &mut Changes) {
        let (moves, ends) = changes.by_cluster(labels, self.counts.len());
        let starts = std::iter::once(&0).chain(ends);
        let moves: Vec<&[Move]> = (starts.zip(ends))
            .map(|(&start, &end)| &moves[start as usize..end as usize])
            .collect();
        self.values
            .par_chunks_mut(features)
            .zip(&mut self.counts)
            .zip(moves)
            .for_each(|((sums, count), moves)| {
                dispatch(Moved {
                    sums,
                    count,
                    x,
                    moves,
                });
            });
    }

    /// The sum of `parts`, in order.
    pub fn total(parts: Vec<Self>, k: usize, features: usize) -> Self {
        let mut parts = parts.into_iter();
        let mut total = parts.next().unwrap_or_else(|| Self::new(k, features));
        for part in parts {
            for (sum, part) in total.values.iter_mut().zip(part.values) {
                *sum += part;
            }
            for (count, part) in total.counts.iter_mut().zip(part.counts) {
                *count += part;
            }
        }
        total
    }
}

/// Moves that rows are fetched before they are wanted.
const AHEAD: usize = 12;

struct Moved<'a> {
    sums: &'a mut [f64],
    count: &'a mut u32,
    x: &'a [f32],
    moves: &'a [Move],
}

impl WithSimd for Moved<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let features = self.sums.len();
        for (index, &Move { row, enters }) in self.moves.iter().enumerate() {
            if let Some(ahead) = self.moves.get(index + AHEAD) {
                prefetch_all(&self.x[ahead.row as usize * features..][..features]);
            }
            let sign = if enters { 1.0 } else { -1.0 };
            // Below 0 it may be for a while, modulo 2^32.
            *self.count = match enters {
                true => self.count.wrapping_add(1),
                false => self.count.wrapping_sub(1),
            };
            let row = &self.x[row as usize * features..][..features];
            for (sum, &value) in self.sums.iter_mut().zip(row) {
                *sum += sign * f64::from(value);
            }
        }
        if *self.count == 0 {
            self.sums.fill(0.0);
        }
    }
}

struct Add<'a> {
    sums: &'a mut Sums,
    x: &'a [f32],
    labels: &'a [u32],
}

impl WithSimd for Add<'_> {
    type Output = ();

    /// Cluster by cluster, so that its sums are in the cache for all its rows.
    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Some(features) = self.x.len().checked_div(self.labels.len()) else {
            return;
        };
        for &row in &by_label(self.labels, self.sums.counts.len()) {
            let row = row as usize;
            let label = self.labels[row] as usize;
            self.sums.counts[label] += 1;
            let sums = &mut self.sums.values[label * features..][..features];
            for (sum, &value) in sums.iter_mut().zip(&self.x[row * features..][..features]) {
                *sum += f64::from(value);
            }
        }
    }
}

/// The rows sorted by label, those of a label in order.
pub fn by_label(labels: &[u32], k: usize) -> Vec<u32> {
    let mut ends = vec![0; k];
    for &label in labels {
        ends[label as usize] += 1;
    }
    let mut sum = 0;
    for end in &mut ends {
        // Where the label begins, until its rows are placed.
        sum += std::mem::replace(end, sum);
    }
    let mut order = vec![0; labels.len()];
    for (row, &label) in labels.iter().enumerate() {
        let place = &mut ends[label as usize];
        order[*place] = row as u32;
        *place += 1;
    }
    order
}
