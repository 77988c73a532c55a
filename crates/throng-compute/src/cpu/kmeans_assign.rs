//! Each row's nearest centroid; twin of `wgsl/kmeans/batch_assign.wgsl`.
//!
//! Centroids are compared by |c|^2 / 2 - xc, one multiply-add a term. Where the two best are closer than
//! its rounding, they are compared again by (x - c)^2, so that the labels are those of direct differences.

use pulp::{Simd, WithSimd};
use rayon::prelude::*;

use super::kmeans_bounds::{Drift, by_difference, by_product, keeps};
use super::kmeans_update::{Sums, by_label};
use super::nearest::{ByDifference, ByProduct, Columns, Room, nearest, tile_rows};
use super::simd::dispatch;
use crate::memory::{MemoryPlan, words};
use crate::plan;
use crate::watch::Meter;

/// What an assignment came to.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Stats {
    /// Labels that changed.
    pub changed: usize,
    /// The sum of the distances.
    pub inertia: f64,
    /// Rows whose bounds told that they keep their labels.
    pub kept: usize,
}

/// A problem's rows, assigned to their nearest centroids.
#[derive(Debug)]
pub struct Assigned {
    /// Each row's nearest centroid; `u32::MAX` at first.
    pub labels: Vec<u32>,
    /// Its squared distance.
    pub distances: Vec<f32>,
    /// Lower bounds on the distances of the others.
    bounds: Vec<f32>,
    /// The centroids that the bounds are of; none where there are no bounds.
    centroids: Vec<f32>,
}

impl Assigned {
    /// So many rows without labels.
    pub fn new(rows: usize) -> Self {
        Self {
            labels: vec![u32::MAX; rows],
            distances: vec![0.0; rows],
            bounds: vec![0.0; rows],
            centroids: Vec::new(),
        }
    }

    /// Values of 32 bits that are held beside the labels.
    pub fn count(rows: usize, features: usize, k: usize) -> usize {
        (2 * rows).saturating_add(k.saturating_mul(features))
    }

    /// How far the centroids have moved; none where there are no bounds.
    fn drift(&self, centroids: &[f32], features: usize) -> Option<Drift> {
        let is_bound = !self.centroids.is_empty();
        is_bound.then(|| Drift::new(&self.centroids, centroids, features))
    }

    /// Notes what the bounds are of; not where the work was stopped, for then some are of other centroids.
    fn bind(&mut self, centroids: &[f32], meter: &Meter) {
        self.centroids.clear();
        if !meter.is_stopped() {
            self.centroids.extend_from_slice(centroids);
        }
    }

    fn parts<'a>(
        &'a mut self,
        x: &'a [f32],
        features: usize,
        rows: usize,
    ) -> impl IndexedParallelIterator<Item = Part<'a>> {
        x.par_chunks(rows * features)
            .zip(self.labels.par_chunks_mut(rows))
            .zip(self.distances.par_chunks_mut(rows))
            .zip(self.bounds.par_chunks_mut(rows))
            .map(Part::new)
    }
}

/// Some rows of [`Assigned`].
struct Part<'a> {
    x: &'a [f32],
    labels: &'a mut [u32],
    distances: &'a mut [f32],
    bounds: &'a mut [f32],
}

/// Rows, labels, distances and bounds, as iterators zip them.
type Zipped<'a> = (((&'a [f32], &'a mut [u32]), &'a mut [f32]), &'a mut [f32]);

impl<'a> Part<'a> {
    fn new((((x, labels), distances), bounds): Zipped<'a>) -> Self {
        Self {
            x,
            labels,
            distances,
            bounds,
        }
    }

    fn blocks(self, features: usize, rows: usize) -> impl Iterator<Item = Part<'a>> {
        self.x
            .chunks(rows * features)
            .zip(self.labels.chunks_mut(rows))
            .zip(self.distances.chunks_mut(rows))
            .zip(self.bounds.chunks_mut(rows))
            .map(Part::new)
    }
}

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

/// What [`Lloyd`](crate::Lloyd) takes: what it knows of its rows, and a step.
pub fn plan(rows: usize, features: usize, k: usize) -> MemoryPlan {
    let assigned = rows.saturating_add(Assigned::count(rows, features, k));
    MemoryPlan {
        output: 0,
        scratch: words(step_count(rows, features, k).saturating_add(assigned)),
        parts: 1,
    }
}

