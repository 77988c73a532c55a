//! A second implementation of WGSL: what the tests dispatched, run again by Dawn with its compiler, Tint.

use std::fs;

use anyhow::Result;

use super::debian::Debian;
use super::{hlsl, variants};
use crate::cmd;

/// Runs every kept dispatch.
///
/// # Errors
/// If Dawn refuses a kernel or gives other results, or a kernel was never dispatched.
pub fn run(debian: &Debian) -> Result<()> {
    let shaders = debian.cache().join("wgsl");
    if shaders.exists() {
        fs::remove_dir_all(&shaders)?;
    }
    fs::create_dir_all(&shaders)?;
    let seen = variants::seen(debian)?;
    for kernel in throng_shaders::all() {
        fs::write(
            shaders.join(format!("{}.wgsl", kernel.name)),
            &kernel.source,
        )?;
        for variant in seen.get(&kernel.name).into_iter().flatten() {
            let mut name = kernel.name.clone();
            for number in &variant.shared {
                name += &format!(",{number}");
            }
            let source = throng_shaders::written(&kernel.source, &variant.shared);
            fs::write(shaders.join(format!("{name}.wgsl")), source)?;
        }
    }
    let mut node = debian.timed(900, "node");
    node.arg(cmd::root().join("xtask/src/platforms/dawn.mjs"));
    cmd::run(
        node.arg(hlsl::DAWN.path(debian))
            .arg(shaders)
            .arg(variants::records(debian)),
    )
}
