//! Everything that is measured of a classifier, at once.

use std::fmt;

use serde::Serialize;

use super::averages::ByClass;
use super::bootstrap::{Bootstrap, Interval, f1, mean_f1};
use super::brier::brier_score_loss;
use super::calibration::{expected_calibration_error, expected_calibration_error_binary};
use super::check::{check_rows, check_weights};
use super::classification_report::{
    ClassificationReport, classification_report, classification_report_multilabel,
};
use super::confusion::{ConfusionMatrix, confusion_matrix};
use super::log_loss::log_loss;
use super::precision_recall::{
    average_precision_score, average_precision_score_multilabel, average_precision_score_ovr,
};
use super::ranked::Ranked;
use super::roc::{roc_auc_score, roc_auc_score_multilabel, roc_auc_score_ovr};
use super::scores::Scores;
use super::tally::{Tally, ZeroDivision};
use crate::error::MetricError;

/// Bins of the expected calibration error, as in Guo et al. (2017).
const BINS: usize = 15;

/// A confusion matrix of more classes is left out: it is for people to look at.
const MOST_CLASSES: usize = 1_000;

/// What a row is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Task {
    /// Of the class 1, or not.
    Binary,
    /// Of one of several classes.
    Multiclass,
    /// Of any number of several classes.
    Multilabel,
}

/// Measures of a classifier, with scikit-learn's names in JSON. Displayed it is a text for people.
///
/// A figure that is not defined is none, null in JSON; a figure that the task does not have is absent from the JSON.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ClassReport {
    /// What a row is.
    pub task: Task,
    /// Rows.
    pub n: usize,
    /// The classes' names, \[k\].
    pub classes: Vec<String>,
    /// The probability from which on a row is predicted to be of a class; of several classes the most probable one is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub threshold: Option<f64>,
    /// The share of right rows; of multi-label, rows with every class right. 0 to 1.
    pub accuracy_score: f64,
    /// The mean recall of the classes that have rows, 0 to 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub balanced_accuracy_score: Option<f64>,
    /// The correlation of truth and prediction, -1 to 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub matthews_corrcoef: Option<f64>,
    /// F1 of the class 1 of two, else the mean over the classes, 0 to 1.
    pub f1_score: f64,
    /// The area under the ROC curve, 0 to 1: of the class 1 of two, else the mean over the classes against the rest.
    pub roc_auc_score: Option<f64>,
    /// Average precision, 0 to 1, likewise.
    pub average_precision_score: Option<f64>,
    /// The mean of -ln of the true class's probability.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log_loss: Option<f64>,
    /// The Brier score, 0 to 1 of two classes, else 0 to 2.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub brier_score_loss: Option<f64>,
    /// How far probabilities are from shares, in 15 bins, 0 to 1: of the class 1 of two, of the predicted class, of
    /// multi-label of all rows and classes together.
    pub expected_calibration_error: f64,
    /// 95% intervals, if they were asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub intervals: Option<Intervals>,
    /// The area of each class against the rest, and averages.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub roc_auc_by_class: Option<ByClass>,
    /// The average precision of each class, and averages.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub average_precision_by_class: Option<ByClass>,
    /// Precision, recall and F1 of every class.
    pub classification_report: ClassificationReport,
    /// How many of its figures were 0 / 0, and are 0.
    pub zero_division: ZeroDivision,
    /// Rows by true and predicted class; not of more than 1,000 classes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub confusion_matrix: Option<ConfusionMatrix>,
}

/// Intervals of the figures of the same names. Where a resample lacks a class, AUC is not defined, and average precision and
/// F1 of that class are 0.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Intervals {
    /// Of the area under the ROC curve.
    pub roc_auc_score: Option<Interval>,
    /// Of average precision.
    pub average_precision_score: Option<Interval>,
    /// Of F1.
    pub f1_score: Option<Interval>,
}

/// What a [`ClassReport`] is made with.
#[derive(Debug, Clone, Default)]
pub struct ClassReportParams {
    names: Option<Vec<String>>,
    threshold: Option<f64>,
    weights: Option<Vec<f64>>,
    bootstrap: Option<Bootstrap>,
}

impl ClassReportParams {
    /// The classes' names, \[k\]; of one column both, of 0 and of 1. Without them they are numbers from 0.
    pub fn names(mut self, names: &[impl AsRef<str>]) -> Self {
        self.names = Some(names.iter().map(|name| name.as_ref().to_owned()).collect());
        self
    }

