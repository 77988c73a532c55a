//! Progress and cancellation.

use std::ops::ControlFlow;

/// Hears how far the work is, and may stop it.
pub trait Observer {
    /// `done` of `total` steps of a stage are done; no total where it is not known. `Break` stops the work, which
    /// then ends with [`Error::Cancelled`](crate::Error::Cancelled).
    fn progress(&mut self, stage: &str, done: u64, total: Option<u64>) -> ControlFlow<()>;

    /// One line worth reading: what was guessed, decided or found.
    fn say(&mut self, line: &str);
}

/// Hears nothing and stops nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Observer for Silent {
    fn progress(&mut self, _: &str, _: u64, _: Option<u64>) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }

    fn say(&mut self, _: &str) {}
}
