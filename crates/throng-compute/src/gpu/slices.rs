//! Time slices: a dispatch that runs long freezes the screen, and Windows resets the driver after about
//! two seconds. Results do not depend on slices, because workgroups do not depend on each other.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Instant;

use throng_shaders::{Metric, Step};

use super::context::lock;
use crate::error::ComputeError;

/// What a slice should take, in seconds.
const SLICE: f64 = 0.03;

/// Multiply-adds a second before anything is measured: a slow software adapter's.
const FIRST_RATE: f64 = 5e8;

type Kernel = (Step, Option<Metric>);

/// The measured speed of each kernel on one device.
#[derive(Debug, Default)]
pub struct Slices {
    rates: Mutex<HashMap<Kernel, f64>>,
}

impl Slices {
    /// Submits `groups` workgroups of `work` multiply-adds each, in slices that fit the kernel's speed:
    /// measured wherever there is more than one.
    pub fn run(
        &self,
        kernel: Kernel,
        groups: usize,
        work: usize,
        submit: impl Fn(u32, u32) -> Result<(), ComputeError>,
        wait: impl Fn() -> Result<(), ComputeError>,
    ) -> Result<(), ComputeError> {
        let work = work.max(1) as f64;
        let mut rate = lock(&self.rates)
            .get(&kernel)
            .copied()
            .unwrap_or(FIRST_RATE);
        let mut first = 0;
        while first < groups {
            let count = ((rate * SLICE / work) as usize).clamp(1, groups - first);
            let is_measured = count < groups;
            if first == 0 && is_measured {
                // What was submitted before is not this kernel's time.
                wait()?;
            }
            let start = Instant::now();
            submit(first as u32, (first + count) as u32)?;
            first += count;
            if is_measured {
                wait()?;
                let measured = work * count as f64 / start.elapsed().as_secs_f64().max(1e-6);
                rate = next_rate(rate, measured);
                lock(&self.rates).insert(kernel, rate);
            }
        }
        Ok(())
    }
}

/// Follows a slower measurement at once, a faster one in steps: a short slice measures the overhead.
fn next_rate(rate: f64, measured: f64) -> f64 {
    measured.clamp(1e6, rate * 4.0)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::cell::RefCell;

    use super::*;

    #[test]
    fn slices_cover_all_groups_once_and_grow() {
        let slices = Slices::default();
        let seen = RefCell::new(Vec::new());
        let submit = |first, end| {
            seen.borrow_mut().push((first, end));
            Ok(())
        };
        let kernel = (Step::RowsScale, None);
        slices
            .run(kernel, 10_000, 1_000_000, submit, || Ok(()))
            .unwrap();
        let seen = seen.into_inner();
        assert_eq!(seen[0], (0, 15));
        assert!(seen[1].1 - seen[1].0 > 15, "{seen:?}");
        let mut next = 0;
        for (first, end) in seen {
            assert_eq!(first, next);
            assert!(end > first);
            next = end;
        }
        assert_eq!(next, 10_000);
    }

    #[test]
    fn a_small_problem_is_one_slice_without_waiting() {
        let slices = Slices::default();
        let count = RefCell::new(0);
        let submit = |_, _| {
            *count.borrow_mut() += 1;
            Ok(())
        };
        let wait = || Err(ComputeError::NoClusters);
        slices
            .run((Step::RowsScale, None), 3, 10, submit, wait)
            .unwrap();
        assert_eq!(count.into_inner(), 1);
    }

    #[test]
    fn one_group_is_the_least() {
        let slices = Slices::default();
        let count = RefCell::new(0);
        let submit = |first: u32, end: u32| {
            assert!(end > first);
            *count.borrow_mut() += 1;
            Ok(())
        };
        let kernel = (Step::RowsScale, None);
        slices
            .run(kernel, 3, usize::MAX, submit, || Ok(()))
            .unwrap();
        assert_eq!(count.into_inner(), 3);
    }
}
