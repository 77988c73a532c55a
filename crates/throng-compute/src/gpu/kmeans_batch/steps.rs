//! The kernels of an iteration, each over all problems of a table.

use throng_shaders::{
    KmeansBatchAssignParams, KmeansBatchCentroidsParams, KmeansBatchCountParams,
    KmeansBatchGatherParams, KmeansBatchInertiaParams, KmeansBatchPlaceParams,
    KmeansBatchRepairParams, KmeansBatchScanParams, KmeansBatchStatusParams, KmeansBatchSumsParams,
    Metric,
};

use super::{Batch, ROW_THREADS, Table};
use crate::error::ComputeError;
use crate::gpu::context::Job;
use crate::gpu::rows::Part;

/// Threads of the kernels that go over features.
const FEATURE_THREADS: usize = 64;

/// Rows that a dispatch of the repair looks at.
const REPAIR_ROWS: usize = 1 << 21;

/// Rounds of the search for a workgroup's problem or a run's cluster.
const SEARCH_ROUNDS: usize = 40;

impl Batch<'_> {
    /// Workgroups for the features and the weight of a run.
    pub fn strips(&self) -> usize {
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

    /// An iteration of every problem that is not done.
    pub fn iterate(&self, table: &Table) -> Result<(), ComputeError> {
        self.assign(table, false)?;
        self.sort(table)?;
        self.sums(table)?;
        self.repair(table)?;
        self.centroids(table)?;
        self.status(table)
    }

    /// The nearest centroids; `is_final` for those of problems that are done.
    pub fn assign(&self, table: &Table, is_final: bool) -> Result<(), ComputeError> {
        let features = self.x.cols;
        let most_k = table.most(|problem| problem.k);
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
        let block_rows = table.most(|problem| problem.block_rows);
        let most_k = table.most(|problem| problem.k);
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
        let blocks = table.most(|problem| problem.rows.div_ceil(problem.block_rows));
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
        let run_rows = table.most(|problem| problem.run_rows);
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
        let looked_at = 2 * REPAIR_ROWS.max(table.most(|problem| problem.rows));
        let runs = table.most(|problem| problem.rows.div_ceil(problem.run_rows) + problem.k);
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
        let most_k = table.most(|problem| problem.k);
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

    /// The weighted sums of squared distances of all problems of the table, in two floats each.
    pub fn inertia(&self, table: &Table) -> Result<Vec<[f32; 2]>, ComputeError> {
        let count = table.problems.len();
        let inertia = self.context.storage("inertia", 2 * count)?;
        let most_rows = table.most(|problem| problem.rows);
        self.context.run(&Job {
            metric: None,
            constants: &[("threads", ROW_THREADS as u32)],
            params: KmeansBatchInertiaParams {
                problems: count as u32,
            },
            buffers: &[
                (2, &table.buffer),
                (3, &self.distances),
                (4, &self.weights),
                (5, &inertia),
            ],
            groups: count,
            work: most_rows,
            rounds: most_rows / ROW_THREADS + SEARCH_ROUNDS,
        })?;
        self.context.read("inertia", &inertia, count)
    }
}
