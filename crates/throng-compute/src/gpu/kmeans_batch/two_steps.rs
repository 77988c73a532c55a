//! Each row's nearest centroid in two steps, all distances and then the nearest of each row, for few rows and many
//! centroids: the fused kernel has a workgroup for 64 rows, these have one for each tile of distances. Bits are the
//! same, for both sum each pair of rows in the same order.

use throng_shaders::{
    BatchProblem, KmeansBatchNearestParams, Metric, PairwiseDistancesParams, PairwiseProblem,
};

use super::{Batch, Table};
use crate::error::ComputeError;
use crate::gpu::buffers::Buffer;
use crate::gpu::context::Job;
use crate::plan::{self, Tile};

/// Threads of a row.
const THREADS: usize = 64;

/// All distances of a table's rows from their centroids, and the tiles that fill it.
#[derive(Debug)]
pub struct Strip {
    buffer: Buffer,
    tile: Tile,
    rows: usize,
    pieces: Vec<Piece>,
}

/// What lies in one part of x.
#[derive(Debug)]
struct Piece {
    part: usize,
    problems: Buffer,
    count: usize,
    tiles: usize,
}

impl Batch {
    /// Room for two steps, if they were found to be faster where they may be.
    pub fn strip(&self, problems: &[BatchProblem]) -> Result<Option<Strip>, ComputeError> {
        let rows = problems.iter().map(|p| p.rows as usize).sum::<usize>();
        let distances = problems
            .iter()
            .map(|p| p.rows as usize * p.k as usize)
            .sum();
        let least_k = problems.iter().map(|p| p.k as usize).min().unwrap_or(0);
        let most_bytes = self.context.most_bytes();
        if !self.context.takes_two_steps()
            || !plan::gpu_may_take_two_steps(rows, least_k, distances, most_bytes)
        {
            return Ok(None);
        }
        let tile = self.context.tuned(Tile::SQUARE);
        let mut pieces = Vec::new();
        for (at, part) in self.x.parts.iter().enumerate() {
            let mut tiles = 0;
            let mut table = Vec::new();
            for problem in problems {
                let (first, k) = (problem.first as usize, problem.k as usize);
                let a_first = first.max(part.first);
                let a_end = (first + problem.rows as usize).min(part.first + part.rows);
                if a_first >= a_end {
                    continue;
                }
                table.push(PairwiseProblem {
                    a_first: (a_first - part.first) as u32,
                    a_end: (a_end - part.first) as u32,
                    b_first: problem.cluster_at,
                    b_end: problem.cluster_at + problem.k,
                    out_first: problem.strip_at + ((a_first - first) * k) as u32,
                    out_columns: problem.k,
                    tile_first: tiles as u32,
                });
                tiles += tile.count(a_end - a_first, k);
            }
            if !table.is_empty() {
                pieces.push(Piece {
                    part: at,
                    problems: self.context.storage_of("tiles of distances", &table)?,
                    count: table.len(),
                    tiles,
                });
            }
        }
        Ok(Some(Strip {
            buffer: self.context.storage("all distances", distances)?,
            tile,
            rows,
            pieces,
        }))
    }

    /// The same as the fused kernel.
    pub fn assign_in_two_steps(
        &self,
        table: &Table,
        strip: &Strip,
        is_final: bool,
    ) -> Result<(), ComputeError> {
        let (tile, features) = (strip.tile, self.x.cols);
        for piece in &strip.pieces {
            self.context.run(&Job {
                metric: Some(Metric::SqEuclidean),
                constants: &tile.constants(),
                params: PairwiseDistancesParams {
                    problems: piece.count as u32,
                    features: features as u32,
                    bits: 0,
                },
                buffers: &[
                    (2, &self.x.parts[piece.part].buffer),
                    (3, &self.centroids),
                    (4, &strip.buffer),
                    (5, &piece.problems),
                ],
                groups: piece.tiles,
                work: tile.rows() * tile.columns() * features,
                rounds: tile.rounds(1, features) + plan::GPU_SEARCH_ROUNDS,
            })?;
        }
        let most_k = table.most(|problem| problem.k);
        self.context.run(&Job {
            metric: None,
            constants: &[("threads", THREADS as u32)],
            params: KmeansBatchNearestParams {
                problems: table.problems.len() as u32,
                is_final: u32::from(is_final),
            },
            buffers: &[
                (2, &table.buffer),
                (3, &self.states),
                (4, &strip.buffer),
                (5, &self.labels),
                (6, &self.distances),
                (7, &self.changed),
            ],
            groups: strip.rows,
            work: most_k + 6 * THREADS,
            rounds: most_k.div_ceil(THREADS) + 6 + plan::GPU_SEARCH_ROUNDS,
        })
    }
}
