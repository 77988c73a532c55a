//! What problems take on the device, and which of them run together.

use throng_shaders::{BatchCluster, BatchProblem, BatchState, PairwiseProblem};

use super::ROW_THREADS;
use crate::error::ComputeError;
use crate::gpu::context::Context;
use crate::gpu::rows::Rows;
use crate::kmeans_batch::{KMeansShape, WHAT};
use crate::memory::{MemoryPlan, words};
use crate::plan::{self, Tile};

/// Sizes of what problems keep on the device, in values.
#[derive(Debug, Clone, Copy, Default)]
pub struct Sizes {
    problems: usize,
    pub rows: usize,
    /// Rows of those problems that sort them.
    pub order: usize,
    pub clusters: usize,
    pub starts: usize,
    pub counts: usize,
    pub runs: usize,
    pub weights: usize,
    /// Blocks of rows.
    blocks: usize,
    /// Rows of those problems that products may leave open.
    pub open: usize,
    /// All distances of those problems that may take two steps, and the pieces of their tiles, at most.
    distances: usize,
    pieces: usize,
}

impl Sizes {
    /// A problem over rows of so many features.
    pub fn of(
        context: &Context,
        features: usize,
        problem: &KMeansShape,
    ) -> Result<Self, ComputeError> {
        let KMeansShape { rows, k, .. } = *problem;
        let blocks = rows.div_ceil(plan::gpu_batch_block_rows(rows, k, ROW_THREADS));
        let distances = rows.saturating_mul(k);
        let takes_two_steps = context.takes_two_steps()
            && plan::gpu_may_take_two_steps(rows, k, distances, context.most_bytes());
        let pieces = match takes_two_steps {
            // The rows may begin in the middle of a part.
            true => Rows::part_lengths(context, rows, features)?.count() + 1,
            false => 0,
        };
        Ok(Self {
            problems: 1,
            rows,
            order: if plan::gpu_batch_sorts(k) { rows } else { 0 },
            clusters: k,
            starts: k + 1,
            counts: blocks * k,
            runs: plan::gpu_batch_runs(rows, k, ROW_THREADS),
            weights: if problem.has_weights { rows } else { 0 },
            blocks,
            open: if takes_products(context, features, k) {
                rows
            } else {
                0
            },
            distances: if takes_two_steps { distances } else { 0 },
            pieces,
        })
    }

    pub fn and(self, other: Self) -> Self {
        Self {
            problems: self.problems + other.problems,
            rows: self.rows + other.rows,
            order: self.order + other.order,
            clusters: self.clusters + other.clusters,
            starts: self.starts + other.starts,
            counts: self.counts + other.counts,
            runs: self.runs + other.runs,
            weights: self.weights + other.weights,
            blocks: self.blocks + other.blocks,
            open: self.open + other.open,
            distances: self.distances + other.distances,
            pieces: self.pieces + other.pieces,
        }
    }

    /// Values of the sums of runs: two floats for each feature and for the weight.
    pub fn sums(&self, features: usize) -> usize {
        2 * self.runs * (features + 1)
    }

    /// Values of the centroids, and the half of each one's squared length.
    pub fn centroids(&self, features: usize) -> usize {
        self.clusters * (features + 1)
    }

    /// Words that describe clusters.
    pub fn described(&self) -> usize {
        size_of::<BatchCluster>() / 4 * self.clusters
    }

    /// The largest buffer, in bytes.
    fn most_bytes(&self, features: usize) -> u64 {
        let values = [
            self.rows,
            self.centroids(features).max(4 * self.clusters),
            2 * self.starts,
            self.counts,
            self.sums(features),
        ];
        words(values.into_iter().max().unwrap_or(0))
    }

    fn states(&self) -> u64 {
        (size_of::<BatchState>() * self.problems) as u64
    }

    /// The table of problems, in bytes.
    fn table(&self) -> u64 {
        (size_of::<BatchProblem>() * self.problems) as u64
    }

