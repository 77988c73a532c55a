//! The training of a classifier.
//!
//! Our own loop: burn-train's learner installs a panic hook and writes files of its own, and knows neither cached
//! features nor adversarial steps.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::ops::ControlFlow;

use burn::module::Module;
use burn::optim::{GradientsAccumulator, GradientsParams};
use burn::tensor::{Device, Tensor, TensorData};

use super::changed::Changes;
use super::checkpoint::{Progress, State};
use super::optimiser::{HuggingFaceAdamW, Trained, scaled, squares};
use super::order::Order;
use super::{
    BertForSequenceClassification, Checkpoints, Loss, Schedule, SequenceClassifier, Targets, Task,
    Tuning, draws,
};
use crate::batch::{self, Batch};
use crate::{Augment, BertError, TokenSequence};

/// How to train.
#[derive(Clone, Debug, PartialEq)]
pub struct TrainParams {
    /// What is trained.
    pub tuning: Tuning,
    /// What is made small.
    pub loss: Loss,
    /// Times that every sequence is seen.
    pub epochs: usize,
    /// Sequences of a batch.
    pub batch_size: usize,
    /// Batches of an optimiser step, whose gradients are averaged.
    pub accumulation: usize,
    /// The highest learning rate.
    pub learning_rate: f64,
    /// What the rate does after its warm-up.
    pub schedule: Schedule,
    /// The part of all steps in which the rate rises from 0, in [0, 1].
    pub warm_up: f64,
    /// Decoupled weight decay of the matrices: by default 0.01 as of PyTorch's AdamW (transformers' Trainer takes 0).
    pub weight_decay: f32,
    /// The largest norm of all gradients together; larger ones are scaled down to it.
    pub max_grad_norm: f64,
    /// Length of an adversarial change of the word embeddings (the fast gradient method, Miyato et al. 2017,
    /// <https://arxiv.org/abs/1605.07725>): each step then learns from the changed batch too. 0 is none.
    pub adversarial: f64,
    /// What is done to the sequences anew each time that they are seen.
    pub augment: Augment,
    /// The token that hides others, for [`Augment::mask`].
    pub mask_token: Option<u32>,
    /// Whether rows of smaller classes are drawn again until all classes have as many as the largest.
    pub oversample: bool,
    /// Whether every epoch takes the rows in a new order; else in the given one.
    pub shuffle: bool,
    /// Epochs without a better score before training ends early.
    pub patience: Option<usize>,
    /// Seeds order, dropout and low-rank changes.
    pub seed: u64,
}

impl TrainParams {
    /// The defaults: three epochs of batches of 16, AdamW at 2e-5 (1e-3 for a head or LoRA, which start from nothing) with
    /// warm-up over a tenth of the steps.
    #[must_use]
    pub fn new(tuning: Tuning, task: Task) -> Self {
        let learning_rate = match tuning {
            Tuning::Full | Tuning::Last(_) => 2e-5,
            Tuning::Head | Tuning::Lora(_) => 1e-3,
        };
        Self {
            epochs: if tuning == Tuning::Head { 10 } else { 3 },
            tuning,
            loss: Loss::of(task),
            batch_size: 16,
            accumulation: 1,
            learning_rate,
            schedule: Schedule::default(),
            warm_up: 0.1,
            weight_decay: 0.01,
            max_grad_norm: 1.0,
            adversarial: 0.0,
            augment: Augment::default(),
            mask_token: None,
            oversample: false,
            shuffle: true,
            patience: None,
            seed: 0,
        }
    }

    fn check(&self) -> Result<(), BertError> {
        let no = |problem: String| Err(BertError::Config(problem));
        for (name, number) in [
            ("epochs", self.epochs),
            ("batch_size", self.batch_size),
            ("accumulation", self.accumulation),
        ] {
            if number == 0 {
                return no(format!("{name} is 0"));
            }
        }
        for (name, value, is_right) in [
            (
                "learning_rate",
                self.learning_rate,
                self.learning_rate > 0.0,
            ),
            ("warm_up", self.warm_up, (0.0..=1.0).contains(&self.warm_up)),
            (
                "weight_decay",
                f64::from(self.weight_decay),
                self.weight_decay >= 0.0,
            ),
            (
                "max_grad_norm",
                self.max_grad_norm,
                self.max_grad_norm > 0.0,
            ),
            ("adversarial", self.adversarial, self.adversarial >= 0.0),
        ] {
            if !is_right || !value.is_finite() {
                return no(format!("{name} is {value}, which is out of its range"));
            }
        }
        if self.adversarial > 0.0 && self.tuning == Tuning::Head {
            return no("an adversarial step changes the word embeddings, whose effect a head on cached features does not see".to_owned());
        }
        if !self.augment.is_off() && self.tuning == Tuning::Head {
            return no(
                "augment changes sequences, of which a head on cached features sees one form alone"
                    .to_owned(),
            );
        }
        Ok(())
    }
}

