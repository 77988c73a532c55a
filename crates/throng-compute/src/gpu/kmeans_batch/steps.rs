//! The kernels of an iteration, each over all problems of a table.

use throng_shaders::{
    KmeansBatchAssignParams, KmeansBatchCentroidsParams, KmeansBatchCountParams,
    KmeansBatchDistancesParams, KmeansBatchGatherParams, KmeansBatchInertiaParams,
    KmeansBatchNormsParams, KmeansBatchPartialsParams, KmeansBatchPlaceParams,
    KmeansBatchProductsParams, KmeansBatchRepairParams, KmeansBatchScanParams,
    KmeansBatchSettleParams, KmeansBatchStartsParams, KmeansBatchStatusParams,
    KmeansBatchSumsParams, Metric, Step,
};

use super::{Batch, ROW_THREADS, Room, Table};
use crate::error::ComputeError;
use crate::gpu::context::Job;
use crate::gpu::rows::Part;
use crate::gpu::slices::Pace;
use crate::plan::{self, GPU_SEARCH_ROUNDS as SEARCH_ROUNDS};

/// Threads of the kernels that go over features.
const FEATURE_THREADS: usize = 64;

/// Rows that a dispatch of the repair looks at.
const REPAIR_ROWS: usize = 1 << 21;

/// The speed of what goes with products.
const PRODUCTS: Pace = Pace::Of(Step::KmeansBatchProducts);

/// Rounds of a scan over the threads of a workgroup.
const SCAN_ROUNDS: usize = 8;

impl Batch {
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
    pub fn iterate(&self, room: &Room, table: &Table) -> Result<(), ComputeError> {
        self.assign(table, false)?;
        self.sum_by_label(room, table)?;
        self.repair(room, table)?;
        self.centroids(room, table)?;
        self.status(room, table)
    }

    /// The sums and counts of the rows by label.
    pub fn sum_by_label(&self, room: &Room, table: &Table) -> Result<(), ComputeError> {
        if self.is_sorted {
            self.count(room, table)?;
            self.scan(room, table)?;
            self.place(room, table)?;
            self.sums(room, table)
        } else {
            self.partials(room, table)?;
            self.scan(room, table)
        }
    }

    /// The nearest centroids; `is_final` for those of problems that are done.
    pub fn assign(&self, table: &Table, is_final: bool) -> Result<(), ComputeError> {
        if let Some(strip) = &table.strip {
            return self.assign_in_two_steps(table, strip, is_final);
        }
        if !self.by_product {
            return self
                .parts(table)
                .try_for_each(|part| self.differences(table, part, is_final));
        }
        self.norms()?;
        for part in self.parts(table) {
            self.products(table, part, is_final)?;
        }
        for part in self.parts(table) {
            self.settle(table, part, is_final)?;
            self.distances(table, part, is_final)?;
        }
        Ok(())
    }

