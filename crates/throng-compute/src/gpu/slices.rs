//! Time slices: a dispatch that runs long freezes the screen, and Windows resets the driver after about
//! two seconds. Results do not depend on slices, because workgroups do not depend on each other.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Instant;

use throng_shaders::{Metric, Step};

use super::context::lock;
use crate::error::ComputeError;

/// What a slice should take, in seconds, and the most that waits in the queue behind it.
const SLICE: f64 = 0.03;

/// Multiply-adds a second before anything is measured: a slow software adapter's.
const FIRST_RATE: f64 = 5e8;

type Kernel = (Step, Option<Metric>);

/// Which speed a kernel's slices are planned by.
#[derive(Debug, Clone, Copy)]
pub enum Pace {
    /// Its own, which is measured.
    Own,
    /// That of another kernel, for one that mostly finds little to do: its own would promise too much for when it does.
    /// Its work counts as that kernel's.
    Of(Step),
}

/// The measured speed of each kernel on one device, and what waits in its queue.
#[derive(Debug, Default)]
pub struct Slices(Mutex<State>);

#[derive(Debug)]
struct State {
    rates: HashMap<Kernel, f64>,
    /// Of kernels that were never measured alone, for what they take in the queue; their first slice is planned by
    /// [`FIRST_RATE`] all the same.
    base: f64,
    queue: Queue,
}

/// What was submitted since the device was last seen idle.
#[derive(Debug, Clone, Copy, Default)]
struct Queue {
    since: Option<Instant>,
    /// Seconds that it should take.
    expected: f64,
}

impl Default for State {
    fn default() -> Self {
        Self {
            rates: HashMap::new(),
            base: FIRST_RATE,
            queue: Queue::default(),
        }
    }
}

impl Slices {
    /// Submits `groups` workgroups of `work` multiply-adds each, in slices that fit the kernel's speed, which is
    /// measured wherever there is more than one. Small kernels queue up, but no longer than a slice: whoever else
    /// uses the device, or wants to stop the work, waits for that only.
    pub fn run(
        &self,
        kernel: Kernel,
        pace: Pace,
        groups: usize,
        work: usize,
        submit: impl Fn(u32, u32) -> Result<(), ComputeError>,
        wait: impl Fn() -> Result<(), ComputeError>,
    ) -> Result<(), ComputeError> {
        let work = work.max(1) as f64;
        let kernel = match pace {
            Pace::Own => kernel,
            Pace::Of(step) => (step, None),
        };
        let mut first = 0;
        while first < groups {
            let rate = self.rate(kernel).unwrap_or(FIRST_RATE);
            let count = ((rate * SLICE / work) as usize).clamp(1, groups - first);
            let seconds = self.seconds(kernel, work * count as f64);
            let is_measured = count < groups;
            if (first == 0 && is_measured) || self.is_full(seconds) {
                // What was submitted before is not this kernel's time.
                wait()?;
                self.drained();
            }
            let start = Instant::now();
            submit(first as u32, (first + count) as u32)?;
            first += count;
            if is_measured {
                wait()?;
                let measured = work * count as f64 / start.elapsed().as_secs_f64().max(1e-6);
                if matches!(pace, Pace::Own) {
                    lock(&self.0)
                        .rates
                        .insert(kernel, next_rate(rate, measured));
                }
            } else {
                self.queued(start, seconds);
            }
        }
        Ok(())
    }

    fn rate(&self, kernel: Kernel) -> Option<f64> {
        lock(&self.0).rates.get(&kernel).copied()
    }

    fn seconds(&self, kernel: Kernel, work: f64) -> f64 {
        let state = lock(&self.0);
        work / state.rates.get(&kernel).unwrap_or(&state.base)
    }

    fn is_full(&self, seconds: f64) -> bool {
        let queue = lock(&self.0).queue;
        queue.since.is_some() && queue.expected + seconds > SLICE
    }

    fn queued(&self, start: Instant, seconds: f64) {
        let queue = &mut lock(&self.0).queue;
        queue.since.get_or_insert(start);
        queue.expected += seconds;
    }

    /// The device is idle: how long its queue took says how fast kernels are that are too small to be measured.
    fn drained(&self) {
        let state = &mut *lock(&self.0);
        let Queue { since, expected } = std::mem::take(&mut state.queue);
        if let Some(since) = since {
            let took = since.elapsed().as_secs_f64().max(1e-6);
            state.base = next_rate(state.base, state.base * expected / took);
        }
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
            .run(kernel, Pace::Own, 10_000, 1_000_000, submit, || Ok(()))
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
            .run((Step::RowsScale, None), Pace::Own, 3, 10, submit, wait)
            .unwrap();
        assert_eq!(count.into_inner(), 1);
    }

    #[test]
    fn many_small_kernels_wait_for_the_queue() {
        let slices = Slices::default();
        let waits = RefCell::new(0);
        let wait = || {
            *waits.borrow_mut() += 1;
            Ok(())
        };
        // 10 ms each at the first rate: at most three in the queue until it has shown to be faster.
        for _ in 0..7 {
            let submit = |_, _| Ok(());
            slices
                .run(
                    (Step::RowsScale, None),
                    Pace::Own,
                    1,
                    5_000_000,
                    submit,
                    wait,
                )
                .unwrap();
        }
        assert!((1..=2).contains(&waits.into_inner()));
        assert!(slices.seconds((Step::RowsScale, None), FIRST_RATE) < 1.0);
    }

    #[test]
    fn a_kernel_at_the_pace_of_another_teaches_nothing() {
        let slices = Slices::default();
        let run = |step, pace| {
            let count = RefCell::new(0);
            let submit = |_, _| {
                *count.borrow_mut() += 1;
                Ok(())
            };
            slices
                .run((step, None), pace, 10_000, 1_000_000, submit, || Ok(()))
                .unwrap();
            count.into_inner()
        };
        let first = run(Step::RowsScale, Pace::Of(Step::RowsFinite));
        let pace = Pace::Of(Step::RowsFinite);
        assert_eq!(run(Step::RowsScale, pace), first);
        // Nothing is submitted here, which is quick.
        run(Step::RowsFinite, Pace::Own);
        assert!(run(Step::RowsScale, pace) < first);
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
            .run(kernel, Pace::Own, 3, usize::MAX, submit, || Ok(()))
            .unwrap();
        assert_eq!(count.into_inner(), 3);
    }
}
