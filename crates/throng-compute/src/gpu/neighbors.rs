//! The nearest items of each query.

use throng_shaders::{
    Metric, NeighborsDistancesParams, NeighborsExcludeParams, NeighborsSelectParams,
    NeighborsSortParams,
};

use super::binding::Bind;
use super::buffers::Buffer;
use super::context::{Context, Job};
use super::rows::{Piece, Rows};
use super::rows_scale::{self, scales};
use crate::error::ComputeError;
use crate::memory::{MemoryPlan, Sizes, words};
use crate::neighbors::{Excluded, NO_NEIGHBOR, WHAT};
use crate::plan::{self, Tile};

/// Invocations a row of the strip; the radix sort of `neighbors/select` asks for this many.
pub(super) const ROW_THREADS: u32 = 256;

const PAIR_THREADS: u32 = 64;

/// A strip of distances, and the scales beside it.
#[derive(Debug, Clone, Copy)]
pub(super) struct StripSizes {
    pub rows: usize,
    /// Those before the distances included.
    pub columns: usize,
    scales: usize,
    /// Strips, one after another.
    parts: usize,
}

impl StripSizes {
    /// For `queries` and `items` with `before` columns beside the distances, in about `most` bytes.
    pub fn new(
        context: &Context,
        queries: usize,
        items: usize,
        before: usize,
        metric: Metric,
        most: u64,
    ) -> Self {
        let (rows, columns) = plan::gpu_strip(queries, items, before, most);
        // The kernels that reduce it take a workgroup a row.
        let rows = rows.min(context.most_groups());
        Self {
            rows,
            columns,
            scales: rows_scale::count(queries, metric) + rows_scale::count(items, metric),
            parts: queries.div_ceil(rows) * items.div_ceil(columns - before),
        }
    }

    /// Values of the strip.
    pub fn strip(&self) -> usize {
        self.rows * self.columns
    }

    /// What is held: this, and `values` of 32 bits beside it; `transfer` bytes while they are read.
    pub fn plan(&self, values: usize, transfer: u64) -> MemoryPlan {
        MemoryPlan {
            output: 0,
            scratch: words(self.strip() + self.scales + values) + transfer,
            parts: self.parts,
        }
    }
}

/// What is held while the nearest items are found.
#[derive(Debug)]
pub struct SearchSizes {
    strip: StripSizes,
    k: usize,
    /// Excluded pairs of the queries of a strip, at most.
    pairs: usize,
    /// Bytes.
    transfer: u64,
}

impl SearchSizes {
    /// For the `k` nearest of `items` for each of `queries`, with at most `pairs` excluded pairs among so many
    /// queries; as large as the cap allows.
    pub fn new(
        context: &Context,
        queries: usize,
        items: usize,
        k: usize,
        metric: Metric,
        pairs: impl Fn(usize) -> usize,
    ) -> Result<Self, ComputeError> {
        let sizes = |most| {
            let strip = StripSizes::new(context, queries, items, k, metric, most);
            let pairs = pairs(strip.rows);
            Self {
                strip,
                k,
                pairs,
                transfer: context.transfer(words((strip.rows * k).max(pairs))),
            }
        };
        context.ledger().fit(WHAT, context.most_bytes(), sizes)
    }

    /// Of the items kept, scores and indices each.
    fn found(&self) -> usize {
        self.strip.rows * self.k
    }
}

impl Sizes for SearchSizes {
    fn plan(&self) -> MemoryPlan {
        let beside = 3 * self.found() + self.strip.rows + 2 * self.pairs;
        self.strip.plan(beside, self.transfer)
    }
}

/// Distances of some queries from some items at a time, [rows, columns].
pub(super) struct Strip {
    pub buffer: Buffer,
    pub rows: usize,
    /// Those before the distances included.
    pub columns: usize,
    /// Columns before the distances.
    pub before: usize,
    metric: Metric,
    query_scales: Vec<Buffer>,
    item_scales: Vec<Buffer>,
}

impl Strip {
    /// Room for distances, with `before` columns beside them.
    pub fn new(
        context: &Context,
        queries: &Rows,
        items: &Rows,
        before: usize,
        metric: Metric,
        sizes: StripSizes,
    ) -> Result<Self, ComputeError> {
        Ok(Self {
            buffer: context.storage("a strip of distances", sizes.strip())?,
            rows: sizes.rows,
            columns: sizes.columns,
            before,
            metric,
            query_scales: scales(context, queries, metric)?,
            item_scales: scales(context, items, metric)?,
        })
    }

    /// Items whose distances it holds at once.
    pub fn items(&self) -> usize {
        self.columns - self.before
    }

    /// Where more is nearer the negative is stored, so that less always is.
    pub fn is_negated(&self) -> bool {
        self.metric == Metric::Dot
    }

    /// Fills it with the distances of a piece of the queries from one of the items.
    pub fn fill(
        &self,
        context: &Context,
        queries: (&Rows, Piece),
        items: (&Rows, Piece),
    ) -> Result<(), ComputeError> {
        let (queries, query) = queries;
        let (items, item) = items;
        context.meter().stage(query.rows * item.rows * items.cols);
        let tile = context.tuned(Tile::SQUARE);
        let mut buffers: Vec<(u32, &dyn Bind)> = vec![
            (2, &queries.parts[query.part].buffer),
            (3, &items.parts[item.part].buffer),
            (4, &self.buffer),
        ];
        if self.metric == Metric::Cosine {
            buffers.push((8, &self.query_scales[query.part]));
            buffers.push((9, &self.item_scales[item.part]));
        }
        context.run(&Job {
            metric: Some(self.metric),
            constants: &tile.constants(),
            params: NeighborsDistancesParams {
                a_first: query.first as u32,
                a_end: (query.first + query.rows) as u32,
                b_first: item.first as u32,
                b_end: (item.first + item.rows) as u32,
                features: items.cols as u32,
                out_column: self.before as u32,
                out_columns: self.columns as u32,
                is_negated: u32::from(self.is_negated()),
            },
            buffers: &buffers,
            groups: query.rows.div_ceil(tile.rows()) * item.rows.div_ceil(tile.columns()),
            work: tile.rows() * tile.columns() * items.cols,
            rounds: tile.rounds(1, items.cols),
        })
    }
}

