//! `throng embed`: a vector a text.

use std::fs::File;
use std::io::{self, BufWriter, Seek, SeekFrom, Write};
use std::path::PathBuf;
use std::time::Instant;

use clap::ValueEnum;
use serde::Serialize;
use thousands::Separable;
use throng::bert::{BertError, Pooling, TextEncoder};

use crate::args::TextFiles;
use crate::failure::Failure;
use crate::npy;
use crate::output::FileKind;
use crate::session::Session;
use crate::stop;

/// Turn texts into vectors with a pretrained BERT
///
/// Writes a float32 matrix [n, d] with a row for each text, in order. The model is a folder of
/// sentence-transformers, or of a Hugging Face BERT with its tokenizer; nothing is fetched. Texts
/// are read, embedded and written some at a time, so there may be more of them than memory holds.
#[derive(clap::Args)]
#[command(
    after_help = "Example:\n  throng embed --model all-MiniLM-L6-v2 --input reviews.csv --column \"Review Text\" --out emb.npy"
)]
pub struct Args {
    /// The model's folder: config.json, model.safetensors (or its parts), tokenizer.json or vocab.txt
    #[arg(long, value_name = "DIR")]
    model: PathBuf,
    #[command(flatten)]
    files: TextFiles,
    /// How a text's token vectors become one (the model's own way when not given, else mean)
    #[arg(long, value_enum)]
    pooling: Option<PoolingName>,
    /// Scale every vector to length 1
    #[arg(long)]
    normalize: bool,
    /// The most tokens of a text, special ones among them; its beginning is kept (the model's own
    /// limit when not given)
    #[arg(long, value_name = "N")]
    max_length: Option<usize>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
#[value(rename_all = "lower")]
enum PoolingName {
    Cls,
    Mean,
    Max,
    MeanSqrt,
    WeightedMean,
    Last,
    Pooler,
}

impl From<PoolingName> for Pooling {
    fn from(name: PoolingName) -> Self {
        match name {
            PoolingName::Cls => Self::Cls,
            PoolingName::Mean => Self::Mean,
            PoolingName::Max => Self::Max,
            PoolingName::MeanSqrt => Self::MeanSqrtLen,
            PoolingName::WeightedMean => Self::WeightedMean,
            PoolingName::Last => Self::Last,
            PoolingName::Pooler => Self::Pooler,
        }
    }
}

#[derive(Serialize)]
struct Outcome {
    n: u64,
    d: usize,
    /// Texts without a word.
    empty: u64,
    /// The embedding alone, without opening the model, reading and writing.
    seconds: f64,
    out: String,
    device: String,
}

/// Embeds the texts and writes the file.
///
/// # Errors
/// When an argument, the model, the texts or the output is wrong, the device fails, or Ctrl-C is pressed.
pub fn run(args: &Args, session: &Session) -> Result<(), Failure> {
    let files = &args.files;
    let (mut out, mut texts) = files.open(FileKind::Npy)?;
    let compute = session.compute()?;
    let encoder = TextEncoder::open(&args.model, &compute)?;
    let encoder = adjusted(args, encoder)?;
    session.note_unused(encoder.encoder().unused_tensors());

    let total = files.bytes();
    let progress = session.progress();
    let mut outcome = Outcome {
        n: 0,
        d: encoder.width(),
        empty: 0,
        seconds: 0.0,
        out: files.out.path.display().to_string(),
        device: compute.describe().to_owned(),
    };
    let mut rows = Rows::begin(out.file(), outcome.d).map_err(|e| files.out.unwritten(&e))?;
    while let Some(batch) = texts.next_batch()? {
        stop::check()?;
        let blank = batch.iter().filter(|text| text.trim().is_empty());
        outcome.empty += blank.count() as u64;
        let start = Instant::now();
        let first = outcome.n;
        let vectors = encoder
            .embed(&batch, &mut |_| {
                progress.at("embed", texts.bytes(), total);
                stop::flow()
            })
            .map_err(|error| files.failed(error, first))?;
        let values = vectors.into_vec()?;
        outcome.seconds += start.elapsed().as_secs_f64();
        rows.add(&values).map_err(|e| files.out.unwritten(&e))?;
        outcome.n += batch.len() as u64;
    }
    if outcome.n == outcome.empty {
        let problem = match outcome.n {
            0 => "has no texts; give at least one",
            _ => "holds empty texts only; name another column or file",
        };
        return Err(files.wrong(problem));
    }
    rows.end(outcome.n).map_err(|e| files.out.unwritten(&e))?;
    stop::check()?;
    out.commit()?;
    session.finish(&outcome, &summary(&outcome))
}

/// The model as the arguments want it.
fn adjusted(args: &Args, mut encoder: TextEncoder) -> Result<TextEncoder, Failure> {
    let of = |option: &'static str| {
        move |error: BertError| Failure::input(format!("{option}: {}", problem(error)))
    };
    if let Some(pooling) = args.pooling {
        encoder = encoder
            .with_pooling(pooling.into())
            .map_err(of("--pooling"))?;
    }
    if let Some(length) = args.max_length {
        encoder = encoder
            .with_max_length(length)
            .map_err(of("--max-length"))?;
    }
    Ok(if args.normalize {
        encoder.normalized()
    } else {
        encoder
    })
}

fn problem(error: BertError) -> String {
    match error {
        BertError::Config(problem) => problem,
        error => error.to_string(),
    }
}

fn summary(outcome: &Outcome) -> String {
    let empty = match outcome.empty {
        0 => String::new(),
        n => format!(", {} of them empty", n.separate_with_commas()),
    };
    format!(
        "{} texts{empty}, vectors of {}: {:.1} s\nwrote {}",
        outcome.n.separate_with_commas(),
        outcome.d,
        outcome.seconds,
        outcome.out
    )
}

/// A .npy file whose number of rows is known at the end.
struct Rows<'a> {
    file: BufWriter<&'a mut File>,
    width: usize,
}

impl<'a> Rows<'a> {
    fn begin(file: &'a mut File, width: usize) -> io::Result<Self> {
        let mut file = BufWriter::new(file);
        file.write_all(&header(0, width)?)?;
        Ok(Self { file, width })
    }

    fn add(&mut self, values: &[f32]) -> io::Result<()> {
        values
            .iter()
            .try_for_each(|value| self.file.write_all(&value.to_le_bytes()))
    }

    fn end(mut self, rows: u64) -> io::Result<()> {
        self.file.seek(SeekFrom::Start(0))?;
        self.file.write_all(&header(rows, self.width)?)?;
        self.file.flush()
    }
}

/// The beginning of a matrix's file. It is filled up to 128 bytes, whatever the number of rows.
fn header(rows: u64, width: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    drop(npy::begin::<f32, _>(&mut bytes, &[rows as usize, width])?);
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_has_one_length() {
        let length = |rows| header(rows, 384).map(|bytes| bytes.len()).ok();
        assert_eq!(length(0), Some(128));
        assert_eq!(length(u64::MAX >> 1), Some(128));
    }
}
