//! The first value that no kernel takes.

use throng_shaders::RowsFiniteParams;

use super::context::{Context, Job};
use super::rows::Rows;
use crate::error::ComputeError;
use crate::matrix::MOST;

const THREADS: u32 = 256;
/// Values that each invocation looks at.
const EACH: u32 = 16;

/// The first value of `x` that is not finite or too large, with its place among all; waits for the device.
pub fn first_bad(context: &Context, x: &Rows) -> Result<Option<(usize, f32)>, ComputeError> {
    for part in &x.parts {
        let count = part.rows * x.cols;
        let group = (THREADS * EACH) as usize;
        let first_bad = context.storage_of("the first bad value", &[u32::MAX])?;
        context.run(&Job {
            metric: None,
            constants: &[("threads", THREADS), ("each", EACH)],
            params: RowsFiniteParams {
                count: count as u32,
                most: MOST.to_bits(),
            },
            buffers: &[(2, &part.buffer), (3, &first_bad)],
            groups: count.div_ceil(group),
            work: group,
            rounds: EACH as usize,
        })?;
        let at = context.read::<u32>("the first bad value", &first_bad, 1)?[0] as usize;
        if at < count {
            let value = context.read("a bad value", &part.buffer.at(at), 1)?[0];
            return Ok(Some((part.first * x.cols + at, value)));
        }
    }
    Ok(None)
}
