//! The report of a training, for people.

use std::collections::BTreeMap;

use serde_json::Value;
use throng_bert::{Targets, Task, TrainParams, TrainStep};
use throng_metrics::classes::{
    BinStrategy, ClassReport, Figures, PrecisionRecallCurve, RocCurve, calibration_curve,
    precision_recall_curve, roc_curve,
};
use throng_report::training as page;

use super::{Judgement, Plan, TextExamples, Trained};
use crate::Error;

/// Points of a curve, rows of a scatter, steps of a loss.
const MOST_POINTS: usize = 400;

/// Bins of the calibration curve.
const BINS: usize = 10;

/// Mistakes that are shown.
const MOST_MISTAKES: usize = 20;

/// Curves that are shown.
const MOST_CURVES: usize = 12;

/// What a page says beside the figures.
#[derive(Debug, Clone)]
pub struct About {
    /// Where the texts come from.
    pub sources: Vec<String>,
    /// The body.
    pub model: String,
    /// What is trained, such as `lora:8`.
    pub tuning: String,
    /// How rows were held out.
    pub split: String,
    /// Seconds in all.
    pub seconds: f64,
    /// The device.
    pub device: String,
    /// The most tokens of a text.
    pub max_length: usize,
    /// Lines of `metrics.jsonl`: of a training that went on they tell of the steps and epochs before.
    pub metrics: Vec<Value>,
}

