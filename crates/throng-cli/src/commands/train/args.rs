//! What `throng train` is told.

use std::path::PathBuf;
use std::str::FromStr;

use clap::ValueEnum;
use throng::bert::{
    Augment, LoraModule, LoraParams, Loss, Schedule, Targets, Task, TrainParams, Tuning,
};
use throng::classify::{Label, LabelledColumns, Score};

use crate::args::OutDir;
use crate::failure::Failure;

/// Train a classifier of texts on a pretrained BERT
///
/// Writes a model folder that transformers opens too, metrics.jsonl, the same as events for TensorBoard, report.html and
/// report.json. Every epoch is judged on rows held out: those of --valid, else --holdout of the rows, whole groups of --split-by
/// (or of the same text) together. The best epoch is kept. While it runs, OUT.run beside the output holds metrics, events and a
/// checkpoint for --resume.
#[derive(clap::Args)]
#[command(
    after_help = "Example:\n  throng train --data reviews.csv --text \"Review Text\" --label \"Recommended IND\" --model all-MiniLM-L6-v2 --tune head --out recommends"
)]
pub struct Args {
    /// The labelled table: CSV, JSON Lines or Parquet
    #[arg(long, value_name = "FILE")]
    pub data: PathBuf,
    /// Its column of texts
    #[arg(long, value_name = "NAME")]
    pub text: String,
    /// Its column of labels
    #[arg(long, value_name = "NAME")]
    pub label: String,
    /// The body: a Hugging Face BERT or sentence-transformers folder; with --replay a classifier to train on
    #[arg(long, value_name = "DIR")]
    pub model: PathBuf,
    #[command(flatten)]
    pub out: OutDir,
    /// Go on from the checkpoint that an earlier run left in OUT.run
    #[arg(long)]
    pub resume: bool,
    #[command(flatten)]
    pub rows: Rows,
    #[command(flatten)]
    pub tuning: TuningArgs,
    #[command(flatten)]
    pub optimiser: Optimiser,
}

/// What is learnt, and what is judged by.
#[derive(clap::Args)]
#[command(next_help_heading = "Labels and rows")]
pub struct Rows {
    /// What a label's cell holds
    #[arg(long, value_enum, default_value = "class")]
    pub task: TaskName,
    /// What is between several labels of a cell
    #[arg(long, value_name = "TEXT", default_value = "|")]
    pub separator: String,
    /// A table of the same columns to judge by
    #[arg(long, value_name = "FILE", conflicts_with_all = ["split_by", "holdout"])]
    pub valid: Option<PathBuf>,
    /// Hold out whole groups of rows with the same value here, such as a user's
    #[arg(long, value_name = "NAME")]
    pub split_by: Option<String>,
    /// The share of rows to hold out
    #[arg(long, value_name = "SHARE", default_value_t = 0.2)]
    pub holdout: f64,
    /// The most tokens of a text, special ones among them; its beginning is kept
    #[arg(long, value_name = "N", default_value_t = 128)]
    pub max_length: usize,
    /// Train a classifier on: a table of the same columns that it was trained with, of which as many rows as there are new ones
    /// are learnt again, so that what it knew is kept; both tables are judged before and after
    #[arg(long, value_name = "FILE", conflicts_with = "valid")]
    pub replay: Option<PathBuf>,
    /// Draw rows of smaller classes again, until all have as many as the largest
    #[arg(long)]
    pub oversample: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum TaskName {
    /// One class
    Class,
    /// Any number of labels, or none
    Labels,
    /// A number
    Number,
}

/// What is trained, towards what.
#[derive(clap::Args)]
#[command(next_help_heading = "Tuning")]
pub struct TuningArgs {
    /// What is trained: every tensor, the head alone, the last N layers, or low-rank changes of rank R of some matrices of
    /// every layer (lora:8:query,key,output.dense; query and value when none is named)
    #[arg(
        long,
        value_name = "full|head|last:N|lora:R[:NAMES]",
        default_value = "head"
    )]
    pub tune: Tune,
    /// What is made small (cross-entropy for a class, bce for labels, mse for a number when not given)
    #[arg(long, value_enum)]
    pub loss: Option<LossName>,
    /// Weights of the classes: balanced, or one for each in the order of their names
    #[arg(long, value_name = "balanced|W,W")]
    pub class_weights: Option<String>,
    /// The part of the truth that is spread over all classes
    #[arg(long, value_name = "SHARE", default_value_t = 0.0)]
    pub label_smoothing: f32,
    /// Learn from a change of the word embeddings of this length along the gradient too
    #[arg(long, value_name = "EPS", default_value_t = 0.0)]
    pub adversarial: f64,
    /// Change the texts' tokens anew each time that they are seen: truncate and crop with the least share kept, mask with a
    /// share hidden, reorder with the tokens of a window, merge (with another text of the class), repeats (dropped) and
    /// chance with a chance, such as crop=0.7,mask=0.1
    #[arg(long, value_name = "KIND=N,...", value_parser = augment)]
    pub augment: Option<Augment>,
    /// What epochs are told by; end when it was not better for --patience epochs
    #[arg(long, value_name = "METRIC", value_parser = score)]
    pub early_stop: Option<Score>,
    /// Epochs without a better score
    #[arg(long, value_name = "N", default_value_t = 2, requires = "early_stop")]
    pub patience: usize,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum LossName {
    CrossEntropy,
    Bce,
    Mse,
}

