//! `throng predict`: what a classifier says of texts.

use std::io::{BufWriter, Write};
use std::path::PathBuf;
use std::time::Instant;

use serde::Serialize;
use serde_json::{Map, Value, json};
use thousands::Separable;
use throng::bert::{Task, TextClassifier};

use crate::args::TextFiles;
use crate::failure::Failure;
use crate::output::FileKind;
use crate::session::Session;
use crate::stop;

/// The start of a line of ours.
const START: &str = "{\"label\":";

/// Predict labels of texts
///
/// Writes a line of JSON for each text, in order: {"label", "probabilities"}, where several labels are a list and a number is
/// the label itself. Probabilities are calibrated by the temperature of the model's folder.
#[derive(clap::Args)]
#[command(
    after_help = "Example:\n  throng predict --model recommends --input new.csv --text \"Review Text\" --out preds.jsonl"
)]
pub struct Args {
    /// A folder that `throng train` wrote, or a BertForSequenceClassification with its tokenizer
    #[arg(long, value_name = "DIR")]
    model: PathBuf,
    #[command(flatten)]
    files: TextFiles,
}

#[derive(Serialize)]
struct Outcome {
    n: usize,
    /// Texts of each label.
    counts: Map<String, Value>,
    seconds: f64,
    out: String,
    device: String,
}

/// Predicts and writes the file.
///
/// # Errors
/// When an argument, the model, the texts or the output is wrong, the device fails, or Ctrl-C is pressed.
pub fn run(args: &Args, session: &Session) -> Result<(), Failure> {
    let files = &args.files;
    let (mut out, mut texts) = files.open(FileKind::Table(START))?;
    let compute = session.compute()?;
    let model = TextClassifier::open(&args.model, &compute)?;
    session.note_unused(model.classifier.unused_tensors());
    let labels = model.classifier.labels();
    let total = files.bytes();
    let progress = session.progress();
    let start = Instant::now();
    let (mut n, mut counts) = (0, vec![0_usize; labels.len()]);
    let mut file = BufWriter::new(out.file());
    while let Some(batch) = texts.next_batch()? {
        stop::check()?;
        let found = model
            .predict(&batch, &mut |_| {
                progress.at("predict", texts.bytes(), total);
                stop::flow()
            })
            .map_err(|error| files.failed(error, n as u64))?;
        for row in found.chunks(labels.len()) {
            writeln!(file, "{}", said(&model, row, &mut counts))
                .map_err(|error| files.out.unwritten(&error))?;
        }
        n += batch.len();
    }
    if n == 0 {
        return Err(files.wrong("has no texts; give at least one"));
    }
    file.flush().map_err(|error| files.out.unwritten(&error))?;
    drop(file);
    drop(progress);
    out.commit()?;
    let counts = labels.iter().zip(&counts);
    let outcome = Outcome {
        n,
        counts: counts
            .map(|(label, &count)| (label.clone(), json!(count)))
            .collect(),
        seconds: start.elapsed().as_secs_f64(),
        out: files.out.path.display().to_string(),
        device: compute.describe().to_owned(),
    };
    session.finish(&outcome, &summary(&outcome))
}

/// A text's line.
fn said(model: &TextClassifier, row: &[f64], counts: &mut [usize]) -> Value {
    let labels = model.classifier.labels();
    let probabilities: Map<String, Value> = labels
        .iter()
        .zip(row)
        .map(|(label, &p)| (label.clone(), json!(p)))
        .collect();
    match model.classifier.task() {
        Task::SingleLabel => {
            let best = (0..row.len()).fold(0, |best, i| if row[i] > row[best] { i } else { best });
            counts[best] += 1;
            json!({"label": labels[best], "probabilities": probabilities})
        }
        Task::MultiLabel => {
            let on: Vec<usize> = (0..row.len()).filter(|&i| row[i] >= 0.5).collect();
            on.iter().for_each(|&label| counts[label] += 1);
            let on: Vec<&String> = on.iter().map(|&label| &labels[label]).collect();
            json!({"label": on, "probabilities": probabilities})
        }
        Task::Regression if row.len() == 1 => json!({"label": row[0]}),
        Task::Regression => json!({"label": probabilities}),
    }
}

fn summary(outcome: &Outcome) -> String {
    let counts: Vec<String> = outcome
        .counts
        .iter()
        .map(|(label, count)| format!("{count} {label}"))
        .collect();
    format!(
        "{} texts ({}): {:.1} s\nwrote {}",
        outcome.n.separate_with_commas(),
        counts.join(", "),
        outcome.seconds,
        outcome.out
    )
}
