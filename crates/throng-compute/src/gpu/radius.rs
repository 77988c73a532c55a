//! The items within a radius.

use throng_shaders::{Metric, RadiusCountsParams, RadiusFillParams};

use super::context::{Context, Job};
use super::neighbors::{ROW_THREADS, Strip};
use super::rows::{Piece, Rows};
use crate::error::ComputeError;
use crate::radius::RadiusNeighbors;

/// How many items are within the radius of each query.
pub fn counts(
    context: &Context,
    queries: &Rows,
    items: &Rows,
    radius: f32,
    metric: Metric,
) -> Result<Vec<u32>, ComputeError> {
    let ball = Ball::new(context, queries, items, radius, metric)?;
    let mut counts = Vec::with_capacity(queries.rows);
    for query in queries.pieces(ball.strip.rows) {
        context.clear("counts", &ball.counts)?;
        for item in items.pieces(ball.strip.items()) {
            ball.count(context, (queries, query), (items, item))?;
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
    let ball = Ball::new(context, queries, items, radius, metric)?;
    let mut out = RadiusNeighbors {
        offsets: vec![0],
        ..Default::default()
    };
    for query in queries.pieces(ball.strip.rows) {
        let mut lists = Vec::new();
        for item in items.pieces(ball.strip.items()) {
            context.clear("counts", &ball.counts)?;
            ball.count(context, (queries, query), (items, item))?;
            lists.push(ball.list(context, query, item)?);
        }
        for row in 0..query.rows {
            for list in &lists {
                let near = list.offsets[row]..list.offsets[row + 1];
                out.indices.extend(&list.indices[near.clone()]);
                out.distances.extend(&list.distances[near]);
            }
            out.offsets.push(out.indices.len());
        }
    }
    Ok(out)
}

struct Ball {
    strip: Strip,
    /// The radius as the strip compares it.
    radius: f32,
    counts: wgpu::Buffer,
}

impl Ball {
    fn new(
        context: &Context,
        queries: &Rows,
        items: &Rows,
        radius: f32,
        metric: Metric,
    ) -> Result<Self, ComputeError> {
        let strip = Strip::new(context, queries, items, 0, metric)?;
        let counts = context.storage("counts", strip.rows)?;
        let radius = if strip.is_negated() { -radius } else { radius };
        Ok(Self {
            strip,
            radius,
            counts,
        })
    }

    /// Adds to `counts` how many of some items are near some queries, whose distances it leaves in the strip.
    fn count(
        &self,
        context: &Context,
        queries: (&Rows, Piece),
        items: (&Rows, Piece),
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
            },
            buffers: &[(2, &self.strip.buffer), (3, &self.counts)],
            groups: queries.1.rows,
            work: filled,
            rounds: filled.div_ceil(ROW_THREADS as usize) + 10,
        })
    }

    /// What `count` has counted.
    fn list(
        &self,
        context: &Context,
        query: Piece,
        item: Piece,
    ) -> Result<RadiusNeighbors, ComputeError> {
        let mut starts: Vec<u32> = context.read("counts", &self.counts, query.rows)?;
        let mut total = 0;
        for start in &mut starts {
            total += std::mem::replace(start, total);
        }
        let count = total as usize;
        let offsets = context.storage_of("the lists' places", &starts)?;
        let indices = context.storage("near items", count)?;
        let distances = context.storage("near distances", count)?;
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
                (2, &self.strip.buffer),
                (3, &offsets),
                (4, &indices),
                (5, &distances),
            ],
            groups: query.rows,
            work: 8 * item.rows,
            rounds: (item.rows.div_ceil(ROW_THREADS as usize) + 1) * 10,
        })?;
        let mut distances: Vec<f32> = context.read("near distances", &distances, count)?;
        if self.strip.is_negated() {
            distances.iter_mut().for_each(|value| *value = 0.0 - *value);
        }
        starts.push(total);
        Ok(RadiusNeighbors {
            offsets: starts.into_iter().map(|start| start as usize).collect(),
            indices: context.read("near items", &indices, count)?,
            distances,
        })
    }
}
