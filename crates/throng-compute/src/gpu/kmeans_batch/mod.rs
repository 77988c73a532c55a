//! Batches of k-means problems, wholly on the device: the host reads the problems' states every few iterations, and
//! leaves out those that are done.

use std::ops::ControlFlow;
use std::sync::Arc;

use throng_shaders::{BatchProblem, BatchState, NONE};

use super::buffers::Buffer;
use super::context::Context;
use super::rows::Rows;
use crate::error::ComputeError;
use crate::kmeans_batch::{KMeansFit, KMeansProblem, KMeansProgress};
use crate::plan::{self, Tile};
use room::Room;
pub use single::Single;
use sizes::{Sizes, takes_products};
pub use sizes::{batches, single};
use two_steps::Strip;

mod room;
mod single;
mod sizes;
mod steps;
mod two_steps;

/// Threads of the kernels that go over rows.
const ROW_THREADS: usize = 256;

/// The most iterations between two looks at the states.
const MOST_ROUNDS: usize = 4;

/// Runs all problems. `None` if the observer said so.
pub fn run(
    context: &Context,
    x: &Arc<Rows>,
    problems: &[KMeansProblem],
    observer: &mut dyn FnMut(KMeansProgress) -> ControlFlow<()>,
) -> Result<Option<Vec<KMeansFit>>, ComputeError> {
    let mut fits = vec![None; problems.len()];
    let shapes: Vec<_> = problems.iter().map(KMeansProblem::shape).collect();
    for members in batches(context, x.cols, &shapes)?.members {
        let chosen: Vec<&KMeansProblem> = members.iter().map(|&at| &problems[at]).collect();
        let batch = Batch::new(context, x, &chosen)?;
        let mut observe = |progress: KMeansProgress| {
            observer(KMeansProgress {
                problem: members[progress.problem],
                ..progress
            })
        };
        let room = Room::new(context, &batch.sizes, x.cols)?;
        let Some(found) = batch.run(&room, &mut observe)? else {
            return Ok(None);
        };
        for (at, fit) in members.into_iter().zip(found) {
            fits[at] = Some(fit);
        }
    }
    Ok(fits.into_iter().collect())
}

/// The table of some problems, on the device.
#[derive(Debug)]
struct Table {
    problems: Vec<BatchProblem>,
    buffer: Buffer,
    /// Where their centroids are found in two steps.
    strip: Option<Strip>,
    tiles: usize,
    blocks: usize,
    runs: usize,
    clusters: usize,
}

impl Table {
    /// The largest of a figure of the problems.
    fn most(&self, of: fn(&BatchProblem) -> u32) -> usize {
        self.problems.iter().map(of).max().unwrap_or(0) as usize
    }
}

/// The iterations that problems have ahead of them.
struct Ahead {
    /// Iterations of each, and the work of one.
    problems: Vec<(usize, usize)>,
}

impl Ahead {
    fn new(problems: &[BatchProblem], features: usize) -> Self {
        let of = |problem: &BatchProblem| {
            let pairs = problem.rows as usize * problem.k as usize;
            (problem.max_iter.max(1) as usize, pairs * features)
        };
        Self {
            problems: problems.iter().map(of).collect(),
        }
    }

    /// The work of the next `rounds` iterations of some problems, which are no longer ahead.
    fn take(&mut self, problems: &[usize], rounds: usize) -> usize {
        let mut work: usize = 0;
        for &at in problems {
            let (left, each) = &mut self.problems[at];
            let taken = rounds.min(*left);
            *left -= taken;
            work = work.saturating_add(taken.saturating_mul(*each));
        }
        work
    }
}