/// Sequences with their truth.
#[derive(Clone, Copy, Debug)]
pub struct Examples<'a> {
    /// What the model is given.
    pub sequences: &'a [TokenSequence],
    /// What it should say.
    pub targets: &'a Targets,
}

/// One optimiser step, as a watcher hears of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TrainStep {
    /// Number of this step, from 1.
    pub step: usize,
    /// Number of the last step.
    pub steps: usize,
    /// Number of this epoch, from 1.
    pub epoch: usize,
    /// Mean loss of the step's batches; of a step that was left out it may not be finite.
    pub loss: f64,
    /// Norm of all gradients together, before it was cut.
    pub grad_norm: f64,
    /// The learning rate of this step.
    pub learning_rate: f64,
    /// Whether the step was left out, for a gradient or the loss was not finite: the model stays as it was.
    pub is_skipped: bool,
}

/// An epoch that ended, as a watcher hears of it.
#[derive(Clone, Copy, Debug)]
pub struct TrainEpoch<'a> {
    /// Number of this epoch, from 1.
    pub epoch: usize,
    /// Mean loss of its steps.
    pub loss: f64,
    /// Scores of the validation sequences, `[sequences, labels]`; empty if there are none.
    pub logits: &'a [f32],
    /// Loss on them.
    pub validation_loss: Option<f64>,
}

/// Who hears how training goes, and judges it.
pub trait TrainWatch {
    /// After each step; may stop the training.
    fn step(&mut self, step: &TrainStep) -> ControlFlow<()>;

    /// After each epoch: how good the model is, larger being better. NaN is worse than all. The model of the best epoch, the
    /// first among equals, is kept.
    ///
    /// # Errors
    /// If it cannot be judged: training ends with this error.
    fn epoch(&mut self, epoch: &TrainEpoch<'_>) -> Result<f64, BertError>;

    /// While the body's vectors are computed for [`Tuning::Head`]: how many are done; may stop the training.
    fn encoded(&mut self, _done: usize) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }
}

/// Why training ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Ended {
    /// All epochs were trained.
    Whole,
    /// No better score for so many epochs as `patience` says.
    Early,
    /// The watcher stopped it.
    Stopped,
}

/// What training came to.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct TrainReport {
    /// Optimiser steps.
    pub steps: usize,
    /// Epochs that ended.
    pub epochs: usize,
    /// The epoch whose model was kept, from 1; none if none ended, and the model is that of the last step.
    pub best_epoch: Option<usize>,
    /// Its score.
    pub best_score: Option<f64>,
    /// Steps that were left out, for a gradient or the loss was not finite.
    pub skipped: Vec<usize>,
    /// Numbers that were trained.
    pub trained: usize,
    /// Why it ended.
    pub ended: Ended,
}

/// Steps that may be left out one after another.
const MOST_SKIPPED: usize = 10;

/// What a batch's loss is computed from.
enum Inputs<'a> {
    Tokens(&'a [TokenSequence]),
    /// Vectors of the first tokens.
    First(Box<Tensor<2>>),
}

impl SequenceClassifier {
    /// Trains the model on `train` and keeps what `watch` finds best on `validation`; without validation sequences, what
    /// training ends with. A watcher that stops the training keeps the best so far.
    ///
    /// # Errors
    /// If sequences, targets, settings and model do not fit each other; if ten steps in a row or a validation score are not
    /// finite ([`BertError::LossNotFinite`]); if a checkpoint cannot be written or is of another run; if the device or the watcher
    /// fails. The model is then as it was.
    pub fn train(
        &mut self,
        train: Examples<'_>,
        validation: Option<Examples<'_>>,
        params: &TrainParams,
        checkpoints: Option<&Checkpoints>,
        watch: &mut dyn TrainWatch,
    ) -> Result<TrainReport, BertError> {
        let run = Run::new(self, train, validation, params, checkpoints, watch)?;
        let (model, report) = run.run(watch)?;
        self.model = model;
        Ok(report)
    }

    fn check(&self, examples: Examples<'_>) -> Result<(), BertError> {
        let Examples { sequences, targets } = examples;
        batch::check(sequences, &self.config)?;
        targets.check(self.task, self.labels().len())?;
        if sequences.len() != targets.len() {
            return Err(BertError::Config(format!(
                "{} sequences but {} targets",
                sequences.len(),
                targets.len()
            )));
        }
        Ok(())
    }
}

