//! What a pipeline says while it works, on the terminal.

use std::ops::ControlFlow;

use throng::Observer;

use crate::progress::Progress;
use crate::session::Session;
use crate::stop;

/// Shows progress, prints lines, and stops the work after Ctrl-C.
pub struct Watch<'a> {
    session: &'a Session,
    progress: Progress,
}

impl<'a> Watch<'a> {
    /// Watches one piece of work.
    pub fn new(session: &'a Session) -> Self {
        Self {
            session,
            progress: session.progress(),
        }
    }
}

impl Observer for Watch<'_> {
    fn progress(&mut self, stage: &str, done: u64, total: Option<u64>) -> ControlFlow<()> {
        self.progress.at(stage, done, total);
        stop::flow()
    }

    fn say(&mut self, line: &str) {
        self.progress.aside(|| self.session.note(line));
    }
}
