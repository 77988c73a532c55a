//! `throng distances`: every pair of rows.

use std::io::{BufWriter, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};

use clap::ValueEnum;
use serde::Serialize;
use throng::compute::{
    BitMatrix, BitMetric, Compute, ComputeError, PairwiseMetric, pairwise, pairwise_bits,
};

use crate::args::OutFile;
use crate::failure::{Failure, at};
use crate::npy::{self, BitArray, Cells};
use crate::output::{FileKind, OutputFile};
use crate::session::Session;
use crate::stop;

/// Values of the result that are held at a time: 64 MiB of them.
const BLOCK: usize = 1 << 24;

/// Compute the distance of every pair of rows
///
/// Writes a float32 matrix [n, m]: the rows of --input against those of --other, or against
/// themselves. The result goes to the file in blocks of rows, so it may be larger than memory.
///
/// hamming and jaccard compare rows of bits: a matrix of bool, or of uint8 packed by
/// numpy.packbits(x, axis=1), eight bits a byte, the first one the highest.
#[derive(clap::Args)]
#[command(
    after_help = "Example:\n  throng distances --input a.npy --other b.npy --metric cosine --out d.npy\n  throng distances --input tags.npy --metric jaccard --out d.npy"
)]
pub struct Args {
    /// The rows: a .npy matrix [n, d] of float32 or float64; of bool or packed uint8 for bits
    #[arg(long, value_name = "FILE.npy")]
    input: PathBuf,
    /// The rows to compare with: a .npy matrix [m, d] (--input itself when not given)
    #[arg(long, value_name = "FILE.npy")]
    other: Option<PathBuf>,
    #[command(flatten)]
    out: OutFile,
    /// The measure; dot is the dot product, where more is nearer
    #[arg(long, value_enum, default_value = "sqeuclidean")]
    metric: Measure,
    /// The bits of a packed row, where it does not fill its last byte (8 a byte when not given)
    #[arg(long, value_name = "N")]
    bits: Option<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "lower")]
enum Measure {
    SqEuclidean,
    Euclidean,
    Cosine,
    Dot,
    Manhattan,
    Chebyshev,
    Hamming,
    Jaccard,
}

/// What a measure compares.
enum Kind {
    Numbers(PairwiseMetric),
    Bits(BitMetric),
}

impl Measure {
    fn kind(self) -> Kind {
        match self {
            Measure::SqEuclidean => Kind::Numbers(PairwiseMetric::SqEuclidean),
            Measure::Euclidean => Kind::Numbers(PairwiseMetric::Euclidean),
            Measure::Cosine => Kind::Numbers(PairwiseMetric::Cosine),
            Measure::Dot => Kind::Numbers(PairwiseMetric::Dot),
            Measure::Manhattan => Kind::Numbers(PairwiseMetric::Manhattan),
            Measure::Chebyshev => Kind::Numbers(PairwiseMetric::Chebyshev),
            Measure::Hamming => Kind::Bits(BitMetric::Hamming),
            Measure::Jaccard => Kind::Bits(BitMetric::Jaccard),
        }
    }

