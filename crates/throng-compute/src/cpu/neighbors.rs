//! The nearest items of each query; twin of `wgsl/neighbors/`.
//!
//! Items pass in chunks of panels; each query keeps a pool of what may still be among its nearest.
//!
//! Products are their own scores. Distances are compared by |y|^2 / 2 - xy, one multiply-add a term, of
//! rows less a centre, so that what is far from the origin loses nothing. The pool keeps all within a
//! proven bound of that score's rounding, and the last word is by differences: the result is that of
//! direct differences, bit for bit. Where too many are that close (duplicates), a query is compared by
//! differences from the start.

use std::borrow::Cow;

use pulp::{Simd, WithSimd};
use rayon::prelude::*;
use throng_shaders::Metric;

use super::neighbors_pool::Pool;
use super::rows_scale::{self, scales, unit_rows};
use super::simd::{dispatch, lanes};
use super::tile::{Panels, Product, SquaredDifference, SquaredSum, Sum, rows_at, tile};
use crate::error::ComputeError;
use crate::memory::{Ledger, MemoryPlan, Sizes, words};
use crate::neighbors::{Excluded, NO_NEIGHBOR, WHAT};
use crate::watch::Meter;

/// Floats of the panels that are held at once: they stay in a cache while all queries pass.
const CHUNK: usize = 1 << 19;

/// Floats of the rows of a task: they stay in the first-level cache beside a panel.
const TASK: usize = 1 << 13;

/// Queries that pools are held for at once.
const QUERIES: usize = 4_096;

/// Tasks of a chunk, at least: few queries are told apart by runs of panels.
const TASKS: usize = 16;

/// What is held while the nearest items are found.
#[derive(Debug)]
pub struct SearchSizes {
    queries: usize,
    items: usize,
    features: usize,
    k: usize,
    metric: Metric,
    /// Excluded pairs.
    pairs: usize,
    /// Queries that pools are held for at once.
    block: usize,
}

impl SearchSizes {
    /// For the `k` nearest of `items` for each of `queries`, as large as the cap allows.
    pub fn new(
        ledger: &Ledger,
        (queries, items, features): (usize, usize, usize),
        k: usize,
        metric: Metric,
        pairs: usize,
    ) -> Result<Self, ComputeError> {
        let most = QUERIES.min(queries);
        ledger.fit(WHAT, most as u64, |most| Self {
            queries,
            items,
            features,
            k,
            metric,
            pairs,
            block: (most as usize).max(1),
        })
    }
}

impl Sizes for SearchSizes {
    fn plan(&self) -> MemoryPlan {
        let (d, found) = (self.features, words(2 * self.k));
        // The last ones may be fewer, and yet have more pools for they have more runs.
        let last = match self.queries % self.block {
            0 => self.block,
            last => last,
        };
        let pools = |rows| rows * Cut::new(rows, d).runs;
        let pools = pools(self.block).max(pools(last)) * Pool::bytes(self.k);
        let cut = Cut::new(self.block, d);
        let unit = rows_scale::count(self.queries + self.items, d, self.metric);
        let excluded = size_of::<usize>() * (self.queries + 1) + size_of::<u32>() * self.pairs;
        // A query's place, and its row less the centre.
        let query = size_of::<usize>() + size_of::<f32>() * d;
        let items = self.items.min(cut.chunk_items);
        let chunk = items.next_multiple_of(cut.width) * (d + 1);
        MemoryPlan {
            output: found.saturating_mul(self.queries as u64),
            scratch: words(unit.saturating_add(chunk))
                + (excluded + self.block * query + pools) as u64,
            parts: self.queries.div_ceil(self.block),
        }
    }
}

/// How some queries are compared with all items.
struct Cut {
    /// Rows of a task.
    task_rows: usize,
    /// Items of a panel, and of a chunk.
    width: usize,
    chunk_items: usize,
    /// Runs of panels, each with pools of its own.
    runs: usize,
}

impl Cut {
    fn new(rows: usize, features: usize) -> Self {
        let task_rows = (TASK / features).clamp(8, 256);
        let blocks = rows.div_ceil(task_rows);
        let width = 2 * lanes();
        let chunk_items = (CHUNK / features).max(width).next_multiple_of(width);
        Self {
            task_rows,
            width,
            chunk_items,
            runs: TASKS.div_ceil(blocks).min(chunk_items / width),
        }
    }
}

