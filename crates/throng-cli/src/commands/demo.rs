//! `throng demo`: the main job on a generated log whose groups are known.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use serde::Serialize;
use throng::SegmentParams;
use throng::demo::{Demo, LOG};
use throng::events::CleanOptions;

use super::segment::Outcome;
use crate::errors::saving;
use crate::failure::Failure;
use crate::output::OutputDir;
use crate::session::Session;
use crate::stop;
use crate::watch::Watch;

/// Generate a shop log with planted cohorts and find them
///
/// Writes the log and what `throng segment` makes of it, and says how well the cohorts were found
/// and where the report is.
#[derive(clap::Args)]
#[command(after_help = "Example:\n  throng demo --users 2000 --out demo")]
pub struct Args {
    /// Users of the generated shop
    #[arg(long, value_name = "N", default_value_t = 2000)]
    users: usize,
    /// The folder to write
    #[arg(long, value_name = "DIR", default_value = "throng-demo")]
    out: PathBuf,
    /// Replace an earlier result of throng
    #[arg(long)]
    force: bool,
}

#[derive(Serialize)]
struct DemoOutcome {
    adjusted_rand_score: f64,
    baseline_adjusted_rand_score: f64,
    planted: usize,
    #[serde(flatten)]
    found: Outcome,
}

/// Generates, segments and judges.
///
/// # Errors
/// When the output is wrong, the work fails, or Ctrl-C is pressed.
pub fn run(args: &Args, session: &Session) -> Result<(), Failure> {
    let start = Instant::now();
    let out = OutputDir::create(&args.out, args.force)?;
    let compute = session.compute()?;
    let params = SegmentParams {
        clean: CleanOptions {
            min_events: 2,
            ..CleanOptions::default()
        },
        seed: session.seed(),
        ..SegmentParams::default()
    };
    let mut watch = Watch::new(session);
    let demo = Demo::generate(args.users, session.seed()).run(
        out.path(),
        &params,
        &compute,
        &mut watch,
    )?;
    drop(watch);
    stop::check()?;
    let found = demo.segmentation;

    found
        .save(out.path())
        .map_err(|error| saving(&args.out, error))?;
    hide_temporary_name(out.path(), &args.out)?;
    out.commit("demo")?;
    let planted = Demo::cohort_names().len();
    let (score, baseline) = (demo.adjusted_rand_score, demo.baseline_adjusted_rand_score);
    let outcome = DemoOutcome {
        adjusted_rand_score: score,
        baseline_adjusted_rand_score: baseline,
        planted,
        found: Outcome::new(&found, &args.out, start.elapsed().as_secs_f64()),
    };
    let summary = format!(
        "{planted} cohorts were planted; the groups agree with them by {score:.3}, those of k-means on plain event \
         counts by {baseline:.3} (adjusted Rand index: 1 is all, 0 is chance)\n{}",
        outcome.found.summary()
    );
    session.finish(&outcome, &summary)
}

/// dropped.csv names the log by the path it was read from, which is temporary.
fn hide_temporary_name(work: &Path, out: &Path) -> Result<(), Failure> {
    let path = work.join("dropped.csv");
    let temporary = work.join(LOG).display().to_string();
    fs::read_to_string(&path)
        .and_then(|text| fs::write(&path, text.replace(&temporary, LOG)))
        .map_err(|error| Failure::writing(&out.join("dropped.csv"), &error))
}
