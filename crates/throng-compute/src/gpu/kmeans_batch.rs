//! Batches of k-means problems, wholly on the device: the host reads the problems' states every few iterations, and
//! leaves out those that are done.

use std::ops::ControlFlow;

use throng_shaders::{
    BatchCluster, BatchProblem, BatchState, KmeansBatchAssignParams, KmeansBatchCentroidsParams,
    KmeansBatchCountParams, KmeansBatchGatherParams, KmeansBatchInertiaParams,
    KmeansBatchPlaceParams, KmeansBatchRepairParams, KmeansBatchScanParams,
    KmeansBatchStatusParams, KmeansBatchSumsParams, Metric, NONE,
};

use super::context::{Context, Job};
use super::rows::{Part, Rows};
use crate::error::ComputeError;
use crate::kmeans_batch::{KMeansFit, KMeansProblem, KMeansProgress};
use crate::plan::{self, Tile};

/// Threads of kernels that go over rows, and over features.
const ROW_THREADS: usize = 256;
const FEATURE_THREADS: usize = 64;

/// Rows that a dispatch of the repair looks at.
const REPAIR_ROWS: usize = 1 << 21;

/// The most iterations between two looks at the states.
const MOST_ROUNDS: usize = 4;

/// Rounds of the search for a workgroup's problem or a run's cluster.
const SEARCH_ROUNDS: usize = 40;

/// Runs all problems. `None` if the observer said so.
pub fn run(
    context: &Context,
    x: &Rows,
    problems: &[KMeansProblem],
    observer: &mut dyn FnMut(KMeansProgress) -> ControlFlow<()>,
) -> Result<Option<Vec<KMeansFit>>, ComputeError> {
    let mut fits = vec![None; problems.len()];
    for members in batches(context, x, problems) {
        let chosen: Vec<&KMeansProblem> = members.iter().map(|&at| &problems[at]).collect();
        let batch = Batch::new(context, x, &chosen)?;
        let mut observe = |progress: KMeansProgress| {
            observer(KMeansProgress {
                problem: members[progress.problem],
                ..progress
            })
        };
        let Some(found) = batch.run(&mut observe)? else {
            return Ok(None);
        };
        for (at, fit) in members.into_iter().zip(found) {
            fits[at] = Some(fit);
        }
    }
    Ok(fits.into_iter().collect())
}

/// Sizes of what problems keep on the device, in values.
#[derive(Debug, Clone, Copy, Default)]
struct Sizes {
    rows: usize,
    clusters: usize,
    starts: usize,
    counts: usize,
    runs: usize,
    weights: usize,
}

