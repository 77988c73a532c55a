//! Progress and cancellation of long work.

use std::fmt;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::error::ComputeError;

/// Hears how far long work is, and may stop it: see [`Compute::watched`](crate::Compute::watched).
///
/// Calls come from the thread that asked for the work and, on the CPU, from those that do it.
pub trait Watch: Send + Sync {
    /// `done` of `total` multiply-adds, or thereabouts, of `what` are done; `done` never falls, and is `total` in the
    /// end. `Break` stops the work before its next slice (of about 30 ms on a GPU), and it ends with
    /// [`ComputeError::Cancelled`].
    ///
    /// Iterations that k-means had left when it converged count as done at once. k-means|| is followed by k-means++
    /// among its candidates, which counts for itself.
    fn progress(&self, what: &'static str, done: u64, total: u64) -> ControlFlow<()>;
}

impl<F> Watch for F
where
    F: Fn(&'static str, u64, u64) -> ControlFlow<()> + Send + Sync,
{
    fn progress(&self, what: &'static str, done: u64, total: u64) -> ControlFlow<()> {
        self(what, done, total)
    }
}

/// One piece of work and its watcher, if it has one.
#[derive(Clone, Default)]
pub(crate) struct Meter(Option<Arc<Watched>>);

struct Watched {
    watch: Arc<dyn Watch>,
    what: &'static str,
    total: u64,
    done: Mutex<Done>,
    is_stopped: AtomicBool,
}

#[derive(Clone, Copy, Default)]
struct Done {
    work: u64,
    /// The most that adding reaches: the end of the stage.
    end: Option<u64>,
}

impl Meter {
    /// Work of `total` multiply-adds.
    pub fn new(watch: Option<&Arc<dyn Watch>>, what: &'static str, total: u64) -> Self {
        Self(watch.map(|watch| {
            Arc::new(Watched {
                watch: watch.clone(),
                what,
                total,
                done: Mutex::default(),
                is_stopped: AtomicBool::new(false),
            })
        }))
    }

    /// Notes that `work` more is done.
    pub fn add(&self, work: usize) {
        if let Some(watched) = &self.0 {
            watched.tell(|done| {
                let end = done.end.unwrap_or(watched.total);
                done.work = done.work.saturating_add(work as u64).min(end);
            });
        }
    }

    /// A stage that counts for `work`, whatever is added in it; what was left of the one before is done.
    pub fn stage(&self, work: usize) {
        if let Some(watched) = &self.0 {
            let mut done = lock(&watched.done);
            done.work = done.end.unwrap_or(done.work);
            done.end = Some(done.work.saturating_add(work as u64).min(watched.total));
        }
    }

    /// Everything is done.
    ///
    /// # Errors
    /// [`ComputeError::Cancelled`] where the watcher has stopped it.
    pub fn finish(&self) -> Result<(), ComputeError> {
        self.check()?;
        match &self.0 {
            Some(watched) if lock(&watched.done).work < watched.total => {
                watched.tell(|done| done.work = watched.total);
                self.check()
            }
            _ => Ok(()),
        }
    }

    /// Whether the watcher wants no more.
    pub fn is_stopped(&self) -> bool {
        let stopped = |watched: &Arc<Watched>| watched.is_stopped.load(Ordering::Relaxed);
        self.0.as_ref().is_some_and(stopped)
    }

    /// # Errors
    /// [`ComputeError::Cancelled`] where the watcher wants no more.
    pub fn check(&self) -> Result<(), ComputeError> {
        match &self.0 {
            Some(watched) if self.is_stopped() => {
                Err(ComputeError::Cancelled { what: watched.what })
            }
            _ => Ok(()),
        }
    }
}

impl Watched {
    fn tell(&self, change: impl FnOnce(&mut Done)) {
        // Held while the watcher is told, so that it never hears a lower figure after a higher one.
        let mut done = lock(&self.done);
        change(&mut done);
        let told = self.watch.progress(self.what, done.work, self.total);
        if told.is_break() {
            self.is_stopped.store(true, Ordering::Relaxed);
        }
    }
}

fn lock(done: &Mutex<Done>) -> MutexGuard<'_, Done> {
    done.lock().unwrap_or_else(PoisonError::into_inner)
}

impl fmt::Debug for Meter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = self.0.as_ref().map(|watched| watched.what);
        f.debug_tuple("Meter").field(&what).finish()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    /// A meter of `total`, and what it tells; it stops at `stop`.
    fn meter(total: usize, stop: u64) -> (Meter, Arc<Mutex<Vec<u64>>>) {
        let told = Arc::new(Mutex::new(Vec::new()));
        let into = told.clone();
        let watch: Arc<dyn Watch> = Arc::new(move |what: &'static str, done, of| {
            assert_eq!((what, of), ("work", total as u64));
            into.lock().unwrap().push(done);
            match done >= stop {
                true => ControlFlow::Break(()),
                false => ControlFlow::Continue(()),
            }
        });
        (Meter::new(Some(&watch), "work", total as u64), told)
    }

    #[test]
    fn a_stage_counts_for_what_it_was_said_to() {
        let (meter, told) = meter(100, u64::MAX);
        meter.stage(30);
        meter.add(20);
        meter.add(20);
        meter.stage(10);
        meter.add(1);
        meter.stage(usize::MAX);
        meter.add(5);
        meter.stage(7);
        meter.add(1);
        assert_eq!(*told.lock().unwrap(), [20, 30, 31, 45, 100]);
        meter.finish().unwrap();
        assert_eq!(told.lock().unwrap().len(), 5);
    }

    #[test]
    fn the_end_is_told_once_unless_it_was_stopped() {
        let (early, told) = meter(10, u64::MAX);
        early.add(4);
        early.finish().unwrap();
        early.finish().unwrap();
        assert_eq!(*told.lock().unwrap(), [4, 10]);

        let (stopped, told) = meter(10, 5);
        stopped.add(5);
        let cancelled = ComputeError::Cancelled { what: "work" };
        assert_eq!(stopped.finish(), Err(cancelled.clone()));
        assert_eq!(stopped.check(), Err(cancelled));
        assert_eq!(*told.lock().unwrap(), [5]);
        // Without a watcher nothing is told or stopped.
        Meter::default().add(1);
        Meter::default().finish().unwrap();
    }
}
