//! What a training report holds. All shares and probabilities are fractions, 0 to 1. Measures have scikit-learn's names.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::nan;

/// How a classifier was trained, how that went, and what it is worth: what [`html`](crate::training::html) shows and
/// [`json`](crate::training::json) writes.
///
/// A part that is none or empty is absent from the page and from the JSON. A figure that is none or not finite is
/// undefined: the page says so and why, the JSON has `null`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct TrainingReport {
    /// The page's heading.
    pub title: String,
    /// What a text is given.
    pub task: Task,
    /// What was trained, on what and for how long.
    pub summary: Summary,
    /// The classes in the classifier's order. None for regression.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub classes: Vec<Class>,
    /// The steps of the optimiser, ascending; the page thins them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<Step>,
    /// The epochs, ascending.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub epochs: Vec<Epoch>,
    /// The epoch whose model was kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub best: Option<Best>,
    /// The kept model on the held-out texts, by scikit-learn's name: `accuracy_score`, `balanced_accuracy_score`,
    /// `matthews_corrcoef`, `f1_score`, `roc_auc_score`, `average_precision_score`, `log_loss`, `brier_score_loss`,
    /// `expected_calibration_error`; of regression `mean_squared_error`, `mean_absolute_error`, `r2_score`. Others are shown
    /// after these.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub measures: BTreeMap<String, Measure>,
    /// Precision, recall and F1 of every class on the held-out texts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub classification_report: Option<ClassificationReport>,
    /// ROC and precision-recall curves: of two classes those of the class 1, else of each class against the rest. The
    /// page draws eight at most, of the most frequent classes.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub curves: Vec<Curves>,
    /// Whether what is said to be true in p of the cases is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub calibration: Option<Calibration>,
    /// Held-out texts by true (row) and predicted class (column), in the order of `classes`. None for multi-label.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub confusion_matrix: Vec<Vec<u64>>,
    /// Predicted against true numbers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub regression: Option<Regression>,
    /// Held-out texts that were got most wrong, the worst first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub mistakes: Vec<Mistake>,
    /// What a reader should know before relying on it.
    pub cautions: Cautions,
    /// Plain sentences on method, device and limits.
    pub notes: Vec<String>,
}

/// What a text is given.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Task {
    /// The class 1, or not.
    Binary,
    /// One of several classes.
    #[default]
    Multiclass,
    /// Any number of several classes.
    Multilabel,
    /// A number.
    Regression,
}

/// What was trained, on what and for how long.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Summary {
    /// The files read.
    pub sources: Vec<String>,
    /// The model that was started from, in words.
    pub model: String,
    /// `full`, `head`, `last:N` or `lora:R`, as of the command; anything else reads as it is.
    pub tuning: String,
    /// Parameters that were trained.
    pub trained_parameters: Option<u64>,
    /// All parameters.
    pub parameters: Option<u64>,
    /// Texts trained on.
    pub training_texts: u64,
    /// Texts held out, which all figures are of.
    pub held_out_texts: u64,
    /// How the held-out texts were chosen, as a sentence.
    pub split: String,
    /// Epochs that were finished.
    pub epochs: u64,
    /// Epochs that were planned.
    pub planned_epochs: u64,
    /// Steps of the optimiser.
    pub steps: u64,
    /// How long it took, in seconds.
    #[serde(deserialize_with = "nan::number")]
    pub seconds: f64,
    /// The device, in words.
    pub device: String,
    /// Why it ended before its last epoch, as a sentence.
    pub stopped: Option<String>,
    /// What it was trained with, ready to read.
    pub settings: Vec<Setting>,
}

/// Something that training was given.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Setting {
    /// What it is: `batch size`.
    pub name: String,
    /// Its value.
    pub value: String,
}

/// A class, and its texts.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Class {
    /// Its name, as the labels have it.
    pub name: String,
    /// Texts of it that were trained on.
    pub training: u64,
    /// Texts of it that were held out.
    pub held_out: u64,
}

/// One step of the optimiser.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// Its number.
    pub step: u64,
    /// The loss of its texts.
    #[serde(deserialize_with = "nan::number")]
    pub loss: f64,
    /// Its learning rate.
    #[serde(deserialize_with = "nan::number")]
    pub learning_rate: f64,
}

/// One pass over the training texts.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Epoch {
    /// Its number, from 1.
    pub epoch: u64,
    /// The number of its last step.
    pub step: u64,
    /// The mean loss of its steps.
    #[serde(deserialize_with = "nan::number")]
    pub loss: f64,
    /// The loss of the held-out texts after it.
    pub validation_loss: Option<f64>,
    /// Measures on the held-out texts after it, by the names of [`TrainingReport::measures`].
    pub measures: BTreeMap<String, Option<f64>>,
}

/// The epoch whose model was kept.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Best {
    /// Its number.
    pub epoch: u64,
    /// The measure that decided: `validation_loss`, or one of [`Epoch::measures`].
    pub measure: String,
    /// What it came to.
    pub value: Option<f64>,
}

