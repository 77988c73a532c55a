//! A second implementation of WGSL: what the tests dispatched, run again by Dawn with its compiler, Tint.

use anyhow::Result;

use super::debian::Debian;
use super::{hlsl, variants};
use crate::cmd;

/// Runs every kept dispatch. That there is one of every kernel, `every variant` has seen.
///
/// # Errors
/// If Dawn refuses a kernel or gives other results.
pub fn run(debian: &Debian) -> Result<()> {
    let mut node = debian.timed(900, "node");
    node.arg(cmd::root().join("xtask/src/platforms/dawn.mjs"));
    cmd::run(
        node.arg(hlsl::DAWN.path(debian))
            .arg(variants::records(debian)),
    )
}
