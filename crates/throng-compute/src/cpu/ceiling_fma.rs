//! Multiply-adds in registers, to be timed; twin of `wgsl/ceiling/fma.wgsl`.

use std::hint::black_box;
use std::time::Instant;

use pulp::{Simd, WithSimd};
use rayon::broadcast;

use super::simd::{dispatch, lanes};

/// Chains of a thread: two multiply-adds a cycle, each of up to five, and 16 registers hold them.
const CHAINS: usize = 10;
/// Steps of each in a round.
const STEPS: usize = 16;

/// Floating-point operations of `rounds` on `threads` threads; a multiply-add is two.
pub fn operations(threads: usize, rounds: usize) -> f64 {
    (2 * threads * CHAINS * lanes() * STEPS) as f64 * rounds as f64
}

/// Seconds of `rounds` on all threads at once, and what each thread's chains count, on average of the lanes.
pub fn run(rounds: usize) -> (f64, Vec<f64>) {
    let start = Instant::now();
    let counts = broadcast(|_| dispatch(Chains { rounds }));
    (start.elapsed().as_secs_f64(), counts)
}

/// What a thread's chains count.
pub fn count(rounds: usize) -> f64 {
    let chains = (0..CHAINS).map(|chain| chain + STEPS * rounds);
    chains.sum::<usize>() as f64
}

struct Chains {
    rounds: usize,
}

impl WithSimd for Chains {
    type Output = f64;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> f64 {
        // What the compiler does not know, and starts of their own, so that no two chains are one.
        let factor = simd.splat_f32s(black_box(1.0));
        let term = simd.splat_f32s(black_box(1.0));
        let mut chains = [factor; CHAINS];
        for (start, chain) in chains.iter_mut().enumerate() {
            *chain = simd.splat_f32s(start as f32);
        }
        for _ in 0..self.rounds {
            for _ in 0..STEPS {
                for chain in &mut chains {
                    *chain = simd.mul_add_e_f32s(*chain, factor, term);
                }
            }
        }
        let counts: &[f32] = bytemuck::cast_slice(&chains);
        let sum: f64 = counts.iter().map(|&count| f64::from(count)).sum();
        sum / S::F32_LANES as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_step_is_counted() {
        for rounds in [0, 1, 1000] {
            let (_, counts) = run(rounds);
            assert_eq!(counts.len(), rayon::current_num_threads());
            let steps: usize = (0..10).map(|chain| chain + 16 * rounds).sum();
            assert!(counts.iter().all(|&count| count == steps as f64));
            assert_eq!(count(rounds), steps as f64);
        }
    }
}