/// Writes each row's nearest centroid (ties to the lowest) and its squared distance; not all where `meter` stopped the
/// work.
pub fn assign(
    x: &[f32],
    features: usize,
    centroids: &[f32],
    assigned: &mut Assigned,
    meter: &Meter,
) -> Stats {
    let columns = Columns::pack(centroids, features);
    let drift = assigned.drift(centroids, features);
    let parts = assigned.parts(x, features, plan::cpu_assign_rows(features));
    let parts = parts.map(|part| {
        if meter.is_stopped() {
            return Stats::default();
        }
        let work = part.x.len() * (centroids.len() / features);
        let stats = dispatch(Block {
            part,
            columns: &columns,
            drift: drift.as_ref(),
            sums: None,
        });
        meter.add(work);
        stats
    });
    let stats = total(&parts.collect::<Vec<_>>());
    assigned.bind(centroids, meter);
    stats
}

/// [`assign`], and the sums of the rows by their new labels.
pub fn step(
    x: &[f32],
    features: usize,
    centroids: &[f32],
    assigned: &mut Assigned,
    meter: &Meter,
) -> (Stats, Sums) {
    let k = centroids.len() / features;
    let block = plan::cpu_assign_rows(features);
    let task = plan::cpu_update_rows(assigned.labels.len(), k, features);
    if !plan::cpu_fuses(k, features) {
        let stats = assign(x, features, centroids, assigned, meter);
        let labels = &assigned.labels;
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
    let drift = assigned.drift(centroids, features);
    let parts = assigned.parts(x, features, task).map(|part| {
        let mut sums = Sums::new(k, features);
        let mut stats = Vec::new();
        // Each block is added while it is in the cache.
        for part in part.blocks(features, block) {
            if meter.is_stopped() {
                break;
            }
            let work = part.x.len() * k;
            stats.push(dispatch(Block {
                part,
                columns: &columns,
                drift: drift.as_ref(),
                sums: Some(&mut sums),
            }));
            meter.add(work);
        }
        (total(&stats), sums)
    });
    let (stats, parts): (Vec<Stats>, Vec<Sums>) = parts.collect::<Vec<_>>().into_iter().unzip();
    assigned.bind(centroids, meter);
    (total(&stats), Sums::total(parts, k, features))
}

fn total(parts: &[Stats]) -> Stats {
    parts.iter().fold(Stats::default(), |sum, part| Stats {
        changed: sum.changed + part.changed,
        inertia: sum.inertia + part.inertia,
        kept: sum.kept + part.kept,
    })
}

struct Block<'a> {
    part: Part<'a>,
    columns: &'a Columns<'a>,
    /// Since the bounds were set; none where there are no bounds.
    drift: Option<&'a Drift>,
    sums: Option<&'a mut Sums>,
}

impl WithSimd for Block<'_> {
    type Output = Stats;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> Stats {
        let Self {
            mut part,
            columns,
            drift,
            sums,
        } = self;
        let Found {
            nearest,
            is_measured,
            kept,
        } = part.nearest(simd, columns, drift);
        let features = columns.features();
        let row = |i: usize| &part.x[i * features..][..features];
        let is_known = |i: usize, label: u32| is_measured[i] && part.labels[i] == label;
        let distances = &mut *part.distances;
        match sums {
            Some(sums) => {
                // Cluster by cluster, so that its sums are in the cache for all its rows.
                for &i in &by_label(&nearest, sums.counts.len()) {
                    let i = i as usize;
                    let label = nearest[i] as usize;
                    if !is_known(i, nearest[i]) {
                        distances[i] = distance(simd, row(i), columns.centroid(label));
                    }
                    sums.add_row(label, row(i));
                }
            }
            None => {
                for (i, &label) in nearest.iter().enumerate() {
                    if !is_known(i, label) {
                        distances[i] = distance(simd, row(i), columns.centroid(label as usize));
                    }
                }
            }
        }
        let mut changed = 0;
        for (label, new) in part.labels.iter_mut().zip(nearest) {
            changed += usize::from(*label != new);
            *label = new;
        }
        let mut inertia = 0.0;
        for &distance in part.distances.iter() {
            inertia += f64::from(distance);
        }
        Stats {
            changed,
            inertia,
            kept,
        }
    }
}

