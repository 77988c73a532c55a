//! The items within a radius.

use throng_shaders::{Metric, RadiusCountsParams, RadiusFillParams};

use super::binding::BufferPiece;
use super::buffers::Buffer;
use super::context::{Context, Job};
use super::neighbors::{ROW_THREADS, Strip, StripSizes};
use super::rows::{Piece, Rows};
use crate::error::ComputeError;
use crate::memory::{MemoryPlan, Sizes, words};
use crate::radius::{RadiusNeighbors, WHAT};

/// What is held while items within a radius are counted, or listed.
#[derive(Debug)]
pub struct BallSizes {
    strip: StripSizes,
    /// Items of the lists that are made together.
    listed: usize,
    /// Bytes.
    transfer: u64,
}

impl BallSizes {
    /// For `queries` and `items`, as large as the cap allows.
    pub fn new(
        context: &Context,
        queries: usize,
        items: usize,
        metric: Metric,
        is_listed: bool,
    ) -> Result<Self, ComputeError> {
        let sizes = |most| {
            let strip = StripSizes::new(context, queries, items, 0, metric, most);
            // A row of the strip is the least that is listed together.
            let listed = match is_listed {
                true => strip.strip().div_ceil(4).max(strip.columns),
                false => 0,
            };
            Self {
                strip,
                listed,
                transfer: context.transfer(words(strip.rows.max(listed))),
            }
        };
        context.ledger().fit(WHAT, context.most_bytes(), sizes)
    }
}

impl Sizes for BallSizes {
    fn plan(&self) -> MemoryPlan {
        let places = if self.listed > 0 { self.strip.rows } else { 0 };
        let beside = self.strip.rows + places + 2 * self.listed;
        self.strip.plan(beside, self.transfer)
    }
}

/// How many items are within the radius of each query.
pub fn counts(
    context: &Context,
    queries: &Rows,
    items: &Rows,
    radius: f32,
    metric: Metric,
) -> Result<Vec<u32>, ComputeError> {
    if items.rows == 0 {
        return Ok(vec![0; queries.rows]);
    }
    let sizes = BallSizes::new(context, queries.rows, items.rows, metric, false)?;
    let ball = Ball::new(context, queries, items, radius, metric, &sizes)?;
    let mut counts = Vec::with_capacity(queries.rows);
    for query in queries.pieces(ball.strip.rows) {
        for (ix, item) in items.pieces(ball.strip.items()).enumerate() {
            ball.count(context, (queries, query), (items, item), ix == 0)?;
        }
        counts.extend(context.read::<u32>("counts", &ball.counts, query.rows)?);
    }
    Ok(counts)
}

/// The items within the radius of each query.
pub fn neighbors(
    context: &Context,
    queries: &Rows,
    items: &Rows,
    radius: f32,
    metric: Metric,
) -> Result<RadiusNeighbors, ComputeError> {
    let sizes = BallSizes::new(context, queries.rows, items.rows, metric, true)?;
    let ball = Ball::new(context, queries, items, radius, metric, &sizes)?;
    let lists = Lists {
        most: sizes.listed,
        indices: context.storage("near items", sizes.listed)?,
        distances: context.storage("near distances", sizes.listed)?,
        staging: context.staging("near items", words(sizes.listed.max(sizes.strip.rows)))?,
    };
    let mut out = RadiusNeighbors {
        offsets: vec![0],
        ..Default::default()
    };
    for query in queries.pieces(ball.strip.rows) {
        let mut found = Vec::new();
        for item in items.pieces(ball.strip.items()) {
            ball.count(context, (queries, query), (items, item), true)?;
            found.push(ball.list(context, query, item, &lists)?);
        }
        for row in 0..query.rows {
            for list in &found {
                let near = list.offsets[row]..list.offsets[row + 1];
                out.indices.extend(&list.indices[near.clone()]);
                out.distances.extend(&list.distances[near]);
            }
            out.offsets.push(out.indices.len());
        }
    }
    Ok(out)
}

/// Room for the lists of some queries.
struct Lists {
    /// Items of all lists together.
    most: usize,
    indices: Buffer,
    distances: Buffer,
    /// By which they are read.
    staging: Buffer,
}