    /// The nearest centroids by differences.
    fn differences(&self, table: &Table, part: &Part, is_final: bool) -> Result<(), ComputeError> {
        let features = self.x.cols;
        let most_k = table.most(|problem| problem.k);
        let columns = most_k.next_multiple_of(self.tile.columns());
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
            work: self.tile.rows() * columns * features,
            rounds: self.tile.rounds(most_k, features) + SEARCH_ROUNDS,
        })
    }

    /// The halves of the centroids' squared lengths, and no open rows.
    fn norms(&self) -> Result<(), ComputeError> {
        let features = self.x.cols;
        let job = Job {
            metric: None,
            constants: &[("threads", FEATURE_THREADS as u32)],
            params: KmeansBatchNormsParams {
                problems: self.problems.len() as u32,
                clusters: self.sizes.clusters as u32,
                features: features as u32,
            },
            buffers: &[(2, &self.centroids), (3, &self.open_rows)],
            groups: self.sizes.clusters,
            work: features + SCAN_ROUNDS * FEATURE_THREADS,
            rounds: features / FEATURE_THREADS + SCAN_ROUNDS,
        };
        self.context.run_at(&job, PRODUCTS)
    }

    /// The nearest centroids by products, of the rows where these tell; of others the two nearest, or a list.
    fn products(&self, table: &Table, part: &Part, is_final: bool) -> Result<(), ComputeError> {
        let features = self.x.cols;
        let most_k = table.most(|problem| problem.k);
        let (rows, columns) = plan::GPU_PRODUCTS;
        self.context.run(&Job {
            metric: None,
            constants: &[],
            params: KmeansBatchProductsParams {
                problems: table.problems.len() as u32,
                features: features as u32,
                part_first: part.first as u32,
                part_end: (part.first + part.rows) as u32,
                is_final: u32::from(is_final),
                norms_at: (self.sizes.clusters * features) as u32,
                lists_at: self.problems.len() as u32,
            },
            buffers: &[
                (2, &table.buffer),
                (3, &self.states),
                (4, &part.buffer),
                (5, &self.centroids),
                (6, &self.labels),
                (7, &self.changed),
                (8, &self.open_rows),
                (9, &self.distances),
            ],
            groups: table.tiles,
            work: rows * most_k.next_multiple_of(columns) * features,
            rounds: plan::gpu_products_rounds(most_k, features),
        })
    }

    /// The nearest centroids of the rows that products left open.
    fn settle(&self, table: &Table, part: &Part, is_final: bool) -> Result<(), ComputeError> {
        let features = self.x.cols;
        let most_k = table.most(|problem| problem.k);
        let columns = most_k.next_multiple_of(plan::GPU_SETTLE.columns());
        let job = Job {
            metric: Some(Metric::SqEuclidean),
            constants: &plan::GPU_SETTLE.constants(),
            params: KmeansBatchSettleParams {
                problems: table.problems.len() as u32,
                features: features as u32,
                part_first: part.first as u32,
                part_end: (part.first + part.rows) as u32,
                is_final: u32::from(is_final),
                lists_at: self.problems.len() as u32,
            },
            buffers: &[
                (2, &table.buffer),
                (3, &self.states),
                (4, &part.buffer),
                (5, &self.centroids),
                (6, &self.labels),
                (7, &self.changed),
                (8, &self.open_rows),
            ],
            groups: table.tiles,
            // As slow as batch_assign, if there are many.
            work: 4 * plan::GPU_PRODUCTS.0 * columns * features,
            rounds: plan::gpu_settle_rounds(most_k, features),
        };
        self.context.run_at(&job, PRODUCTS)
    }

    /// The distances of rows from their centroids, or from the nearer of the two that products left.
    fn distances(&self, table: &Table, part: &Part, is_final: bool) -> Result<(), ComputeError> {
        let features = self.x.cols;
        let rows = plan::GPU_PRODUCTS.0;
        let job = Job {
            metric: None,
            constants: &[],
            params: KmeansBatchDistancesParams {
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
            work: 8 * rows * features,
            rounds: 2 * features + SEARCH_ROUNDS,
        };
        self.context.run_at(&job, PRODUCTS)
    }

    /// The sums of each block of rows by cluster, and its rows by label.
    fn partials(&self, room: &Room, table: &Table) -> Result<(), ComputeError> {
        let block_rows = table.most(|problem| problem.block_rows);
        for (at, part) in self.parts(table).enumerate() {
            self.context.run(&Job {
                metric: None,
                constants: &[
                    ("threads", FEATURE_THREADS as u32),
                    ("most_k", plan::GPU_PARTIAL_CLUSTERS as u32),
                ],
                params: KmeansBatchPartialsParams {
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
                    (6, &self.labels),
                    (7, &room.counts),
                    (8, &room.sums),
                ],
                groups: table.runs,
                work: block_rows * FEATURE_THREADS,
                rounds: block_rows + 2 * plan::GPU_PARTIAL_CLUSTERS + SEARCH_ROUNDS,
            })?;
        }
        Ok(())
    }

    /// Rows by label in each block of rows.
    fn count(&self, room: &Room, table: &Table) -> Result<(), ComputeError> {
        let block_rows = table.most(|problem| problem.block_rows);
        let most_k = table.most(|problem| problem.k);
        self.context.run(&Job {
            metric: None,
            constants: &[("threads", ROW_THREADS as u32)],
            params: KmeansBatchCountParams {
                problems: table.problems.len() as u32,
            },
            buffers: &[
                (2, &table.buffer),
                (3, &self.states),
                (4, &self.labels),
                (5, &self.weights),
                (6, &room.counts),
            ],
            groups: table.blocks,
            work: block_rows + most_k,
            rounds: (block_rows + most_k) / ROW_THREADS + 2 + SEARCH_ROUNDS,
        })
    }

    /// Where each cluster's rows and sums begin.
    fn scan(&self, room: &Room, table: &Table) -> Result<(), ComputeError> {
        let problems = table.problems.len() as u32;
        let constants = [("threads", ROW_THREADS as u32)];
        let blocks = table.most(|problem| problem.rows.div_ceil(problem.block_rows));
        self.context.run(&Job {
            metric: None,
            constants: &constants,
            params: KmeansBatchScanParams {
                problems,
                is_sorted: u32::from(self.is_sorted),
            },
            buffers: &[
                (2, &table.buffer),
                (3, &self.states),
                (4, &room.counts),
                (5, &room.starts),
            ],
            groups: table.clusters,
            work: 2 * blocks + SCAN_ROUNDS * ROW_THREADS,
            rounds: 2 * blocks.div_ceil(ROW_THREADS) + SCAN_ROUNDS + SEARCH_ROUNDS,
        })?;
        let most_k = table.most(|problem| problem.k);
        self.context.run(&Job {
            metric: None,
            constants: &constants,
            params: KmeansBatchStartsParams { problems },
            buffers: &[(2, &table.buffer), (3, &self.states), (4, &room.starts)],
            groups: table.problems.len(),
            work: 2 * most_k + 2 * SCAN_ROUNDS * ROW_THREADS,
            rounds: 2 * most_k.div_ceil(ROW_THREADS) + 2 * SCAN_ROUNDS,
        })
    }

    /// Puts the rows in order of their labels.
    fn place(&self, room: &Room, table: &Table) -> Result<(), ComputeError> {
        let block_rows = table.most(|problem| problem.block_rows);
        self.context.run(&Job {
            metric: None,
            constants: &[("threads", ROW_THREADS as u32)],
            params: KmeansBatchPlaceParams {
                problems: table.problems.len() as u32,
            },
            buffers: &[
                (2, &table.buffer),
                (3, &self.states),
                (4, &self.labels),
                (5, &self.weights),
                (6, &room.starts),
                (7, &room.counts),
                (8, &room.order),
            ],
            groups: table.blocks,
            work: block_rows * ROW_THREADS,
            rounds: block_rows + block_rows / ROW_THREADS + SEARCH_ROUNDS,
        })
    }

    /// The sums of runs of sorted rows.
    fn sums(&self, room: &Room, table: &Table) -> Result<(), ComputeError> {
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
                    (6, &room.starts),
                    (7, &room.order),
                    (8, &room.sums),
                ],
                groups: table.runs,
                work: run_rows * FEATURE_THREADS,
                rounds: run_rows + 2 * SEARCH_ROUNDS,
            })?;
        }
        Ok(())
    }

    fn repair(&self, room: &Room, table: &Table) -> Result<(), ComputeError> {
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
                (7, &room.starts),
                (8, &room.sums),
                (9, &room.clusters),
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
                    (5, &room.clusters),
                    (6, &room.next),
                ],
                groups: table.clusters,
                work: FEATURE_THREADS,
                rounds: self.x.cols / FEATURE_THREADS + 2 + SEARCH_ROUNDS,
            })?;
        }
        Ok(())
    }

    fn centroids(&self, room: &Room, table: &Table) -> Result<(), ComputeError> {
        let (mut added, mut most_runs) = (1, 0);
        for problem in &table.problems {
            let runs = problem.rows.div_ceil(problem.run_rows) as usize;
            added = added.max(match self.is_sorted {
                true => runs / problem.k as usize,
                false => runs,
            });
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
                (4, &room.starts),
                (5, &room.sums),
                (6, &room.clusters),
                (7, &room.next),
                (8, &self.centroids),
                (9, &room.shifts),
            ],
            groups: table.clusters,
            work: (added + 2) * self.x.cols,
            rounds: strips * (most_runs + 2) + SEARCH_ROUNDS,
        })
    }

    fn status(&self, room: &Room, table: &Table) -> Result<(), ComputeError> {
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
                (4, &room.shifts),
                (5, &self.changed),
            ],
            groups: table.problems.len(),
            work: most_k,
            rounds: most_k / ROW_THREADS + SEARCH_ROUNDS,
        })
    }

    /// The weighted sums of squared distances of the problems of the table.
    pub fn inertia(&self, table: &Table) -> Result<Vec<f64>, ComputeError> {
        let inertia = self.context.storage("inertia", 2 * table.blocks)?;
        let block_rows = table.most(|problem| problem.block_rows);
        self.context.run(&Job {
            metric: None,
            constants: &[("threads", ROW_THREADS as u32)],
            params: KmeansBatchInertiaParams {
                problems: table.problems.len() as u32,
            },
            buffers: &[
                (2, &table.buffer),
                (3, &self.distances),
                (4, &self.weights),
                (5, &inertia),
            ],
            groups: table.blocks,
            work: block_rows,
            rounds: block_rows / ROW_THREADS + SEARCH_ROUNDS,
        })?;
        let blocks: Vec<[f32; 2]> = self.context.read("inertia", &inertia, table.blocks)?;
        let ends = table
            .problems
            .iter()
            .skip(1)
            .map(|p| p.block_groups as usize);
        let ends = ends.chain([table.blocks]);
        let sums = table.problems.iter().zip(ends).map(|(problem, end)| {
            let own = &blocks[problem.block_groups as usize..end];
            own.iter().flatten().map(|&sum| f64::from(sum)).sum()
        });
        Ok(sums.collect())
    }
}
