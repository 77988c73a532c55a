//! How good a model is on rows held out.

use serde::Serialize;
use throng_bert::{Targets, Task};
use throng_metrics::classes::{Bootstrap, ClassReport, Scores};
use throng_metrics::{mean_absolute_error, mean_squared_error, r2_score};

use crate::Error;

/// What the best epoch is told by. Larger is better; losses count negative.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Score {
    /// Area under the ROC curve, of several classes the mean against the rest.
    RocAucScore,
    /// Average precision, likewise.
    AveragePrecisionScore,
    /// F1 of the class 1 of two, else the mean over the classes.
    F1Score,
    /// Share of right rows.
    AccuracyScore,
    /// Mean recall of the classes.
    BalancedAccuracyScore,
    /// Matthews' correlation coefficient.
    MatthewsCorrcoef,
    /// Log loss.
    LogLoss,
    /// Brier score.
    BrierScoreLoss,
    /// Expected calibration error.
    ExpectedCalibrationError,
    /// The training's own loss.
    Loss,
    /// Explained variance of numbers.
    R2Score,
    /// Mean squared error of numbers.
    MeanSquaredError,
    /// Mean absolute error of numbers.
    MeanAbsoluteError,
}

impl Score {
    /// Each, with the name that the command gives it, which is that of scikit-learn where it has it.
    pub const ALL: [(Self, &'static str); 13] = [
        (Self::RocAucScore, "roc_auc_score"),
        (Self::AveragePrecisionScore, "average_precision_score"),
        (Self::F1Score, "f1_score"),
        (Self::AccuracyScore, "accuracy_score"),
        (Self::BalancedAccuracyScore, "balanced_accuracy_score"),
        (Self::MatthewsCorrcoef, "matthews_corrcoef"),
        (Self::LogLoss, "log_loss"),
        (Self::BrierScoreLoss, "brier_score_loss"),
        (Self::ExpectedCalibrationError, "expected_calibration_error"),
        (Self::Loss, "loss"),
        (Self::R2Score, "r2_score"),
        (Self::MeanSquaredError, "mean_squared_error"),
        (Self::MeanAbsoluteError, "mean_absolute_error"),
    ];

    /// The usual one: the area of two classes and of labels, F1 of more classes, explained variance of numbers.
    #[must_use]
    pub fn of(task: Task, labels: usize) -> Self {
        match task {
            Task::SingleLabel if labels > 2 => Self::F1Score,
            Task::SingleLabel | Task::MultiLabel => Self::RocAucScore,
            Task::Regression => Self::R2Score,
        }
    }

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        let known = Self::ALL.into_iter().find(|(score, _)| *score == self);
        known.map_or("", |(_, name)| name)
    }

    /// Whether less is better.
    #[must_use]
    pub fn is_loss(self) -> bool {
        matches!(
            self,
            Self::LogLoss
                | Self::BrierScoreLoss
                | Self::ExpectedCalibrationError
                | Self::Loss
                | Self::MeanSquaredError
                | Self::MeanAbsoluteError
        )
    }

    /// Whether models of this task have it.
    #[must_use]
    pub fn is_of(self, task: Task) -> bool {
        let is_of_numbers = matches!(
            self,
            Self::R2Score | Self::MeanSquaredError | Self::MeanAbsoluteError
        );
        self == Self::Loss || is_of_numbers == (task == Task::Regression)
    }
}

/// Measures of numbers.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct NumberReport {
    /// Mean of (y - p)^2.
    pub mean_squared_error: f64,
    /// Mean of |y - p|.
    pub mean_absolute_error: f64,
    /// Explained variance, at most 1; none where the truth does not vary.
    pub r2_score: Option<f64>,
}

/// All measures of a model on rows held out.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Judgement {
    /// Of classes or labels.
    Classes(Box<ClassReport>),
    /// Of numbers.
    Numbers(NumberReport),
}

