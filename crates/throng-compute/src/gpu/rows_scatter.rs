//! Rows put into their places.

use throng_shaders::RowsScatterParams;

use super::context::{Context, Job};
use super::rows::Rows;
use crate::error::ComputeError;

const THREADS: u32 = 256;
/// Values that each invocation moves.
const EACH: u32 = 16;

/// Row i of `x` becomes row `places[i]` of `out`.
pub fn scatter(
    context: &Context,
    x: &Rows,
    places: &[u32],
    out: &Rows,
) -> Result<(), ComputeError> {
    let group = (THREADS * EACH) as usize;
    let places = context.storage_of("places", places)?;
    for part in &x.parts {
        for out_part in &out.parts {
            context.run(&Job {
                metric: None,
                constants: &[("threads", THREADS), ("each", EACH)],
                params: RowsScatterParams {
                    rows: part.rows as u32,
                    features: x.cols as u32,
                    row_offset: part.first as u32,
                    out_first: out_part.first as u32,
                    out_end: (out_part.first + out_part.rows) as u32,
                },
                buffers: &[(2, &part.buffer), (3, &places), (4, &out_part.buffer)],
                groups: (part.rows * x.cols).div_ceil(group),
                work: group,
                rounds: EACH as usize,
            })?;
        }
    }
    Ok(())
}
