//! Multiply-adds in registers, to be timed.

use throng_shaders::CeilingFmaParams;

use super::buffers::Buffer;
use super::context::{Context, Job};
use crate::error::ComputeError;

const THREADS: usize = 256;
/// Enough for every core of a large device, several times over.
const GROUPS: usize = 4096;
/// Chains of an invocation, and steps of each in a round.
const CHAINS: usize = 8;
const STEPS: usize = 16;

/// The most rounds: each chain's count is exact in 32 bits.
pub const MOST_ROUNDS: usize = 1 << 15;

/// Floating-point operations of `rounds`; a multiply-add is two.
pub fn operations(context: &Context, rounds: usize) -> f64 {
    (2 * groups(context) * THREADS * CHAINS * STEPS) as f64 * rounds as f64
}

/// The kernel, ready to run.
pub struct Fma {
    factor_and_term: Buffer,
    sums: Buffer,
}

impl Fma {
    /// Makes room.
    pub fn new(context: &Context) -> Result<Self, ComputeError> {
        Ok(Self {
            factor_and_term: context.storage_of("factor and term", &[1.0f32, 1.0])?,
            sums: context.storage("counts", groups(context) * THREADS)?,
        })
    }

    /// Seconds of `rounds`.
    pub fn seconds(&self, context: &Context, rounds: usize) -> Result<f64, ComputeError> {
        let job = Job {
            metric: None,
            constants: &[("threads", THREADS as u32)],
            params: CeilingFmaParams {
                rounds: rounds as u32,
            },
            buffers: &[(2, &self.factor_and_term), (3, &self.sums)],
            groups: groups(context),
            work: THREADS * CHAINS * STEPS * rounds,
            rounds,
        };
        context.time(&job, 1)
    }

    /// The first invocation whose chains do not count `rounds`, with what they count and should.
    pub fn first_wrong(
        &self,
        context: &Context,
        rounds: usize,
    ) -> Result<Option<(usize, f32, f32)>, ComputeError> {
        let sums = context.read("counts", &self.sums, groups(context) * THREADS)?;
        Ok(first_wrong(&sums, rounds))
    }
}

fn first_wrong(sums: &[f32], rounds: usize) -> Option<(usize, f32, f32)> {
    let chains = 0..CHAINS;
    let want = |lane: usize| {
        let counts = chains.clone().map(|chain| lane + chain + STEPS * rounds);
        counts.sum::<usize>() as f32
    };
    sums.iter()
        .enumerate()
        .map(|(invocation, &sum)| (invocation, sum, want(invocation % THREADS)))
        .find(|(_, sum, want)| sum != want)
}

/// As many workgroups as one dispatch may have, up to [`GROUPS`].
fn groups(context: &Context) -> usize {
    GROUPS.min(context.most_groups())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_left_out_is_noticed() {
        // Invocation 1: chains from 1 to 8, 32 steps each.
        let right = [28.0 + 256.0, 36.0 + 256.0];
        assert_eq!(first_wrong(&right, 2), None);
        let one_less = [right[0], right[1] - 1.0];
        assert_eq!(first_wrong(&one_less, 2), Some((1, 291.0, 292.0)));
        assert!(first_wrong(&[f32::NAN], 2).is_some());
    }
}
