//! Sums and counts of the rows of each cluster.

use throng_shaders::{KmeansUpdateParams, KmeansUpdateReduceParams};

use super::buffers::Buffer;
use super::context::{Context, Job};
use super::rows::Rows;
use crate::error::ComputeError;
use crate::plan;

const THREADS: u32 = 64;
const REDUCE_THREADS: u32 = 32;

/// Rows of a block, and the blocks of parts of so many rows.
fn blocks(
    context: &Context,
    parts: impl Iterator<Item = usize> + Clone,
    size: usize,
) -> (usize, usize) {
    let rows = parts.clone().sum();
    let block_rows = plan::gpu_update_rows(rows, size, context.most_bytes());
    let blocks = parts.map(|rows| rows.div_ceil(block_rows)).sum();
    (block_rows, blocks)
}

/// Values held: the sums and counts of blocks, and of all.
pub fn held(
    context: &Context,
    rows: usize,
    features: usize,
    k: usize,
) -> Result<usize, ComputeError> {
    let parts = Rows::part_lengths(context, rows, features)?;
    let size = k.saturating_mul(features);
    let (_, blocks) = blocks(context, parts, size);
    Ok((blocks + 1).saturating_mul(size.saturating_add(k)))
}

/// Sums [k, d] and counts `[k]` of the rows by label.
pub fn update(
    context: &Context,
    x: &Rows,
    labels: &Buffer,
    k: usize,
) -> Result<(Vec<f64>, Vec<u32>), ComputeError> {
    let size = k * x.cols;
    let parts = x.parts.iter().map(|part| part.rows);
    let (block_rows, blocks) = blocks(context, parts, size);
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
