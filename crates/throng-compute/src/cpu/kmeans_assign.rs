//! Each row's nearest centroid; twin of `wgsl/kmeans/batch_assign.wgsl`.
//!
//! Centroids are compared by |c|^2 / 2 - xc, one multiply-add a term. Where the two best are closer than
//! its rounding, they are compared again by (x - c)^2, so that the labels are those of direct differences.

use pulp::{Simd, WithSimd};
use rayon::prelude::*;

use super::kmeans_bounds::Drift;
use super::kmeans_changes::{Change, Changes};
use super::kmeans_part::{Centroids, Found, Part};
use super::kmeans_update::Sums;
use super::nearest::Columns;
use super::quantized::{Quantized, RowCodes};
use super::simd::dispatch;
use crate::memory::{MemoryPlan, words};
use crate::plan;
use crate::watch::Meter;

/// What an assignment came to.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Stats {
    /// Labels that changed.
    pub changed: usize,
    /// The sum of the distances, where they were wanted.
    pub inertia: f64,
    /// Rows whose bounds told that they keep their labels.
    pub kept: usize,
}

/// Whether an assignment measures the distance of every row. Labels can be had without most of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Want {
    /// Labels and distances.
    Distances,
    /// Labels alone: distances are upper bounds.
    Labels,
}

/// A problem's rows, assigned to their nearest centroids.
#[derive(Debug)]
pub struct Assigned {
    /// Each row's nearest centroid; `u32::MAX` at first.
    pub labels: Vec<u32>,
    /// Its squared distance, or an upper bound on it: see [`Want`].
    pub distances: Vec<f32>,
    /// Lower bounds on the distances of the others.
    bounds: Vec<f32>,
    /// The centroids that the bounds are of; none where there are no bounds.
    centroids: Vec<f32>,
    codes: Option<RowCodes>,
    /// Of the labels less the changes; none where these are not known.
    sums: Option<Sums>,
    changes: Changes,
}

impl Assigned {
    /// So many rows without labels.
    pub fn new(rows: usize) -> Self {
        Self {
            labels: vec![u32::MAX; rows],
            distances: vec![0.0; rows],
            bounds: vec![0.0; rows],
            centroids: Vec::new(),
            codes: None,
            sums: None,
            changes: Changes::default(),
        }
    }

    /// Values of 32 bits that an assignment leaves beside the labels.
    pub fn count(rows: usize, features: usize, k: usize) -> usize {
        (2 * rows).saturating_add(k.saturating_mul(features))
    }

    /// Notes what the bounds are of; not where the work was stopped, for then some are of other centroids.
    fn bind(&mut self, centroids: &[f32], meter: &Meter) {
        self.centroids.clear();
        match meter.is_stopped() {
            true => self.sums = None,
            false => self.centroids.extend_from_slice(centroids),
        }
    }
}

/// Values of 32 bits that repeated assignments hold beside [`Assigned::count`]: codes, and centroids packed.
pub fn assign_count(rows: usize, features: usize, k: usize) -> usize {
    RowCodes::count(rows, features, k).saturating_add(packed_count(features, k))
}

fn packed_count(features: usize, k: usize) -> usize {
    Columns::count(k, features).saturating_add(Quantized::count(features, k))
}

