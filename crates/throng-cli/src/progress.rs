//! Progress bars.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// A bar on stderr that goes away when the work is done.
pub struct Progress {
    bar: ProgressBar,
}

impl Progress {
    /// A bar, or with `shown` false nothing.
    pub fn new(shown: bool) -> Self {
        let bar = ProgressBar::with_draw_target(
            None,
            if shown {
                ProgressDrawTarget::stderr()
            } else {
                ProgressDrawTarget::hidden()
            },
        );
        // The template is a constant; were it wrong, the plain bar would do.
        if let Ok(style) = ProgressStyle::with_template("{msg:<28} [{bar:32}] {percent:>3}% {eta}")
        {
            bar.set_style(style.progress_chars("=> "));
        }
        Self { bar }
    }

    /// Shows `done` of `total` steps of the stage named `stage`.
    pub fn at(&self, stage: &str, done: u64, total: Option<u64>) {
        if self.bar.message() != stage {
            self.bar.reset();
            self.bar.set_message(stage.to_owned());
        }
        match total {
            Some(total) => self.bar.set_length(total),
            None => self.bar.unset_length(),
        }
        self.bar.set_position(done);
    }

    /// Does something that prints, with the bar out of the way.
    pub fn aside(&self, print: impl FnOnce()) {
        self.bar.suspend(print);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
