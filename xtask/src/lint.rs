//! Format, lints and documentation.

use anyhow::Result;

use crate::cmd::{self, cargo};
use crate::steps::Steps;

/// Runs each as a step of its own.
///
/// # Errors
/// If one of them fails.
pub fn run() -> Result<()> {
    let mut steps = Steps::default();
    run_as(&mut steps);
    steps.finish()
}

/// Adds the steps. xtask is always built alone: see `main.rs`.
pub fn run_as(steps: &mut Steps) {
    steps.run("format", || {
        cmd::run(&mut cargo(["fmt", "--all", "--check"]))
    });
    steps.run("clippy", || {
        let deny = ["--release", "--all-targets", "--", "-D", "warnings"];
        cmd::run(cargo(["clippy", "--workspace", "--exclude", "xtask"]).args(deny))?;
        cmd::run(cargo(["clippy", "--package", "xtask"]).args(deny))
    });
    steps.run("docs", || {
        let mut doc = cargo([
            "doc",
            "--release",
            "--no-deps",
            "--workspace",
            "--exclude",
            "xtask",
        ]);
        cmd::run(doc.env("RUSTDOCFLAGS", "-D warnings"))
    });
}