/// The labels of a batch of problems.
#[derive(Debug)]
struct Batch {
    context: Context,
    x: Arc<Rows>,
    /// Of differences, unless products go first.
    tile: Tile,
    /// Whether products go first.
    by_product: bool,
    /// Whether rows are sorted by label.
    is_sorted: bool,
    /// All problems, as if none was done.
    problems: Vec<BatchProblem>,
    sizes: Sizes,
    states: Buffer,
    changed: Buffer,
    weights: Buffer,
    labels: Buffer,
    distances: Buffer,
    /// [clusters, d], and then the half of each one's squared length.
    centroids: Buffer,
    /// How many rows of each problem products have left open, and which.
    open_rows: Buffer,
}

impl Batch {
    fn new(
        context: &Context,
        x: &Arc<Rows>,
        problems: &[&KMeansProblem],
    ) -> Result<Self, ComputeError> {
        let mut table = Vec::new();
        let mut sizes = Sizes::default();
        for (id, problem) in problems.iter().enumerate() {
            let (rows, k) = (problem.rows.len(), problem.k);
            let block_rows = plan::gpu_batch_block_rows(rows, k, ROW_THREADS);
            let run_rows = match plan::gpu_batch_sorts(k) {
                true => plan::gpu_batch_run_rows(rows),
                false => block_rows,
            };
            table.push(BatchProblem {
                id: id as u32,
                first: problem.rows.start as u32,
                rows: rows as u32,
                k: k as u32,
                row_at: sizes.rows as u32,
                cluster_at: sizes.clusters as u32,
                start_at: sizes.starts as u32,
                count_at: sizes.counts as u32,
                run_at: sizes.runs as u32,
                weight_at: problem
                    .weights
                    .as_ref()
                    .map_or(NONE, |_| sizes.weights as u32),
                block_rows: block_rows as u32,
                run_rows: run_rows as u32,
                is_unit: u32::from(problem.unit),
                max_iter: u32::try_from(problem.max_iter).unwrap_or(u32::MAX),
                tolerance: problem.tolerance as f32,
                ..BatchProblem::default()
            });
            sizes = sizes.and(Sizes::of(context, x.cols, &problem.shape())?);
        }
        let joined = |values: fn(&KMeansProblem) -> &[f32]| -> Vec<f32> {
            problems.iter().flat_map(|p| values(p)).copied().collect()
        };
        let weights = joined(|problem| problem.weights.as_deref().unwrap_or_default());
        let centroids = joined(|problem| &problem.start);
        let most_k = problems.iter().map(|problem| problem.k).max().unwrap_or(1);
        let by_product = takes_products(context, x.cols, most_k);
        let room = context.storage("centroids", sizes.centroids(x.cols))?;
        context.write("centroids", &room, &centroids)?;
        Ok(Self {
            context: context.clone(),
            x: x.clone(),
            tile: context.tuned(Tile::for_columns(most_k)),
            by_product,
            is_sorted: plan::gpu_batch_sorts(most_k),
            states: context.storage_of("states", &vec![BatchState::default(); table.len()])?,
            changed: context.storage_of("counts of changes", &vec![0_u32; table.len()])?,
            weights: context.storage_of("weights", &weights)?,
            labels: context.storage_of("labels", &vec![NONE; sizes.rows])?,
            distances: context.storage("distances", sizes.rows)?,
            centroids: room,
            open_rows: context.storage("open rows", table.len() + sizes.open)?,
            problems: table,
            sizes,
        })
    }

    fn run(
        &self,
        room: &Room,
        observer: &mut dyn FnMut(KMeansProgress) -> ControlFlow<()>,
    ) -> Result<Option<Vec<KMeansFit>>, ComputeError> {
        let mut at_work: Vec<usize> = (0..self.problems.len()).collect();
        let mut states = Vec::new();
        let mut rounds = 1;
        let mut ahead = Ahead::new(&self.problems, self.x.cols);
        while !at_work.is_empty() {
            let table = self.table(&at_work)?;
            let work = ahead.take(&at_work, rounds);
            self.context.meter().stage(work);
            for _ in 0..rounds {
                self.iterate(room, &table)?;
            }
            rounds = (rounds + 1).min(MOST_ROUNDS);
            states = self.states()?;
            for &problem in &at_work {
                let state = &states[problem];
                let progress = KMeansProgress {
                    problem,
                    n_iter: state.n_iter as usize,
                    changed: state.changed as usize,
                    is_done: state.is_done(),
                };
                if observer(progress).is_break() {
                    return Ok(None);
                }
            }
            let (done, others): (Vec<usize>, _) =
                at_work.into_iter().partition(|&at| states[at].is_done());
            at_work = others;
            self.context.meter().stage(ahead.take(&done, usize::MAX));
        }
        self.finish(&states).map(Some)
    }