struct Ball {
    strip: Strip,
    /// The radius as the strip compares it.
    radius: f32,
    counts: Buffer,
}

impl Ball {
    fn new(
        context: &Context,
        queries: &Rows,
        items: &Rows,
        radius: f32,
        metric: Metric,
        sizes: &BallSizes,
    ) -> Result<Self, ComputeError> {
        let strip = Strip::new(context, queries, items, 0, metric, sizes.strip)?;
        let counts = context.storage("counts", strip.rows)?;
        let radius = if strip.is_negated() { -radius } else { radius };
        Ok(Self {
            strip,
            radius,
            counts,
        })
    }

    /// Adds to `counts`, or begins them with, how many of some items are near some queries, whose distances it leaves in
    /// the strip.
    fn count(
        &self,
        context: &Context,
        queries: (&Rows, Piece),
        items: (&Rows, Piece),
        is_first: bool,
    ) -> Result<(), ComputeError> {
        self.strip.fill(context, queries, items)?;
        let filled = items.1.rows;
        context.run(&Job {
            metric: None,
            constants: &[("threads", ROW_THREADS)],
            params: RadiusCountsParams {
                radius: self.radius.to_bits(),
                columns: self.strip.columns as u32,
                filled: filled as u32,
                is_first: u32::from(is_first),
            },
            buffers: &[(2, &self.strip.buffer), (3, &self.counts)],
            groups: queries.1.rows,
            work: filled,
            rounds: filled.div_ceil(ROW_THREADS as usize) + 10,
        })
    }

    /// What `count` has counted, some rows of the strip at a time.
    fn list(
        &self,
        context: &Context,
        query: Piece,
        item: Piece,
        lists: &Lists,
    ) -> Result<RadiusNeighbors, ComputeError> {
        let staging = &lists.staging;
        let counts: Vec<u32> = context.read_by("counts", &self.counts, query.rows, staging)?;
        let mut out = RadiusNeighbors {
            offsets: vec![0],
            ..Default::default()
        };
        let mut first = 0;
        while first < query.rows {
            let mut starts = Vec::new();
            let mut total = 0;
            for &count in &counts[first..] {
                if total + count as usize > lists.most {
                    break;
                }
                starts.push(total as u32);
                total += count as usize;
                out.offsets.push(out.indices.len() + total);
            }
            self.fill(context, first, &starts, item, lists)?;
            let indices: Vec<u32> =
                context.read_by("near items", &lists.indices, total, staging)?;
            out.indices.extend(indices);
            let distances: Vec<f32> =
                context.read_by("near distances", &lists.distances, total, staging)?;
            out.distances.extend(distances);
            first += starts.len();
        }
        if self.strip.is_negated() {
            let distances = out.distances.iter_mut();
            distances.for_each(|value| *value = 0.0 - *value);
        }
        Ok(out)
    }

    /// Writes the lists of the strip's rows from `first` on, which begin at `starts`.
    fn fill(
        &self,
        context: &Context,
        first: usize,
        starts: &[u32],
        item: Piece,
        lists: &Lists,
    ) -> Result<(), ComputeError> {
        let offsets = context.storage_of("the lists' places", starts)?;
        // Columns are whole tiles, so a row begins where a binding may.
        let strip = BufferPiece {
            buffer: self.strip.buffer.clone(),
            offset: words(first * self.strip.columns),
            size: words(starts.len() * self.strip.columns),
            is_half: false,
        };
        context.run(&Job {
            metric: None,
            constants: &[("threads", ROW_THREADS)],
            params: RadiusFillParams {
                radius: self.radius.to_bits(),
                columns: self.strip.columns as u32,
                filled: item.rows as u32,
                item_first: item.offset as u32,
            },
            buffers: &[
                (2, &strip),
                (3, &offsets),
                (4, &lists.indices),
                (5, &lists.distances),
            ],
            groups: starts.len(),
            work: 8 * item.rows,
            rounds: (item.rows.div_ceil(ROW_THREADS as usize) + 1) * 10,
        })
    }
}
