//! `throng train`: a classifier of texts.

mod args;
mod events;
mod journal;
mod rows;

use std::time::Instant;

use serde::Serialize;
use serde_json::Value;
use thousands::Separable;
use throng::bert::{Checkpoints, TextClassifier, TextEncoder};
use throng::classify::{
    self, About, Judgement, Labelled, News, Plan, Score, TextExamples, Trained,
};
use throng::events::{ReadOptions, Source};

pub use args::Args;
use journal::Journal;
use rows::Online;

use crate::errors::saving;
use crate::failure::{Failure, at};
use crate::session::{Session, pretty_json};
use crate::stop;

/// Optimiser steps between checkpoints.
const CHECKPOINT_STEPS: usize = 200;

#[derive(Serialize)]
struct Outcome<'a> {
    labels: &'a [String],
    n_train: usize,
    n_validation: usize,
    /// Rows that were left out.
    without_text: usize,
    without_label: usize,
    /// Texts to learn from that are as long as --max-length allows: most of them were cut.
    cut: usize,
    tune: String,
    score: &'static str,
    temperature: f64,
    #[serde(flatten)]
    training: &'a throng::bert::TrainReport,
    /// On the rows held out, calibrated.
    report: &'a Option<Judgement>,
    /// The same before calibration.
    uncalibrated: &'a Option<Judgement>,
    /// Of a classifier that was trained on.
    #[serde(skip_serializing_if = "Option::is_none")]
    online: Option<Online>,
    epochs_judged: &'a [classify::Epoch],
    seconds: f64,
    device: String,
    out: String,
}

/// Trains and writes the folder.
///
/// # Errors
/// When an argument, the data, the model or the output is wrong, training fails, or Ctrl-C is pressed.
pub fn run(args: &Args, session: &Session) -> Result<(), Failure> {
    let start = Instant::now();
    let mut out = args.out.clone();
    out.force |= args.resume;
    let folder = out.create()?;
    let options = ReadOptions::default();
    let (label, columns) = (args.label(), args.columns());
    let task = label.task();
    let early_stop = args.early_stop(task)?;
    let read = |path: &std::path::Path, labels: Option<&[String]>| {
        let source = match path.as_os_str() == "-" {
            true => Source::Stdin,
            false => Source::Path(path.to_owned()),
        };
        Labelled::read(&source, &columns, &label, labels, &options)
            .map_err(|error| Failure::from(error).of(path.display()))
    };
    let compute = session.compute()?;
    let old_model = match &args.rows.replay {
        Some(_) => Some(TextClassifier::open(&args.model, &compute)?),
        None => None,
    };
    let known = old_model.as_ref().map(|model| model.classifier.labels());
    let data = read(&args.data, known)?;
    let labels = Some(data.labels.as_slice());
    let [valid, replay] = [&args.rows.valid, &args.rows.replay].map(Option::as_ref);
    let valid = valid.map(|path| read(path, labels)).transpose()?;
    let replay = replay.map(|path| read(path, labels)).transpose()?;
    let rows = args.rows_of(&data, valid.as_ref(), replay.as_ref(), session.seed())?;
    let [train, validation] = [rows.examples(true), rows.examples(false)];
    let score = early_stop.unwrap_or_else(|| Score::of(task, data.labels.len()));
    session.note(format_args!(
        "{} texts to learn from, {} to judge by, {} labels",
        train.0.len().separate_with_commas(),
        validation.0.len().separate_with_commas(),
        data.labels.len()
    ));

    let most = args.rows.max_length;
    let model = match old_model {
        Some(model) => {
            if model.classifier.task() != task {
                let problem = "it was trained for another --task";
                return Err(at(args.model.display(), problem));
            }
            let most = most.min(model.classifier.config().max_position_embeddings);
            model.with_max_length(most)?
        }
        None => {
            let encoder = TextEncoder::open(&args.model, &compute)?;
            let most = most.min(encoder.encoder().config().max_position_embeddings);
            let encoder = encoder.with_max_length(most)?;
            TextClassifier::on(&encoder, task, &data.labels, session.seed())?
        }
    };
    session.note_unused(model.classifier.unused_tensors());
    let before = rows.judged(&model)?;
    let mask_token = model.tokenizer().token_id("[MASK]");
    let params = args.params(task, &data.labels, &train.1, mask_token, session.seed())?;
    let run = Journal::folder(&args.out.out);
    let unwritten = |error: std::io::Error| Failure::writing(&run, &error);
    let mut journal = Journal::open(&run, args.resume).map_err(unwritten)?;
    let checkpoints = Checkpoints {
        folder: run.join("checkpoint"),
        every: CHECKPOINT_STEPS,
        resume: args.resume,
    };
    let progress = session.progress();
    let mut watch = |news: News<'_>| {
        match news {
            News::Encoded(done, total) => progress.at("encode", done as u64, Some(total as u64)),
            News::Step(step) => {
                let stage = format!("train, loss {:.3}", step.loss);
                progress.at(&stage, step.step as u64, Some(step.steps as u64));
                journal.step(step);
                if step.is_skipped {
                    progress.aside(|| {
                        session.note(format_args!(
                            "step {} was left out: a gradient was not finite; the model is that of the step before",
                            step.step
                        ));
                    });
                }
            }
            News::Epoch(epoch) => {
                journal.epoch(epoch);
                progress.aside(|| session.note(line(epoch, score)));
            }
        }
        match journal.failed {
            Some(_) => std::ops::ControlFlow::Break(()),
            None => stop::flow(),
        }
    };
    let examples = [
        TextExamples {
            texts: &train.0,
            targets: &train.1,
        },
        TextExamples {
            texts: &validation.0,
            targets: &validation.1,
        },
    ];
    let plan = Plan {
        score,
        params: &params,
        checkpoints: Some(&checkpoints),
    };
    let trained = classify::train(model, &plan, examples, &mut watch);
    drop(progress);
    let say_what_is_kept = || {
        session.note(format_args!(
            "{} holds a checkpoint; --resume goes on from there",
            run.display()
        ));
    };
    let trained = match journal.failed.take() {
        Some(error) => Err(unwritten(error)),
        None => trained.map_err(Failure::from),
    };
    let trained = match trained {
        Ok(trained) => trained,
        Err(failure) => {
            // Only a checkpoint is worth keeping.
            match checkpoints.folder.exists() {
                true => say_what_is_kept(),
                false => journal.remove().map_err(unwritten)?,
            }
            return Err(failure);
        }
    };
    if trained.report.is_none() {
        say_what_is_kept();
        return Err(Failure::stopped());
    }

    let outcome = Outcome {
        labels: &data.labels,
        n_train: train.0.len(),
        n_validation: validation.0.len(),
        without_text: data.without_text,
        without_label: data.without_label,
        cut: trained.cut,
        tune: args.tuning.tune.name.clone(),
        score: score.name(),
        temperature: trained.model.temperature(),
        training: &trained.training,
        report: &trained.report,
        uncalibrated: &trained.uncalibrated,
        online: rows.online(before, &trained)?,
        epochs_judged: &trained.epochs,
        seconds: start.elapsed().as_secs_f64(),
        device: compute.describe().to_owned(),
        out: args.out.out.display().to_string(),
    };
    let about = args.about(&outcome, journal.lines().map_err(unwritten)?);
    let page = classify::training_report(&trained, &plan, examples, &about)?;
    let json = pretty_json(&outcome)?;
    let html = throng::report::training::html(&page);
    let write = |name: &str, text: String| std::fs::write(folder.path().join(name), text);
    let written = match trained.model.save(folder.path()) {
        Err(error) => Err(saving(&args.out.out, error.into())),
        Ok(()) => write("report.json", json)
            .and_then(|()| write("report.html", html))
            .and_then(|()| journal.copy(folder.path()))
            .map_err(|error| Failure::writing(&args.out.out, &error)),
    };
    if let Err(failure) = written.and_then(|()| folder.commit("train")) {
        say_what_is_kept();
        return Err(failure);
    }
    if trained.is_stopped() {
        session.note(format_args!(
            "{} holds the best of {} epochs; --resume goes on behind step {}",
            outcome.out, trained.training.epochs, trained.training.steps
        ));
        return Err(Failure::stopped());
    }
    journal.remove().map_err(unwritten)?;
    session.finish(&outcome, &summary(&outcome, &trained))
}

