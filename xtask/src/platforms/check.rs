//! Type-checks for platforms that nothing here can link or run.

use anyhow::Result;

use super::debian::Debian;
use crate::cmd;

/// Checks `throng-compute` for a target.
///
/// # Errors
/// If it does not compile.
pub fn run(debian: &Debian, target: &str) -> Result<()> {
    let mut check = cargo(debian, "check");
    check.args(["-Zbuild-std=std,panic_abort", "--target", target]);
    cmd::run(&mut check)
}

/// Debian's cargo on `throng-compute`, with a target folder of its own.
pub fn cargo(debian: &Debian, verb: &str) -> std::process::Command {
    let mut cargo = debian.command("cargo");
    cargo.args([verb, "--locked", "--release", "--package", "throng-compute"]);
    // For -Zbuild-std, by which the targets' standard libraries are built.
    cargo.env("RUSTC_BOOTSTRAP", "1");
    cargo.env("CARGO_TARGET_DIR", debian.cache().join("target"));
    cargo
}