/// How it is trained.
#[derive(clap::Args)]
#[command(next_help_heading = "Optimiser (AdamW)")]
pub struct Optimiser {
    /// Times that every row is seen [default: 10 of the head, else 3]
    #[arg(long, value_name = "N")]
    pub epochs: Option<usize>,
    /// Rows of a batch
    #[arg(long, value_name = "N", default_value_t = 16)]
    pub batch: usize,
    /// Batches whose gradients make a step
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub accumulate: usize,
    /// The highest learning rate [default: 1e-3 of head and lora, else 2e-5]
    #[arg(long, value_name = "RATE")]
    pub lr: Option<f64>,
    /// The part of the steps in which the rate rises
    #[arg(long, value_name = "SHARE", default_value_t = 0.1)]
    pub warmup: f64,
    /// What the rate does then
    #[arg(long, value_enum, default_value = "linear")]
    pub schedule: ScheduleName,
    /// Weight decay
    #[arg(long, value_name = "DECAY", default_value_t = 0.01)]
    pub weight_decay: f32,
    /// The largest norm of a step's gradients
    #[arg(long, value_name = "NORM", default_value_t = 1.0)]
    pub max_grad_norm: f64,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum ScheduleName {
    Constant,
    Linear,
    Cosine,
}

/// `full`, `head`, `last:2`, `lora:8` or `lora:8:query,key`.
#[derive(Clone, Debug, PartialEq)]
pub struct Tune {
    /// As it was given.
    pub name: String,
    pub tuning: Tuning,
}

fn module(name: &str) -> Result<LoraModule, String> {
    let found = LoraModule::ALL.iter().find(|(_, known)| *known == name);
    found.map(|(module, _)| *module).ok_or_else(|| {
        let known: Vec<&str> = LoraModule::ALL.iter().map(|(_, name)| *name).collect();
        format!("no matrix is called {name:?}: give {}", known.join(", "))
    })
}

impl FromStr for Tune {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let number = |text: &str| {
            text.parse()
                .map_err(|_| format!("{text:?} is no whole number"))
        };
        let tuning = match text.split_once(':') {
            None if text == "full" => Tuning::Full,
            None if text == "head" => Tuning::Head,
            Some(("last", layers)) => Tuning::Last(number(layers)?),
            Some(("lora", rest)) => {
                let (rank, names) = rest
                    .split_once(':')
                    .map_or((rest, None), |(rank, names)| (rank, Some(names)));
                let rank = number(rank)?;
                Tuning::Lora(LoraParams {
                    rank,
                    alpha: 2.0 * rank as f64,
                    modules: match names {
                        Some(names) => names.split(',').map(module).collect::<Result<_, _>>()?,
                        None => LoraParams::default().modules,
                    },
                })
            }
            _ => return Err("give full, head, last:N or lora:R".to_owned()),
        };
        Ok(Self {
            name: text.to_owned(),
            tuning,
        })
    }
}

fn augment(text: &str) -> Result<Augment, String> {
    let mut augment = Augment::default();
    for part in text.split(',') {
        let wrong = || format!("{part:?} is not of the form crop=0.7");
        let (kind, value) = part.split_once('=').ok_or_else(wrong)?;
        let number: f64 = value.trim().parse().map_err(|_| wrong())?;
        match kind.trim() {
            "chance" => augment.chance = number,
            "merge" => augment.merge = number,
            "repeats" => augment.repeats = number,
            "truncate" => augment.truncate = number,
            "crop" => augment.crop = number,
            "mask" => augment.mask = number,
            "reorder" if number >= 0.0 && number.fract() == 0.0 => {
                augment.reorder = number as usize
            }
            kind => {
                return Err(format!(
                    "{kind:?} with {value}: give truncate, crop, mask, reorder, merge, repeats or chance"
                ));
            }
        }
    }
    augment.check().map(|()| augment)
}

fn score(name: &str) -> Result<Score, String> {
    let known = Score::ALL.into_iter().find(|(_, known)| *known == name);
    let score = known.map(|(score, _)| score);
    score.ok_or_else(|| format!("give one of {}", names_of(|_| true)))
}

/// The names of some scores.
fn names_of(is: impl Fn(Score) -> bool) -> String {
    let known = Score::ALL.into_iter().filter(|(score, _)| is(*score));
    let names: Vec<&str> = known.map(|(_, name)| name).collect();
    names.join(", ")
}

impl Args {
    pub fn columns(&self) -> LabelledColumns {
        LabelledColumns {
            text: self.text.clone(),
            label: self.label.clone(),
            group: self.rows.split_by.clone(),
        }
    }

