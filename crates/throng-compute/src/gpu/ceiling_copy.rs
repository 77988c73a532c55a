//! A copy, to be timed.

use throng_shaders::CeilingCopyParams;

use super::buffers::Buffer;
use super::context::{Context, Job};
use crate::error::ComputeError;

const THREADS: usize = 256;
/// More than a large device's caches hold.
const BYTES: u64 = 256 << 20;
/// A pattern that differs from place to place.
const PATTERN: u32 = 0x9e37_79b1;

/// The kernel, ready to run.
pub struct Copy {
    from: Buffer,
    to: Buffer,
    values: usize,
}

impl Copy {
    /// Makes room, and fills what is copied.
    pub fn new(context: &Context) -> Result<Self, ComputeError> {
        let vectors = (BYTES.min(context.most_bytes()) / 16) as usize;
        let vectors = vectors.min(context.most_groups().saturating_mul(THREADS));
        let values: Vec<u32> = (0..4 * vectors as u32)
            .map(|at| at.wrapping_mul(PATTERN))
            .collect();
        Ok(Self {
            from: context.storage_of("what is copied", &values)?,
            to: context.storage("the copy", values.len())?,
            values: values.len(),
        })
    }

    /// Bytes of `copies`, read and written.
    pub fn bytes(&self, copies: usize) -> f64 {
        8.0 * self.values as f64 * copies as f64
    }

    /// Seconds of `copies`, one after another.
    pub fn seconds(&self, context: &Context, copies: usize) -> Result<f64, ComputeError> {
        let job = Job {
            metric: None,
            constants: &[("threads", THREADS as u32)],
            params: CeilingCopyParams {
                vectors: (self.values / 4) as u32,
            },
            buffers: &[(2, &self.from), (3, &self.to)],
            groups: (self.values / 4).div_ceil(THREADS),
            work: 4 * THREADS,
            rounds: 1,
        };
        context.time(&job, copies)
    }

    /// The first place that was not copied.
    pub fn first_wrong(&self, context: &Context) -> Result<Option<usize>, ComputeError> {
        let copied: Vec<u32> = context.read("the copy", &self.to, self.values)?;
        Ok(first_wrong(&copied))
    }
}

fn first_wrong(copied: &[u32]) -> Option<usize> {
    (0..copied.len()).find(|&at| copied[at] != (at as u32).wrapping_mul(PATTERN))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_left_out_is_noticed() {
        let mut copied = [0, PATTERN, PATTERN.wrapping_mul(2)];
        assert_eq!(first_wrong(&copied), None);
        copied[2] = 0;
        assert_eq!(first_wrong(&copied), Some(2));
    }
}