    /// The probability, 0 to 1, from which on a row is of the class 1 of two, or of each class of multi-label. 0.5 without.
    pub fn threshold(mut self, threshold: f64) -> Self {
        self.threshold = Some(threshold);
        self
    }

    /// Weights of the rows, \[n\].
    pub fn weights(mut self, weights: &[f64]) -> Self {
        self.weights = Some(weights.to_vec());
        self
    }

    /// Adds intervals of AUC, average precision and F1.
    pub fn bootstrap(mut self, bootstrap: Bootstrap) -> Self {
        self.bootstrap = Some(bootstrap);
        self
    }

    /// Judges probabilities of classes, of which each row has one.
    ///
    /// `truth` \[n\] in `0..k`, `probabilities` [n, k], or [n, 1] of the class 1 of two.
    ///
    /// # Errors
    /// [`MetricError::Length`] if the arguments differ in length, [`MetricError::ClassRange`], [`MetricError::NotProbability`],
    /// [`MetricError::ProbabilitySum`], [`MetricError::Name`], [`MetricError::Weight`], [`MetricError::NoWeight`], and
    /// [`MetricError::Setting`] for a threshold that is no probability or given for several classes, or settings of the
    /// bootstrap.
    pub fn judge(&self, truth: &[u32], probabilities: &Scores) -> Result<ClassReport, MetricError> {
        let k = probabilities.classes();
        if k > 2 {
            return self.judge_classes(truth, probabilities);
        }
        let weights = self.weights.as_deref();
        let threshold = self.checked_threshold()?;
        // Checks all of the arguments.
        let loss = log_loss(truth, probabilities, weights)?;
        let p = probabilities.column(probabilities.columns() - 1);
        let is: Vec<bool> = truth.iter().map(|&class| class == 1).collect();
        let predicted: Vec<u32> = p.iter().map(|&p| u32::from(p >= threshold)).collect();
        let mut report = self.of_classes(Task::Binary, truth, &predicted, 2)?;
        report.threshold = Some(threshold);
        report.roc_auc_score = roc_auc_score(&is, &p, weights)?;
        report.average_precision_score = Some(average_precision_score(&is, &p, weights)?);
        report.log_loss = Some(loss);
        report.brier_score_loss = Some(brier_score_loss(truth, probabilities, weights)?);
        report.expected_calibration_error =
            expected_calibration_error_binary(&is, &p, BINS, weights)?;
        if let Some(bootstrap) = &self.bootstrap {
            report.intervals = Some(Intervals {
                roc_auc_score: bootstrap.roc_auc(&is, &p, weights)?,
                average_precision_score: bootstrap.average_precision(&is, &p, weights)?,
                f1_score: bootstrap.f1(truth, &predicted, 2, weights)?,
            });
        }
        Ok(report)
    }

    fn judge_classes(
        &self,
        truth: &[u32],
        probabilities: &Scores,
    ) -> Result<ClassReport, MetricError> {
        if let Some(threshold) = self.threshold {
            return Err(MetricError::Setting {
                setting: "threshold",
                value: threshold,
                needed: "of more than two classes the most probable one is predicted; leave it out",
            });
        }
        let weights = self.weights.as_deref();
        let k = probabilities.columns();
        let loss = log_loss(truth, probabilities, weights)?;
        let predicted = probabilities.predict(0.5);
        let mut report = self.of_classes(Task::Multiclass, truth, &predicted, k)?;
        report.log_loss = Some(loss);
        report.brier_score_loss = Some(brier_score_loss(truth, probabilities, weights)?);
        report.expected_calibration_error =
            expected_calibration_error(truth, probabilities, BINS, weights)?;
        report.set_areas(
            roc_auc_score_ovr(truth, probabilities, weights)?,
            average_precision_score_ovr(truth, probabilities, weights)?,
        );
        if let Some(bootstrap) = &self.bootstrap {
            let columns = Column::all(probabilities, |row, class| truth[row] as usize == class);
            report.intervals = Some(Intervals {
                f1_score: bootstrap.f1(truth, &predicted, k, weights)?,
                ..bootstrap_columns(bootstrap, truth, &columns, weights)?
            });
        }
        Ok(report)
    }

