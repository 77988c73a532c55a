//! `throng evaluate classes`: how good a classifier is.

use std::path::{Path, PathBuf};

use throng::metrics::classes::{Bootstrap, ClassReport, Scores};

use crate::failure::{Failure, at};
use crate::npy::{self, Truth};
use crate::session::{Session, json, pretty_json};
use crate::stop;

/// Judge a classifier by its probabilities and the truth
///
/// Prints JSON with scikit-learn's names. Probabilities are [n] or [n, 1] of the class 1 of two, or [n, k] of every class.
/// Truth is a class from 0 on for each row, or, where rows are of several classes, zeros and ones [n, k].
#[derive(clap::Args)]
#[command(
    after_help = "Example:\n  throng evaluate classes --truth truth.npy --scores probabilities.npy --labels stays,leaves"
)]
pub struct Args {
    /// The true classes: .npy integers [n], or zeros and ones [n, k]
    #[arg(long, value_name = "FILE.npy")]
    truth: PathBuf,
    /// The probabilities: .npy float32 or float64, [n] or [n, k]
    #[arg(long, value_name = "FILE.npy")]
    scores: PathBuf,
    /// The classes' names, in order
    #[arg(long, value_name = "NAME,NAME", value_delimiter = ',')]
    labels: Option<Vec<String>>,
    /// The probability from which on a row is of the class 1 of two, or of each of several classes [default: 0.5]
    #[arg(long, value_name = "P")]
    threshold: Option<f64>,
    /// Weights of the rows: .npy floats [n]
    #[arg(long, value_name = "FILE.npy")]
    weights: Option<PathBuf>,
    /// Draw the rows again this often, for 95% intervals of AUC, average precision and F1
    #[arg(long, value_name = "N")]
    bootstrap: Option<usize>,
}

/// Judges and prints.
///
/// # Errors
/// When an input is wrong, or Ctrl-C is pressed.
pub fn run(args: &Args, session: &Session) -> Result<(), Failure> {
    let truth = npy::read_truth(&args.truth)?;
    let scores = npy::read_scores(&args.scores)?;
    let mut params = ClassReport::params();
    if let Some(names) = &args.labels {
        params = params.names(names);
    }
    if let Some(threshold) = args.threshold {
        params = params.threshold(threshold);
    }
    if let Some(path) = &args.weights {
        let weights = npy::read_weights(path)?;
        check_rows(path, "weights", weights.len(), args, &scores)?;
        params = params.weights(&weights);
    }
    if let Some(resamples) = args.bootstrap {
        params = params.bootstrap(Bootstrap {
            resamples,
            seed: session.seed(),
            ..Bootstrap::default()
        });
    }
    stop::check()?;

    let report = match &truth {
        Truth::Classes(classes) => {
            check_rows(&args.truth, "classes", classes.len(), args, &scores)?;
            params.judge(&numbered(classes, args, &scores)?, &scores)
        }
        Truth::Columns { values, n, k } => {
            check_rows(&args.truth, "rows", *n, args, &scores)?;
            if *k != scores.columns() {
                return Err(at(
                    args.truth.display(),
                    format!(
                        "has {k} columns, but {} has {}; give both one for each class",
                        args.scores.display(),
                        scores.columns()
                    ),
                ));
            }
            params.judge_multilabel(values, &scores)
        }
    };
    let report = report.map_err(|error| Failure::from(error).of(args.scores.display()))?;
    session.print(&if session.json() {
        json(&report)?
    } else {
        pretty_json(&report)?
    })
}

fn check_rows(
    path: &Path,
    what: &str,
    rows: usize,
    args: &Args,
    scores: &Scores,
) -> Result<(), Failure> {
    if rows == scores.rows() {
        return Ok(());
    }
    Err(at(
        path.display(),
        format!(
            "has {rows} {what}, but {} has {} rows; give both the same rows",
            args.scores.display(),
            scores.rows()
        ),
    ))
}

/// Classes as numbers below that of the scores' classes.
fn numbered(classes: &[i64], args: &Args, scores: &Scores) -> Result<Vec<u32>, Failure> {
    let k = scores.classes();
    let number = |(row, &class): (usize, &i64)| {
        let number = u32::try_from(class)
            .ok()
            .filter(|&class| (class as usize) < k);
        number.ok_or_else(|| {
            at(
                args.truth.display(),
                format!(
                    "row {row} is of class {class}, but {} has {k} classes; number the classes from 0 to {}",
                    args.scores.display(),
                    k - 1
                ),
            )
        })
    };
    classes.iter().enumerate().map(number).collect()
}