impl Judgement {
    /// Judges probabilities `[rows, labels]`, or a regression's numbers.
    ///
    /// # Errors
    /// If they do not fit the truth.
    pub fn of(
        task: Task,
        labels: &[String],
        targets: &Targets,
        probabilities: &[f64],
        bootstrap: Option<&Bootstrap>,
    ) -> Result<Self, Error> {
        let mut params = ClassReport::params().names(labels);
        if let Some(bootstrap) = bootstrap {
            params = params.bootstrap(*bootstrap);
        }
        let scores = || Scores::new(probabilities.to_vec(), labels.len());
        Ok(match targets {
            Targets::Classes(classes) => {
                Self::Classes(Box::new(params.judge(classes, &scores()?)?))
            }
            Targets::Values { values, .. } if task == Task::Regression => {
                let truth: Vec<f64> = values.iter().map(|&v| f64::from(v)).collect();
                Self::Numbers(NumberReport {
                    mean_squared_error: mean_squared_error(&truth, probabilities, None)?,
                    mean_absolute_error: mean_absolute_error(&truth, probabilities, None)?,
                    r2_score: r2_score(&truth, probabilities, None)?,
                })
            }
            Targets::Values { values, .. } => {
                let truth: Vec<bool> = values.iter().map(|&v| v == 1.0).collect();
                Self::Classes(Box::new(params.judge_multilabel(&truth, &scores()?)?))
            }
        })
    }

    /// The score, larger being better: of a loss, its negative. NaN where it is not defined or not one of this task.
    #[must_use]
    pub fn score(&self, score: Score, loss: f64) -> f64 {
        let found = match (self, score) {
            (_, Score::Loss) => Some(loss),
            (Self::Classes(report), Score::RocAucScore) => report.roc_auc_score,
            (Self::Classes(report), Score::AveragePrecisionScore) => report.average_precision_score,
            (Self::Classes(report), Score::F1Score) => Some(report.f1_score),
            (Self::Classes(report), Score::AccuracyScore) => Some(report.accuracy_score),
            (Self::Classes(report), Score::BalancedAccuracyScore) => report.balanced_accuracy_score,
            (Self::Classes(report), Score::MatthewsCorrcoef) => report.matthews_corrcoef,
            (Self::Classes(report), Score::LogLoss) => report.log_loss,
            (Self::Classes(report), Score::BrierScoreLoss) => report.brier_score_loss,
            (Self::Classes(report), Score::ExpectedCalibrationError) => {
                Some(report.expected_calibration_error)
            }
            (Self::Numbers(report), Score::R2Score) => report.r2_score,
            (Self::Numbers(report), Score::MeanSquaredError) => Some(report.mean_squared_error),
            (Self::Numbers(report), Score::MeanAbsoluteError) => Some(report.mean_absolute_error),
            _ => None,
        };
        let found = found.unwrap_or(f64::NAN);
        if score.is_loss() { -found } else { found }
    }
}

/// An epoch, judged.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Epoch {
    /// Its number, from 1.
    pub epoch: usize,
    /// Mean loss of its steps.
    pub loss: f64,
    /// Loss on the rows held out.
    pub validation_loss: f64,
    /// What epochs are told by; none where it is not defined.
    pub score: Option<f64>,
    /// All measures on the rows held out.
    pub report: Judgement,
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    /// Every measure of a report that is a number is a score, by its own name; of a loss, its negative.
    #[test]
    fn each_measure_is_a_score() {
        let labels = ["a", "b"].map(str::to_owned);
        let classes = Targets::Classes(vec![0, 1, 1, 0]);
        let values = Targets::Values {
            values: vec![0.0, 1.0, 1.0, 0.0, 1.0, 1.0, 0.0, 0.0],
            labels: 2,
        };
        let found = [0.7, 0.3, 0.4, 0.6, 0.2, 0.8, 0.45, 0.55];
        for (task, targets) in [
            (Task::SingleLabel, &classes),
            (Task::MultiLabel, &values),
            (Task::Regression, &values),
        ] {
            let judged = Judgement::of(task, &labels, targets, &found, None).unwrap();
            let report = serde_json::to_value(&judged).unwrap();
            let report = report.as_object().unwrap();
            let measures = report.iter().filter(|(_, value)| value.is_f64());
            let mut seen = 0;
            for (name, value) in measures.filter(|(name, _)| *name != "threshold") {
                let known = Score::ALL.into_iter().find(|(_, known)| known == name);
                let (score, _) = known.unwrap_or_else(|| panic!("{name} is no score"));
                assert!(score.is_of(task), "{name}");
                let sign = if score.is_loss() { -1.0 } else { 1.0 };
                let value = sign * value.as_f64().unwrap();
                assert_eq!(judged.score(score, f64::NAN), value, "{name}");
                seen += 1;
            }
            assert!(seen >= 3, "{report:?}");
            assert_eq!(judged.score(Score::Loss, 0.25), -0.25);
            for (score, name) in Score::ALL {
                assert!(
                    score.is_of(task) || judged.score(score, 0.0).is_nan(),
                    "{name}"
                );
            }
        }
    }
}