    /// Judges probabilities of classes, of which each row may have any number.
    ///
    /// `truth` [n, k] row after row, `probabilities` [n, k]. A stratified bootstrap takes rows of the same classes as one
    /// stratum.
    ///
    /// # Errors
    /// As [`ClassReportParams::judge`].
    pub fn judge_multilabel(
        &self,
        truth: &[bool],
        probabilities: &Scores,
    ) -> Result<ClassReport, MetricError> {
        let weights = self.weights.as_deref();
        let (n, k) = (probabilities.rows(), probabilities.columns());
        let threshold = self.checked_threshold()?;
        check_rows("truth", truth.len(), n * k)?;
        check_weights(weights, n)?;
        probabilities.check_probabilities()?;
        let p = probabilities.values();
        let predicted: Vec<bool> = p.iter().map(|&p| p >= threshold).collect();
        let names = self.checked_names(k)?;
        let table = classification_report_multilabel(truth, &predicted, &names, weights)?;
        let each = weights.map(|weights| -> Vec<f64> {
            let repeated = weights.iter().flat_map(|&w| std::iter::repeat_n(w, k));
            repeated.collect()
        });
        let right: Vec<u32> = truth
            .chunks_exact(k)
            .zip(predicted.chunks_exact(k))
            .map(|(truth, predicted)| u32::from(truth == predicted))
            .collect();
        let right = Tally::of_classes(&right, &vec![1; n], 2, weights)[1];
        let mut report = ClassReport::new(Task::Multilabel, n, names, table);
        report.threshold = Some(threshold);
        report.accuracy_score = right.figures().precision;
        report.f1_score = report.classification_report.macro_avg.f1_score;
        report.expected_calibration_error =
            expected_calibration_error_binary(truth, p, BINS, each.as_deref())?;
        report.set_areas(
            roc_auc_score_multilabel(truth, probabilities, weights)?,
            average_precision_score_multilabel(truth, probabilities, weights)?,
        );
        if let Some(bootstrap) = &self.bootstrap {
            let columns = Column::all(probabilities, |row, class| truth[row * k + class]);
            let rows: Vec<&[bool]> = truth.chunks_exact(k).collect();
            let f1 = |drawn: &[f64]| {
                Some(mean_f1(&Tally::of_columns(
                    truth,
                    &predicted,
                    k,
                    Some(drawn),
                )))
            };
            report.intervals = Some(Intervals {
                f1_score: bootstrap.interval(&rows, weights, f1)?,
                ..bootstrap_columns(bootstrap, &rows, &columns, weights)?
            });
        }
        Ok(report)
    }

    /// What predictions of one class a row come to.
    fn of_classes(
        &self,
        task: Task,
        truth: &[u32],
        predicted: &[u32],
        k: usize,
    ) -> Result<ClassReport, MetricError> {
        let weights = self.weights.as_deref();
        let names = self.checked_names(k)?;
        let table = classification_report(truth, predicted, &names, weights)?;
        let mut report = ClassReport::new(task, truth.len(), names, table);
        report.accuracy_score = report.classification_report.accuracy.unwrap_or_default();
        report.f1_score = f1(&Tally::of_classes(truth, predicted, k, weights));
        if k <= MOST_CLASSES {
            let matrix = confusion_matrix(truth, predicted, k, weights)?;
            report.balanced_accuracy_score = Some(matrix.balanced_accuracy_score());
            report.matthews_corrcoef = Some(matrix.matthews_corrcoef());
            report.confusion_matrix = Some(matrix);
        }
        Ok(report)
    }

    fn checked_names(&self, k: usize) -> Result<Vec<String>, MetricError> {
        let Some(names) = &self.names else {
            return Ok((0..k).map(|class| class.to_string()).collect());
        };
        if names.len() != k {
            return Err(MetricError::Length {
                argument: "names",
                got: names.len(),
                expected: k,
                each: "class",
            });
        }
        Ok(names.clone())
    }

    fn checked_threshold(&self) -> Result<f64, MetricError> {
        let threshold = self.threshold.unwrap_or(0.5);
        if (0.0..=1.0).contains(&threshold) {
            return Ok(threshold);
        }
        Err(MetricError::Setting {
            setting: "threshold",
            value: threshold,
            needed: "a probability from 0 to 1 is needed",
        })
    }
}

/// Rows of a class, and their scores.
struct Column {
    truth: Vec<bool>,
    scores: Vec<f64>,
}

impl Column {
    fn all(scores: &Scores, is: impl Fn(usize, usize) -> bool) -> Vec<Self> {
        (0..scores.columns())
            .map(|class| Self {
                truth: (0..scores.rows()).map(|row| is(row, class)).collect(),
                scores: scores.column(class),
            })
            .collect()
    }
}