/// Indices and scores [q, k] of the nearest items; some where `meter` stopped the work.
pub fn nearest(
    queries: &[f32],
    items: &[f32],
    sizes: &SearchSizes,
    excluded: &Excluded,
    meter: &Meter,
) -> (Vec<u32>, Vec<f32>) {
    let &SearchSizes {
        features,
        k,
        metric,
        block,
        ..
    } = sizes;
    let queries = Side::new(queries, features, metric);
    let items = Side::new(items, features, metric);
    let rows = queries.rows.len() / features;
    let search = Search {
        queries: &queries,
        items: &items,
        features,
        k,
        metric,
        excluded,
        meter,
    };
    let mut indices = vec![NO_NEIGHBOR; rows * k];
    let mut scores = vec![f32::NAN; rows * k];
    for first in (0..rows).step_by(block) {
        let rows: Vec<usize> = (first..rows.min(first + block)).collect();
        for (row, best) in search.nearest(&rows) {
            let slots = indices[row * k..][..k].iter_mut();
            let slots = slots.zip(&mut scores[row * k..][..k]);
            for ((index, score), best) in slots.zip(best) {
                *index = best.1;
                *score = match metric {
                    Metric::Dot => 0.0 - best.0,
                    _ => best.0,
                };
            }
        }
    }
    (indices, scores)
}

/// Queries or items, of unit rows for cosine.
pub struct Side<'a> {
    /// [n, d]
    pub rows: Cow<'a, [f32]>,
    /// For cosine; a row of zeros has 0 and is at distance 1 from every row.
    scales: Vec<f32>,
}

impl<'a> Side<'a> {
    /// Scales the rows, for cosine.
    pub fn new(values: &'a [f32], features: usize, metric: Metric) -> Self {
        if metric != Metric::Cosine {
            let (rows, scales) = (Cow::Borrowed(values), Vec::new());
            return Self { rows, scales };
        }
        let scales = scales(values, features);
        let rows = Cow::Owned(unit_rows(values, features, &scales));
        Self { rows, scales }
    }

    /// Whether any row is at cosine distance 1 from every row.
    pub fn has_zeros(&self) -> bool {
        self.scales.contains(&0.0)
    }

    /// Whether a row is at cosine distance 1 from every row.
    #[inline(always)]
    pub fn is_zero(&self, row: usize) -> bool {
        self.scales.get(row) == Some(&0.0)
    }
}

/// How pools compare.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Score {
    /// |y|^2 / 2 - xy, to be compared again.
    ByProduct,
    /// What is asked for; of products the negative.
    Exact,
}

/// An item and what it is compared by.
type Best = (f32, u32);

struct Search<'a> {
    queries: &'a Side<'a>,
    items: &'a Side<'a>,
    features: usize,
    k: usize,
    metric: Metric,
    excluded: &'a Excluded,
    meter: &'a Meter,
}

/// Some items, packed by panels.
struct Chunk {
    /// c - y, [panels, d, width]: scores are then sums of multiply-adds.
    values: Vec<f32>,
    /// What each score begins with; infinite where there is no item.
    start: Vec<f32>,
    /// The longest |y - c|^2.
    longest: f32,
}

