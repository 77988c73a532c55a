//! The golden files, written again from the peers they come from.

use std::fs;

use anyhow::{Result, bail};

use crate::python::Venv;
use crate::{assets, cmd};

/// Runs every script of tests/golden and shows what changed.
///
/// # Errors
/// If the peers cannot be installed, or a script fails.
pub fn run() -> Result<()> {
    assets::fetch(&[])?;
    let venv = Venv::open()?;
    venv.install("requirements.txt")?;
    venv.install("requirements-classes.txt")?;
    venv.install("requirements-bert.txt")?;
    let entries = fs::read_dir(cmd::root().join("tests/golden"))?;
    let mut scripts: Vec<_> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .collect();
    scripts.retain(|path| path.extension().is_some_and(|end| end == "py"));
    scripts.sort();
    if scripts.is_empty() {
        bail!("tests/golden has no script");
    }
    for script in &scripts {
        cmd::run(&mut venv.script(script))?;
    }
    cmd::run(cmd::program("git").args([
        "--no-pager",
        "diff",
        "--stat",
        "--patch",
        "--",
        "tests/golden",
    ]))?;
    cmd::run(cmd::program("git").args(["status", "--short", "--", "tests/golden"]))
}