    /// Bytes that are held all the time.
    fn held(&self, features: usize) -> u64 {
        // Labels and distances.
        let values = 2 * self.rows
            + self.order.max(1)
            + self.weights.max(1)
            + self.counts
            + 2 * self.starts
            + self.sums(features)
            + self.described()
            + self.open
            + self.centroids(features)
            + self.clusters * features
            // Shifts, and counts of changes and of open rows.
            + self.clusters
            + 2 * self.problems;
        words(values) + self.states() + self.table()
    }

    /// Bytes of two steps: of the problems that are not done as many take them as may.
    fn strip(&self, context: &Context) -> u64 {
        let pieces = (size_of::<PairwiseProblem>() * self.pieces) as u64;
        words(self.distances).min(plan::gpu_two_steps_bytes(context.most_bytes())) + pieces
    }

    /// Bytes of sums of distances, and of reading them.
    fn inertia(&self, context: &Context) -> u64 {
        let inertia = words(2 * self.blocks);
        inertia + context.transfer(inertia)
    }

    /// The most bytes at any time of a batch.
    fn bytes(&self, context: &Context, features: usize) -> u64 {
        let looks = self.strip(context) + context.transfer(self.states().max(self.table()));
        let found = context.transfer(words(self.rows.max(self.clusters * features)));
        self.held(features) + looks.max(found).max(self.inertia(context))
    }
}

/// Whether a problem's rows are given one of `k` centroids by products first.
pub fn takes_products(context: &Context, features: usize, k: usize) -> bool {
    context.takes_products() && plan::gpu_may_take_products(k, features, context.most_rounds())
}

/// What a problem of `k` clusters takes that is run a step at a time.
pub fn single(
    context: &Context,
    rows: usize,
    features: usize,
    k: usize,
) -> Result<MemoryPlan, ComputeError> {
    let shape = KMeansShape {
        rows,
        k,
        has_weights: false,
    };
    let sizes = Sizes::of(context, features, &shape)?;
    let moved = [rows, k * features, sizes.sums(features), 2 * sizes.starts];
    let transfer = context.transfer(words(moved.into_iter().max().unwrap_or(0)));
    let most = transfer.max(sizes.inertia(context));
    Ok(MemoryPlan {
        output: 0,
        scratch: sizes.held(features) + sizes.strip(context) + most,
        parts: 1,
    })
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

/// Problems that run together: of one tile and one way to find and to update centroids, so that a problem's kernels do not
/// depend on the others; and as many as the device's buffers hold and the cap allows.
pub fn batches(
    context: &Context,
    features: usize,
    problems: &[KMeansShape],
) -> Result<Batches, ComputeError> {
    let sizes = problems
        .iter()
        .map(|problem| Sizes::of(context, features, problem))
        .collect::<Result<Vec<_>, _>>()?;
    let most = cut(context, features, &sizes, u64::MAX).most;
    let ledger = context.ledger();
    ledger.fit(WHAT, most, |most| cut(context, features, &sizes, most))
}

/// As many problems together as take at most `most` bytes, or one.
fn cut(context: &Context, features: usize, problems: &[Sizes], most: u64) -> Batches {
    let mut batches = Batches {
        members: Vec::new(),
        most: 0,
    };
    let kind = |problem: &Sizes| (Tile::for_columns(problem.clusters), problem.open > 0);
    for (tile, by_product) in [
        (Tile::TALL, false),
        (Tile::UPRIGHT, false),
        (Tile::SQUARE, false),
        (Tile::SQUARE, true),
    ] {
        let mut members = Vec::new();
        let mut sizes = Sizes::default();
        for (at, problem) in problems.iter().enumerate() {
            if kind(problem) != (tile, by_product) {
                continue;
            }
            let with = sizes.and(*problem);
            let fits = with.most_bytes(features) <= context.most_bytes()
                && with.bytes(context, features) <= most;
            if members.is_empty() || fits {
                sizes = with;
            } else {
                batches.members.push(std::mem::take(&mut members));
                sizes = *problem;
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
