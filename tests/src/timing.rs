//! Timing kernels on made-up numbers.

use std::time::Instant;

use throng_compute::ComputeError;

use crate::blobs::hash64;

/// A size is run so often, or for so many seconds, and its best time counts.
const RUNS: usize = 20;
const SECONDS: f64 = 1.0;

/// Numbers in [-1, 1).
pub fn uniform(count: usize, seed: u64) -> Vec<f32> {
    let number = |at: usize| hash64((seed << 40) + at as u64) >> 40;
    (0..count)
        .map(|at| number(at) as f32 / (1 << 23) as f32 - 1.0)
        .collect()
}

/// The least seconds of a few runs, the first of which does not count: it compiles the kernels.
///
/// # Errors
/// What `run` fails with.
pub fn best(mut run: impl FnMut() -> Result<(), ComputeError>) -> Result<f64, ComputeError> {
    run()?;
    let (begin, mut least) = (Instant::now(), f64::MAX);
    for _ in 0..RUNS {
        let start = Instant::now();
        run()?;
        least = least.min(start.elapsed().as_secs_f64());
        if begin.elapsed().as_secs_f64() > SECONDS {
            break;
        }
    }
    Ok(least)
}
