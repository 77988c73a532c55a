//! Distances of all pairs, of many problems at once; twin of `wgsl/pairwise/distances.wgsl`.

use std::borrow::Cow;
use std::cmp::Reverse;

use pulp::{Simd, WithSimd};
use rayon::prelude::*;
use throng_shaders::Metric;

use super::nearest::{VECTORS, group};
use super::rows_scale::{self, scales, unit_rows};
use super::simd::{dispatch, lanes};
use super::tile::{
    AbsoluteDifference, LargestDifference, Panels, Product, SquaredDifference, Sum, broadcast_tile,
};
use crate::host_values::HostValues;
use crate::memory::{MemoryPlan, words};
use crate::pairwise_batch::Problem;
use crate::watch::Meter;

/// Rows of a task: few enough that they stay in the first-level cache while the panels pass, and a multiple
/// of the rows that are taken at a time.
const TASK_ROWS: usize = 48;

/// What the distances of problems of these shapes take on so many threads.
pub fn plan(
    shapes: impl Iterator<Item = (usize, usize)> + Clone,
    features: usize,
    metric: Metric,
    threads: usize,
) -> MemoryPlan {
    let values = shapes.clone().map(|(n, m)| n.saturating_mul(m));
    let mut beside: Vec<usize> = shapes
        .map(|(n, m)| {
            let panels = Panels::count(m, features, VECTORS * lanes());
            panels.saturating_add(rows_scale::count(n + m, features, metric))
        })
        .collect();
    // Each thread is at one problem at a time.
    beside.sort_unstable_by_key(|&values| Reverse(values));
    let beside = beside.into_iter().take(threads);
    MemoryPlan {
        output: words(values.fold(0, usize::saturating_add)),
        scratch: words(beside.fold(0, usize::saturating_add)),
        parts: 1,
    }
}

/// Distances [n, m] of the rows of `a` from the rows of `b`.
pub fn distances(
    a: &[f32],
    b: &[f32],
    features: usize,
    metric: Metric,
    meter: &Meter,
) -> HostValues {
    let mut out = HostValues::zeros(a.len() / features * (b.len() / features));
    fill(&mut out, a, b, features, metric, meter);
    out
}

/// The distances of each problem, one matrix after another; `fill` writes one.
pub fn batch(problems: &[Problem], fill: impl Fn(&mut [f32], &Problem) + Sync) -> HostValues {
    let values = |problem: &Problem| problem.a.len() * problem.b.len();
    let mut out = HostValues::zeros(problems.iter().map(values).sum());
    let mut rest = &mut *out;
    let mut tasks = Vec::new();
    for problem in problems {
        let (own, others) = rest.split_at_mut(values(problem));
        tasks.push((own, problem));
        rest = others;
    }
    tasks
        .into_par_iter()
        .for_each(|(out, problem)| fill(out, problem));
    out
}

/// Writes the distances [n, m] of the rows of `a` from the rows of `b`; not all where `meter` stopped the work.
pub fn fill(out: &mut [f32], a: &[f32], b: &[f32], features: usize, metric: Metric, meter: &Meter) {
    let m = b.len() / features;
    if out.is_empty() {
        return;
    }
    let a = Side::new(a, features, metric);
    let b = Side::new(b, features, metric);
    let panels = Panels::pack(b.rows.chunks_exact(features), features, VECTORS * lanes());
    out.par_chunks_mut(TASK_ROWS * m)
        .zip(a.rows.par_chunks(TASK_ROWS * features))
        .for_each(|(out, rows)| {
            if meter.is_stopped() {
                return;
            }
            dispatch(Task {
                rows,
                features,
                panels: &panels,
                metric,
                out,
                m,
            });
            meter.add(rows.len() * m);
        });
    if metric == Metric::Cosine {
        set_zero_rows(out, m, &a, &b);
    }
}

/// A row of zeros is at cosine distance 1 from every row.
fn set_zero_rows(out: &mut [f32], m: usize, a: &Side, b: &Side) {
    let zero_columns: Vec<usize> = b.zeros().collect();
    for row in a.zeros() {
        out[row * m..][..m].fill(1.0);
    }
    for row in out.chunks_exact_mut(m) {
        zero_columns.iter().for_each(|&column| row[column] = 1.0);
    }
}

/// A matrix, of unit rows for cosine.
struct Side<'a> {
    rows: Cow<'a, [f32]>,
    scales: Vec<f32>,
}

impl<'a> Side<'a> {
    fn new(values: &'a [f32], features: usize, metric: Metric) -> Self {
        if metric != Metric::Cosine {
            let (rows, scales) = (Cow::Borrowed(values), Vec::new());
            return Self { rows, scales };
        }
        let scales = scales(values, features);
        let rows = Cow::Owned(unit_rows(values, features, &scales));
        Self { rows, scales }
    }

    fn zeros(&self) -> impl Iterator<Item = usize> {
        let is_zero = |(row, &scale): (usize, &f32)| (scale == 0.0).then_some(row);
        self.scales.iter().enumerate().filter_map(is_zero)
    }
}

struct Task<'a> {
    rows: &'a [f32],
    features: usize,
    panels: &'a Panels,
    metric: Metric,
    out: &'a mut [f32],
    m: usize,
}

impl WithSimd for Task<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        match self.metric {
            Metric::Dot => self.sum::<S, Product>(simd),
            Metric::Manhattan => self.sum::<S, AbsoluteDifference>(simd),
            Metric::Chebyshev => self.sum::<S, LargestDifference>(simd),
            _ => self.sum::<S, SquaredDifference>(simd),
        }
    }
}

impl Task<'_> {
    #[inline(always)]
    fn sum<S: Simd, T: Sum>(self, simd: S) {
        match group::<S>() {
            8 => self.run::<S, T, 8>(simd),
            _ => self.run::<S, T, 4>(simd),
        }
    }

    /// Takes `G` rows at a time.
    #[inline(always)]
    #[expect(clippy::needless_range_loop)]
    fn run<S: Simd, T: Sum, const G: usize>(self, simd: S) {
        let groups = Panels::pack(self.rows.chunks_exact(self.features), self.features, G);
        let half = simd.splat_f32s(0.5);
        let width = VECTORS * S::F32_LANES;
        for (index, (panel, filled)) in self.panels.iter().enumerate() {
            let (panel, _) = S::as_simd_f32s(panel).0.as_chunks::<VECTORS>();
            for (group, (values, count)) in groups.iter().enumerate() {
                let (values, _) = values.as_chunks::<G>();
                let none = [[simd.splat_f32s(0.0); VECTORS]; G];
                let mut sums =
                    broadcast_tile::<S, T, VECTORS, G>(simd, panel, values, none, |_| ());
                for i in 0..count {
                    for v in 0..VECTORS {
                        sums[i][v] = match self.metric {
                            Metric::Euclidean => simd.sqrt_f32s(sums[i][v]),
                            Metric::Cosine => simd.mul_f32s(sums[i][v], half),
                            _ => sums[i][v],
                        };
                    }
                    let at = (group * G + i) * self.m + index * width;
                    let out = &mut self.out[at..][..filled];
                    // Whole vectors are written as such: a copy of any length is a call.
                    if filled == width {
                        let (out, _) = S::as_mut_simd_f32s(out).0.as_chunks_mut::<VECTORS>();
                        out[0] = sums[i];
                    } else {
                        out.copy_from_slice(&bytemuck::cast_slice(&sums[i])[..filled]);
                    }
                }
            }
        }
    }
}
