//! `throng assign`: new users into clusters that were found before.

use std::io::{BufWriter, Write};
use std::path::PathBuf;
use std::time::Instant;

use serde::Serialize;
use throng::{Assigned, Bundle};

use crate::args::{LogArgs, OutFile, check_holds};
use crate::failure::Failure;
use crate::field::field;
use crate::output::{FileKind, OutputFile};
use crate::session::Session;
use crate::stop;
use crate::watch::Watch;

const HEADER: &str = "user,cluster,distance\n";

/// Put the users of a log into the clusters of an earlier run
///
/// Writes a table of user, cluster and distance to its centroid, ordered by user id.
#[derive(clap::Args)]
#[command(
    after_help = "Example:\n  throng assign new.csv --bundle segments/bundle --out assigned.csv"
)]
pub struct Args {
    /// The folder bundle of `throng segment`
    #[arg(long, value_name = "DIR")]
    bundle: PathBuf,
    #[command(flatten)]
    out: OutFile,
    #[command(flatten)]
    log: LogArgs,
}

#[derive(Serialize)]
struct Outcome {
    users: usize,
    k: usize,
    counts: Vec<u64>,
    cohorts: Vec<String>,
    out: String,
    seconds: f64,
    device: String,
}

/// Assigns and writes the table.
///
/// # Errors
/// When an argument, the log, the bundle or the output is wrong, the work fails, or Ctrl-C is
/// pressed.
pub fn run(args: &Args, session: &Session) -> Result<(), Failure> {
    let start = Instant::now();
    check_holds(
        &args.bundle,
        "bundle.json",
        "--bundle",
        "the folder bundle of throng segment",
    )?;
    let inputs = args.log.paths();
    let mut out = args.out.create(FileKind::Table(HEADER), &inputs)?;
    args.log.check()?;
    let compute = session.compute()?;
    let bundle = Bundle::open(&args.bundle, &compute)?;
    let mut watch = Watch::new(session);
    let read = args.log.read(&mut watch)?;
    let assigned = bundle.assign(&read.log, &compute, &mut watch)?;
    drop(watch);
    stop::check()?;

    write(&mut out, &read.log.users, &assigned).map_err(|error| args.out.unwritten(&error))?;
    out.commit()?;
    let mut counts = vec![0; bundle.clusters().k()];
    for &label in &assigned.labels {
        counts[label as usize] += 1;
    }
    let outcome = Outcome {
        users: read.log.users.len(),
        k: counts.len(),
        counts,
        cohorts: bundle.names.clone(),
        out: args.out.path.display().to_string(),
        seconds: start.elapsed().as_secs_f64(),
        device: compute.describe().to_string(),
    };
    session.finish(&outcome, &summary(&outcome))
}

fn write(out: &mut OutputFile, users: &[String], assigned: &Assigned) -> std::io::Result<()> {
    let mut file = BufWriter::new(out.file());
    file.write_all(HEADER.as_bytes())?;
    let rows = users.iter().zip(&assigned.labels).zip(&assigned.distances);
    for ((user, label), distance) in rows {
        writeln!(file, "{},{label},{distance}", field(user))?;
    }
    file.flush()
}

fn summary(outcome: &Outcome) -> String {
    let mut lines = vec![format!(
        "{} users put into {} groups, {:.1} s",
        outcome.users, outcome.k, outcome.seconds
    )];
    for (name, count) in outcome.cohorts.iter().zip(&outcome.counts) {
        lines.push(format!("{count:>8} users  {name}"));
    }
    lines.push(format!("wrote {}", outcome.out));
    lines.join("\n")
}