    fn name(self) -> String {
        self.to_possible_value()
            .map_or_else(String::new, |value| value.get_name().to_owned())
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
    let mut out = args.out.create(FileKind::Npy, &inputs)?;
    let outcome = match args.metric.kind() {
        Kind::Numbers(metric) => of_numbers(args, metric, &mut out, session)?,
        Kind::Bits(metric) => of_bits(args, metric, &mut out, session)?,
    };
    out.commit()?;
    let summary = format!(
        "{} of {} x {} rows with {} features: wrote {}",
        outcome.metric, outcome.n, outcome.m, outcome.d, outcome.out
    );
    session.finish(&outcome, &summary)
}

fn of_numbers(
    args: &Args,
    metric: PairwiseMetric,
    out: &mut OutputFile,
    session: &Session,
) -> Result<Outcome, Failure> {
    if args.bits.is_some() {
        return Err(Failure::input(format!(
            "--bits: {} compares numbers; leave it out, or take hamming or jaccard",
            args.metric.name()
        )));
    }
    let a = npy::read_matrix(&args.input)?;
    let b = args.other.as_deref().map(npy::read_matrix).transpose()?;
    let other = b.as_ref().unwrap_or(&a);
    check_columns(args, "columns", a.d, other.d)?;
    stop::check()?;

    let compute = session.compute()?;
    let columns = session.upload(&compute, other_path(args), other)?;
    // A row is at no distance from itself, whatever rounding says; scikit-learn holds to that, too.
    let zero_diagonal = b.is_none() && metric != PairwiseMetric::Dot;
    let outcome = outcome(args, (a.n, other.n, a.d), &compute);
    write_blocks(out, args, &outcome, session, |block| {
        let values = &a.values[block.start * a.d..block.end * a.d];
        let rows = compute
            .matrix(values, block.len(), a.d)
            .map_err(|error| in_input(args, error, block.start))?;
        let mut distances = pairwise(&rows, &columns, metric)?.into_vec()?;
        if zero_diagonal {
            for (row, distances) in block.zip(distances.chunks_exact_mut(other.n)) {
                distances[row] = 0.0;
            }
        }
        Ok(distances)
    })?;
    Ok(outcome)
}

fn of_bits(
    args: &Args,
    metric: BitMetric,
    out: &mut OutputFile,
    session: &Session,
) -> Result<Outcome, Failure> {
    let a = npy::read_bits(&args.input)?;
    let b = args.other.as_deref().map(npy::read_bits).transpose()?;
    let other = b.as_ref().unwrap_or(&a);
    let is_packed = |array: &BitArray| matches!(array.cells, Cells::Packed(_));
    if args.bits.is_some() && !is_packed(&a) && !is_packed(other) {
        return Err(Failure::input(
            "--bits: the input is bool, one bit a column; leave it out",
        ));
    }
    let d = bits_of(&a, &args.input, args.bits)?;
    check_columns(
        args,
        "bits",
        d,
        bits_of(other, other_path(args), args.bits)?,
    )?;
    stop::check()?;

    let compute = session.compute()?;
    let columns = upload_bits(&compute, other, 0..other.n, d)
        .map_err(|error| Failure::from(error).of(other_path(args).display()))?;
    let outcome = outcome(args, (a.n, other.n, d), &compute);
    write_blocks(out, args, &outcome, session, |block| {
        let first = block.start;
        let rows =
            upload_bits(&compute, &a, block, d).map_err(|error| in_input(args, error, first))?;
        Ok(pairwise_bits(&rows, &columns, metric)?.into_vec()?)
    })?;
    Ok(outcome)
}

/// The bits of a row: as many as columns of bool; of bytes as many as said, or eight each.
fn bits_of(array: &BitArray, path: &Path, said: Option<usize>) -> Result<usize, Failure> {
    match (&array.cells, said) {
        (Cells::Bools(_), _) => Ok(array.columns),
        (Cells::Packed(_), None) => Ok(8 * array.columns),
        (Cells::Packed(_), Some(bits)) if bits.div_ceil(8) == array.columns => Ok(bits),
        (Cells::Packed(_), Some(bits)) => Err(Failure::input(format!(
            "--bits: is {bits}, but a row of {} has {} bytes; give {} to {}",
            path.display(),
            array.columns,
            8 * array.columns - 7,
            8 * array.columns
        ))),
    }
}

fn upload_bits(
    compute: &Compute,
    array: &BitArray,
    rows: Range<usize>,
    d: usize,
) -> Result<BitMatrix, ComputeError> {
    let cells = rows.start * array.columns..rows.end * array.columns;
    match &array.cells {
        Cells::Bools(values) => compute.bits(&values[cells], rows.len(), d),
        Cells::Packed(bytes) => compute.packed_bits(&bytes[cells], rows.len(), d),
    }
}

fn other_path(args: &Args) -> &Path {
    args.other.as_deref().unwrap_or(&args.input)
}

fn check_columns(args: &Args, unit: &str, a: usize, b: usize) -> Result<(), Failure> {
    if a == b {
        return Ok(());
    }
    Err(at(
        other_path(args).display(),
        format!(
            "has {b} {unit}, but {} has {a}; give matrices of the same features",
            args.input.display()
        ),
    ))
}

/// An error of a block of --input, whose rows begin at `first`.
fn in_input(args: &Args, mut error: ComputeError, first: usize) -> Failure {
    if let ComputeError::TooLarge { row, .. } | ComputeError::Padding { row, .. } = &mut error {
        *row += first;
    }
    Failure::from(error).of(args.input.display())
}

fn outcome(args: &Args, (n, m, d): (usize, usize, usize), compute: &Compute) -> Outcome {
    Outcome {
        n,
        m,
        d,
        metric: args.metric.name(),
        out: args.out.path.display().to_string(),
        device: compute.describe().to_owned(),
    }
}

/// Computes blocks of rows and writes each before the next.
fn write_blocks(
    out: &mut OutputFile,
    args: &Args,
    &Outcome { n, m, .. }: &Outcome,
    session: &Session,
    distances: impl Fn(Range<usize>) -> Result<Vec<f32>, Failure>,
) -> Result<(), Failure> {
    let progress = session.progress();
    let failed = |error| args.out.unwritten(&error);
    let mut file = BufWriter::new(out.file());
    let mut array = npy::begin(&mut file, &[n, m]).map_err(failed)?;
    let rows = (BLOCK / m).max(1);
    for first in (0..n).step_by(rows) {
        progress.at("distances", first as u64, Some(n as u64));
        stop::check()?;
        let block = first..n.min(first + rows);
        array.extend(distances(block)?).map_err(failed)?;
    }
    array.finish().map_err(failed)?;
    file.flush().map_err(failed)
}
