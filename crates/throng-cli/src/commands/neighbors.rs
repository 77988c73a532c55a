//! `throng neighbors`: the items nearest to each query.

use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::ValueEnum;
use serde::Serialize;
use throng::compute::{MOST_NEIGHBORS, NO_NEIGHBOR, NeighborMetric, Neighbors, top_k};

use crate::args::OutDir;
use crate::failure::{Failure, at};
use crate::npy::{self, Array};
use crate::session::Session;
use crate::stop;

/// Find the items nearest to each query
///
/// Writes indices.npy (int64, [q, k]: rows of --items, counted from 0, the nearest first, ties to the lowest)
/// and scores.npy (float32, [q, k]: distances, or dot products). All pairs are compared and none is kept.
/// Where --exclude leaves a query fewer than k items, the rest of its row is -1 and NaN.
#[derive(clap::Args)]
#[command(
    after_help = "Example:\n  throng neighbors --queries users.npy --items products.npy --k 10 --metric cosine --out near"
)]
pub struct Args {
    /// The queries: a .npy matrix [q, d] of float32 or float64
    #[arg(long, value_name = "FILE.npy")]
    queries: PathBuf,
    /// The items: a .npy matrix [m, d]
    #[arg(long, value_name = "FILE.npy")]
    items: PathBuf,
    #[command(flatten)]
    out: OutDir,
    /// Items a query, from 1 to 1,000 and at most m
    #[arg(long, value_name = "N", default_value_t = 10)]
    k: usize,
    /// The measure; dot is the dot product, where more is nearer
    #[arg(long, value_enum, default_value = "dot")]
    metric: Measure,
    /// Pairs that are not wanted: a .npy matrix [p, 2] of a query's row and an item's
    #[arg(long, value_name = "FILE.npy")]
    exclude: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, ValueEnum, Serialize)]
#[value(rename_all = "lower")]
#[serde(rename_all = "lowercase")]
enum Measure {
    Dot,
    Cosine,
    SqEuclidean,
    Euclidean,
}

impl From<Measure> for NeighborMetric {
    fn from(measure: Measure) -> Self {
        match measure {
            Measure::Dot => Self::Dot,
            Measure::Cosine => Self::Cosine,
            Measure::SqEuclidean => Self::SqEuclidean,
            Measure::Euclidean => Self::Euclidean,
        }
    }
}

#[derive(Serialize)]
struct Outcome {
    q: usize,
    m: usize,
    d: usize,
    k: usize,
    metric: Measure,
    /// Queries with fewer than k items left.
    short: usize,
    seconds: f64,
    device: String,
}

/// Finds the neighbours and writes the folder.
///
/// # Errors
/// When an argument, an input or the output is wrong, the device fails, or Ctrl-C is pressed.
pub fn run(args: &Args, session: &Session) -> Result<(), Failure> {
    let out = args.out.create()?;
    let queries = npy::read_matrix(&args.queries)?;
    let items = npy::read_matrix(&args.items)?;
    check(args, &queries, &items)?;
    let exclude = match &args.exclude {
        Some(path) => pairs(path, args, &queries, &items)?,
        None => Vec::new(),
    };
    stop::check()?;

    let (found, seconds, device) = find(args, &queries, &items, &exclude, session)?;
    let missing = |row: &[u32]| row.contains(&NO_NEIGHBOR);
    let outcome = Outcome {
        q: queries.n,
        m: items.n,
        d: queries.d,
        k: args.k,
        metric: args.metric,
        short: found
            .indices
            .chunks(args.k)
            .filter(|row| missing(row))
            .count(),
        seconds,
        device,
    };
    stop::check()?;

    let indices: Vec<i64> = found
        .indices
        .iter()
        .map(|&index| {
            if index == NO_NEIGHBOR {
                -1
            } else {
                index.into()
            }
        })
        .collect();
    npy::write_indices(&out.path().join("indices.npy"), &indices, queries.n, args.k)?;
    npy::write_matrix(
        &out.path().join("scores.npy"),
        &found.scores,
        queries.n,
        args.k,
    )?;
    out.commit("neighbors")?;
    session.finish(&outcome, &summary(&outcome, &args.out.out))
}

/// Refuses matrices that do not fit, and a number of neighbours that the items cannot have.
fn check(args: &Args, queries: &Array, items: &Array) -> Result<(), Failure> {
    if items.d != queries.d {
        return Err(at(
            args.items.display(),
            format!(
                "has {} columns, but {} has {}; give matrices of the same features",
                items.d,
                args.queries.display(),
                queries.d
            ),
        ));
    }
    if args.k == 0 || args.k > items.n.min(MOST_NEIGHBORS) {
        return Err(at(
            format_args!("--k {}", args.k),
            format!(
                "{} has {} rows; give a number from 1 to {}",
                args.items.display(),
                items.n,
                items.n.min(MOST_NEIGHBORS)
            ),
        ));
    }
    Ok(())
}

/// The pairs of a file, which must name rows that are there.
fn pairs(
    path: &Path,
    args: &Args,
    queries: &Array,
    items: &Array,
) -> Result<Vec<(u32, u32)>, Failure> {
    let mut pairs = Vec::new();
    for (row, [query, item]) in npy::read_pairs(path)?.into_iter().enumerate() {
        let checked =
            |what: &str, value: i128, of: &Path, rows: usize| {
                let index = u32::try_from(value).ok();
                index.filter(|&index| (index as usize) < rows).ok_or_else(|| {
                at(
                    path.display(),
                    format!(
                        "row {row}: {what} {value} is not a row of {}, which has {rows}; count \
                         rows from 0",
                        of.display()
                    ),
                )
            })
            };
        pairs.push((
            checked("query", query, &args.queries, queries.n)?,
            checked("item", item, &args.items, items.n)?,
        ));
    }
    Ok(pairs)
}

/// The neighbours, the seconds that the search took, and on what.
fn find(
    args: &Args,
    queries: &Array,
    items: &Array,
    exclude: &[(u32, u32)],
    session: &Session,
) -> Result<(Neighbors, f64, String), Failure> {
    let progress = session.progress();
    let compute = session
        .compute()?
        .watched(move |what: &'static str, done, total| {
            progress.at(what, done, Some(total));
            stop::flow()
        });
    let on_queries = session.upload(&compute, &args.queries, queries)?;
    let on_items = session.upload(&compute, &args.items, items)?;
    let start = Instant::now();
    let found = top_k(&on_queries, &on_items, args.k, args.metric.into(), exclude)?;
    let seconds = start.elapsed().as_secs_f64();
    Ok((found, seconds, compute.describe().to_owned()))
}

fn summary(outcome: &Outcome, out: &Path) -> String {
    let mut lines = vec![format!(
        "the {} nearest of {} items for {} queries, {} features: {:.2} s",
        outcome.k, outcome.m, outcome.q, outcome.d, outcome.seconds
    )];
    if outcome.short > 0 {
        lines.push(format!(
            "{} queries have fewer than {} items left: -1 and NaN stand for the rest",
            outcome.short, outcome.k
        ));
    }
    lines.push(format!(
        "wrote indices.npy and scores.npy to {}",
        out.display()
    ));
    lines.join("\n")
}