/// The page of a training: [`page::html`] and [`page::json`] write it.
///
/// # Errors
/// If a measure cannot be taken.
pub fn training_report(
    trained: &Trained,
    plan: &Plan<'_>,
    [train, validation]: [TextExamples<'_>; 2],
    about: &About,
) -> Result<page::TrainingReport, Error> {
    let params = plan.params;
    let (task, labels) = (
        trained.model.classifier.task(),
        trained.model.classifier.labels(),
    );
    let mut report = page::TrainingReport {
        title: "A classifier of texts".to_owned(),
        task: match task {
            Task::SingleLabel if labels.len() == 2 => page::Task::Binary,
            Task::SingleLabel => page::Task::Multiclass,
            Task::MultiLabel => page::Task::Multilabel,
            Task::Regression => page::Task::Regression,
        },
        summary: summary(trained, params, [train, validation], about),
        steps: steps(&trained.steps, &about.metrics),
        epochs: epochs(trained, plan, &about.metrics),
        best: trained.training.best_epoch.map(|epoch| page::Best {
            epoch: epoch as u64,
            measure: measure_name(plan).to_owned(),
            value: trained.training.best_score.map(|score| score * sign(plan)),
        }),
        cautions: page::Cautions {
            skipped_steps: trained.training.skipped.len() as u64,
            truncated: Some(page::Truncated {
                count: trained.cut as u64,
                of: train.texts.len() as u64,
                max_length: about.max_length as u64,
            })
            .filter(|cut| cut.count > 0),
        },
        ..page::TrainingReport::default()
    };
    if task != Task::Regression {
        let held = Held::new(validation.targets, labels.len(), &trained.probabilities);
        let learnt = Held::new(train.targets, labels.len(), &[]);
        let classes = labels.iter().enumerate();
        report.classes = classes
            .map(|(label, name)| page::Class {
                name: name.clone(),
                training: learnt.count(label),
                held_out: held.count(label),
            })
            .collect();
        report.curves = held.curves(labels)?;
        report.mistakes = held.mistakes(labels, validation.texts, task);
        report.calibration = held.calibration(labels, trained)?;
    }
    match &trained.report {
        Some(Judgement::Classes(classes)) => classes_of(classes, &mut report),
        Some(Judgement::Numbers(numbers)) => {
            for (name, value) in [
                ("mean_squared_error", Some(numbers.mean_squared_error)),
                ("mean_absolute_error", Some(numbers.mean_absolute_error)),
                ("r2_score", numbers.r2_score),
            ] {
                report.measures.insert(name.to_owned(), measure(value));
            }
            if let Targets::Values { values, .. } = validation.targets {
                let every = values.len().div_ceil(MOST_POINTS).max(1);
                let truth = values.iter().map(|&value| f64::from(value));
                report.regression = Some(page::Regression {
                    truth: truth.step_by(every).collect(),
                    predicted: trained
                        .probabilities
                        .iter()
                        .copied()
                        .step_by(every)
                        .collect(),
                    shown_of: values.len() as u64,
                });
            }
        }
        None => {}
    }
    Ok(report)
}

fn summary(
    trained: &Trained,
    params: &TrainParams,
    [train, validation]: [TextExamples<'_>; 2],
    about: &About,
) -> page::Summary {
    let setting = |name: &str, value: String| page::Setting {
        name: name.to_owned(),
        value,
    };
    page::Summary {
        sources: about.sources.clone(),
        model: about.model.clone(),
        tuning: about.tuning.clone(),
        trained_parameters: Some(trained.training.trained as u64),
        training_texts: train.texts.len() as u64,
        held_out_texts: validation.texts.len() as u64,
        split: about.split.clone(),
        epochs: trained.training.epochs as u64,
        planned_epochs: params.epochs as u64,
        steps: trained.training.steps as u64,
        seconds: about.seconds,
        device: about.device.clone(),
        stopped: match trained.training.ended {
            throng_bert::Ended::Whole => None,
            throng_bert::Ended::Early => Some("The score had stopped getting better.".to_owned()),
            throng_bert::Ended::Stopped => Some("It was stopped by hand.".to_owned()),
        },
        settings: vec![
            setting("learning rate", params.learning_rate.to_string()),
            setting(
                "batch",
                (params.batch_size * params.accumulation).to_string(),
            ),
            setting("weight decay", params.weight_decay.to_string()),
            setting("warm-up", params.warm_up.to_string()),
            setting("seed", params.seed.to_string()),
            setting("most tokens", about.max_length.to_string()),
        ],
        ..page::Summary::default()
    }
}

/// Every so-manieth step, those before this part of the training among them.
fn steps(own: &[TrainStep], metrics: &[Value]) -> Vec<page::Step> {
    let first = own.first().map_or(u64::MAX, |step| step.step as u64);
    let before = metrics.iter().filter_map(|line| {
        Some(page::Step {
            step: line["step"].as_u64().filter(|&step| step < first)?,
            // None where the step was left out.
            loss: line["loss"].as_f64()?,
            learning_rate: line["learning_rate"].as_f64()?,
        })
    });
    let own = own.iter().filter(|step| !step.is_skipped);
    let steps: Vec<page::Step> = before
        .chain(own.map(|step| page::Step {
            step: step.step as u64,
            loss: step.loss,
            learning_rate: step.learning_rate,
        }))
        .collect();
    let every = steps.len().div_ceil(5 * MOST_POINTS).max(1);
    steps.into_iter().step_by(every).collect()
}

fn measure_name(plan: &Plan<'_>) -> &'static str {
    match plan.score {
        super::Score::Loss => "validation_loss",
        score => score.name(),
    }
}

/// Scores of losses are their negatives.
fn sign(plan: &Plan<'_>) -> f64 {
    if plan.score.is_loss() { -1.0 } else { 1.0 }
}

fn epochs(trained: &Trained, plan: &Plan<'_>, metrics: &[Value]) -> Vec<page::Epoch> {
    let steps = trained.training.steps / trained.training.epochs.max(1);
    let first = trained.epochs.first();
    let first = first.map_or(u64::MAX, |epoch| epoch.epoch as u64);
    let before = metrics.iter().filter_map(|line| {
        let epoch = line["epoch"].as_u64().filter(|&epoch| epoch < first)?;
        let report = line.get("report")?;
        let mut measures = BTreeMap::new();
        for name in ["f1_score", "roc_auc_score", "r2_score"] {
            if let Some(value) = report.get(name) {
                measures.insert(name.to_owned(), value.as_f64());
            }
        }
        if plan.score != super::Score::Loss {
            let score = line["score"].as_f64().map(|score| score * sign(plan));
            measures.insert(plan.score.name().to_owned(), score);
        }
        Some(page::Epoch {
            epoch,
            step: epoch * steps as u64,
            loss: line["loss"].as_f64()?,
            validation_loss: line["validation_loss"].as_f64(),
            measures,
        })
    });
    let epoch = |epoch: &super::Epoch| {
        let mut measures = BTreeMap::new();
        match &epoch.report {
            Judgement::Classes(report) => {
                measures.insert("f1_score".to_owned(), Some(report.f1_score));
                measures.insert("roc_auc_score".to_owned(), report.roc_auc_score);
            }
            Judgement::Numbers(report) => {
                measures.insert("r2_score".to_owned(), report.r2_score);
            }
        }
        if plan.score != super::Score::Loss {
            let score = epoch.score.map(|score| score * sign(plan));
            measures.insert(plan.score.name().to_owned(), score);
        }
        page::Epoch {
            epoch: epoch.epoch as u64,
            step: (epoch.epoch * steps) as u64,
            loss: epoch.loss,
            validation_loss: Some(epoch.validation_loss),
            measures,
        }
    };
    before.chain(trained.epochs.iter().map(epoch)).collect()
}

fn measure(value: Option<f64>) -> page::Measure {
    page::Measure {
        value,
        ..page::Measure::default()
    }
}

fn classes_of(found: &ClassReport, report: &mut page::TrainingReport) {
    let interval = |of: Option<throng_metrics::classes::Interval>| {
        of.map(|found| page::Interval {
            low: found.low,
            high: found.high,
        })
    };
    let intervals = found.intervals.as_ref();
    for (name, value, range) in [
        ("accuracy_score", Some(found.accuracy_score), None),
        (
            "balanced_accuracy_score",
            found.balanced_accuracy_score,
            None,
        ),
        (
            "f1_score",
            Some(found.f1_score),
            intervals.and_then(|i| i.f1_score),
        ),
        (
            "roc_auc_score",
            found.roc_auc_score,
            intervals.and_then(|i| i.roc_auc_score),
        ),
        (
            "average_precision_score",
            found.average_precision_score,
            intervals.and_then(|i| i.average_precision_score),
        ),
        ("log_loss", found.log_loss, None),
        ("brier_score_loss", found.brier_score_loss, None),
    ] {
        if value.is_some() || name == "roc_auc_score" {
            let measure = page::Measure {
                value,
                interval: interval(range),
                ..page::Measure::default()
            };
            report.measures.insert(name.to_owned(), measure);
        }
    }
    let held: u64 = report.classes.iter().map(|class| class.held_out).sum();
    let largest = report.classes.iter().map(|class| class.held_out).max();
    if let (Some(largest), Some(accuracy), true) = (
        largest,
        report.measures.get_mut("accuracy_score"),
        found.confusion_matrix.is_some(),
    ) {
        accuracy.baseline = Some(largest as f64 / held.max(1) as f64);
    }
    let table = &found.classification_report;
    let figures = |name: &str, figures: &Figures, is_predicted: bool| {
        // Without predictions precision is 0 / 0, and without rows recall is.
        let has_rows = figures.support > 0.0;
        page::Figures {
            name: name.to_owned(),
            precision: Some(figures.precision).filter(|_| is_predicted),
            recall: Some(figures.recall).filter(|_| has_rows),
            f1_score: Some(figures.f1_score).filter(|_| is_predicted || has_rows),
            support: figures.support as u64,
        }
    };
    let is_predicted = |class: usize| {
        let matrix = found.confusion_matrix.as_ref();
        matrix.is_none_or(|matrix| matrix.rows().any(|row| row[class] > 0.0))
    };
    let rows = table.classes.iter().enumerate();
    let averages = [
        ("micro avg", table.micro_avg.as_ref()),
        ("macro avg", Some(&table.macro_avg)),
        ("weighted avg", Some(&table.weighted_avg)),
        ("samples avg", table.samples_avg.as_ref()),
    ];
    report.classification_report = Some(page::ClassificationReport {
        classes: rows
            .map(|(class, (name, row))| figures(name, row, is_predicted(class)))
            .collect(),
        averages: averages
            .into_iter()
            .filter_map(|(name, row)| Some(figures(name, row?, true)))
            .collect(),
    });
    if let Some(matrix) = &found.confusion_matrix {
        let whole = |row: &[f64]| row.iter().map(|&count| count as u64).collect();
        report.confusion_matrix = matrix.rows().map(whole).collect();
    }
}

/// Rows held out, and what was said of them.
struct Held<'a> {
    /// Of each row, the labels that it has.
    truth: Vec<Vec<usize>>,
    labels: usize,
    probabilities: &'a [f64],
}

impl<'a> Held<'a> {
    fn new(targets: &Targets, labels: usize, probabilities: &'a [f64]) -> Self {
        let truth = match targets {
            Targets::Classes(classes) => {
                classes.iter().map(|&class| vec![class as usize]).collect()
            }
            Targets::Values { values, .. } => values
                .chunks(labels)
                .map(|row| (0..labels).filter(|&label| row[label] == 1.0).collect())
                .collect(),
        };
        Self {
            truth,
            labels,
            probabilities,
        }
    }

    fn count(&self, label: usize) -> u64 {
        self.truth.iter().filter(|row| row.contains(&label)).count() as u64
    }

    /// Whether each row has a label, and its probability.
    fn column(&self, label: usize) -> (Vec<bool>, Vec<f64>) {
        let truth = self.truth.iter().map(|row| row.contains(&label)).collect();
        let rows = self.probabilities.chunks(self.labels);
        (truth, rows.map(|row| row[label]).collect())
    }

    fn curves(&self, labels: &[String]) -> Result<Vec<page::Curves>, Error> {
        if self.probabilities.is_empty() {
            return Ok(Vec::new());
        }
        let first = if labels.len() == 2 && self.truth.iter().all(|row| row.len() == 1) {
            1
        } else {
            0
        };
        let mut curves = Vec::new();
        for (label, name) in labels.iter().enumerate().skip(first).take(MOST_CURVES) {
            let (truth, scores) = self.column(label);
            let positive = truth.iter().filter(|is| **is).count();
            let roc = roc_curve(&truth, &scores, None)?.map(|curve| curve.thinned(MOST_POINTS));
            let precision = precision_recall_curve(&truth, &scores, None)?.thinned(MOST_POINTS);
            curves.push(page::Curves {
                class: name.clone(),
                base_rate: positive as f64 / truth.len() as f64,
                roc_auc_score: throng_metrics::classes::roc_auc_score(&truth, &scores, None)?,
                average_precision_score: match positive {
                    0 => None,
                    _ => Some(throng_metrics::classes::average_precision_score(
                        &truth, &scores, None,
                    )?),
                },
                roc_curve: roc.map(|RocCurve { fpr, tpr, .. }| page::RocCurve { fpr, tpr }),
                precision_recall_curve: Some(precision).filter(|_| positive > 0).map(
                    |PrecisionRecallCurve {
                         precision, recall, ..
                     }| page::PrecisionRecallCurve { precision, recall },
                ),
            });
        }
        Ok(curves)
    }

    /// Of the class 1 of two, or else of the predicted class; nothing of several labels.
    fn calibration(
        &self,
        labels: &[String],
        trained: &Trained,
    ) -> Result<Option<page::Calibration>, Error> {
        let is_single = self.truth.iter().all(|row| row.len() == 1);
        let (Some(before), Some(after)) = (&trained.uncalibrated, &trained.report) else {
            return Ok(None);
        };
        let (true, Judgement::Classes(before), Judgement::Classes(after)) =
            (is_single, before, after)
        else {
            return Ok(None);
        };
        let reliability = |values: &[f64], report: &ClassReport| {
            let held = Held {
                truth: self.truth.clone(),
                labels: self.labels,
                probabilities: values,
            };
            let (truth, scores) = match labels.len() {
                2 => held.column(1),
                _ => held.predicted(),
            };
            let curve = calibration_curve(&truth, &scores, BINS, BinStrategy::Uniform, None)?;
            Ok::<_, Error>(page::Reliability {
                prob_true: curve.prob_true,
                prob_pred: curve.prob_pred,
                count: curve.count.iter().map(|&count| count as u64).collect(),
                expected_calibration_error: Some(report.expected_calibration_error),
                brier_score_loss: report.brier_score_loss,
                log_loss: report.log_loss,
            })
        };
        Ok(Some(page::Calibration {
            of: match labels.len() {
                2 => format!("the class “{}”", labels[1]),
                _ => "the predicted class".to_owned(),
            },
            temperature: Some(trained.model.temperature()),
            why: None,
            before: reliability(&trained.plain, before)?,
            after: Some(reliability(&trained.probabilities, after)?),
        }))
    }

    /// Whether the most probable class is right, and its probability.
    fn predicted(&self) -> (Vec<bool>, Vec<f64>) {
        let rows = self.probabilities.chunks(self.labels).zip(&self.truth);
        rows.map(|(row, truth)| {
            let best = best(row);
            (truth.contains(&best), row[best])
        })
        .unzip()
    }

    /// The rows that are wrong with the highest probability.
    fn mistakes(&self, labels: &[String], texts: &[&str], task: Task) -> Vec<page::Mistake> {
        if task != Task::SingleLabel {
            return Vec::new();
        }
        let rows = self
            .probabilities
            .chunks(self.labels)
            .zip(&self.truth)
            .zip(texts);
        let mut wrong: Vec<_> = rows
            .map(|((row, truth), text)| (best(row), row[best(row)], truth, text))
            .filter(|(best, _, truth, _)| !truth.contains(best))
            .collect();
        wrong.sort_by(|a, b| b.1.total_cmp(&a.1));
        let mistake =
            |(best, probability, truth, text): (usize, f64, &Vec<usize>, &&str)| page::Mistake {
                text: (*text).to_owned(),
                truth: truth
                    .first()
                    .map_or_else(String::new, |&label| labels[label].clone()),
                predicted: labels[best].clone(),
                probability: Some(probability),
            };
        wrong.into_iter().take(MOST_MISTAKES).map(mistake).collect()
    }
}

/// The place of the largest value, the first among equals.
fn best(row: &[f64]) -> usize {
    (0..row.len()).fold(
        0,
        |best, place| if row[place] > row[best] { place } else { best },
    )
}
