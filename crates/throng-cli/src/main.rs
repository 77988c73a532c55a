//! The `throng` command.

mod args;
mod cli;
mod commands;
mod errors;
mod failure;
mod field;
mod npy;
mod output;
mod progress;
mod session;
mod stop;
mod watch;

use std::panic;
use std::process::ExitCode;
use std::sync::{Mutex, PoisonError};

use failure::Failure;

/// Where the last panic was, for the one line that is said about it.
static PANIC: Mutex<String> = Mutex::new(String::new());

fn main() -> ExitCode {
    // No panic is meant to happen. One that does ends in a line and a status, like any failure.
    panic::set_hook(Box::new(|info| {
        let what = info.payload_as_str().unwrap_or("no message");
        let place = info
            .location()
            .map_or_else(String::new, ToString::to_string);
        *PANIC.lock().unwrap_or_else(PoisonError::into_inner) = format!("{what} at {place}");
    }));
    let outcome = stop::install().and_then(|()| {
        panic::catch_unwind(cli::run).unwrap_or_else(|_| {
            let what = PANIC.lock().unwrap_or_else(PoisonError::into_inner).clone();
            Err(Failure::other(format!(
                "this is a fault of the program, please report it: {what}"
            )))
        })
    });
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.exit(),
    }
}
