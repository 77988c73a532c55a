//! The README's test command: a bare machine made ready, then every test.

use std::env;

use anyhow::Result;

use crate::cmd::{self, cargo};
use crate::tally::{LOG, Tally};
use crate::{assets, machine};

/// Makes the machine ready and runs every test.
///
/// # Errors
/// If the machine lacks something that cannot be installed, or a test does not pass.
pub fn run() -> Result<()> {
    machine::ready()?;
    assets::fetch(&[])?;
    // Plain `cargo test`, not a faster runner where there is one: everybody runs the same.
    let mut tests = cargo(["test", "--release", "--workspace", "--exclude", "xtask"]);
    tests.arg("--no-fail-fast");
    // The child is no test of its own: the test of standard input starts it.
    tests.args(["--", "--skip", "child_of_standard_input"]);
    if env::var_os(LOG).is_some() {
        tests.arg("--include-ignored");
    }
    // Burn tries every variant of a kernel on first use: on a software adapter that outlasts the tests.
    tests.env("CUBECL_AUTOTUNE_LEVEL", "minimal");
    let (output, outcome) = cmd::tee(&mut tests)?;
    let tally = Tally::parse(&output);
    eprintln!("{tally}");
    tally.check()?;
    outcome?;
    cmd::run(&mut cargo(["test", "--release", "--package", "xtask"]))
}
