//! `throng distances`: every pair of rows.

use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use clap::ValueEnum;
use serde::Serialize;
use throng::compute::{Compute, PairwiseMetric, pairwise};

use crate::failure::{Failure, at};
use crate::npy::{self, Array};
use crate::output::{FileKind, OutputFile};
use crate::session::Session;
use crate::stop;

/// Values of the result that are held at a time: 64 MiB of them.
const BLOCK: usize = 1 << 24;

/// Compute the distance of every pair of rows
///
/// Writes a float32 matrix [n, m]: the rows of --input against those of --other, or against
/// themselves. The result goes to the file in blocks of rows, so it may be larger than memory.
#[derive(clap::Args)]
#[command(
    after_help = "Example:\n  throng distances --input a.npy --other b.npy --metric cosine --out d.npy"
)]
pub struct Args {
    /// The rows: a .npy matrix [n, d] of float32 or float64
    #[arg(long, value_name = "FILE.npy")]
    input: PathBuf,
    /// The rows to compare with: a .npy matrix [m, d] (--input itself when not given)
    #[arg(long, value_name = "FILE.npy")]
    other: Option<PathBuf>,
    /// The file to write
    #[arg(long, value_name = "FILE.npy")]
    out: PathBuf,
    /// Replace an earlier .npy file
    #[arg(long)]
    force: bool,
    /// The measure; dot is the dot product, where more is nearer
    #[arg(long, value_enum, default_value = "sqeuclidean")]
    metric: Measure,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "lower")]
enum Measure {
    SqEuclidean,
    Euclidean,
    Cosine,
    Dot,
}

impl From<Measure> for PairwiseMetric {
    fn from(measure: Measure) -> Self {
        match measure {
            Measure::SqEuclidean => Self::SqEuclidean,
            Measure::Euclidean => Self::Euclidean,
            Measure::Cosine => Self::Cosine,
            Measure::Dot => Self::Dot,
        }
    }
}

#[derive(Serialize)]
struct Outcome {
    n: usize,
    m: usize,
    d: usize,
    metric: String,
    out: String,
    device: String,
}

/// Computes the distances and writes the file.
///
/// # Errors
/// When an input or the output is wrong, the device fails, or Ctrl-C is pressed.
pub fn run(args: &Args, session: &Session) -> Result<(), Failure> {
    let mut inputs: Vec<&Path> = vec![&args.input];
    inputs.extend(args.other.as_deref());
    let mut out = OutputFile::create(&args.out, args.force, FileKind::Npy, &inputs)?;
    let a = npy::read_matrix(&args.input)?;
    let b = args.other.as_deref().map(npy::read_matrix).transpose()?;
    if let (Some(b), Some(path)) = (&b, &args.other)
        && b.d != a.d
    {
        return Err(at(
            path.display(),
            format!(
                "has {} columns, but {} has {}; give matrices of the same features",
                b.d,
                args.input.display(),
                a.d
            ),
        ));
    }
    stop::check()?;

    let compute = session.compute()?;
    write_blocks(&mut out, args, &a, b.as_ref(), &compute, session)?;
    out.commit()?;

    let outcome = Outcome {
        n: a.n,
        m: b.as_ref().map_or(a.n, |b| b.n),
        d: a.d,
        metric: args
            .metric
            .to_possible_value()
            .map_or_else(String::new, |value| value.get_name().to_owned()),
        out: args.out.display().to_string(),
        device: compute.describe().to_string(),
    };
    let summary = format!(
        "{} of {} x {} rows with {} features: wrote {}",
        outcome.metric, outcome.n, outcome.m, outcome.d, outcome.out
    );
    session.finish(&outcome, &summary)
}

/// Computes blocks of rows and writes each before the next.
fn write_blocks(
    out: &mut OutputFile,
    args: &Args,
    a: &Array,
    b: Option<&Array>,
    compute: &Compute,
    session: &Session,
) -> Result<(), Failure> {
    let other = b.unwrap_or(a);
    let columns = session.upload(compute, args.other.as_ref().unwrap_or(&args.input), other)?;
    // A row is at no distance from itself, whatever rounding says; scikit-learn holds to that, too.
    let zero_diagonal = b.is_none() && args.metric != Measure::Dot;
    let progress = session.progress();
    let failed = |error| Failure::writing(&args.out, &error);

    let mut file = BufWriter::new(out.file());
    let mut array = npy::begin(&mut file, &[a.n, other.n]).map_err(failed)?;
    let rows_per_block = (BLOCK / other.n).max(1);
    for (block, rows) in a.values.chunks(rows_per_block * a.d).enumerate() {
        let first = block * rows_per_block;
        progress.at("distances", first as u64, Some(a.n as u64));
        stop::check()?;
        let count = rows.len() / a.d;
        let rows = compute
            .matrix(rows, count, a.d)
            .map_err(|error| Failure::from(error).of(args.input.display()))?;
        let mut distances = pairwise(&rows, &columns, args.metric.into())?.to_vec()?;
        if zero_diagonal {
            for row in 0..count {
                distances[row * other.n + first + row] = 0.0;
            }
        }
        array.extend(distances).map_err(failed)?;
    }
    array.finish().map_err(failed)?;
    file.flush().map_err(failed)
}