impl Search<'_> {
    /// These queries with their nearest items, the nearest first.
    fn nearest(&self, rows: &[usize]) -> Vec<(usize, Vec<Best>)> {
        let score = match self.metric {
            Metric::Dot => Score::Exact,
            _ => Score::ByProduct,
        };
        let mut found = Vec::new();
        let mut crowded = Vec::new();
        for (&row, best) in rows.iter().zip(self.among(rows, score)) {
            match best {
                Some(best) => found.push((row, best)),
                None => crowded.push(row),
            }
        }
        let exact = self.among(&crowded, Score::Exact).into_iter().flatten();
        found.extend(crowded.iter().copied().zip(exact));
        found
    }

    /// The nearest items of these queries, the nearest first; none for a query in whose pool too many
    /// are too close.
    fn among(&self, rows: &[usize], score: Score) -> Vec<Option<Vec<Best>>> {
        if rows.is_empty() {
            return Vec::new();
        }
        let d = self.features;
        let centre = match score {
            Score::ByProduct => self.centre(),
            Score::Exact => vec![0.0; d],
        };
        let mut x = vec![0.0; rows.len() * d];
        x.par_chunks_exact_mut(d).zip(rows).for_each(|(x, &row)| {
            let row = &self.queries.rows[row * d..][..d];
            for ((x, value), c) in x.iter_mut().zip(row).zip(&centre) {
                *x = value - c;
            }
        });
        let Cut {
            task_rows,
            width,
            chunk_items,
            runs,
        } = Cut::new(rows.len(), d);
        // By run, then by query.
        let mut pools: Vec<Vec<Pool>> = (0..runs)
            .map(|_| {
                let pool = |&row: &usize| Pool::new(self.k, self.excluded.of(row));
                rows.iter().map(pool).collect()
            })
            .collect();
        if score == Score::ByProduct {
            for run in &mut pools {
                run.par_iter_mut()
                    .zip(x.par_chunks_exact(d))
                    .for_each(|(pool, x)| pool.measure(x));
            }
        }
        let m = self.items.rows.len() / d;
        let mut longest = 0.0_f32;
        let mut chunk = Chunk {
            values: Vec::new(),
            start: Vec::new(),
            longest: 0.0,
        };
        for first in (0..m).step_by(chunk_items) {
            let end = m.min(first + chunk_items);
            self.pack(&mut chunk, first, end, &centre, score);
            longest = longest.max(chunk.longest);
            let panels = (end - first).div_ceil(width);
            let run_panels = panels.div_ceil(runs);
            let tasks = pools.iter_mut().enumerate().flat_map(|(run, pools)| {
                let begin = (run * run_panels).min(panels);
                let end = panels.min(begin + run_panels);
                let blocks = pools.chunks_mut(task_rows).zip(x.chunks(task_rows * d));
                blocks.map(move |(pools, rows)| (begin, end, pools, rows))
            });
            let tasks: Vec<_> = tasks.collect();
            tasks.into_par_iter().for_each(|(begin, end, pools, rows)| {
                if self.meter.is_stopped() {
                    return;
                }
                if score == Score::ByProduct {
                    for pool in pools.iter_mut() {
                        pool.widen(d, longest);
                    }
                }
                dispatch(Task {
                    rows,
                    features: d,
                    values: &chunk.values[begin * width * d..end * width * d],
                    start: &chunk.start[begin * width..end * width],
                    first_item: first + begin * width,
                    metric: self.metric,
                    score,
                    pools,
                });
                self.meter.add(rows.len() * (end - begin) * width);
            });
        }
        // The zero items are equally far, so that the first k suffice.
        let zeros: Vec<u32> = (0..m)
            .filter(|&item| self.items.is_zero(item))
            .map(|item| item as u32)
            .collect();
        let mut found = vec![Some(Vec::new()); rows.len()];
        for run in &mut pools {
            found.par_iter_mut().zip(run).for_each(|(found, pool)| {
                match (found.as_mut(), pool.take()) {
                    (Some(found), Some(best)) => found.extend(best),
                    _ => *found = None,
                }
            });
        }
        found.par_iter_mut().zip(rows).for_each(|(found, &row)| {
            if self.queries.is_zero(row) {
                *found = Some(self.allowed(row, 0..m as u32));
            } else if let Some(best) = found {
                if score == Score::ByProduct {
                    self.compare_again(row, best);
                }
                best.extend(self.allowed(row, zeros.iter().copied()));
                best.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
                best.truncate(self.k);
            }
        });
        found
    }

    /// The first k of `items` that a query may get, at cosine distance 1.
    fn allowed(&self, row: usize, items: impl Iterator<Item = u32>) -> Vec<Best> {
        let excluded = self.excluded.of(row);
        items
            .filter(|item| excluded.binary_search(item).is_err())
            .take(self.k)
            .map(|item| (1.0, item))
            .collect()
    }

    /// The mean of some items. Any point will do, the nearer to the middle the closer the bound.
    fn centre(&self) -> Vec<f32> {
        let m = self.items.rows.len() / self.features;
        let mut sums = vec![0.0_f64; self.features];
        let sample = self.items.rows.chunks_exact(self.features);
        let sample = sample.step_by((m / 1024).max(1));
        let count = sample.len() as f64;
        for row in sample {
            let pairs = sums.iter_mut().zip(row);
            pairs.for_each(|(sum, &value)| *sum += f64::from(value));
        }
        sums.into_iter().map(|sum| (sum / count) as f32).collect()
    }

    /// Packs the items from `first` to `end`.
    fn pack(&self, chunk: &mut Chunk, first: usize, end: usize, centre: &[f32], score: Score) {
        let d = self.features;
        let width = 2 * lanes();
        let columns = (end - first).next_multiple_of(width);
        chunk.values.resize(columns * d, 0.0);
        chunk.start.resize(columns, 0.0);
        let panels = chunk.values.par_chunks_exact_mut(width * d);
        let panels = panels.zip(chunk.start.par_chunks_exact_mut(width));
        let items = self.items.rows[first * d..end * d].par_chunks(width * d);
        chunk.longest = panels
            .zip(items)
            .enumerate()
            .map(|(index, ((values, start), items))| {
                if items.len() < values.len() {
                    values.fill(0.0);
                }
                for (column, item) in items.chunks_exact(d).enumerate() {
                    let slots = values.iter_mut().skip(column).step_by(width);
                    for ((slot, value), c) in slots.zip(item).zip(centre) {
                        *slot = c - value;
                    }
                }
                start.fill(0.0);
                if score == Score::ByProduct {
                    for values in values.chunks_exact(width) {
                        let pairs = start.iter_mut().zip(values);
                        pairs.for_each(|(sum, &value)| *sum += value * value);
                    }
                }
                let longest = start.iter().copied().fold(0.0, f32::max);
                start.iter_mut().for_each(|norm| *norm *= 0.5);
                start[items.len() / d..].fill(f32::INFINITY);
                if !self.items.scales.is_empty() {
                    for (column, start) in start.iter_mut().enumerate() {
                        if self.items.is_zero(first + index * width + column) {
                            *start = f32::INFINITY;
                        }
                    }
                }
                longest
            })
            .reduce(|| 0.0, f32::max);
    }

    /// Replaces scores by distances, those of direct differences.
    fn compare_again(&self, row: usize, best: &mut [Best]) {
        let d = self.features;
        let width = 2 * lanes();
        for best in best.chunks_mut(width) {
            let rows: Vec<&[f32]> = best
                .iter()
                .map(|best| &self.items.rows[best.1 as usize * d..][..d])
                .collect();
            let panels = Panels::pack(rows.into_iter(), d, width);
            for (panel, _) in panels.iter() {
                dispatch(Differences {
                    row: &self.queries.rows[row * d..][..d],
                    panel,
                    metric: self.metric,
                    best,
                });
            }
        }
    }
}