impl Args {
    /// What the page says of this run.
    fn about(&self, outcome: &Outcome<'_>, metrics: Vec<Value>) -> About {
        let path = |path: &std::path::Path| path.display().to_string();
        About {
            sources: [Some(&self.data), self.rows.valid.as_ref()]
                .into_iter()
                .flatten()
                .map(|source| path(source))
                .collect(),
            model: path(&self.model),
            tuning: self.tuning.tune.name.clone(),
            split: match (&self.rows.valid, &self.rows.split_by) {
                (Some(valid), _) => format!("{} is held out", path(valid)),
                (None, Some(column)) => {
                    format!(
                        "about {:.0}% of the groups of {column} are held out",
                        100.0 * self.rows.holdout
                    )
                }
                (None, None) => format!(
                    "about {:.0}% of the texts are held out",
                    100.0 * self.rows.holdout
                ),
            },
            seconds: outcome.seconds,
            device: outcome.device.clone(),
            max_length: self.rows.max_length,
            metrics,
        }
    }
}

/// An epoch in a line.
fn line(epoch: &classify::Epoch, score: Score) -> String {
    let value = match epoch.score {
        Some(value) => format!("{value:.4}"),
        None => "undefined".to_owned(),
    };
    let more = match &epoch.report {
        Judgement::Classes(report) => format!(
            ", f1_score {:.4}, accuracy_score {:.4}",
            report.f1_score, report.accuracy_score
        ),
        Judgement::Numbers(report) => {
            format!(", mean_squared_error {:.4}", report.mean_squared_error)
        }
    };
    format!(
        "epoch {}: loss {:.4}, on rows held out {:.4}, {} {value}{more}",
        epoch.epoch,
        epoch.loss,
        epoch.validation_loss,
        score.name()
    )
}

fn summary(outcome: &Outcome<'_>, trained: &Trained) -> String {
    let report = match &trained.report {
        Some(Judgement::Classes(report)) => format!("{report}\n"),
        Some(Judgement::Numbers(report)) => format!(
            "mean_squared_error {:.4}, mean_absolute_error {:.4}\n",
            report.mean_squared_error, report.mean_absolute_error
        ),
        None => String::new(),
    };
    let online = outcome
        .online
        .as_ref()
        .map_or_else(String::new, Online::lines);
    format!(
        "{report}{online}best epoch {}, {} numbers trained, temperature {:.3}: {:.1} s\nwrote {}",
        trained.training.best_epoch.unwrap_or_default(),
        trained.training.trained.separate_with_commas(),
        outcome.temperature,
        outcome.seconds,
        outcome.out
    )
}
