//! What problems take on the device, and which of them run together.

use super::ROW_THREADS;
use crate::gpu::context::Context;
use crate::gpu::rows::Rows;
use crate::kmeans_batch::KMeansProblem;
use crate::plan::{self, Tile};

/// Sizes of what problems keep on the device, in values.
#[derive(Debug, Clone, Copy, Default)]
pub struct Sizes {
    pub rows: usize,
    pub clusters: usize,
    pub starts: usize,
    pub counts: usize,
    pub runs: usize,
    pub weights: usize,
}

impl Sizes {
    pub fn of(problem: &KMeansProblem) -> Self {
        let (rows, k) = (problem.rows.len(), problem.k);
        Self {
            rows,
            clusters: k,
            starts: k + 1,
            counts: rows.div_ceil(plan::gpu_batch_block_rows(rows, k, ROW_THREADS)) * k,
            runs: plan::gpu_batch_runs(rows, k),
            weights: problem.weights.as_ref().map_or(0, Vec::len),
        }
    }

    pub fn and(self, other: Self) -> Self {
        Self {
            rows: self.rows + other.rows,
            clusters: self.clusters + other.clusters,
            starts: self.starts + other.starts,
            counts: self.counts + other.counts,
            runs: self.runs + other.runs,
            weights: self.weights + other.weights,
        }
    }

    /// The largest buffer, in bytes.
    fn most_bytes(self, features: usize) -> u64 {
        let values = [
            self.rows,
            self.clusters * features.max(4),
            2 * self.starts,
            self.counts,
            2 * self.runs * (features + 1),
        ];
        4 * values.into_iter().max().unwrap_or(0) as u64
    }
}

/// Problems that run together: of one tile, so that a problem's kernels do not depend on the others, and as many as
/// the device's buffers hold.
pub fn batches(context: &Context, x: &Rows, problems: &[KMeansProblem]) -> Vec<Vec<usize>> {
    let mut batches = Vec::new();
    for tile in [Tile::TALL, Tile::UPRIGHT, Tile::SQUARE] {
        let mut members = Vec::new();
        let mut sizes = Sizes::default();
        for (at, problem) in problems.iter().enumerate() {
            if Tile::for_columns(problem.k) != tile {
                continue;
            }
            let with = sizes.and(Sizes::of(problem));
            if members.is_empty() || with.most_bytes(x.cols) <= context.most_bytes() {
                sizes = with;
            } else {
                batches.push(std::mem::take(&mut members));
                sizes = Sizes::of(problem);
            }
            members.push(at);
        }
        if !members.is_empty() {
            batches.push(members);
        }
    }
    batches
}
