//! `throng completions`: what a shell needs to complete `throng`.

use clap::CommandFactory;
use clap_complete::Shell;
use serde::Serialize;

use crate::cli::Cli;
use crate::failure::Failure;
use crate::session::{Session, json};

/// Print a completion script for a shell
#[derive(clap::Args)]
#[command(
    after_help = "Example:\n  throng completions bash > ~/.local/share/bash-completion/completions/throng"
)]
pub struct Args {
    /// The shell
    shell: Shell,
}

#[derive(Serialize)]
struct Completions {
    shell: String,
    script: String,
}

/// Prints the script.
///
/// # Errors
/// When stdout cannot be written.
pub fn run(args: &Args, session: &Session) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "throng", &mut script);
    let script = String::from_utf8_lossy(&script).into_owned();
    if !session.json() {
        return session.print(&script);
    }
    session.print(&json(&Completions {
        shell: args.shell.to_string(),
        script,
    })?)
}