/// A training that is under way.
struct Run<'a> {
    classifier: SequenceClassifier,
    params: &'a TrainParams,
    order: Order,
    lengths: Vec<usize>,
    inputs: Inputs<'a>,
    changes: Changes,
    targets: &'a Targets,
    validation: Option<(Inputs<'a>, &'a Targets)>,
    checkpoints: Option<&'a Checkpoints>,
    device: Device,
    state: State,
    trained: usize,
    /// Optimiser steps of an epoch.
    groups: usize,
}

impl<'a> Run<'a> {
    fn new(
        classifier: &SequenceClassifier,
        train: Examples<'a>,
        validation: Option<Examples<'a>>,
        params: &'a TrainParams,
        checkpoints: Option<&'a Checkpoints>,
        watch: &mut dyn TrainWatch,
    ) -> Result<Self, BertError> {
        params.check()?;
        let config = &classifier.config;
        params
            .tuning
            .check(config.num_hidden_layers, config.hidden_size)?;
        params
            .loss
            .check(classifier.task, classifier.labels().len())?;
        classifier.check(train)?;
        validation.map_or(Ok(()), |examples| classifier.check(examples))?;
        if train.sequences.is_empty() {
            return Err(BertError::NoData("there is no sequence".to_owned()));
        }

        let device = classifier.device.clone().autodiff();
        let mut done = 0;
        let mut inputs = |examples: Examples<'a>| -> Result<Inputs<'a>, BertError> {
            if params.tuning != Tuning::Head {
                return Ok(Inputs::Tokens(examples.sequences));
            }
            let first =
                classifier.first(examples.sequences, &mut |rows| watch.encoded(done + rows))?;
            done += examples.sequences.len();
            Ok(Inputs::First(Box::new(first)))
        };
        let changes = Changes::new(
            params.augment,
            params.mask_token,
            train.sequences,
            train.targets,
            params.seed,
        )?;
        let order = Order {
            batch_size: params.batch_size,
            shuffle: params.shuffle,
            oversample: params.oversample,
            seed: params.seed,
        };
        let train_inputs = inputs(train)?;
        let validation = match validation {
            Some(examples) => Some((inputs(examples)?, examples.targets)),
            None => None,
        };
        let model = params.tuning.prepare(
            classifier.model.clone().train(),
            config.num_hidden_layers,
            params.seed,
            &device,
        )?;
        let fresh = State {
            model,
            best: None,
            optimiser: HuggingFaceAdamW::init(params.weight_decay),
            progress: Progress {
                of: format!("{config:?}, {params:?}, examples {:016x}", digest(train)),
                ..Progress::default()
            },
        };
        let state = match checkpoints {
            Some(checkpoints) if checkpoints.resume => checkpoints.load(fresh)?,
            _ => fresh,
        };
        Ok(Self {
            trained: Trained::of(&state.model).numbers,
            classifier: classifier.clone(),
            params,
            groups: order.count(train.targets).div_ceil(params.accumulation),
            order,
            lengths: train.sequences.iter().map(|s| s.ids.len()).collect(),
            inputs: train_inputs,
            changes,
            targets: train.targets,
            validation,
            checkpoints,
            device,
            state,
        })
    }

    fn run(
        mut self,
        watch: &mut dyn TrainWatch,
    ) -> Result<(BertForSequenceClassification, TrainReport), BertError> {
        let ended = loop {
            let epoch = self.state.progress.epoch;
            if epoch == self.params.epochs {
                break Ended::Whole;
            }
            if self.is_out_of_patience() {
                break Ended::Early;
            }
            if self.epoch(epoch, watch)?.is_break() {
                break Ended::Stopped;
            }
            self.judge(watch)?;
            self.keep()?;
        };
        let State {
            model,
            best,
            progress,
            ..
        } = self.state;
        // Adapters become part of their matrices.
        let model = best.unwrap_or(model).valid().materialize();
        let report = TrainReport {
            steps: progress.step,
            epochs: progress.epoch,
            best_epoch: progress.best.map(|(epoch, _)| epoch),
            best_score: progress.best.and_then(|(_, score)| score),
            skipped: progress.skipped,
            trained: self.trained,
            ended,
        };
        Ok((model.set_require_grad(true), report))
    }

    fn is_out_of_patience(&self) -> bool {
        let Progress { epoch, best, .. } = &self.state.progress;
        let best = best.map_or(0, |(epoch, _)| epoch);
        self.params
            .patience
            .is_some_and(|patience| epoch - best >= patience && *epoch > 0)
    }

