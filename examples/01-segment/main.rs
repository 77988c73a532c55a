//! The whole road: a log in, judged groups out. `cargo run --release -p throng-examples --example segment [LOG]`
//!
//! Without a log, a small one is generated.

use std::fs::File;
use std::path::{Path, PathBuf};

use throng::demo::Demo;
use throng::events::SequenceUnit;
use throng::prelude::*;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let log = match std::env::args_os().nth(1) {
        Some(path) => PathBuf::from(path),
        None => generated(&std::env::temp_dir().join("throng-example.csv"))?,
    };
    let compute = Compute::auto();
    println!("{}", compute.describe());

    let params = SegmentParams {
        clusters: Clusters::Among(2..=8),
        ..SegmentParams::default()
    };
    let found = segment(&[Source::Path(log)], &params, &compute, &mut Silent)?;

    let users = throng::events::sequences(&found.log, SequenceUnit::User).len();
    println!("{users} users in {} groups", found.clusters.k());
    for cohort in &found.report.cohorts {
        println!("  {:4.1}%  {}", 100.0 * cohort.share, cohort.name);
        for habit in cohort.more.iter().take(3) {
            println!(
                "         more {}: {:.0}% against {:.0}%",
                habit.label,
                100.0 * habit.share,
                100.0 * habit.overall
            );
        }
    }
    for reason in &found.report.selection.reasons {
        println!("{reason}");
    }
    Ok(())
}

fn generated(path: &Path) -> std::io::Result<PathBuf> {
    Demo::generate(300, 1).write_csv(std::io::BufWriter::new(File::create(path)?))?;
    Ok(path.to_owned())
}
