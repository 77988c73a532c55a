//! Whether products of 16 bits are as fast here as those of 32 bits, of which an instruction does half as many. On AMD's
//! processors they are; of Sapphire Rapids SimSIMD's `dots.h` reports 0.7 of them in a cycle, where it does two of 32 bits.

use std::hint::black_box;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use bytemuck::Zeroable;
use pulp::x86::V4;
use pulp::{NullaryFnOnce, f32x16, i32x16};

use super::Bf16;

/// Sums that do not wait for each other: more than are added up while one is.
const SUMS: usize = 16;

/// Products of each, in about a microsecond.
const STEPS: usize = 500;

/// The least time of so many counts, for other programs may interrupt.
const TURNS: usize = 32;

/// What their time may be, in that of products of 32 bits.
const MOST: f64 = 1.25;

/// Whether they are as fast: measured once in a process.
pub fn is_fast(bf16: Bf16) -> bool {
    static IS_FAST: OnceLock<bool> = OnceLock::new();
    *IS_FAST.get_or_init(|| {
        let [halves, floats] = times(bf16);
        halves.as_secs_f64() <= MOST * floats.as_secs_f64()
    })
}

/// The times of as many instructions of both.
fn times(bf16: Bf16) -> [Duration; 2] {
    let Some(simd) = V4::try_new() else {
        return [Duration::MAX, Duration::ZERO];
    };
    let mut least = [Duration::MAX; 2];
    for _ in 0..TURNS {
        let [x, c] = black_box([i32x16::zeroed(); 2]);
        let halves = bf16.vectorize(Timed(
            #[inline(always)]
            move |sum| bf16.dot(sum, x, c),
        ));
        let [x, c] = black_box([f32x16::zeroed(); 2]);
        let floats = bf16.vectorize(Timed(
            #[inline(always)]
            move |sum| simd.mul_add_f32x16(x, c, sum),
        ));
        least = [least[0].min(halves), least[1].min(floats)];
    }
    least
}

/// A type of its own: what a closure that borrows does is not inlined.
struct Timed<F>(F);

impl<F: Fn(f32x16) -> f32x16> NullaryFnOnce for Timed<F> {
    type Output = Duration;

    #[inline(always)]
    fn call(self) -> Duration {
        time(self.0)
    }
}

#[expect(clippy::needless_range_loop)]
#[inline(always)]
fn time(step: impl Fn(f32x16) -> f32x16) -> Duration {
    let mut sums = [black_box(f32x16::zeroed()); SUMS];
    let start = Instant::now();
    for _ in 0..STEPS {
        // By indices, they stay in registers.
        for i in 0..SUMS {
            sums[i] = step(sums[i]);
        }
    }
    black_box(sums);
    start.elapsed()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_instructions_take_their_time() {
        let Some(bf16) = Bf16::try_new() else { return };
        // No processor does more than four of either in a cycle, at 10 GHz, or takes ten cycles for one, at 1 GHz: a call for
        // each would.
        let least = Duration::from_nanos((SUMS * STEPS / 40) as u64);
        let most = Duration::from_nanos((SUMS * STEPS * 10) as u64);
        for time in times(bf16) {
            assert!((least..most).contains(&time), "{time:?}");
        }
    }
}
