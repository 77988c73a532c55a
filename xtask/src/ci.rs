//! Everything that must hold before a change is good.

use std::env;
use std::path::Path;

use anyhow::Result;

use crate::steps::Steps;
use crate::tally::LOG;
use crate::{demo, deps, examples, features, files, lint, platforms, readme, real, shaders, test};

/// Runs every check as a step; what needs no build comes first.
///
/// # Errors
/// If a step failed: the first of them.
pub fn run(no_test: bool, allow_missing: bool) -> Result<()> {
    let mut steps = Steps::default();
    steps.run("files", files::run);
    steps.run("dependencies", deps::run);
    steps.run("one build", features::run);
    steps.run("shaders", shaders::run);
    if no_test {
        steps.leave_out("tests", "--no-test");
    } else {
        steps.run("tests", test::run);
    }
    lint::run_as(&mut steps);
    platforms::run_as(&mut steps, allow_missing);
    steps.run("README's commands", readme::run);
    steps.run("demo", || demo::run(1));
    steps.run("examples", examples::run);
    steps.run("generated log", || real::run(None));
    match env::var_os(LOG) {
        Some(folder) => steps.run("real log", || {
            real::run(Some(&Path::new(&folder).join("online_retail.parquet")))
        }),
        None => steps.leave_out("real log", "THRONG_ONLINE_RETAIL names no folder"),
    }
    steps.finish()
}
