//! The draws of k-means||. The host reads the sums of blocks and the rows drawn.

use throng_shaders::{
    BatchCluster, BatchProblem, BatchState, KmeansBatchAssignParams, KmeansBatchGatherParams,
    KmeansParallelAcceptParams, KmeansParallelDrawParams, KmeansParallelWeighParams, Metric, NONE,
};

use super::buffers::Buffer;
use super::context::{Context, Job};
use super::rows::Rows;
use crate::error::ComputeError;
use crate::kmeans_batch::KMeansShape;
use crate::kmeans_parallel::{Candidates, Oversampling, most_drawn};
use crate::kmeans_plus_plus::KMeansSeeding;
use crate::memory::words;
use crate::plan::Tile;

/// Threads of the kernels that go over rows, and rows of a block.
const THREADS: usize = 256;
const GATHER_THREADS: usize = 64;

/// Bytes of a seeding with so many new `candidates`: the nearest candidate of each row, and the nearest new one.
pub fn held(context: &Context, shape: &KMeansShape, features: usize, candidates: usize) -> u64 {
    let weights = if shape.has_weights { shape.rows } else { 0 };
    let rows = 4 * shape.rows + shape.rows.div_ceil(THREADS) + weights;
    let centroids = candidates.saturating_mul(features);
    let new = candidates.saturating_mul(size_of::<BatchCluster>() / 4);
    let drawn = words(most_drawn(shape.k)) + context.transfer(words(candidates));
    let new = words(centroids.saturating_add(new)) + context.transfer(words(centroids));
    words(rows) + new.max(drawn)
}

/// The state of one seeding.
pub struct Draws<'a> {
    context: &'a Context,
    x: &'a Rows,
    seeding: &'a KMeansSeeding,
    rows: Vec<u32>,
    values: Vec<f32>,
    weights: Buffer,
    labels: Buffer,
    distances: Buffer,
    owners: Buffer,
    nearest: Buffer,
    block_sums: Buffer,
}

impl<'a> Draws<'a> {
    /// No candidates yet.
    pub fn new(
        context: &'a Context,
        x: &'a Rows,
        seeding: &'a KMeansSeeding,
    ) -> Result<Self, ComputeError> {
        let rows = seeding.rows.len();
        let weights = seeding.weights.as_deref().unwrap_or_default();
        Ok(Self {
            context,
            x,
            seeding,
            rows: Vec::new(),
            values: Vec::new(),
            weights: context.storage_of("weights", weights)?,
            labels: context.storage("labels", rows)?,
            distances: context.storage("distances", rows)?,
            owners: context.storage("nearest candidates", rows)?,
            nearest: context.storage("nearest distances", rows)?,
            block_sums: context.storage("sums by block", rows.div_ceil(THREADS))?,
        })
    }

    fn count(&self) -> usize {
        self.seeding.rows.len()
    }

    fn has_weights(&self) -> u32 {
        u32::from(self.seeding.weights.is_some())
    }

    /// Labels and distances by the nearest of `rows`, whose values are returned.
    fn assign(&self, rows: &[u32]) -> Result<Vec<f32>, ComputeError> {
        let (d, k) = (self.x.cols, rows.len());
        let tile = Tile::for_columns(k);
        let problem = BatchProblem {
            first: self.seeding.rows.start as u32,
            rows: self.count() as u32,
            k: k as u32,
            ..BatchProblem::default()
        };
        let state = BatchState {
            moved: 1,
            ..BatchState::default()
        };
        let given: Vec<BatchCluster> = rows
            .iter()
            .map(|&row| BatchCluster {
                row,
                donor: NONE,
                ..BatchCluster::default()
            })
            .collect();
        let problem = self.context.storage_of("a problem", &[problem])?;
        let states = self.context.storage_of("a state", &[state])?;
        let given = self.context.storage_of("new candidates", &given)?;
        let centroids = self.context.storage("new candidates", k * d)?;
        let changed = self.context.storage_of("counts of changes", &[0_u32])?;
        for part in &self.x.parts {
            self.context.run(&Job {
                metric: None,
                constants: &[("threads", GATHER_THREADS as u32)],
                params: KmeansBatchGatherParams {
                    problems: 1,
                    features: d as u32,
                    part_first: part.first as u32,
                    part_end: (part.first + part.rows) as u32,
                },
                buffers: &[
                    (2, &problem),
                    (3, &states),
                    (4, &part.buffer),
                    (5, &given),
                    (6, &centroids),
                ],
                groups: k,
                work: d,
                rounds: d / GATHER_THREADS + 2,
            })?;
        }
        for part in &self.x.parts {
            self.context.run(&Job {
                metric: Some(Metric::SqEuclidean),
                constants: &tile.constants(),
                params: KmeansBatchAssignParams {
                    problems: 1,
                    features: d as u32,
                    part_first: part.first as u32,
                    part_end: (part.first + part.rows) as u32,
                    is_final: 1,
                },
                buffers: &[
                    (2, &problem),
                    (3, &states),
                    (4, &part.buffer),
                    (5, &centroids),
                    (6, &self.labels),
                    (7, &self.distances),
                    (8, &changed),
                ],
                groups: self.count().div_ceil(tile.rows()),
                work: tile.rows() * k.next_multiple_of(tile.columns()) * d,
                rounds: tile.rounds(k, d) + 2,
            })?;
        }
        self.context.read("new candidates", &centroids, k * d)
    }
}

