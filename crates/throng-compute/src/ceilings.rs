//! What a device can do at most: kernels are judged as shares of it.

use crate::cpu::{ceiling_copy as cpu_copy, ceiling_fma as cpu_fma};
use crate::device::{Compute, Engine};
use crate::error::ComputeError;
use crate::gpu::{Context, ceiling_copy as gpu_copy, ceiling_fma as gpu_fma};

/// What a timed run should take, in seconds: long beside a clock's steps and a submission's overhead, far
/// from the two seconds after which Windows resets a driver.
const RUN: f64 = 0.05;

/// Timed runs; the fastest counts.
const RUNS: usize = 5;

/// The most a device was seen to do, by kernels that do nothing else.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ceilings {
    /// 32-bit floating-point operations a second; a multiply-add counts as two.
    pub flops: f64,
    /// Bytes a second of a copy larger than the caches, reading and writing both counted.
    pub bytes: f64,
}

impl Compute {
    /// Measures this device's ceilings, each within about a second: multiply-adds in registers, and a copy.
    /// Both are checked to have done what they were timed for.
    ///
    /// # Errors
    /// [`ComputeError::Device`] where a kernel's result is wrong, and the device's.
    pub fn ceilings(&self) -> Result<Ceilings, ComputeError> {
        let (flops, bytes) = match self.engine() {
            Engine::Cpu(threads) => threads.run(|| (cpu_flops(), cpu_bytes())),
            Engine::Gpu(context) => (gpu_flops(context), gpu_bytes(context)),
        };
        let (flops, bytes) = (flops?, bytes?);
        Ok(Ceilings { flops, bytes })
    }
}

fn cpu_flops() -> Result<f64, ComputeError> {
    // Chains count in 32 bits, exactly below 2^24.
    let (rounds, seconds) = fastest(1 << 19, |rounds| {
        let (seconds, counts) = cpu_fma::run(rounds);
        let want = cpu_fma::count(rounds);
        match counts.iter().find(|&&count| count != want) {
            None => Ok(seconds),
            Some(count) => Err(wrong("ceiling_fma", format!("{count}, not {want}"))),
        }
    })?;
    Ok(cpu_fma::operations(rayon::current_num_threads(), rounds) / seconds)
}

fn cpu_bytes() -> Result<f64, ComputeError> {
    let mut copy = cpu_copy::Copy::new();
    let (copies, seconds) = fastest(1 << 10, |copies| Ok(copy.seconds(copies)))?;
    let bytes = cpu_copy::Copy::bytes(copies);
    copied(copy.first_wrong())?;
    Ok(bytes / seconds)
}

fn gpu_flops(context: &Context) -> Result<f64, ComputeError> {
    let fma = gpu_fma::Fma::new(context)?;
    let (rounds, seconds) = fastest(gpu_fma::MOST_ROUNDS, |rounds| fma.seconds(context, rounds))?;
    match fma.first_wrong(context, rounds)? {
        None => Ok(gpu_fma::operations(context, rounds) / seconds),
        Some((at, sum, want)) => {
            let message = format!("{sum}, not {want}, in invocation {at}");
            Err(wrong("ceiling_fma", message))
        }
    }
}

fn gpu_bytes(context: &Context) -> Result<f64, ComputeError> {
    let copy = gpu_copy::Copy::new(context)?;
    let (copies, seconds) = fastest(1 << 10, |copies| copy.seconds(context, copies))?;
    copied(copy.first_wrong(context)?)?;
    Ok(copy.bytes(copies) / seconds)
}

/// The size of a run that takes [`RUN`] (or is the `most`), and the least seconds it took. Sizes double up
/// to it, which warms the device up.
fn fastest(
    most: usize,
    mut run: impl FnMut(usize) -> Result<f64, ComputeError>,
) -> Result<(usize, f64), ComputeError> {
    let mut size = 1;
    let mut least = run(size)?;
    while least < RUN && size < most {
        size = (2 * size).min(most);
        least = run(size)?;
    }
    for _ in 1..RUNS {
        least = least.min(run(size)?);
    }
    Ok((size, least.max(f64::MIN_POSITIVE)))
}

fn copied(first_wrong: Option<usize>) -> Result<(), ComputeError> {
    match first_wrong {
        None => Ok(()),
        Some(at) => Err(wrong("ceiling_copy", format!("value {at} was not copied"))),
    }
}

fn wrong(during: &str, message: String) -> ComputeError {
    ComputeError::Device {
        during: during.to_owned(),
        message,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn runs_double_until_they_are_long_enough_and_the_fastest_counts() {
        let mut sizes = Vec::new();
        let (size, seconds) = fastest(1 << 20, |size| {
            sizes.push(size);
            Ok(size as f64 * 0.01 - sizes.len() as f64 * 1e-4)
        })
        .unwrap();
        assert_eq!(sizes, [1, 2, 4, 8, 8, 8, 8, 8]);
        assert_eq!((size, seconds), (8, 0.08 - 8e-4));
        let mut count = 0;
        let (size, _) = fastest(3, |_| {
            count += 1;
            Ok(0.0)
        })
        .unwrap();
        assert_eq!((size, count), (3, 3 + RUNS - 1));
        assert!(fastest(3, |_| Err(ComputeError::NoClusters)).is_err());
    }
}