impl Sizes {
    fn of(problem: &KMeansProblem) -> Self {
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

    fn and(self, other: Self) -> Self {
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
fn batches(context: &Context, x: &Rows, problems: &[KMeansProblem]) -> Vec<Vec<usize>> {
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

/// The table of some problems, on the device.
struct Table {
    problems: Vec<BatchProblem>,
    buffer: wgpu::Buffer,
    tiles: usize,
    blocks: usize,
    runs: usize,
    clusters: usize,
}

struct Batch<'a> {
    context: &'a Context,
    x: &'a Rows,
    tile: Tile,
    /// All problems, as if none was done.
    problems: Vec<BatchProblem>,
    sizes: Sizes,
    states: wgpu::Buffer,
    changed: wgpu::Buffer,
    weights: wgpu::Buffer,
    labels: wgpu::Buffer,
    distances: wgpu::Buffer,
    counts: wgpu::Buffer,
    starts: wgpu::Buffer,
    order: wgpu::Buffer,
    sums: wgpu::Buffer,
    clusters: wgpu::Buffer,
    next: wgpu::Buffer,
    centroids: wgpu::Buffer,
    shifts: wgpu::Buffer,
}

impl<'a> Batch<'a> {
    fn new(
        context: &'a Context,
        x: &'a Rows,
        problems: &[&KMeansProblem],
    ) -> Result<Self, ComputeError> {
        let mut table = Vec::new();
        let mut sizes = Sizes::default();
        for (id, problem) in problems.iter().enumerate() {
            let (rows, k) = (problem.rows.len(), problem.k);
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
                block_rows: plan::gpu_batch_block_rows(rows, k, ROW_THREADS) as u32,
                run_rows: plan::gpu_batch_run_rows(rows) as u32,
                is_unit: u32::from(problem.unit),
                max_iter: u32::try_from(problem.max_iter).unwrap_or(u32::MAX),
                tolerance: problem.tolerance as f32,
                ..BatchProblem::default()
            });
            sizes = sizes.and(Sizes::of(problem));
        }
        let joined = |values: fn(&KMeansProblem) -> &[f32]| -> Vec<f32> {
            problems.iter().flat_map(|p| values(p)).copied().collect()
        };
        let weights = joined(|problem| problem.weights.as_deref().unwrap_or_default());
        let centroids = joined(|problem| &problem.start);
        let room = |what, count| context.storage(what, count);
        Ok(Self {
            context,
            x,
            tile: Tile::for_columns(problems.first().map_or(1, |problem| problem.k)),
            states: context.storage_of("states", &vec![BatchState::default(); table.len()])?,
            changed: context.storage_of("counts of changes", &vec![0_u32; table.len()])?,
            weights: context.storage_of("weights", &weights)?,
            labels: context.storage_of("labels", &vec![NONE; sizes.rows])?,
            distances: room("distances", sizes.rows)?,
            counts: room("rows by block and label", sizes.counts)?,
            starts: room("clusters' places", 2 * sizes.starts)?,
            order: room("the order of rows", sizes.rows)?,
            sums: room("sums of runs", 2 * sizes.runs * (x.cols + 1))?,
            clusters: room("clusters", size_of::<BatchCluster>() / 4 * sizes.clusters)?,
            next: room("next centroids", sizes.clusters * x.cols)?,
            centroids: context.storage_of("centroids", &centroids)?,
            shifts: room("shifts", sizes.clusters)?,
            problems: table,
            sizes,
        })
    }

    fn run(
        &self,
        observer: &mut dyn FnMut(KMeansProgress) -> ControlFlow<()>,
    ) -> Result<Option<Vec<KMeansFit>>, ComputeError> {
        let mut at_work: Vec<usize> = (0..self.problems.len()).collect();
        let mut states = Vec::new();
        let mut rounds = 1;
        while !at_work.is_empty() {
            let table = self.table(&at_work)?;
            for _ in 0..rounds {
                self.iterate(&table)?;
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
            at_work.retain(|&problem| !states[problem].is_done());
        }
        self.finish(&states).map(Some)
    }

    fn states(&self) -> Result<Vec<BatchState>, ComputeError> {
        self.context
            .read("states", &self.states, self.problems.len())
    }

    /// Some of the problems, with their workgroups counted.
    fn table(&self, chosen: &[usize]) -> Result<Table, ComputeError> {
        let strips = self.strips();
        let (mut tiles, mut blocks, mut runs, mut clusters) = (0, 0, 0, 0);
        let mut problems = Vec::new();
        for &at in chosen {
            let problem = BatchProblem {
                tile_groups: tiles as u32,
                block_groups: blocks as u32,
                run_groups: runs as u32,
                cluster_groups: clusters as u32,
                ..self.problems[at]
            };
            let (rows, k) = (problem.rows as usize, problem.k as usize);
            tiles += rows.div_ceil(self.tile.rows());
            blocks += rows.div_ceil(problem.block_rows as usize);
            runs += plan::gpu_batch_runs(rows, k) * strips;
            clusters += k;
            problems.push(problem);
        }
        Ok(Table {
            buffer: self.context.storage_of("problems", &problems)?,
            problems,
            tiles,
            blocks,
            runs,
            clusters,
        })
    }

    /// Workgroups for the features and the weight of a run.
    fn strips(&self) -> usize {
        (self.x.cols + 1).div_ceil(FEATURE_THREADS)
    }

    /// The parts of x that hold rows of the problems of a table.
    fn parts<'b>(&'b self, table: &'b Table) -> impl Iterator<Item = &'b Part> {
        self.x.parts.iter().filter(|part| {
            let end = part.first + part.rows;
            let mut problems = table.problems.iter();
            problems.any(|p| (p.first as usize) < end && (p.first + p.rows) as usize > part.first)
        })
    }

    fn iterate(&self, table: &Table) -> Result<(), ComputeError> {
        self.assign(table, false)?;
        self.sort(table)?;
        self.sums(table)?;
        self.repair(table)?;
        self.centroids(table)?;
        self.status(table)
    }

    fn assign(&self, table: &Table, is_final: bool) -> Result<(), ComputeError> {
        let features = self.x.cols;
        let most_k = table.problems.iter().map(|p| p.k).max().unwrap_or(0) as usize;
        for part in self.parts(table) {
            self.context.run(&Job {
                metric: Some(Metric::SqEuclidean),
                constants: &self.tile.constants(),
                params: KmeansBatchAssignParams {
                    problems: table.problems.len() as u32,
                    features: features as u32,
                    part_first: part.first as u32,
                    part_end: (part.first + part.rows) as u32,
                    is_final: u32::from(is_final),
                },
                buffers: &[
                    (2, &table.buffer),
                    (3, &self.states),
                    (4, &part.buffer),
                    (5, &self.centroids),
                    (6, &self.labels),
                    (7, &self.distances),
                    (8, &self.changed),
                ],
                groups: table.tiles,
                work: self.tile.rows() * most_k.next_multiple_of(self.tile.columns()) * features,
                rounds: self.tile.rounds(most_k, features) + SEARCH_ROUNDS,
            })?;
        }
        Ok(())
    }

    /// Puts the rows in order of their labels.
    fn sort(&self, table: &Table) -> Result<(), ComputeError> {
        let problems = table.problems.len() as u32;
        let constants = [("threads", ROW_THREADS as u32)];
        let most = |of: fn(&BatchProblem) -> u32| -> usize {
            table.problems.iter().map(of).max().unwrap_or(0) as usize
        };
        let block_rows = most(|problem| problem.block_rows);
        let most_k = most(|problem| problem.k);
        self.context.run(&Job {
            metric: None,
            constants: &constants,
            params: KmeansBatchCountParams { problems },
            buffers: &[
                (2, &table.buffer),
                (3, &self.states),
                (4, &self.labels),
                (5, &self.weights),
                (6, &self.counts),
            ],
            groups: table.blocks,
            work: block_rows + most_k,
            rounds: (block_rows + most_k) / ROW_THREADS + 2 + SEARCH_ROUNDS,
        })?;
        let chunk = most_k.div_ceil(ROW_THREADS);
        let blocks = most(|problem| problem.rows.div_ceil(problem.block_rows));
        self.context.run(&Job {
            metric: None,
            constants: &constants,
            params: KmeansBatchScanParams { problems },
            buffers: &[
                (2, &table.buffer),
                (3, &self.states),
                (4, &self.counts),
                (5, &self.starts),
            ],
            groups: table.problems.len(),
            work: ROW_THREADS * chunk * blocks,
            rounds: chunk * (blocks + 2) + ROW_THREADS,
        })?;
        self.context.run(&Job {
            metric: None,
            constants: &constants,
            params: KmeansBatchPlaceParams { problems },
            buffers: &[
                (2, &table.buffer),
                (3, &self.states),
                (4, &self.labels),
                (5, &self.weights),
                (6, &self.starts),
                (7, &self.counts),
                (8, &self.order),
            ],
            groups: table.blocks,
            work: block_rows * ROW_THREADS,
            rounds: block_rows + block_rows / ROW_THREADS + SEARCH_ROUNDS,
        })
    }

    fn sums(&self, table: &Table) -> Result<(), ComputeError> {
        let run_rows = table.problems.iter().map(|p| p.run_rows).max().unwrap_or(0) as usize;
        for (at, part) in self.parts(table).enumerate() {
            self.context.run(&Job {
                metric: None,
                constants: &[("threads", FEATURE_THREADS as u32)],
                params: KmeansBatchSumsParams {
                    problems: table.problems.len() as u32,
                    features: self.x.cols as u32,
                    part_first: part.first as u32,
                    part_end: (part.first + part.rows) as u32,
                    is_first: u32::from(at == 0),
                },
                buffers: &[
                    (2, &table.buffer),
                    (3, &self.states),
                    (4, &part.buffer),
                    (5, &self.weights),
                    (6, &self.starts),
                    (7, &self.order),
                    (8, &self.sums),
                ],
                groups: table.runs,
                work: run_rows * FEATURE_THREADS,
                rounds: run_rows + 2 * SEARCH_ROUNDS,
            })?;
        }
        Ok(())
    }

    fn repair(&self, table: &Table) -> Result<(), ComputeError> {
        let most = |of: fn(&BatchProblem) -> u32| -> usize {
            table.problems.iter().map(of).max().unwrap_or(0) as usize
        };
        let looked_at = 2 * REPAIR_ROWS.max(most(|problem| problem.rows));
        let runs = most(|problem| problem.rows.div_ceil(problem.run_rows) + problem.k);
        self.context.run(&Job {
            metric: None,
            constants: &[("threads", ROW_THREADS as u32)],
            params: KmeansBatchRepairParams {
                features: self.x.cols as u32,
                most_rows: REPAIR_ROWS as u32,
            },
            buffers: &[
                (2, &table.buffer),
                (3, &self.states),
                (4, &self.labels),
                (5, &self.distances),
                (6, &self.weights),
                (7, &self.starts),
                (8, &self.sums),
                (9, &self.clusters),
            ],
            groups: table.problems.len(),
            work: ROW_THREADS * 16,
            rounds: looked_at / ROW_THREADS + runs + 3 * SEARCH_ROUNDS,
        })?;
        for part in self.parts(table) {
            self.context.run(&Job {
                metric: None,
                constants: &[("threads", FEATURE_THREADS as u32)],
                params: KmeansBatchGatherParams {
                    problems: table.problems.len() as u32,
                    features: self.x.cols as u32,
                    part_first: part.first as u32,
                    part_end: (part.first + part.rows) as u32,
                },
                buffers: &[
                    (2, &table.buffer),
                    (3, &self.states),
                    (4, &part.buffer),
                    (5, &self.clusters),
                    (6, &self.next),
                ],
                groups: table.clusters,
                work: FEATURE_THREADS,
                rounds: self.x.cols / FEATURE_THREADS + 2 + SEARCH_ROUNDS,
            })?;
        }
        Ok(())
    }

    fn centroids(&self, table: &Table) -> Result<(), ComputeError> {
        let (mut added, mut most_runs) = (1, 0);
        for problem in &table.problems {
            let runs = problem.rows.div_ceil(problem.run_rows) as usize;
            added = added.max(runs / problem.k as usize);
            most_runs = most_runs.max(runs + problem.k as usize);
        }
        let strips = self.x.cols.div_ceil(FEATURE_THREADS);
        self.context.run(&Job {
            metric: None,
            constants: &[("threads", FEATURE_THREADS as u32)],
            params: KmeansBatchCentroidsParams {
                problems: table.problems.len() as u32,
                features: self.x.cols as u32,
            },
            buffers: &[
                (2, &table.buffer),
                (3, &self.states),
                (4, &self.starts),
                (5, &self.sums),
                (6, &self.clusters),
                (7, &self.next),
                (8, &self.centroids),
                (9, &self.shifts),
            ],
            groups: table.clusters,
            work: (added + 2) * self.x.cols,
            rounds: strips * (most_runs + 2) + SEARCH_ROUNDS,
        })
    }

    fn status(&self, table: &Table) -> Result<(), ComputeError> {
        let most_k = table.problems.iter().map(|p| p.k).max().unwrap_or(0) as usize;
        self.context.run(&Job {
            metric: None,
            constants: &[("threads", ROW_THREADS as u32)],
            params: KmeansBatchStatusParams {
                problems: table.problems.len() as u32,
            },
            buffers: &[
                (2, &table.buffer),
                (3, &self.states),
                (4, &self.shifts),
                (5, &self.changed),
            ],
            groups: table.problems.len(),
            work: most_k,
            rounds: most_k / ROW_THREADS + SEARCH_ROUNDS,
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
        let all = self.table(&(0..count).collect::<Vec<_>>())?;
        let inertia = self.context.storage("inertia", 2 * count)?;
        let most_rows = self.problems.iter().map(|p| p.rows).max().unwrap_or(0) as usize;
        self.context.run(&Job {
            metric: None,
            constants: &[("threads", ROW_THREADS as u32)],
            params: KmeansBatchInertiaParams {
                problems: count as u32,
            },
            buffers: &[
                (2, &all.buffer),
                (3, &self.distances),
                (4, &self.weights),
                (5, &inertia),
            ],
            groups: count,
            work: most_rows,
            rounds: most_rows / ROW_THREADS + SEARCH_ROUNDS,
        })?;
        let inertia: Vec<[f32; 2]> = self.context.read("inertia", &inertia, count)?;
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
                    inertia: inertia.into_iter().map(f64::from).sum(),
                    n_iter: state.n_iter as usize,
                    converged: state.phase != BatchState::EXHAUSTED,
                }
            })
            .collect())
    }
}