    /// The rest of an epoch's steps.
    fn epoch(
        &mut self,
        epoch: usize,
        watch: &mut dyn TrainWatch,
    ) -> Result<ControlFlow<()>, BertError> {
        let batches = self.order.batches(epoch, &self.lengths, self.targets);
        let first = self.state.progress.group;
        for group in batches.chunks(self.params.accumulation).skip(first) {
            let step = self.step(epoch, group)?;
            let progress = &mut self.state.progress;
            progress.group += 1;
            progress.step += 1;
            if step.is_skipped {
                progress.skipped.push(step.step);
                self.check_skipped(step)?;
            } else {
                progress.loss += step.loss;
            }
            if watch.step(&step).is_break() {
                self.keep()?;
                return Ok(ControlFlow::Break(()));
            }
            let step = self.state.progress.step;
            if self
                .checkpoints
                .is_some_and(|c| step.is_multiple_of(c.every.max(1)))
            {
                self.keep()?;
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    /// One optimiser step.
    fn step(&mut self, epoch: usize, group: &[Vec<usize>]) -> Result<TrainStep, BertError> {
        let step = self.state.progress.step;
        let steps = self.groups * self.params.epochs;
        let warm_up = (self.params.warm_up * steps as f64).ceil() as usize;
        let rate = self.params.schedule.factor(step, warm_up, steps) * self.params.learning_rate;
        // What a step draws depends on the seed and the step alone.
        let seed = (step as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let alone = draws::seeded(&self.device, self.params.seed ^ seed);

        let model = &self.state.model;
        let mut sum = GradientsAccumulator::new();
        let mut losses = Vec::new();
        for (place, rows) in group.iter().enumerate() {
            let batch = step * self.params.accumulation + place;
            let part = Part {
                inputs: self.inputs(rows, batch as u64),
                targets: self.targets.pick(rows),
            };
            losses.push(match self.params.adversarial {
                0.0 => {
                    let (loss, gradients) = self.gradients(model, &part);
                    sum.accumulate(model, gradients);
                    loss
                }
                length => self.adversarial(&mut sum, &part, length),
            });
        }
        drop(alone);
        let gradients = sum.grads();
        let read = losses.len();
        losses.extend(squares(model, &gradients));
        let values = Tensor::cat(losses, 0).try_into_vec_as::<f32>();
        let values = values.map_err(|e| BertError::Device(e.to_string()))?;
        let (losses, square) = values.split_at(read);
        let parts = group.len() as f64;
        let loss = losses.iter().map(|&loss| f64::from(loss)).sum::<f64>() / parts;
        let grad_norm = square.iter().map(|&s| f64::from(s)).sum::<f64>().sqrt() / parts;
        let is_skipped = !loss.is_finite() || !grad_norm.is_finite();
        if !is_skipped {
            let cut = (self.params.max_grad_norm / (grad_norm + 1e-6)).min(1.0);
            let gradients = match cut / parts {
                1.0 => gradients,
                factor => scaled(model, gradients, factor),
            };
            let model = self.state.model.clone();
            self.state.model = self.state.optimiser.step(rate, model, gradients);
        }
        Ok(TrainStep {
            step: step + 1,
            steps,
            epoch: epoch + 1,
            loss,
            grad_norm,
            learning_rate: rate,
            is_skipped,
        })
    }

    /// What the model is given of some rows.
    fn inputs(&self, rows: &[usize], batch: u64) -> Given {
        match &self.inputs {
            Inputs::Tokens(sequences) => {
                let changed = self.changes.of(sequences, rows, batch);
                let length = changed.iter().map(|s| s.ids.len()).max().unwrap_or(0);
                let pad = self.classifier.config.pad_token_id;
                Given::Tokens(Box::new(Batch::new(&changed, length, pad, &self.device)))
            }
            Inputs::First(first) => {
                let places: Vec<i32> = rows.iter().map(|&row| row as i32).collect();
                let places = TensorData::new(places, [rows.len()]);
                let places = Tensor::from_data(places, &first.device());
                Given::First(Box::new(Tensor::from_inner(
                    first.as_ref().clone().select(0, places),
                )))
            }
        }
    }

    /// Adds a batch's gradients and those of the batch with changed word embeddings; returns the loss of the former.
    fn adversarial(
        &self,
        sum: &mut GradientsAccumulator<BertForSequenceClassification>,
        part: &Part,
        length: f64,
    ) -> Tensor<1> {
        let (model, is_trained) = self.state.model.with_word_gradients();
        let words = model.bert.word_embeddings_id();
        let (loss, mut gradients) = self.gradients(&model, part);
        let changed = model.adversary(&gradients, length);
        let (_, mut adversarial) = self.gradients(&changed, part);
        if !is_trained {
            gradients.remove::<2>(words);
            adversarial.remove::<2>(words);
        }
        sum.accumulate(&model, gradients);
        sum.accumulate(&model, adversarial);
        loss
    }

    /// Loss and gradients of a batch.
    fn gradients(
        &self,
        model: &BertForSequenceClassification,
        part: &Part,
    ) -> (Tensor<1>, GradientsParams) {
        let scores = match &part.inputs {
            Given::Tokens(batch) => model.forward(batch),
            Given::First(first) => model.score(first.as_ref().clone()),
        };
        let loss = self.params.loss.forward(scores, &part.targets);
        let gradients = GradientsParams::from_grads(loss.backward(), model);
        (loss.inner(), gradients)
    }

    fn check_skipped(&self, step: TrainStep) -> Result<(), BertError> {
        let skipped = &self.state.progress.skipped;
        let last = skipped.iter().rev().take(MOST_SKIPPED);
        let is_row = last
            .clone()
            .zip(0..)
            .all(|(&at, back)| at + back == step.step);
        if last.count() == MOST_SKIPPED && is_row {
            return Err(self.not_finite(step.step + 1 - MOST_SKIPPED));
        }
        Ok(())
    }

    fn not_finite(&self, step: usize) -> BertError {
        BertError::LossNotFinite {
            step,
            learning_rate: self.params.learning_rate,
        }
    }

    /// Ends the epoch: the model's score, and whether it is the best.
    fn judge(&mut self, watch: &mut dyn TrainWatch) -> Result<(), BertError> {
        let (mut logits, mut loss) = (Vec::new(), None);
        if let Some((inputs, targets)) = &self.validation {
            self.classifier.model = self.state.model.valid();
            let first = match inputs {
                Inputs::Tokens(sequences) => {
                    let go_on = &mut |_| ControlFlow::Continue(());
                    self.classifier.first(sequences, go_on)?
                }
                Inputs::First(first) => first.as_ref().clone(),
            };
            logits = self.classifier.scores(first)?;
            if !logits.iter().all(|score| score.is_finite()) {
                return Err(self.not_finite(self.state.progress.step));
            }
            let labels = self.classifier.labels().len();
            let shape = [targets.len(), labels];
            let scores = Tensor::from_data(
                TensorData::new(logits.clone(), shape),
                &self.classifier.device,
            );
            let value = self
                .params
                .loss
                .forward(scores, targets)
                .try_into_scalar::<f32>();
            loss = Some(f64::from(
                value.map_err(|e| BertError::Device(e.to_string()))?,
            ));
        }
        let progress = &mut self.state.progress;
        let taken = self.groups
            - progress
                .skipped
                .iter()
                .filter(|&&s| s > progress.step - progress.group)
                .count();
        progress.epoch += 1;
        let epoch = TrainEpoch {
            epoch: progress.epoch,
            loss: progress.loss / taken.max(1) as f64,
            logits: &logits,
            validation_loss: loss,
        };
        let score = watch.epoch(&epoch)?;
        (progress.group, progress.loss) = (0, 0.0);
        let is_better = match progress.best {
            _ if self.validation.is_none() => true,
            Some((_, Some(best))) => score > best,
            Some((_, None)) => !score.is_nan(),
            None => true,
        };
        if is_better {
            let score = Some(score).filter(|score| !score.is_nan());
            progress.best = Some((progress.epoch, score));
            self.state.best = Some(self.state.model.clone());
        }
        Ok(())
    }

    fn keep(&self) -> Result<(), BertError> {
        self.checkpoints
            .map_or(Ok(()), |checkpoints| checkpoints.save(&self.state))
    }
}

/// A number that tells examples from others.
fn digest(examples: Examples<'_>) -> u64 {
    let mut hasher = DefaultHasher::new();
    for TokenSequence { ids, segments } in examples.sequences {
        (ids, segments).hash(&mut hasher);
    }
    match examples.targets {
        Targets::Classes(classes) => classes.hash(&mut hasher),
        Targets::Values { values, labels } => {
            labels.hash(&mut hasher);
            values
                .iter()
                .for_each(|value| value.to_bits().hash(&mut hasher));
        }
    }
    hasher.finish()
}

/// A batch, on a device that trains.
enum Given {
    Tokens(Box<Batch>),
    First(Box<Tensor<2>>),
}

/// A batch with its truth.
struct Part {
    inputs: Given,
    targets: Targets,
}
