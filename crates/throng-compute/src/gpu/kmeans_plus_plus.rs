//! Greedy k-means++ seeding, wholly on the device: nothing is read back between the steps.

use throng_shaders::{
    KmeansPlusPlusAcceptParams, KmeansPlusPlusChooseParams, KmeansPlusPlusGatherParams,
    KmeansPlusPlusPickParams, KmeansPlusPlusPotentialsParams, Metric,
};

use super::context::{Context, Job};
use super::rows::Rows;
use crate::error::ComputeError;
use crate::kmeans_plus_plus::Draws;
use crate::plan::Tile;

/// Threads of the kernels that are one workgroup, and rows of a block.
const BLOCK: u32 = Tile::TALL.rows() as u32;
const GATHER_THREADS: u32 = 64;

/// The state of a seeding.
struct Seeding<'a> {
    context: &'a Context,
    x: &'a Rows,
    blocks: usize,
    uniforms: wgpu::Buffer,
    candidates: wgpu::Buffer,
    candidate_rows: wgpu::Buffer,
    /// Each part's [rows, trials].
    candidate_nearest: Vec<wgpu::Buffer>,
    potentials: wgpu::Buffer,
    nearest: wgpu::Buffer,
    block_sums: wgpu::Buffer,
    centres: wgpu::Buffer,
    winner: wgpu::Buffer,
}

/// The rows chosen as centres, in order.
pub fn seed(
    context: &Context,
    x: &Rows,
    k: usize,
    draws: &Draws,
) -> Result<Vec<u32>, ComputeError> {
    let blocks = x.rows.div_ceil(BLOCK as usize);
    let mut candidate_nearest = Vec::new();
    for part in &x.parts {
        candidate_nearest.push(context.storage("candidates' distances", part.rows * draws.trials)?);
    }
    let seeding = Seeding {
        context,
        x,
        blocks,
        uniforms: context.storage_of("random numbers", &draws.uniforms)?,
        candidates: context.storage_of("candidates", &[draws.first as u32; Draws::MOST_TRIALS])?,
        candidate_rows: context.storage("candidates' rows", Draws::MOST_TRIALS * x.cols)?,
        candidate_nearest,
        potentials: context.storage("potentials", blocks * Tile::TALL.columns())?,
        nearest: context.storage("nearest distances", x.rows)?,
        block_sums: context.storage("sums by block", blocks)?,
        centres: context.storage("centres", k)?,
        winner: context.storage("the winner", 1)?,
    };
    for step in 0..k {
        let trials = if step == 0 { 1 } else { draws.trials };
        if step > 0 {
            seeding.pick(trials, (step - 1) * draws.trials)?;
        }
        seeding.gather(trials)?;
        seeding.potentials(trials, step == 0)?;
        seeding.choose(trials, step)?;
        seeding.accept(trials)?;
    }
    context.read("centres", &seeding.centres, k)
}

impl Seeding<'_> {
    fn pick(&self, trials: usize, uniforms_at: usize) -> Result<(), ComputeError> {
        let chunk = self.blocks.div_ceil(BLOCK as usize);
        self.context.run(&Job {
            metric: None,
            constants: &[("threads", BLOCK), ("block_rows", BLOCK)],
            params: KmeansPlusPlusPickParams {
                rows: self.x.rows as u32,
                blocks: self.blocks as u32,
                trials: trials as u32,
                uniforms_at: uniforms_at as u32,
            },
            buffers: &[
                (2, &self.uniforms),
                (3, &self.block_sums),
                (4, &self.nearest),
                (5, &self.candidates),
            ],
            groups: 1,
            work: self.blocks,
            rounds: 2 * chunk + 3 * BLOCK as usize + 8,
        })
    }

    fn gather(&self, trials: usize) -> Result<(), ComputeError> {
        for part in &self.x.parts {
            self.context.run(&Job {
                metric: None,
                constants: &[("threads", GATHER_THREADS)],
                params: KmeansPlusPlusGatherParams {
                    rows: part.rows as u32,
                    features: self.x.cols as u32,
                    row_offset: part.first as u32,
                },
                buffers: &[
                    (2, &part.buffer),
                    (3, &self.candidates),
                    (4, &self.candidate_rows),
                ],
                groups: trials,
                work: self.x.cols,
                rounds: self.x.cols / GATHER_THREADS as usize + 2,
            })?;
        }
        Ok(())
    }

    fn potentials(&self, trials: usize, is_first: bool) -> Result<(), ComputeError> {
        let tile = Tile::TALL;
        for (part, candidate_nearest) in self.x.parts.iter().zip(&self.candidate_nearest) {
            self.context.run(&Job {
                metric: Some(Metric::SqEuclidean),
                constants: &tile.constants(),
                params: KmeansPlusPlusPotentialsParams {
                    rows: part.rows as u32,
                    features: self.x.cols as u32,
                    row_offset: part.first as u32,
                    trials: trials as u32,
                    is_first: u32::from(is_first),
                },
                buffers: &[
                    (2, &part.buffer),
                    (3, &self.candidate_rows),
                    (4, &self.nearest),
                    (5, candidate_nearest),
                    (6, &self.potentials),
                ],
                groups: part.rows.div_ceil(tile.rows()),
                work: tile.rows() * tile.columns() * self.x.cols,
                rounds: tile.rounds(trials, self.x.cols) + 8,
            })?;
        }
        Ok(())
    }

    fn choose(&self, trials: usize, step: usize) -> Result<(), ComputeError> {
        let chunk = self.blocks.div_ceil(BLOCK as usize);
        self.context.run(&Job {
            metric: None,
            constants: &[("threads", BLOCK), ("columns", Tile::TALL.columns() as u32)],
            params: KmeansPlusPlusChooseParams {
                blocks: self.blocks as u32,
                trials: trials as u32,
                step: step as u32,
            },
            buffers: &[
                (2, &self.potentials),
                (3, &self.candidates),
                (4, &self.centres),
                (5, &self.winner),
            ],
            groups: 1,
            work: self.blocks * trials,
            rounds: trials * (chunk + BLOCK as usize + 4),
        })
    }

    fn accept(&self, trials: usize) -> Result<(), ComputeError> {
        for (part, candidate_nearest) in self.x.parts.iter().zip(&self.candidate_nearest) {
            self.context.run(&Job {
                metric: None,
                constants: &[("threads", BLOCK)],
                params: KmeansPlusPlusAcceptParams {
                    rows: part.rows as u32,
                    row_offset: part.first as u32,
                    trials: trials as u32,
                },
                buffers: &[
                    (2, candidate_nearest),
                    (3, &self.winner),
                    (4, &self.nearest),
                    (5, &self.block_sums),
                ],
                groups: part.rows.div_ceil(BLOCK as usize),
                work: BLOCK as usize,
                rounds: 16,
            })?;
        }
        Ok(())
    }
}