    pub fn label(&self) -> Label {
        match self.rows.task {
            TaskName::Class => Label::Class,
            TaskName::Labels => Label::Several(self.rows.separator.clone()),
            TaskName::Number => Label::Number,
        }
    }

    /// What epochs are told by, if that was said.
    ///
    /// # Errors
    /// If it is no score of the task.
    pub fn early_stop(&self, task: Task) -> Result<Option<Score>, Failure> {
        match self.tuning.early_stop {
            Some(score) if !score.is_of(task) => Err(Failure::input(format!(
                "--early-stop: {} is no score of this task; give one of {}",
                score.name(),
                names_of(|score| score.is_of(task))
            ))),
            score => Ok(score),
        }
    }

    /// The training that these arguments ask for.
    ///
    /// # Errors
    /// If class weights are none of these labels.
    pub fn params(
        &self,
        task: Task,
        labels: &[String],
        train: &Targets,
        mask_token: Option<u32>,
        seed: u64,
    ) -> Result<TrainParams, Failure> {
        let (tuning, optimiser) = (&self.tuning, &self.optimiser);
        let weights = self.class_weights(labels, train)?;
        let loss = match tuning.loss {
            None if weights.is_some() || tuning.label_smoothing > 0.0 => {
                Some(LossName::CrossEntropy)
            }
            loss => loss,
        };
        let usual = TrainParams::new(tuning.tune.tuning.clone(), task);
        Ok(TrainParams {
            loss: match loss {
                None => Loss::of(task),
                Some(LossName::CrossEntropy) => Loss::CrossEntropy {
                    class_weights: weights,
                    label_smoothing: tuning.label_smoothing,
                },
                Some(LossName::Bce) => Loss::BinaryCrossEntropy,
                Some(LossName::Mse) => Loss::MeanSquaredError,
            },
            epochs: optimiser.epochs.unwrap_or(usual.epochs),
            batch_size: optimiser.batch,
            accumulation: optimiser.accumulate,
            learning_rate: optimiser.lr.unwrap_or(usual.learning_rate),
            schedule: match optimiser.schedule {
                ScheduleName::Constant => Schedule::Constant,
                ScheduleName::Linear => Schedule::Linear,
                ScheduleName::Cosine => Schedule::Cosine,
            },
            warm_up: optimiser.warmup,
            weight_decay: optimiser.weight_decay,
            max_grad_norm: optimiser.max_grad_norm,
            adversarial: tuning.adversarial,
            augment: tuning.augment.unwrap_or_default(),
            mask_token,
            oversample: self.rows.oversample,
            patience: tuning.early_stop.map(|_| tuning.patience),
            seed,
            ..usual
        })
    }

    fn class_weights(
        &self,
        labels: &[String],
        train: &Targets,
    ) -> Result<Option<Vec<f32>>, Failure> {
        let refuse = |problem: String| Err(Failure::input(format!("--class-weights: {problem}")));
        let Some(text) = &self.tuning.class_weights else {
            return Ok(None);
        };
        let Targets::Classes(classes) = train else {
            return refuse("only classes have weights".to_owned());
        };
        if text != "balanced" {
            let weights: Result<Vec<f32>, _> = text.split(',').map(|w| w.trim().parse()).collect();
            return match weights {
                Ok(weights) => Ok(Some(weights)),
                Err(_) => refuse(format!("{text:?} is neither balanced nor numbers")),
            };
        }
        // As scikit-learn: rows over classes times rows of the class.
        let mut counts = vec![0_usize; labels.len()];
        for &class in classes {
            counts[class as usize] += 1;
        }
        let share = classes.len() as f32 / labels.len() as f32;
        match counts.iter().position(|&count| count == 0) {
            Some(class) => refuse(format!("no row to learn from is {:?}", labels[class])),
            None => Ok(Some(
                counts.iter().map(|&count| share / count as f32).collect(),
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_four_ways_to_tune() {
        let tune = |text: &str| text.parse::<Tune>().map(|tune| tune.tuning);
        assert_eq!(tune("full"), Ok(Tuning::Full));
        assert_eq!(tune("head"), Ok(Tuning::Head));
        assert_eq!(tune("last:2"), Ok(Tuning::Last(2)));
        let Ok(Tuning::Lora(lora)) = tune("lora:4") else {
            panic!("no LoRA");
        };
        assert_eq!((lora.rank, lora.alpha), (4, 8.0));
        let Ok(Tuning::Lora(lora)) = tune("lora:2:key,output.dense") else {
            panic!("no LoRA");
        };
        assert_eq!(lora.modules, [LoraModule::Key, LoraModule::Output]);
        for wrong in [
            "last",
            "lora:x",
            "lora:2:",
            "lora:2:keys",
            "head:1",
            "",
            "all",
        ] {
            assert!(tune(wrong).is_err(), "{wrong}");
        }
    }
}
