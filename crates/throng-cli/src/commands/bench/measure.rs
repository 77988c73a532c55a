//! How a kernel is timed, and at which size.

use std::time::Instant;

use serde::Serialize;
use serde::ser::SerializeMap;
use throng::compute::{Ceilings, Compute, ComputeError, DeviceKind, Matrix};

use crate::failure::Failure;
use crate::stop;

/// What a timed stretch should take, in seconds: a kernel runs so often in it, and the device is waited for
/// once.
const STRETCH: f64 = 0.1;
/// Stretches; the fastest counts.
const STRETCHES: usize = 3;
/// Values of one matrix at most: 256 MiB.
const VALUES: usize = 1 << 26;

/// A kernel at one size.
pub struct Case {
    pub kernel: &'static str,
    pub metric: &'static str,
    /// Sizes by name.
    pub shape: Vec<(&'static str, usize)>,
    /// Floating-point operations: two a pair and feature.
    pub flops: usize,
    /// Bytes that must be read or written at least.
    pub bytes: usize,
}

/// What bounds a kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Bound {
    Arithmetic,
    Memory,
}

/// A kernel's figures.
#[derive(Serialize)]
pub struct Measured {
    pub kernel: &'static str,
    pub metric: &'static str,
    #[serde(flatten, serialize_with = "by_name")]
    pub shape: Vec<(&'static str, usize)>,
    pub seconds: f64,
    pub flops_per_second: f64,
    pub bytes_per_second: f64,
    pub bound: Bound,
    /// Of the ceiling that bounds it, from 0 to about 1.
    pub share: f64,
}

fn by_name<S: serde::Serializer>(
    shape: &[(&'static str, usize)],
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(Some(shape.len()))?;
    for (name, size) in shape {
        map.serialize_entry(name, size)?;
    }
    map.end()
}

/// A device to measure on, and what was measured.
pub struct Bench<'a> {
    compute: &'a Compute,
    ceilings: Ceilings,
    state: u64,
    measured: Vec<Measured>,
}

impl<'a> Bench<'a> {
    pub fn new(compute: &'a Compute, ceilings: Ceilings, seed: u64) -> Self {
        Self {
            compute,
            ceilings,
            state: seed,
            measured: Vec::new(),
        }
    }

    /// What was measured, in order.
    pub fn finish(self) -> Vec<Measured> {
        self.measured
    }

    /// Rows of `d` values for which a kernel that takes so many operations a row is busy for a moment.
    pub fn rows(&self, flops_per_row: usize, d: usize) -> usize {
        let rows = self.flops() / flops_per_row as f64;
        power_of_two(rows, 256, VALUES / d)
    }

    /// Rows of each side, for a kernel that takes so many operations a pair.
    pub fn square(&self, flops_per_pair: usize) -> usize {
        let pairs = self.flops() / flops_per_pair as f64;
        power_of_two(pairs.sqrt(), 256, VALUES.isqrt())
    }

    /// Operations of about a stretch, for a kernel at a fair share of the ceiling. Software adapters are there
    /// for tests: of them little is asked.
    fn flops(&self) -> f64 {
        let share = match self.compute.kind() {
            DeviceKind::Software => 0.02,
            DeviceKind::Gpu | DeviceKind::Cpu => 0.5,
        };
        share * STRETCH * self.ceilings.flops
    }

    /// Numbers in [-1, 1): a linear congruential generator.
    pub fn values(&mut self, count: usize) -> Vec<f32> {
        let mut next = || {
            self.state = self
                .state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (self.state >> 40) as f32 / (1 << 23) as f32 - 1.0
        };
        (0..count).map(|_| next()).collect()
    }

    /// A matrix of such numbers on the device.
    ///
    /// # Errors
    /// When the device cannot hold it.
    pub fn matrix(&mut self, n: usize, d: usize) -> Result<Matrix, Failure> {
        let values = self.values(n * d);
        Ok(self.compute.matrix(&values, n, d)?)
    }

    /// Times a kernel.
    ///
    /// # Errors
    /// When the device fails, or Ctrl-C is pressed.
    pub fn measure(
        &mut self,
        case: Case,
        mut run: impl FnMut() -> Result<(), ComputeError>,
    ) -> Result<(), Failure> {
        let mut stretch = |times: usize| -> Result<f64, Failure> {
            stop::check()?;
            let start = Instant::now();
            for _ in 0..times {
                run()?;
            }
            self.compute.wait()?;
            Ok(start.elapsed().as_secs_f64() / times as f64)
        };
        // The first run compiles the kernel.
        stretch(1)?;
        let once = stretch(1)?;
        let times = (STRETCH / once).clamp(1.0, 1000.0) as usize;
        let mut seconds = once;
        for _ in 0..STRETCHES {
            seconds = seconds.min(stretch(times)?);
        }
        self.measured.push(case.at(seconds, &self.ceilings));
        Ok(())
    }
}

impl Case {
    /// Its figures, if it takes so many seconds.
    fn at(self, seconds: f64, ceilings: &Ceilings) -> Measured {
        let (flops, bytes) = (self.flops as f64, self.bytes as f64);
        let arithmetic = flops / ceilings.flops;
        let memory = bytes / ceilings.bytes;
        let bound = if arithmetic >= memory {
            Bound::Arithmetic
        } else {
            Bound::Memory
        };
        Measured {
            kernel: self.kernel,
            metric: self.metric,
            shape: self.shape,
            seconds,
            flops_per_second: flops / seconds,
            bytes_per_second: bytes / seconds,
            bound,
            share: arithmetic.max(memory) / seconds,
        }
    }
}

/// The power of two below `value`, inside limits.
fn power_of_two(value: f64, least: usize, most: usize) -> usize {
    let value = (value as usize).clamp(least, most);
    1 << value.ilog2()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_share_is_of_what_bounds_the_kernel() {
        let ceilings = Ceilings {
            flops: 100.0,
            bytes: 10.0,
        };
        let case = |flops, bytes| Case {
            kernel: "test",
            metric: "dot",
            shape: vec![("n", 3)],
            flops,
            bytes,
        };
        // 2 s of arithmetic, 1 s of memory.
        let measured = case(200, 10).at(4.0, &ceilings);
        assert_eq!((measured.bound, measured.share), (Bound::Arithmetic, 0.5));
        assert_eq!(measured.flops_per_second, 50.0);
        // 1 s of arithmetic, 3 s of memory.
        let measured = case(100, 30).at(4.0, &ceilings);
        assert_eq!((measured.bound, measured.share), (Bound::Memory, 0.75));
        assert_eq!(measured.bytes_per_second, 7.5);
    }

    #[test]
    fn sizes_are_powers_of_two_inside_limits() {
        assert_eq!(power_of_two(1000.0, 256, 4096), 512);
        assert_eq!(power_of_two(0.0, 256, 4096), 256);
        assert_eq!(power_of_two(f64::INFINITY, 256, 5000), 4096);
    }
}
