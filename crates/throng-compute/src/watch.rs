//! Progress and cancellation of long work.

use std::fmt;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
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
    /// Work done that the watcher was not told of yet.
    untold: AtomicU64,
    /// Held while the watcher is told, so that it never hears a lower figure after a higher one.
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
                untold: AtomicU64::new(0),
                done: Mutex::default(),
                is_stopped: AtomicBool::new(false),
            })
        }))
    }

    /// Notes that `work` more is done.
    pub fn add(&self, work: usize) {
        let Some(watched) = &self.0 else {
            return;
        };
        let more = |untold: u64| Some(untold.saturating_add(work as u64));
        let order = Ordering::Relaxed;
        // Never refused.
        let _ = watched.untold.fetch_update(order, order, more);
        // While a thread tells, the others do not wait for it: the next one tells of their work, too.
        if let Ok(mut done) = watched.done.try_lock() {
            watched.count(&mut done);
            watched.tell(&done);
        }
    }

    /// A stage that counts for `work`, whatever is added in it; what was left of the one before is done.
    pub fn stage(&self, work: usize) {
        if let Some(watched) = &self.0 {
            let mut done = lock(&watched.done);
            watched.count(&mut done);
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
        if let Some(watched) = &self.0 {
            let mut done = lock(&watched.done);
            if done.work < watched.total {
                done.work = watched.total;
                watched.tell(&done);
            }
        }
        self.check()
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
    /// Takes what is untold into account.
    fn count(&self, done: &mut Done) {
        let work = self.untold.swap(0, Ordering::Relaxed);
        let end = done.end.unwrap_or(self.total);
        done.work = done.work.saturating_add(work).min(end);
    }

    fn tell(&self, done: &Done) {
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
        // What is said to be left of the one before is all that there is.
        meter.stage(7);
        meter.add(1);
        assert_eq!(*told.lock().unwrap(), [20, 30, 31, 45, 100]);
        meter.finish().unwrap();
        assert_eq!(told.lock().unwrap().len(), 5);
    }

    #[test]
    fn nothing_is_lost_between_threads() {
        let (meter, told) = meter(4_000_000, u64::MAX);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| (0..1_000).for_each(|_| meter.add(999)));
            }
        });
        meter.add(0);
        let told = told.lock().unwrap();
        assert!(told.is_sorted());
        assert_eq!(told.last(), Some(&(4_000 * 999)));
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
