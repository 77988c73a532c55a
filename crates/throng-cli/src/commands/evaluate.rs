//! `throng evaluate`: how good a result is.

mod classes;

use std::path::{Path, PathBuf};

use clap::{Subcommand, ValueEnum};
use serde::Serialize;
use throng::compute::SilhouetteMetric;
use throng::metrics::{
    Balance, adjusted_rand_score, balance, calinski_harabasz_score, davies_bouldin_score, inertia,
    relabel, silhouette_samples,
};

use crate::failure::{Failure, at};
use crate::npy::{self, Array};
use crate::session::{Session, json, pretty_json};
use crate::stop;

/// Judge a result
#[derive(clap::Args)]
#[command(
    after_help = "Example:\n  throng evaluate clusters --input x.npy --labels clusters/labels.npy"
)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    Clusters(Clusters),
    Classes(classes::Args),
}

/// Judge clusters by the rows they hold, and by the truth if it is known
///
/// Prints JSON with scikit-learn's names.
#[derive(clap::Args)]
#[command(
    after_help = "Example:\n  throng evaluate clusters --input x.npy --labels clusters/labels.npy --truth truth.npy"
)]
struct Clusters {
    /// The rows: a .npy matrix [n, d] of float32 or float64
    #[arg(long, value_name = "FILE.npy")]
    input: PathBuf,
    /// Their clusters: .npy integers [n]
    #[arg(long, value_name = "FILE.npy")]
    labels: PathBuf,
    /// Their true groups: .npy integers [n]
    #[arg(long, value_name = "FILE.npy")]
    truth: Option<PathBuf>,
    /// The silhouette's distance; the other measures are Euclidean by definition
    #[arg(long, value_enum, default_value = "euclidean")]
    metric: Distance,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
#[value(rename_all = "lower")]
enum Distance {
    #[value(alias = "sqeuclidean")]
    Euclidean,
    Cosine,
}

#[derive(Serialize)]
struct Judgement {
    n: usize,
    d: usize,
    k: usize,
    metric: &'static str,
    silhouette_score: f64,
    calinski_harabasz_score: f64,
    davies_bouldin_score: f64,
    inertia: f64,
    balance: Balance,
    #[serde(skip_serializing_if = "Option::is_none")]
    adjusted_rand_score: Option<f64>,
    counts: Vec<u32>,
    clusters: Vec<ClusterJudgement>,
    device: String,
}

#[derive(Serialize)]
struct ClusterJudgement {
    label: i64,
    count: u32,
    silhouette: f64,
}

/// Judges and prints.
///
/// # Errors
/// When an input is wrong, the device fails, or Ctrl-C is pressed.
pub fn run(args: &Args, session: &Session) -> Result<(), Failure> {
    let args = match &args.what {
        What::Clusters(args) => args,
        What::Classes(args) => return classes::run(args, session),
    };
    let x = npy::read_matrix(&args.input)?;
    let labels = labels_of(&args.labels, &args.input, &x)?;
    let truth = match &args.truth {
        Some(path) => Some(relabel(&labels_of(path, &args.input, &x)?).0),
        None => None,
    };
    let (labels, classes) = relabel(&labels);
    if classes.len() < 2 || classes.len() >= x.n {
        return Err(at(
            args.labels.display(),
            format!(
                "has {} distinct labels over {} rows; measures need at least 2 and fewer than rows",
                classes.len(),
                x.n
            ),
        ));
    }
    stop::check()?;

    let judgement = judge(args, session, &x, &labels, &classes, truth.as_deref())?;
    session.print(&if session.json() {
        json(&judgement)?
    } else {
        pretty_json(&judgement)?
    })
}

fn labels_of(path: &Path, input: &Path, x: &Array) -> Result<Vec<i64>, Failure> {
    let labels = npy::read_labels(path)?;
    if labels.len() == x.n {
        return Ok(labels);
    }
    Err(at(
        path.display(),
        format!(
            "has {} labels, but {} has {} rows; give one label a row",
            labels.len(),
            input.display(),
            x.n
        ),
    ))
}

fn judge(
    args: &Clusters,
    session: &Session,
    x: &Array,
    labels: &[u32],
    classes: &[i64],
    truth: Option<&[u32]>,
) -> Result<Judgement, Failure> {
    let compute = session.compute()?;
    let matrix = session.upload(&compute, &args.input, x)?;
    let (distance, metric) = match args.metric {
        Distance::Euclidean => (SilhouetteMetric::Euclidean, "euclidean"),
        Distance::Cosine => (SilhouetteMetric::Cosine, "cosine"),
    };
    let silhouettes = silhouette_samples(&matrix, labels, distance)?;
    stop::check()?;

    let (counts, means) = means(x, labels, classes.len());
    let mut sums = vec![0.0; classes.len()];
    for (&label, &silhouette) in labels.iter().zip(&silhouettes) {
        sums[label as usize] += f64::from(silhouette);
    }
    let clusters = classes
        .iter()
        .zip(&counts)
        .zip(&sums)
        .map(|((&label, &count), sum)| ClusterJudgement {
            label,
            count,
            silhouette: sum / f64::from(count),
        })
        .collect();
    Ok(Judgement {
        n: x.n,
        d: x.d,
        k: classes.len(),
        metric,
        silhouette_score: sums.iter().sum::<f64>() / x.n as f64,
        calinski_harabasz_score: calinski_harabasz_score(&matrix, labels)?,
        davies_bouldin_score: davies_bouldin_score(&matrix, labels)?,
        inertia: inertia(&matrix, labels, &means)?,
        balance: balance(&counts),
        adjusted_rand_score: truth
            .map(|truth| adjusted_rand_score(truth, labels))
            .transpose()?,
        counts,
        clusters,
        device: compute.describe().to_string(),
    })
}

/// The size [k] and the mean [k, d] of each cluster.
fn means(x: &Array, labels: &[u32], k: usize) -> (Vec<u32>, Vec<f32>) {
    let mut counts = vec![0u32; k];
    let mut sums = vec![0.0f64; k * x.d];
    for (row, &label) in x.values.chunks_exact(x.d).zip(labels) {
        let label = label as usize;
        counts[label] += 1;
        for (sum, &value) in sums[label * x.d..].iter_mut().zip(row) {
            *sum += f64::from(value);
        }
    }
    let means = sums
        .chunks_exact(x.d)
        .zip(&counts)
        .flat_map(|(sum, &count)| sum.iter().map(move |s| (s / f64::from(count)) as f32))
        .collect();
    (counts, means)
}