/// A figure, how far it may be off, and what it takes to beat.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Measure {
    /// The figure; none if it is undefined.
    pub value: Option<f64>,
    /// Why it is undefined, as half a sentence; the page knows the usual reason.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// Its 95% interval.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interval: Option<Interval>,
    /// The same of the majority class for every text, with its shares as probabilities; of regression, of the mean.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub baseline: Option<f64>,
}

/// A 95% interval.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// The lower end.
    #[serde(deserialize_with = "nan::number")]
    pub low: f64,
    /// The upper end.
    #[serde(deserialize_with = "nan::number")]
    pub high: f64,
}

/// Precision, recall and F1 of every class. The accuracy is in [`TrainingReport::measures`].
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ClassificationReport {
    /// Each class.
    pub classes: Vec<Figures>,
    /// `macro avg`, `weighted avg`; of multi-label also `micro avg` and `samples avg`.
    pub averages: Vec<Figures>,
}

/// Precision, recall and F1 of a class or of an average.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Figures {
    /// The class's or the average's name.
    pub name: String,
    /// The share of the texts predicted to be of the class that are. None, where scikit-learn gives 0, if there are none.
    pub precision: Option<f64>,
    /// The share of the texts of the class that are predicted to be. None, where scikit-learn gives 0, if there are none.
    pub recall: Option<f64>,
    /// The harmonic mean of the two. None, where scikit-learn gives 0, if no text is or is predicted to be of the class.
    #[serde(rename = "f1-score")]
    pub f1_score: Option<f64>,
    /// Held-out texts.
    pub support: u64,
}

/// The curves of one class against the rest.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Curves {
    /// The class's name.
    pub class: String,
    /// The share of the held-out texts that are of the class: the precision of guessing.
    #[serde(deserialize_with = "nan::number")]
    pub base_rate: f64,
    /// The area under the ROC curve; none if no or every held-out text is of the class.
    pub roc_auc_score: Option<f64>,
    /// Average precision; none if no held-out text is of the class.
    pub average_precision_score: Option<f64>,
    /// The ROC curve.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub roc_curve: Option<RocCurve>,
    /// The precision-recall curve.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub precision_recall_curve: Option<PrecisionRecallCurve>,
}

/// True against false positive rates, from (0, 0) to (1, 1).
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct RocCurve {
    /// False positive rates.
    #[serde(deserialize_with = "nan::numbers")]
    pub fpr: Vec<f64>,
    /// True positive rates.
    #[serde(deserialize_with = "nan::numbers")]
    pub tpr: Vec<f64>,
}

/// Precision against recall; the end is precision 1 and recall 0.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct PrecisionRecallCurve {
    /// Precision.
    #[serde(deserialize_with = "nan::numbers")]
    pub precision: Vec<f64>,
    /// Recall.
    #[serde(deserialize_with = "nan::numbers")]
    pub recall: Vec<f64>,
}

/// Whether what is said to be true in p of the cases is, before and after temperature scaling (Guo et al., 2017).
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Calibration {
    /// Whose probabilities these are, in words: `the class “buys again”`, `the predicted class`.
    pub of: String,
    /// What logits are divided by; above 1 the classifier was too sure. None if none was found.
    pub temperature: Option<f64>,
    /// Why none was found, as half a sentence.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// Without it.
    pub before: Reliability,
    /// With it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<Reliability>,
}

/// Predicted against observed shares, by bins of the prediction; bins without texts are left out.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Reliability {
    /// The share of the texts of a bin that are true.
    #[serde(deserialize_with = "nan::numbers")]
    pub prob_true: Vec<f64>,
    /// Their mean probability.
    #[serde(deserialize_with = "nan::numbers")]
    pub prob_pred: Vec<f64>,
    /// Their number.
    pub count: Vec<u64>,
    /// How far probabilities are from shares, by the texts of the bins.
    pub expected_calibration_error: Option<f64>,
    /// The Brier score.
    pub brier_score_loss: Option<f64>,
    /// The mean of -ln of the true class's probability.
    pub log_loss: Option<f64>,
}

/// Predicted against true numbers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Regression {
    /// True numbers.
    #[serde(deserialize_with = "nan::numbers")]
    pub truth: Vec<f64>,
    /// Predicted numbers of the same texts.
    #[serde(deserialize_with = "nan::numbers")]
    pub predicted: Vec<f64>,
    /// Of how many texts these are a sample.
    pub shown_of: u64,
}

/// A held-out text that was got wrong.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Mistake {
    /// The text; the page cuts it to a line or two.
    pub text: String,
    /// What it is: a class, classes or a number.
    pub truth: String,
    /// What it was taken for.
    pub predicted: String,
    /// The probability of what it was taken for.
    pub probability: Option<f64>,
}

/// What a reader should know before relying on a classifier. Classes without held-out texts are told by [`Class::held_out`].
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Cautions {
    /// Steps that were not taken because the loss or a gradient was not finite.
    pub skipped_steps: u64,
    /// Texts that were too long.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub truncated: Option<Truncated>,
}

/// Texts that were cut at the greatest length.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Truncated {
    /// Texts that were cut.
    pub count: u64,
    /// Of so many.
    pub of: u64,
    /// The greatest length, in tokens.
    pub max_length: u64,
}
