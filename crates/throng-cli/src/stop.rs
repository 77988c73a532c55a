//! Ctrl-C: the first asks long work to stop, the second (or a slow stop) ends the run at once.

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use crate::failure::Failure;
use crate::output;

/// How long work may take to come to its next stopping place.
const GRACE: Duration = Duration::from_secs(10);

static ASKED: AtomicBool = AtomicBool::new(false);

/// Takes over Ctrl-C (and, on Unix, a request to terminate).
///
/// # Errors
/// When the system refuses a handler.
pub fn install() -> Result<(), Failure> {
    ctrlc::set_handler(|| {
        if ASKED.swap(true, Ordering::SeqCst) {
            leave();
        }
        // Detached on purpose: it ends with the process, or ends the process.
        let _ = thread::Builder::new().spawn(|| {
            thread::sleep(GRACE);
            leave();
        });
    })
    .map_err(|error| Failure::other(format!("Ctrl-C cannot be handled here ({error})")))
}

/// Whether Ctrl-C was pressed.
pub fn asked() -> bool {
    ASKED.load(Ordering::SeqCst)
}

/// For observers of long work: break once Ctrl-C was pressed.
pub fn flow() -> ControlFlow<()> {
    if asked() {
        ControlFlow::Break(())
    } else {
        ControlFlow::Continue(())
    }
}

/// For steps between long work.
///
/// # Errors
/// Once Ctrl-C was pressed.
pub fn check() -> Result<(), Failure> {
    if asked() {
        Err(Failure::stopped())
    } else {
        Ok(())
    }
}

fn leave() -> ! {
    output::discard_unfinished();
    Failure::stopped().exit()
}