/// What [`Part::nearest`] found.
struct Found {
    /// Each row's nearest centroid by difference.
    nearest: Vec<u32>,
    /// Whether its distance from the old one is known.
    is_measured: Vec<bool>,
    /// Rows that were not compared.
    kept: usize,
}

impl Part<'_> {
    /// Compares the rows that may leave their centroids, and sets their bounds.
    #[inline(always)]
    fn nearest<S: Simd>(&mut self, simd: S, columns: &Columns, drift: Option<&Drift>) -> Found {
        let features = columns.features();
        let x = self.x;
        let row = |i: usize| &x[i * features..][..features];
        let rows = self.labels.len();
        let mut room = Room::new(features);
        let mut found = Found {
            nearest: self.labels.to_vec(),
            is_measured: vec![false; rows],
            kept: rows,
        };
        let mut open = Vec::with_capacity(tile_rows::<S>());
        let mut close = Vec::new();
        let mut next = 0;
        while next < rows {
            open.clear();
            while next < rows && open.len() < tile_rows::<S>() {
                if !drift.is_some_and(|drift| self.keeps(simd, columns, drift, next, &mut found)) {
                    open.push(next);
                }
                next += 1;
            }
            if open.is_empty() {
                break;
            }
            found.kept -= open.len();
            let at = |i: usize| row(open[i]);
            let end = (next + tile_rows::<S>()).min(rows);
            let ahead = &x[next * features..end * features];
            let best = nearest::<S, ByProduct>(simd, &mut room, columns, open.len(), at, ahead);
            let mut margins = best.norm;
            let mut bounds = best.second;
            // By itself, so that it is done by vectors.
            for i in 0..bounds.len() {
                margins[i] = columns.margin(best.norm[i]);
                bounds[i] = by_product(best.norm[i], best.second[i], margins[i]);
            }
            for (i, &row) in open.iter().enumerate() {
                found.nearest[row] = best.column[i];
                self.bounds[row] = bounds[i];
                // Nothing is clear where a score is NaN.
                let clear = best.second[i] - best.least[i] > margins[i];
                if !clear {
                    close.push(row);
                }
            }
        }
        for close in close.chunks(tile_rows::<S>()) {
            let at = |i: usize| row(close[i]);
            let best = nearest::<S, ByDifference>(simd, &mut room, columns, close.len(), at, &[]);
            for (i, &row) in close.iter().enumerate() {
                found.nearest[row] = best.column[i];
                self.bounds[row] = by_difference(best.second[i], features);
            }
        }
        found
    }

    /// Whether a row is known to keep its label. Sets its bound for the centroids as they are now, and its distance
    /// where the old one promises that it will do.
    #[inline(always)]
    fn keeps<S: Simd>(
        &mut self,
        simd: S,
        columns: &Columns,
        drift: &Drift,
        i: usize,
        found: &mut Found,
    ) -> bool {
        let features = columns.features();
        let label = self.labels[i] as usize;
        let bound = drift.sink(self.bounds[i], label);
        self.bounds[i] = bound;
        if !keeps(self.distances[i], bound, features) {
            return false;
        }
        let row = &self.x[i * features..][..features];
        self.distances[i] = distance(simd, row, columns.centroid(label));
        found.is_measured[i] = true;
        keeps(self.distances[i], bound, features)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_far_from_other_centroids_are_kept() {
        // Two groups, and a row halfway.
        let d = 3;
        let mut x: Vec<f32> = (0..300 * d)
            .map(|i| (i % 7) as f32 / 7.0 + if i / d % 2 == 0 { 0.0 } else { 20.0 })
            .collect();
        x.extend([10.0; 3]);
        let (n, meter) = (x.len() / d, Meter::default());
        let mut assigned = Assigned::new(n);
        let mut kept = Vec::new();
        for at in [
            [0.0, 20.0],
            [0.5, 20.5],
            [0.5, 20.5],
            [20.5, 0.5],
            [20.5, 0.5],
        ] {
            let centroids = at.map(|v| [v; 3]).concat();
            let stats = assign(&x, d, &centroids, &mut assigned, &meter);
            let (again, _) = step(&x, d, &centroids, &mut Assigned::new(n), &meter);
            assert_eq!((stats.inertia, again.kept), (again.inertia, 0));
            kept.push(stats.kept);
        }
        assert_eq!(kept, [0, 300, 301, 0, 301]);
    }
}