/// Values of 32 bits that [`step`] holds beside [`Assigned::count`]: codes, what changed, and either the centroids packed
/// and the sums as they are, or the sums of its tasks.
pub fn step_count(rows: usize, features: usize, k: usize) -> usize {
    let tasks = rows.div_ceil(plan::cpu_update_rows(rows, k, features));
    let sums = Sums::count(k, features);
    let held = packed_count(features, k).saturating_add(sums);
    RowCodes::count(rows, features, k)
        .saturating_add(Changes::count(rows, features))
        .saturating_add(held.max(tasks.max(2).saturating_mul(sums)))
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

/// Writes each row's nearest centroid (ties to the lowest) and its squared distance, or a bound on it; not all where
/// `meter` stopped the work.
pub fn assign(
    x: &[f32],
    features: usize,
    centroids: &[f32],
    assigned: &mut Assigned,
    want: Want,
    meter: &Meter,
) -> Stats {
    let Assigned {
        labels,
        distances,
        bounds,
        centroids: before,
        codes,
        sums,
        changes,
    } = assigned;
    // What two assignments without sums between them changed is not told here.
    let is_noted = sums.is_some() && changes.is_empty();
    // For one assignment alone they are not worth their making.
    if codes.is_none() && !before.is_empty() {
        *codes = RowCodes::new(x, features, centroids);
    }
    let against = Centroids {
        columns: Columns::pack(centroids, features),
        quantized: codes
            .as_ref()
            .and_then(|codes| Quantized::pack(codes, centroids)),
        drift: (!before.is_empty()).then(|| Drift::new(before, centroids, features)),
    };
    let block = plan::cpu_assign_rows(features);
    let slots = match is_noted {
        true => changes.slots(),
        false => (0..labels.len().div_ceil(block))
            .map(|_| Default::default())
            .collect(),
    };
    let parts = x
        .par_chunks(block * features)
        .zip(labels.par_chunks_mut(block))
        .zip(distances.par_chunks_mut(block))
        .zip(bounds.par_chunks_mut(block))
        .zip(slots)
        .enumerate()
        .map(|(index, ((((x, labels), distances), bounds), slots))| {
            if meter.is_stopped() {
                return Stats::default();
            }
            let work = x.len() * (centroids.len() / features);
            let stats = dispatch(Block {
                part: Part {
                    first: index * block,
                    x,
                    labels,
                    distances,
                    bounds,
                },
                centroids: &against,
                want,
                changes: slots,
            });
            meter.add(work);
            stats
        });
    let parts: Vec<Stats> = parts.collect();
    let mut stats = Stats::default();
    for part in &parts {
        stats.changed += part.changed;
        stats.inertia += part.inertia;
        stats.kept += part.kept;
    }
    if !(is_noted && changes.note(parts.iter().map(|part| part.changed))) {
        *sums = None;
    }
    assigned.bind(centroids, meter);
    stats
}

/// [`assign`], and the sums of the rows by their new labels; none where `meter` stopped the work.
pub fn step(
    x: &[f32],
    features: usize,
    centroids: &[f32],
    assigned: &mut Assigned,
    want: Want,
    meter: &Meter,
) -> (Stats, Sums) {
    let k = centroids.len() / features;
    let stats = assign(x, features, centroids, assigned, want, meter);
    if meter.is_stopped() {
        // Some rows may have no label yet.
        return (stats, Sums::new(k, features));
    }
    let (labels, changes) = (&assigned.labels, &mut assigned.changes);
    let sums = match assigned.sums.take() {
        Some(mut sums) => {
            sums.change(x, features, labels, changes);
            changes.clear(labels.len(), features);
            sums
        }
        None => {
            changes.clear(labels.len(), features);
            Sums::of(x, features, labels, k)
        }
    };
    assigned.sums = Some(sums.clone());
    (stats, sums)
}

struct Block<'a> {
    part: Part<'a>,
    centroids: &'a Centroids<'a>,
    want: Want,
    /// Where its first changes go.
    changes: &'a mut [Change],
}

impl WithSimd for Block<'_> {
    type Output = Stats;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> Stats {
        let Self {
            mut part,
            centroids,
            want,
            changes,
        } = self;
        let Found {
            nearest,
            measured,
            kept,
        } = part.nearest(simd, centroids);
        let columns = &centroids.columns;
        let mut stats = Stats {
            kept,
            ..Stats::default()
        };
        if want == Want::Distances {
            let features = columns.features();
            for (i, &label) in nearest.iter().enumerate() {
                if measured[i] != label {
                    let row = &part.x[i * features..][..features];
                    part.distances[i] = distance(simd, row, columns.centroid(label as usize));
                }
                stats.inertia += f64::from(part.distances[i]);
            }
        }
        for (i, (label, new)) in part.labels.iter_mut().zip(nearest).enumerate() {
            if *label != new {
                if let Some(change) = changes.get_mut(stats.changed) {
                    *change = Change {
                        row: (part.first + i) as u32,
                        before: *label,
                    };
                }
                stats.changed += 1;
                *label = new;
            }
        }
        stats
    }
}

