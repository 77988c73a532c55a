//! Sums and counts of the rows of each cluster.

use throng_shaders::{KmeansUpdateParams, KmeansUpdateReduceParams};

use super::context::{Context, Job};
use super::rows::Rows;
use crate::error::ComputeError;
use crate::plan;

const THREADS: u32 = 64;
const REDUCE_THREADS: u32 = 32;

/// Sums [k, d] and counts `[k]` of the rows by label.
pub fn update(
    context: &Context,
    x: &Rows,
    labels: &wgpu::Buffer,
    k: usize,
) -> Result<(Vec<f64>, Vec<u32>), ComputeError> {
    let size = k * x.cols;
    let block_rows = plan::gpu_update_rows(x.rows, size, context.most_bytes());
    let blocks: usize = x
        .parts
        .iter()
        .map(|part| part.rows.div_ceil(block_rows))
        .sum();
    let block_sums = context.storage("sums by block", blocks * size)?;
    let block_counts = context.storage("counts by block", blocks * k)?;
    let mut block_offset = 0;
    for part in &x.parts {
        let part_blocks = part.rows.div_ceil(block_rows);
        context.run(&Job {
            metric: None,
            constants: &[("threads", THREADS)],
            params: KmeansUpdateParams {
                rows: part.rows as u32,
                features: x.cols as u32,
                k: k as u32,
                row_offset: part.first as u32,
                block_rows: block_rows as u32,
                block_offset: block_offset as u32,
            },
            buffers: &[
                (2, &part.buffer),
                (3, labels),
                (4, &block_sums),
                (5, &block_counts),
            ],
            groups: part_blocks * x.cols.div_ceil(THREADS as usize),
            work: (block_rows + k) * THREADS as usize,
            rounds: block_rows + k + 2,
        })?;
        block_offset += part_blocks;
    }
    let sums = context.storage("sums", size)?;
    let counts = context.storage("counts", k)?;
    context.run(&Job {
        metric: None,
        constants: &[("threads", REDUCE_THREADS)],
        params: KmeansUpdateReduceParams {
            blocks: blocks as u32,
            features: x.cols as u32,
            k: k as u32,
        },
        buffers: &[
            (2, &block_sums),
            (3, &block_counts),
            (4, &sums),
            (5, &counts),
        ],
        groups: size.div_ceil(REDUCE_THREADS as usize),
        work: blocks * REDUCE_THREADS as usize,
        rounds: 2 * blocks + 2,
    })?;
    let sums: Vec<f32> = context.read("sums", &sums, size)?;
    let counts = context.read("counts", &counts, k)?;
    Ok((sums.into_iter().map(f64::from).collect(), counts))
}