/// Some queries against some panels.
struct Task<'a, 'b> {
    rows: &'a [f32],
    features: usize,
    values: &'a [f32],
    start: &'a [f32],
    first_item: usize,
    metric: Metric,
    score: Score,
    pools: &'a mut [Pool<'b>],
}

impl WithSimd for Task<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let is_product = self.score == Score::ByProduct || self.metric == Metric::Dot;
        match (S::REGISTER_COUNT >= 32, is_product) {
            (true, true) => self.run::<S, Product, 8>(simd),
            (true, false) => self.run::<S, SquaredSum, 8>(simd),
            (false, true) => self.run::<S, Product, 4>(simd),
            (false, false) => self.run::<S, SquaredSum, 4>(simd),
        }
    }
}

impl Task<'_, '_> {
    #[inline(always)]
    #[expect(clippy::needless_range_loop)]
    fn run<S: Simd, T: Sum, const R: usize>(self, simd: S) {
        let width = 2 * S::F32_LANES;
        let rows = self.pools.len();
        let finish = match self.score {
            Score::Exact => self.metric,
            Score::ByProduct => Metric::SqEuclidean,
        };
        let (starts, _) = S::as_simd_f32s(self.start);
        let (starts, _) = starts.as_chunks::<2>();
        for panel in 0..starts.len() {
            let values = &self.values[panel * width * self.features..][..width * self.features];
            let item = (self.first_item + panel * width) as u32;
            for first in (0..rows).step_by(R) {
                let group = rows_at::<R>(self.rows, self.features, first);
                let mut sums = tile::<S, T, R, 2>(simd, group, values, starts[panel]);
                for i in 0..R {
                    for v in 0..2 {
                        sums[i][v] = finished(simd, finish, sums[i][v]);
                    }
                }
                // How far the nearest of any row is under its threshold.
                let mut under = simd.splat_f32s(f32::NEG_INFINITY);
                for i in 0..R {
                    let threshold = self.pools[(first + i).min(rows - 1)].threshold();
                    let least = simd.min_f32s(sums[i][0], sums[i][1]);
                    let by = simd.sub_f32s(simd.splat_f32s(threshold), least);
                    under = simd.max_f32s(under, by);
                }
                if simd.reduce_max_f32s(under) <= 0.0 {
                    continue;
                }
                // A copy to point into, so that the sums themselves stay in registers.
                let scores = sums;
                let scores: &[f32] = bytemuck::cast_slice(&scores);
                for i in 0..R {
                    let least = simd.min_f32s(sums[i][0], sums[i][1]);
                    let pool = &mut self.pools[(first + i).min(rows - 1)];
                    if first + i < rows && simd.reduce_min_f32s(least) < pool.threshold() {
                        pool.offer(&scores[i * width..][..width], item);
                    }
                }
            }
        }
    }
}

/// Of a sum of squared differences (or a product) what is asked for.
#[inline(always)]
pub fn finished<S: Simd>(simd: S, metric: Metric, sum: S::f32s) -> S::f32s {
    match metric {
        Metric::Euclidean => simd.sqrt_f32s(sum),
        Metric::Cosine => simd.mul_f32s(sum, simd.splat_f32s(0.5)),
        _ => sum,
    }
}

/// One query against a panel of candidates.
struct Differences<'a> {
    row: &'a [f32],
    panel: &'a [f32],
    metric: Metric,
    best: &'a mut [Best],
}

impl WithSimd for Differences<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let start = [simd.splat_f32s(0.0); 2];
        let [sums] = tile::<S, SquaredDifference, 1, 2>(simd, [self.row], self.panel, start);
        let sums = sums.map(|sum| finished(simd, self.metric, sum));
        let values: &[f32] = bytemuck::cast_slice(&sums);
        for (best, &value) in self.best.iter_mut().zip(values) {
            best.0 = value;
        }
    }
}