    fn states(&self) -> Result<Vec<BatchState>, ComputeError> {
        self.context
            .read("states", &self.states, self.problems.len())
    }

    /// Some of the problems, to be assigned.
    fn table(&self, chosen: &[usize]) -> Result<Table, ComputeError> {
        let table = self.counted(chosen)?;
        Ok(Table {
            strip: self.strip(&table.problems)?,
            ..table
        })
    }

    /// Some of the problems, with their workgroups counted.
    fn counted(&self, chosen: &[usize]) -> Result<Table, ComputeError> {
        let strips = self.strips();
        let tile_rows = match self.by_product {
            true => plan::GPU_PRODUCTS.0,
            false => self.tile.rows(),
        };
        let (mut tiles, mut blocks, mut runs, mut clusters) = (0, 0, 0, 0);
        let (mut table_rows, mut distances) = (0, 0);
        let mut problems = Vec::new();
        for &at in chosen {
            let problem = BatchProblem {
                tile_groups: tiles as u32,
                block_groups: blocks as u32,
                run_groups: runs as u32,
                cluster_groups: clusters as u32,
                row_groups: table_rows as u32,
                strip_at: distances as u32,
                ..self.problems[at]
            };
            let (rows, k) = (problem.rows as usize, problem.k as usize);
            tiles += rows.div_ceil(tile_rows);
            let own_blocks = rows.div_ceil(problem.block_rows as usize);
            blocks += own_blocks;
            runs += strips
                * match self.is_sorted {
                    true => plan::gpu_batch_runs(rows, k, ROW_THREADS),
                    false => own_blocks,
                };
            clusters += k;
            table_rows += rows;
            distances += rows * k;
            problems.push(problem);
        }
        Ok(Table {
            buffer: self.context.storage_of("problems", &problems)?,
            strip: None,
            problems,
            tiles,
            blocks,
            runs,
            clusters,
        })
    }

    /// The labels of the final centroids, and what is read back.
    fn finish(&self, states: &[BatchState]) -> Result<Vec<KMeansFit>, ComputeError> {
        let stale = |at: &usize| states[*at].phase != BatchState::REPEATED;
        let stale: Vec<usize> = (0..states.len()).filter(stale).collect();
        if !stale.is_empty() {
            self.assign(&self.table(&stale)?, true)?;
        }
        let count = self.problems.len();
        let all = self.counted(&(0..count).collect::<Vec<_>>())?;
        let inertia = self.inertia(&all)?;
        let labels: Vec<u32> = self.context.read("labels", &self.labels, self.sizes.rows)?;
        let size = self.sizes.clusters * self.x.cols;
        let centroids: Vec<f32> = self.context.read("centroids", &self.centroids, size)?;
        let fits = self.problems.iter().zip(states).zip(inertia);
        Ok(fits
            .map(|((problem, state), inertia)| {
                let first = problem.cluster_at as usize * self.x.cols;
                let size = problem.k as usize * self.x.cols;
                KMeansFit {
                    centroids: centroids[first..][..size].to_vec(),
                    labels: labels[problem.row_at as usize..][..problem.rows as usize].to_vec(),
                    inertia,
                    n_iter: state.n_iter as usize,
                    converged: state.phase != BatchState::EXHAUSTED,
                }
            })
            .collect())
    }
}
