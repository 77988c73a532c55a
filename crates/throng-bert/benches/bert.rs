//! Our side of `cargo xtask bench --bert`: prints one JSON object.
//!
//! `bert embed MODEL TEXTS.json` times the vectors of texts, `bert full MODEL TEXTS.json` the steps of fine-tuning, and both
//! tell what they hold; `bert head MODEL` times an epoch on cached features; `bert growth MODEL full|head|lora` tells what
//! steps hold early and late. MODEL is a sentence-transformers folder, and all of these run on the CPU. `bert gpu MODEL TEXTS.json` embeds on the GPU,
//! twice.

use std::error::Error;
use std::fs;
use std::ops::ControlFlow;
use std::path::Path;
use std::time::Instant;

use serde_json::{Value, json};
use throng_bert::{
    BertError, Examples, LoraParams, SequenceClassifier, Targets, Task, TextEncoder, TokenSequence,
    TrainEpoch, TrainParams, TrainStep, TrainWatch, Tuning,
};
use throng_compute::Compute;

/// Tokens of a text, at most, when it is embedded and when it is learnt from.
const TOKENS: usize = 128;
const SHORT: usize = 64;
/// Texts of a step, and steps of fine-tuning, of which the first are not timed.
const BATCH: usize = 16;
const STEPS: usize = 20;
const FIRST: usize = 4;
/// Features of an epoch of a head alone.
const FEATURES: usize = 20_000;
/// Steps after which memory is looked at.
const EARLY: usize = 50;
const LATE: usize = 500;

type Outcome = Result<Value, Box<dyn Error>>;

fn main() -> Result<(), Box<dyn Error>> {
    // Cargo adds a word of its own.
    let arguments: Vec<String> = std::env::args()
        .skip(1)
        .filter(|word| word != "--bench")
        .collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let result = match arguments[..] {
        ["embed", model, texts] => embed(&open(model, &Compute::cpu())?, &read(texts)?),
        ["gpu", model, texts] => first_and_next(&open(model, &Compute::gpu()?)?, &read(texts)?),
        ["full", model, texts] => full(&open(model, &Compute::cpu())?, &read(texts)?),
        ["head", model] => head(&open(model, &Compute::cpu())?),
        ["growth", model, tuning] => growth(&open(model, &Compute::cpu())?, tuning),
        _ => Err("usage: bert embed|gpu|full|head|growth MODEL [TEXTS.json|TUNING]".into()),
    }?;
    println!("{result}");
    Ok(())
}

fn open(model: &str, compute: &Compute) -> Result<TextEncoder, Box<dyn Error>> {
    Ok(TextEncoder::open(Path::new(model), compute)?)
}

fn read(texts: &str) -> Result<Vec<String>, Box<dyn Error>> {
    Ok(serde_json::from_slice(&fs::read(texts)?)?)
}

/// Seconds of the texts' vectors, the vectors' mean magnitude, and what is held beside the model.
fn embed(encoder: &TextEncoder, texts: &[String]) -> Outcome {
    let encoder = encoder.clone().with_max_length(TOKENS)?;
    let go_on = &mut |_| ControlFlow::Continue(());
    let before = forget_peak()?;
    encoder.embed(&texts[..64], go_on)?;
    let start = Instant::now();
    let vectors = encoder.embed(texts, go_on)?;
    let seconds = start.elapsed().as_secs_f64();
    let bytes = status("VmHWM")?.saturating_sub(before);
    let values = vectors.into_vec()?;
    let mean = values.iter().map(|v| f64::from(v.abs())).sum::<f64>() / values.len() as f64;
    Ok(json!({ "seconds": seconds, "value": mean, "bytes": bytes }))
}

/// [`embed`] twice: a GPU's kernels are built and chosen in the first turn.
fn first_and_next(encoder: &TextEncoder, texts: &[String]) -> Outcome {
    let first = embed(encoder, texts)?;
    Ok(json!({ "first": first, "next": embed(encoder, texts)? }))
}

/// Seconds of a step that trains every tensor, the last step's loss, and what the steps hold beside the model.
fn full(encoder: &TextEncoder, texts: &[String]) -> Outcome {
    let encoder = encoder.clone().with_max_length(SHORT)?;
    let sequences = encoder.tokenizer().encode(&texts[..BATCH * STEPS])?;
    let mut watch = Watch::default();
    let before = forget_peak()?;
    train(&encoder, &sequences, Tuning::Full, 1, &mut watch)?;
    let bytes = status("VmHWM")?.saturating_sub(before);
    let last = &watch.steps[FIRST - 1..];
    let seconds = (last[last.len() - 1] - last[0]) / (last.len() - 1) as f64;
    Ok(json!({ "seconds": seconds, "value": watch.loss, "bytes": bytes }))
}

