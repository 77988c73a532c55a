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
