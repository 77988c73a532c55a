//! `throng segment`: the main job, from a log to judged clusters.

use std::path::Path;
use std::time::Instant;

use serde::Serialize;
use thousands::Separable;
use throng::{EncoderChoice, SegmentParams, Segmentation, segment};

use crate::args::{Clustering, LogArgs, OutDir, check_holds, encoder};
use crate::errors::saving;
use crate::failure::Failure;
use crate::session::Session;
use crate::stop;
use crate::watch::Watch;

/// Find the groups of users in an event log
///
/// Reads and cleans the log, pretrains a behaviour BERT on it (or takes a model), embeds each
/// user, clusters the embeddings and judges the clusters. Writes report.html, clusters.csv,
/// clusters.json, embeddings.npy, dropped.csv and the folder bundle for `throng assign`.
#[derive(clap::Args)]
#[command(after_help = "Example:\n  throng segment events.csv --out segments --k 2..12")]
pub struct Args {
    #[command(flatten)]
    out: OutDir,
    /// What turns a user's events into numbers: a BERT pretrained on this log, or a model folder
    #[arg(
        long,
        value_name = "behaviour|MODEL_DIR",
        default_value = "behaviour",
        value_parser = encoder
    )]
    encoder: EncoderChoice,
    #[command(flatten)]
    clustering: Clustering,
    #[command(flatten)]
    log: LogArgs,
}

/// A segmentation in figures.
#[derive(Serialize)]
pub struct Outcome {
    users: usize,
    events: usize,
    k: usize,
    counts: Vec<u32>,
    cohorts: Vec<String>,
    silhouette_score: f64,
    reasons: Vec<String>,
    columns: String,
    dropped: serde_json::Map<String, serde_json::Value>,
    report: String,
    out: String,
    seconds: f64,
    device: String,
}

/// Segments the log and writes the folder.
///
/// # Errors
/// When an argument, the log or the output is wrong, the work fails, or Ctrl-C is pressed.
pub fn run(args: &Args, session: &Session) -> Result<(), Failure> {
    let start = Instant::now();
    let (read, clean) = args.log.options()?;
    let params = SegmentParams {
        read,
        clean,
        encoder: args.encoder.clone(),
        clusters: args.clustering.clusters(),
        metric: args.clustering.metric.into(),
        seed: session.seed(),
        ..SegmentParams::default()
    };
    if let EncoderChoice::Folder(folder) = &args.encoder {
        check_holds(
            folder,
            "config.json",
            "--encoder",
            "a model of throng pretrain",
        )?;
    }
    let out = args.out.create()?;
    args.log.check()?;
    let compute = session.compute()?;
    let mut watch = Watch::new(session);
    let found = segment(&args.log.sources(), &params, &compute, &mut watch)?;
    drop(watch);
    stop::check()?;
    found
        .save(out.path())
        .map_err(|error| saving(&args.out.out, error))?;
    out.commit("segment")?;
    let outcome = Outcome::new(&found, &args.out.out, start.elapsed().as_secs_f64());
    session.finish(&outcome, &outcome.summary())
}

impl Outcome {
    /// The figures of a segmentation that was written to `out`.
    pub fn new(found: &Segmentation, out: &Path, seconds: f64) -> Self {
        let summary = &found.report.summary;
        Self {
            users: found.log.users.len(),
            events: found.log.events.len(),
            k: found.clusters.k(),
            counts: found.clusters.counts().to_vec(),
            cohorts: found
                .report
                .cohorts
                .iter()
                .map(|cohort| cohort.name.clone())
                .collect(),
            silhouette_score: summary.silhouette_score,
            reasons: found.report.selection.reasons.clone(),
            columns: summary.columns.clone(),
            dropped: found
                .dropped
                .counts()
                .map(|(reason, count)| (reason.name().to_owned(), count.into()))
                .collect(),
            report: out.join("report.html").display().to_string(),
            out: out.display().to_string(),
            seconds,
            device: summary.device.clone(),
        }
    }

    /// The figures for people.
    pub fn summary(&self) -> String {
        let mut lines = vec![format!(
            "{} users in {} groups, mean silhouette {:.3}, {:.1} s",
            self.users.separate_with_commas(),
            self.k,
            self.silhouette_score,
            self.seconds
        )];
        lines.extend(self.reasons.iter().cloned());
        for (name, count) in self.cohorts.iter().zip(&self.counts) {
            let share = 100.0 * f64::from(*count) / self.users as f64;
            let count = count.separate_with_commas();
            lines.push(format!("{count:>9} users ({share:.0}%)  {name}"));
        }
        lines.push(format!("report: {}", self.report));
        lines.join("\n")
    }
}