impl Oversampling for Draws<'_> {
    fn add(&mut self, rows: &[u32]) -> Result<f64, ComputeError> {
        let values = self.assign(rows)?;
        let blocks = self.count().div_ceil(THREADS);
        self.context.run(&Job {
            metric: None,
            constants: &[("threads", THREADS as u32)],
            params: KmeansParallelAcceptParams {
                rows: self.count() as u32,
                first_candidate: self.rows.len() as u32,
                has_weights: self.has_weights(),
            },
            buffers: &[
                (2, &self.labels),
                (3, &self.distances),
                (4, &self.weights),
                (5, &self.owners),
                (6, &self.nearest),
                (7, &self.block_sums),
            ],
            groups: blocks,
            work: THREADS,
            rounds: 16,
        })?;
        self.rows.extend(rows);
        self.values.extend(values);
        let sums: Vec<f32> = self
            .context
            .read("sums by block", &self.block_sums, blocks)?;
        Ok(sums.into_iter().map(f64::from).sum())
    }

    fn draw(
        &mut self,
        round: u32,
        scale: f32,
        most: usize,
    ) -> Result<Option<Vec<u32>>, ComputeError> {
        let drawn = self.context.storage_of("the number drawn", &[0_u32])?;
        let chosen = self.context.storage("rows drawn", most)?;
        self.context.run(&Job {
            metric: None,
            constants: &[("threads", THREADS as u32)],
            params: KmeansParallelDrawParams {
                rows: self.count() as u32,
                has_weights: self.has_weights(),
                round,
                seed_low: self.seeding.seed as u32,
                seed_high: (self.seeding.seed >> 32) as u32,
                scale: scale.to_bits(),
            },
            buffers: &[
                (2, &self.weights),
                (3, &self.nearest),
                (4, &drawn),
                (5, &chosen),
            ],
            groups: self.count().div_ceil(THREADS),
            work: 64 * THREADS,
            rounds: 16,
        })?;
        let drawn: Vec<u32> = self.context.read("the number drawn", &drawn, 1)?;
        let drawn = drawn.into_iter().map(|count| count as usize).sum();
        if drawn > most {
            return Ok(None);
        }
        let mut rows: Vec<u32> = self.context.read("rows drawn", &chosen, drawn)?;
        rows.sort_unstable();
        Ok(Some(rows))
    }

    fn weigh(&mut self) -> Result<Candidates, ComputeError> {
        let count = self.rows.len();
        let weights = self.context.storage("candidates' weights", count)?;
        self.context.run(&Job {
            metric: None,
            constants: &[("threads", THREADS as u32)],
            params: KmeansParallelWeighParams {
                rows: self.count() as u32,
                has_weights: self.has_weights(),
            },
            buffers: &[(2, &self.weights), (3, &self.owners), (4, &weights)],
            groups: count,
            work: self.count(),
            rounds: self.count() / THREADS + 16,
        })?;
        Ok(Candidates {
            weights: self.context.read("candidates' weights", &weights, count)?,
            rows: std::mem::take(&mut self.rows),
            values: std::mem::take(&mut self.values),
        })
    }
}