/// Seconds of an epoch of a head on vectors that are already there.
fn head(encoder: &TextEncoder) -> Outcome {
    let mut watch = Watch::default();
    train(encoder, &made_up(FEATURES, 3), Tuning::Head, 3, &mut watch)?;
    let [first, second, third] = watch.epochs[..] else {
        return Err(format!("{} epochs", watch.epochs.len()).into());
    };
    Ok(json!({ "seconds": (second - first).min(third - second) }))
}

/// The peak of memory from the first step to an early one, and from there to a late one.
fn growth(encoder: &TextEncoder, tuning: &str) -> Outcome {
    let mut watch = Watch::default();
    let tuning = match tuning {
        "full" => Tuning::Full,
        "head" => Tuning::Head,
        "lora" => Tuning::Lora(LoraParams::default()),
        _ => return Err(format!("no tuning {tuning}").into()),
    };
    train(encoder, &made_up(BATCH * LATE, 16), tuning, 1, &mut watch)?;
    Ok(json!({ "early": watch.early, "late": status("VmHWM")? }))
}

fn train(
    encoder: &TextEncoder,
    sequences: &[TokenSequence],
    tuning: Tuning,
    epochs: usize,
    watch: &mut Watch,
) -> Result<(), BertError> {
    let mut classifier =
        SequenceClassifier::new(encoder.encoder(), Task::SingleLabel, &["no", "yes"], 0)?;
    let targets = Targets::Classes((0..sequences.len() as u32).map(|i| i % 2).collect());
    let params = TrainParams {
        epochs,
        batch_size: BATCH,
        ..TrainParams::new(tuning, Task::SingleLabel)
    };
    let examples = Examples {
        sequences,
        targets: &targets,
    };
    watch.start = Some(Instant::now());
    classifier.train(examples, None, &params, None, watch)?;
    Ok(())
}

/// Sequences of different tokens.
fn made_up(count: usize, length: usize) -> Vec<TokenSequence> {
    let id = |i: usize, at: usize| (2_000 + (i * 31 + at * 17) % 20_000) as u32;
    (0..count)
        .map(|i| TokenSequence {
            ids: (0..length).map(|at| id(i, at)).collect(),
            segments: vec![0; length],
        })
        .collect()
}

/// When steps and epochs ended, the last loss, and the peak of memory between the first step and an early one.
#[derive(Default)]
struct Watch {
    start: Option<Instant>,
    steps: Vec<f64>,
    epochs: Vec<f64>,
    loss: f64,
    early: u64,
}

impl Watch {
    fn now(&self) -> f64 {
        self.start
            .map_or(0.0, |start| start.elapsed().as_secs_f64())
    }
}

impl TrainWatch for Watch {
    fn step(&mut self, step: &TrainStep) -> ControlFlow<()> {
        self.steps.push(self.now());
        self.loss = step.loss;
        if step.step == EARLY {
            self.early = status("VmHWM").unwrap_or(0);
        }
        // The peak of opening the model would hide all that comes.
        if (step.step == 1 || step.step == EARLY) && forget_peak().is_err() {
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    }

    fn epoch(&mut self, _: &TrainEpoch<'_>) -> Result<f64, BertError> {
        self.epochs.push(self.now());
        Ok(0.0)
    }
}

/// Forgets the peak so far, and returns what is held.
fn forget_peak() -> Result<u64, Box<dyn Error>> {
    // 5 does that: see proc(5).
    fs::write("/proc/self/clear_refs", "5")?;
    status("VmRSS")
}

/// A field of this process in /proc, in bytes.
fn status(field: &str) -> Result<u64, Box<dyn Error>> {
    let text = fs::read_to_string("/proc/self/status")?;
    let line = text.lines().find_map(|line| line.strip_prefix(field));
    let kib = line.and_then(|line| line.strip_prefix(':')?.trim().strip_suffix(" kB"));
    let kib = kib.ok_or_else(|| format!("/proc/self/status has no {field}"))?;
    Ok(1024 * kib.parse::<u64>()?)
}