/// Indices and scores [q, k] of the nearest items.
pub fn nearest(
    context: &Context,
    queries: &Rows,
    items: &Rows,
    k: usize,
    metric: Metric,
    excluded: &Excluded,
) -> Result<(Vec<u32>, Vec<f32>), ComputeError> {
    let most = |rows| excluded.most(rows);
    let sizes = SearchSizes::new(context, queries.rows, items.rows, k, metric, most)?;
    let strip = Strip::new(context, queries, items, k, metric, sizes.strip)?;
    let search = Search {
        context,
        queries,
        items,
        k,
        kept: context.storage("items kept", sizes.found())?,
        limits: context.storage("the k-th lowest", strip.rows)?,
        scores: context.storage("scores", sizes.found())?,
        indices: context.storage("indices", sizes.found())?,
        strip,
    };
    let mut indices = Vec::with_capacity(queries.rows * k);
    let mut scores = Vec::with_capacity(queries.rows * k);
    for query in queries.pieces(search.strip.rows) {
        search.select(query, &Pairs::new(context, excluded, query)?)?;
        let count = query.rows * k;
        indices.extend(context.read::<u32>("indices", &search.indices, count)?);
        scores.extend(context.read::<f32>("scores", &search.scores, count)?);
    }
    for (score, &index) in scores.iter_mut().zip(&indices) {
        if index == NO_NEIGHBOR {
            *score = f32::NAN;
        } else if search.strip.is_negated() {
            *score = 0.0 - *score;
        }
    }
    Ok((indices, scores))
}

struct Search<'a> {
    context: &'a Context,
    queries: &'a Rows,
    items: &'a Rows,
    k: usize,
    strip: Strip,
    kept: Buffer,
    limits: Buffer,
    scores: Buffer,
    indices: Buffer,
}

impl Search<'_> {
    /// Leaves the nearest items of a piece of the queries in `indices` and `scores`.
    fn select(&self, query: Piece, pairs: &Pairs) -> Result<(), ComputeError> {
        let (context, k) = (self.context, self.k);
        let columns = self.strip.columns as u32;
        let mut kept = 0;
        for item in self.items.pieces(self.strip.items()) {
            self.strip
                .fill(context, (self.queries, query), (self.items, item))?;
            pairs.exclude(context, &self.strip, item)?;
            let places = kept + item.rows;
            context.run(&Job {
                metric: None,
                constants: &[("threads", ROW_THREADS)],
                params: NeighborsSelectParams {
                    k: k as u32,
                    kept: kept as u32,
                    added: item.rows as u32,
                    item_first: item.offset as u32,
                    columns,
                },
                buffers: &[(2, &self.strip.buffer), (3, &self.kept), (4, &self.limits)],
                groups: query.rows,
                work: 16 * places,
                // Four histograms and a compaction, with the sums of each.
                rounds: (places.div_ceil(ROW_THREADS as usize) + 1) * 14 + 64,
            })?;
            kept = places.min(k);
        }
        let size = k.next_power_of_two();
        let rounds = size.ilog2() as usize;
        context.run(&Job {
            metric: None,
            constants: &[("threads", ROW_THREADS), ("size", size as u32)],
            params: NeighborsSortParams {
                k: k as u32,
                columns,
            },
            buffers: &[
                (2, &self.strip.buffer),
                (3, &self.kept),
                (4, &self.scores),
                (5, &self.indices),
            ],
            groups: query.rows,
            work: size * rounds * rounds,
            rounds: (size / ROW_THREADS as usize + 2) * (rounds * (rounds + 1) / 2 + 2),
        })
    }
}

/// The pairs to exclude of some queries.
struct Pairs {
    rows: Buffer,
    items: Buffer,
    count: usize,
}

impl Pairs {
    fn new(context: &Context, excluded: &Excluded, query: Piece) -> Result<Self, ComputeError> {
        let (mut rows, mut items) = (Vec::new(), Vec::new());
        for row in 0..query.rows {
            let of_query = excluded.of(query.offset + row);
            rows.extend(std::iter::repeat_n(row as u32, of_query.len()));
            items.extend_from_slice(of_query);
        }
        Ok(Self {
            count: items.len(),
            rows: context.storage_of("excluded pairs", &rows)?,
            items: context.storage_of("excluded pairs", &items)?,
        })
    }

    /// Puts what of them is in the strip out of reach.
    fn exclude(&self, context: &Context, strip: &Strip, item: Piece) -> Result<(), ComputeError> {
        context.run(&Job {
            metric: None,
            constants: &[("threads", PAIR_THREADS)],
            params: NeighborsExcludeParams {
                pairs: self.count as u32,
                item_first: item.offset as u32,
                item_end: (item.offset + item.rows) as u32,
                column: strip.before as u32,
                columns: strip.columns as u32,
            },
            buffers: &[(2, &self.rows), (3, &self.items), (4, &strip.buffer)],
            groups: self.count.div_ceil(PAIR_THREADS as usize),
            work: PAIR_THREADS as usize,
            rounds: 1,
        })
    }
}