/// Intervals of the means over classes of AUC and average precision; that of F1 is left open.
fn bootstrap_columns<C: Copy + Ord + Sync>(
    bootstrap: &Bootstrap,
    strata: &[C],
    columns: &[Column],
    weights: Option<&[f64]>,
) -> Result<Intervals, MetricError> {
    let ranked: Vec<Ranked> = columns
        .iter()
        .map(|column| Ranked::new(&column.truth, &column.scores))
        .collect::<Result<_, _>>()?;
    let k = ranked.len() as f64;
    let areas = |drawn: &[f64]| {
        let sum: Option<f64> = ranked
            .iter()
            .map(|ranked| ranked.roc_auc(Some(drawn)))
            .sum();
        Some(sum? / k)
    };
    let precisions = |drawn: &[f64]| {
        let all = ranked
            .iter()
            .map(|ranked| ranked.average_precision(Some(drawn)));
        Some(all.sum::<f64>() / k)
    };
    Ok(Intervals {
        roc_auc_score: bootstrap.interval(strata, weights, areas)?,
        average_precision_score: bootstrap.interval(strata, weights, precisions)?,
        f1_score: None,
    })
}

impl ClassReport {
    /// The settings of a report.
    pub fn params() -> ClassReportParams {
        ClassReportParams::default()
    }

    fn new(task: Task, n: usize, classes: Vec<String>, table: ClassificationReport) -> Self {
        Self {
            task,
            n,
            classes,
            threshold: None,
            accuracy_score: 0.0,
            balanced_accuracy_score: None,
            matthews_corrcoef: None,
            f1_score: 0.0,
            roc_auc_score: None,
            average_precision_score: None,
            log_loss: None,
            brier_score_loss: None,
            expected_calibration_error: 0.0,
            intervals: None,
            roc_auc_by_class: None,
            average_precision_by_class: None,
            zero_division: table.zero_division,
            classification_report: table,
            confusion_matrix: None,
        }
    }

    fn set_areas(&mut self, areas: ByClass, precisions: ByClass) {
        self.roc_auc_score = areas.macro_avg;
        self.average_precision_score = precisions.macro_avg;
        self.roc_auc_by_class = Some(areas);
        self.average_precision_by_class = Some(precisions);
    }
}

impl fmt::Display for ClassReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.classification_report)?;
        let interval = |of: fn(&Intervals) -> Option<Interval>| {
            let interval = of(self.intervals.as_ref()?)?;
            let Interval {
                low,
                high,
                confidence,
                ..
            } = interval;
            let percent = (confidence * 1e4).round() / 100.0;
            Some(format!("  ({percent}%: {low:.4} to {high:.4})"))
        };
        let none = |_: &Intervals| None;
        type Of = fn(&Intervals) -> Option<Interval>;
        let figures: [(&str, Option<f64>, Of); 9] = [
            ("accuracy_score", Some(self.accuracy_score), none),
            (
                "balanced_accuracy_score",
                self.balanced_accuracy_score,
                none,
            ),
            ("matthews_corrcoef", self.matthews_corrcoef, none),
            ("f1_score", Some(self.f1_score), |i| i.f1_score),
            ("roc_auc_score", self.roc_auc_score, |i| i.roc_auc_score),
            (
                "average_precision_score",
                self.average_precision_score,
                |i| i.average_precision_score,
            ),
            ("log_loss", self.log_loss, none),
            ("brier_score_loss", self.brier_score_loss, none),
            (
                "expected_calibration_error",
                Some(self.expected_calibration_error),
                none,
            ),
        ];
        for (name, value, of) in figures {
            match value {
                Some(value) => {
                    let interval = interval(of).unwrap_or_default();
                    writeln!(f, "{name:>26}  {value:>7.4}{interval}")?;
                }
                None if name == "roc_auc_score" => {
                    writeln!(
                        f,
                        "{name:>26}  not defined: a class has no rows, or all of them"
                    )?;
                }
                None => {}
            }
        }
        let ZeroDivision {
            precision, recall, ..
        } = self.zero_division;
        if precision > 0 {
            writeln!(f, "never predicted, so precision is 0: {precision} classes")?;
        }
        if recall > 0 {
            writeln!(f, "without rows, so recall is 0: {recall} classes")?;
        }
        Ok(())
    }
}