/// |x - c|^2
#[inline(always)]
pub fn distance<S: Simd>(simd: S, x: &[f32], c: &[f32]) -> f32 {
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
    use std::ops::ControlFlow;
    use std::sync::Arc;

    use super::*;
    use crate::cpu::simd::tests::own_width;
    use crate::watch::Watch;

    #[test]
    fn rows_far_from_other_centroids_are_kept() {
        let _width = own_width();
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
            let wanted = Want::Distances;
            let stats = assign(&x, d, &centroids, &mut assigned, wanted, &meter);
            let mut new = Assigned::new(n);
            let (again, _) = step(&x, d, &centroids, &mut new, wanted, &meter);
            assert_eq!((stats.inertia, again.kept), (again.inertia, 0));
            kept.push(stats.kept);
        }
        assert_eq!(kept, [0, 300, 301, 0, 301]);
    }

    /// Labels, distances and inertia of a first assignment, which knows nothing before it.
    fn anew(x: &[f32], d: usize, centroids: &[f32]) -> (Vec<u32>, Vec<u32>, f64) {
        let mut assigned = Assigned::new(x.len() / d);
        let meter = Meter::default();
        let stats = assign(x, d, centroids, &mut assigned, Want::Distances, &meter);
        assert!(assigned.codes.is_none());
        let distances = assigned.distances.iter().map(|v| v.to_bits()).collect();
        (assigned.labels, distances, stats.inertia)
    }

    #[test]
    fn codes_and_bounds_change_no_bit() {
        let _width = own_width();
        let number = |i: usize| ((i * i * 31 + i * 17) % 1009) as f32 / 500.0 - 1.0;
        for (n, d, k, apart) in [
            (300, 96, 16, 0.0),
            (301, 103, 100, 3.0),
            (200, 384, 140, 0.5),
            // All centroids within what codes are off by: rows have too many candidates.
            (300, 100, 60, -1.0),
            // Other codes, if any, for fewer features.
            (501, 50, 100, 3.0),
            (300, 33, 20, 0.0),
            (300, 64, 60, -1.0),
            // Too few for any.
            (501, 20, 100, 3.0),
        ] {
            let centre = |group: usize, f: usize| number(group * 7919 + f);
            let x: Vec<f32> = (0..n * d)
                .map(|i| number(i + 5) + apart * centre(i / d % k, i % d))
                .collect();
            let spread = if apart < 0.0 { 1e-4 } else { 1.0 };
            let at = |round: usize| -> Vec<f32> {
                let moved = |i: usize| number(i * 3 + round * 101) / (1 + round * round) as f32;
                let value = |i: usize| spread * (apart * centre(i / d, i % d) + moved(i));
                let mut centroids: Vec<f32> = (0..k * d).map(value).collect();
                // Two are equal: ties go to the lower one.
                centroids.copy_within(2 * d..3 * d, 9 * d);
                centroids
            };
            let mut all = Assigned::new(n);
            let mut labels = Assigned::new(n);
            let meter = Meter::default();
            for round in 0..6 {
                let centroids = at(round);
                let (want, distances, inertia) = anew(&x, d, &centroids);
                let stats = assign(&x, d, &centroids, &mut all, Want::Distances, &meter);
                assert_eq!(all.labels, want, "d {d}, round {round}");
                let bits: Vec<u32> = all.distances.iter().map(|v| v.to_bits()).collect();
                assert_eq!((bits, stats.inertia), (distances, inertia));
                assign(&x, d, &centroids, &mut labels, Want::Labels, &meter);
                assert_eq!(labels.labels, want, "d {d}, round {round}");
                for (above, distance) in labels.distances.iter().zip(&all.distances) {
                    assert!(above * (1.0 + 1e-4) >= *distance, "{above} {distance}");
                }
            }
            assert_eq!(all.codes.is_some(), RowCodes::count(n, d, k) > 0);
        }
    }

    #[test]
    fn a_stopped_step_can_be_taken_again() {
        let _width = own_width();
        let (n, d, k) = (20_000, 96, 16);
        let x: Vec<f32> = (0..n * d).map(|i| ((i * i * 31) % 1009) as f32).collect();
        let centroids = &x[..k * d];
        let mut assigned = Assigned::new(n);
        let go = Meter::default();
        let stop: Arc<dyn Watch> = Arc::new(|_: &'static str, _, _| ControlFlow::Break(()));
        for round in 0..4 {
            let stopped = Meter::new(Some(&stop), "a test", (n * d * k) as u64);
            let (_, none) = step(&x, d, centroids, &mut assigned, Want::Labels, &stopped);
            assert!(stopped.is_stopped());
            assert!(assigned.labels.contains(&u32::MAX) || round > 0);
            assert_eq!(none.counts, [0; 16]);
            if round % 2 == 1 {
                let (stats, sums) = step(&x, d, centroids, &mut assigned, Want::Distances, &go);
                let (labels, _, inertia) = anew(&x, d, centroids);
                assert_eq!((&assigned.labels, stats.inertia), (&labels, inertia));
                assert_eq!(sums.values, Sums::of(&x, d, &labels, k).values);
            }
        }
    }

    #[test]
    fn sums_follow_their_rows() {
        let (n, d, k) = (400, 33, 20);
        let x: Vec<f32> = (0..n * d)
            .map(|i| ((i * i * 31) % 1009) as f32 / 100.0)
            .collect();
        let mut assigned = Assigned::new(n);
        let meter = Meter::default();
        let mut was_moved = false;
        for round in 0..12 {
            let moved = |i: usize| x[i * 7 % (n * d)] + round as f32 * 0.02 * (i % 3) as f32;
            let centroids: Vec<f32> = (0..k * d).map(moved).collect();
            let is_known = assigned.sums.is_some();
            let (stats, sums) = step(&x, d, &centroids, &mut assigned, Want::Labels, &meter);
            was_moved |= is_known && (1..=n / 4).contains(&stats.changed);
            let want = Sums::of(&x, d, &assigned.labels, k);
            assert_eq!(sums.counts, want.counts);
            for (sum, want) in sums.values.iter().zip(&want.values) {
                assert!(
                    (sum - want).abs() <= 1e-12 * 10.0 * n as f64,
                    "{sum} {want}"
                );
            }
        }
        assert!(was_moved);
    }

    #[test]
    fn an_emptied_cluster_sums_to_nothing() {
        let x: Vec<f32> = (0..40).map(|i| i as f32 * 0.1).collect();
        let mut sums = Sums::of(&x, 1, &[0, 1].repeat(20), 3);
        let mut changes = Changes::default();
        changes.clear(40, 1);
        let most = changes.slots()[0].len();
        for (i, change) in changes.slots()[0].iter_mut().enumerate() {
            let row = 2 * i as u32 + 1;
            *change = Change { row, before: 1 };
        }
        assert_eq!(most, 10);
        assert!(changes.note([most].into_iter()));
        sums.counts[1] -= 10;
        let labels: Vec<u32> = (0..40).map(|i| i % 2 * 2).collect();
        sums.change(&x, 1, &labels, &mut changes);
        assert_eq!(sums.counts, [20, 0, 10]);
        assert_eq!(sums.values[1], 0.0);
        assert!((sums.values[2] - 10.0).abs() < 1e-5);
    }
}
