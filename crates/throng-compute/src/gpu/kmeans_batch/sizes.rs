//! What problems take on the device, and which of them run together.

use throng_shaders::{BatchCluster, BatchProblem, BatchState};

use super::ROW_THREADS;
use crate::error::ComputeError;
use crate::gpu::context::Context;
use crate::kmeans_batch::{KMeansShape, WHAT};
use crate::memory::{MemoryPlan, words};
use crate::plan::{self, Tile};

/// Sizes of what problems keep on the device, in values.
#[derive(Debug, Clone, Copy, Default)]
pub struct Sizes {
    problems: usize,
    pub rows: usize,
    pub clusters: usize,
    pub starts: usize,
    pub counts: usize,
    pub runs: usize,
    pub weights: usize,
}

impl Sizes {
    pub fn of(problem: &KMeansShape) -> Self {
        let KMeansShape { rows, k, .. } = *problem;
        Self {
            problems: 1,
            rows,
            clusters: k,
            starts: k + 1,
            counts: rows.div_ceil(plan::gpu_batch_block_rows(rows, k, ROW_THREADS)) * k,
            runs: plan::gpu_batch_runs(rows, k),
            weights: if problem.has_weights { rows } else { 0 },
        }
    }

    pub fn and(self, other: Self) -> Self {
        Self {
            problems: self.problems + other.problems,
            rows: self.rows + other.rows,
            clusters: self.clusters + other.clusters,
            starts: self.starts + other.starts,
            counts: self.counts + other.counts,
            runs: self.runs + other.runs,
            weights: self.weights + other.weights,
        }
    }

    /// Values of the sums of runs: two floats for each feature and for the weight.
    pub fn sums(&self, features: usize) -> usize {
        2 * self.runs * (features + 1)
    }

    /// Words that describe clusters.
    pub fn described(&self) -> usize {
        size_of::<BatchCluster>() / 4 * self.clusters
    }

    /// The largest buffer, in bytes.
    fn most_bytes(&self, features: usize) -> u64 {
        let values = [
            self.rows,
            self.clusters * features.max(4),
            2 * self.starts,
            self.counts,
            self.sums(features),
        ];
        words(values.into_iter().max().unwrap_or(0))
    }

    /// All buffers, in bytes.
    fn bytes(&self, context: &Context, features: usize) -> u64 {
        // States, counts of changes, the table and the inertia.
        let each = size_of::<BatchState>() + size_of::<BatchProblem>() + 3 * 4;
        let centroids = self.clusters * features;
        // Labels, distances and the order of rows.
        let held = 3 * self.rows
            + self.weights
            + self.counts
            + 2 * self.starts
            + self.sums(features)
            + self.described()
            + 2 * centroids
            // Shifts.
            + self.clusters;
        let transfer = context.transfer(words(self.rows.max(centroids)));
        words(held) + (each * self.problems) as u64 + transfer
    }
}

/// Which problems run together.
#[derive(Debug)]
pub struct Batches {
    /// The problems of each batch.
    pub members: Vec<Vec<usize>>,
    /// Bytes of the largest.
    most: u64,
}

impl crate::memory::Sizes for Batches {
    fn plan(&self) -> MemoryPlan {
        MemoryPlan {
            output: 0,
            scratch: self.most,
            parts: self.members.len(),
        }
    }
}

/// Problems that run together: of one tile, so that a problem's kernels do not depend on the others, and as many as
/// the device's buffers hold and the cap allows.
pub fn batches(
    context: &Context,
    features: usize,
    problems: &[KMeansShape],
) -> Result<Batches, ComputeError> {
    let most = cut(context, features, problems, u64::MAX).most;
    let ledger = context.ledger();
    ledger.fit(WHAT, most, |most| cut(context, features, problems, most))
}

/// As many problems together as take at most `most` bytes, or one.
fn cut(context: &Context, features: usize, problems: &[KMeansShape], most: u64) -> Batches {
    let mut batches = Batches {
        members: Vec::new(),
        most: 0,
    };
    for tile in [Tile::TALL, Tile::UPRIGHT, Tile::SQUARE] {
        let mut members = Vec::new();
        let mut sizes = Sizes::default();
        for (at, problem) in problems.iter().enumerate() {
            if Tile::for_columns(problem.k) != tile {
                continue;
            }
            let with = sizes.and(Sizes::of(problem));
            let fits = with.most_bytes(features) <= context.most_bytes()
                && with.bytes(context, features) <= most;
            if members.is_empty() || fits {
                sizes = with;
            } else {
                batches.members.push(std::mem::take(&mut members));
                sizes = Sizes::of(problem);
            }
            batches.most = batches.most.max(sizes.bytes(context, features));
            members.push(at);
        }
        if !members.is_empty() {
            batches.members.push(members);
        }
    }
    batches
}
