//! 1 / |x| of each row.

use throng_shaders::{Metric, RowsScaleParams};

use super::buffers::Buffer;
use super::context::{Context, Job};
use super::rows::Rows;
use crate::error::ComputeError;

const THREADS: u32 = 64;

/// How many scales so many rows have.
pub(super) fn count(rows: usize, metric: Metric) -> usize {
    match metric {
        Metric::Cosine => rows,
        _ => 0,
    }
}

/// The scales of each part, for cosine; nothing for the other metrics.
pub(super) fn scales(
    context: &Context,
    x: &Rows,
    metric: Metric,
) -> Result<Vec<Buffer>, ComputeError> {
    if metric != Metric::Cosine {
        return Ok(Vec::new());
    }
    let mut scales = Vec::new();
    for part in &x.parts {
        let buffer = context.storage("row scales", part.rows)?;
        context.run(&Job {
            metric: None,
            constants: &[("threads", THREADS)],
            params: RowsScaleParams {
                rows: part.rows as u32,
                features: x.cols as u32,
            },
            buffers: &[(2, &part.buffer), (3, &buffer)],
            groups: part.rows.div_ceil(THREADS as usize),
            work: 2 * THREADS as usize * x.cols,
            rounds: 2 * x.cols + 2,
        })?;
        scales.push(buffer);
    }
    Ok(scales)
}
