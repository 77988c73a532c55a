//! A classifier trained on labelled texts and judged on others.

use std::ops::ControlFlow;

use throng_bert::{
    BertError, Checkpoints, Ended, Examples, Targets, TextClassifier, TrainEpoch, TrainParams,
    TrainReport, TrainStep, TrainWatch,
};
use throng_metrics::classes::{Bootstrap, Scores, fit_temperature};

use super::{Epoch, Judgement, Score};
use crate::Error;

/// What a watcher hears.
#[derive(Debug, Clone, Copy)]
pub enum News<'a> {
    /// So many of all texts went through the body, whose vectors the head learns from.
    Encoded(usize, usize),
    /// A step.
    Step(&'a TrainStep),
    /// An epoch that ended.
    Epoch(&'a Epoch),
}

/// Hears how training goes, and may stop it.
pub type Watch<'a> = dyn FnMut(News<'_>) -> ControlFlow<()> + 'a;

/// Texts with their truth.
#[derive(Debug, Clone, Copy)]
pub struct TextExamples<'a> {
    /// The texts.
    pub texts: &'a [&'a str],
    /// Their truth.
    pub targets: &'a Targets,
}

/// A trained classifier.
#[derive(Debug)]
pub struct Trained {
    /// The model of the best epoch.
    pub model: TextClassifier,
    /// How training went.
    pub training: TrainReport,
    /// Its epochs.
    pub epochs: Vec<Epoch>,
    /// Its steps; of a training that went on, those since then.
    pub steps: Vec<TrainStep>,
    /// What the model says of the rows held out at a temperature of 1.
    pub plain: Vec<f64>,
    /// What the model says of the rows held out, `[rows, labels]`, calibrated; empty if no epoch ended.
    pub probabilities: Vec<f64>,
    /// Measures of that; none if no epoch ended.
    pub report: Option<Judgement>,
    /// Measures of what it says at a temperature of 1.
    pub uncalibrated: Option<Judgement>,
    /// Texts that were cut, of those to learn from.
    pub cut: usize,
}

/// How a model is to be trained.
#[derive(Debug, Clone, Copy)]
pub struct Plan<'a> {
    /// What epochs are told by.
    pub score: Score,
    /// The training.
    pub params: &'a TrainParams,
    /// Where it keeps what it needs to go on.
    pub checkpoints: Option<&'a Checkpoints>,
}

/// Trains a model, new or trained before, as the plan says, judges every epoch on `validation` and keeps the best. Its
/// probabilities are then calibrated on the same rows by a temperature.
///
/// # Errors
/// As of [`throng_bert::SequenceClassifier::train`]; if the score is none of the model's task.
pub fn train(
    mut model: TextClassifier,
    plan: &Plan<'_>,
    [train, validation]: [TextExamples<'_>; 2],
    watch: &mut Watch<'_>,
) -> Result<Trained, Error> {
    let (score, task) = (plan.score, model.classifier.task());
    if !score.is_of(task) {
        let problem = format!("{} is no score of this task", score.name());
        return Err(BertError::Config(problem).into());
    }
    model.set_temperature(1.0)?;
    let sequences = [model.encode(train.texts)?, model.encode(validation.texts)?];
    let most = model.tokenizer().max_length();
    let cut = sequences[0].iter().filter(|s| s.ids.len() == most).count();
    let mut judge = Judge {
        model: model.clone(),
        targets: validation.targets,
        score: plan.score,
        epochs: Vec::new(),
        steps: Vec::new(),
        logits: Vec::new(),
        total: sequences.iter().map(Vec::len).sum(),
        watch,
    };
    let [learnt, held] = &sequences;
    let examples = |sequences, targets| Examples { sequences, targets };
    let training = model.classifier.train(
        examples(learnt, train.targets),
        Some(examples(held, validation.targets)),
        plan.params,
        plan.checkpoints,
        &mut judge,
    )?;
    let epochs = judge.epochs;
    let best = epochs
        .iter()
        .position(|epoch| Some(epoch.epoch) == training.best_epoch);
    let logits = match (best, training.best_epoch) {
        (Some(place), _) => judge.logits.swap_remove(place),
        // Of an epoch before the training went on.
        (None, Some(_)) => model
            .classifier
            .logits(held, &mut |_| ControlFlow::Continue(()))?,
        (None, None) => Vec::new(),
    };
    let mut trained = Trained {
        training,
        epochs,
        steps: judge.steps,
        plain: Vec::new(),
        probabilities: Vec::new(),
        report: None,
        uncalibrated: None,
        cut,
        model,
    };
    if !logits.is_empty() {
        trained.judge(&logits, validation.targets, plan.params.seed)?;
    }
    Ok(trained)
}

impl Trained {
    fn judge(&mut self, logits: &[f32], targets: &Targets, seed: u64) -> Result<(), Error> {
        let labels = self.model.classifier.labels().to_vec();
        let (task, labels) = (self.model.classifier.task(), &labels);
        self.plain = self.model.probabilities(logits);
        self.uncalibrated = Some(Judgement::of(task, labels, targets, &self.plain, None)?);
        if let Targets::Classes(classes) = targets {
            let scores = Scores::of_f32(logits, labels.len())?;
            // Where the loss falls without end there is none, and scores stay as they are.
            if let Ok(temperature) = fit_temperature(classes, &scores, None) {
                self.model.set_temperature(temperature)?;
            }
        }
        self.probabilities = self.model.probabilities(logits);
        let bootstrap = Bootstrap {
            seed,
            ..Bootstrap::default()
        };
        let report = Judgement::of(task, labels, targets, &self.probabilities, Some(&bootstrap))?;
        self.report = Some(report);
        Ok(())
    }

    /// Whether the watcher stopped the training.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        self.training.ended == Ended::Stopped
    }
}

struct Judge<'a, 'w> {
    /// For its task and labels.
    model: TextClassifier,
    targets: &'a Targets,
    score: Score,
    epochs: Vec<Epoch>,
    steps: Vec<TrainStep>,
    /// Of every epoch.
    logits: Vec<Vec<f32>>,
    total: usize,
    watch: &'a mut Watch<'w>,
}

impl TrainWatch for Judge<'_, '_> {
    fn step(&mut self, step: &TrainStep) -> ControlFlow<()> {
        self.steps.push(*step);
        (self.watch)(News::Step(step))
    }

    fn epoch(&mut self, epoch: &TrainEpoch<'_>) -> Result<f64, BertError> {
        let classifier = &self.model.classifier;
        let (task, labels) = (classifier.task(), classifier.labels());
        let probabilities = self.model.probabilities(epoch.logits);
        let report = Judgement::of(task, labels, self.targets, &probabilities, None)
            .map_err(|error| BertError::Config(error.to_string()))?;
        let validation_loss = epoch.validation_loss.unwrap_or(f64::NAN);
        let score = report.score(self.score, validation_loss);
        let judged = Epoch {
            epoch: epoch.epoch,
            loss: epoch.loss,
            validation_loss,
            score: Some(score).filter(|score| !score.is_nan()),
            report,
        };
        // A stop is heard at the next step.
        let _ = (self.watch)(News::Epoch(&judged));
        self.epochs.push(judged);
        self.logits.push(epoch.logits.to_vec());
        Ok(score)
    }

    fn encoded(&mut self, done: usize) -> ControlFlow<()> {
        (self.watch)(News::Encoded(done, self.total))
    }
}
