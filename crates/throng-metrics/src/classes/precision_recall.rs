//! The precision-recall curve and average precision.

use serde::Serialize;

use super::averages::ByClass;
use super::check::{check_classes, check_rows, check_weights};
use super::ranked::Ranked;
use super::scores::Scores;
use super::thin::thin;
use crate::error::MetricError;

/// Precision against recall at rising thresholds; the end is precision 1 and recall 0.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PrecisionRecallCurve {
    /// The share of rows with this score or a higher one that are of the class, 0 to 1.
    pub precision: Vec<f64>,
    /// The share of rows of the class with this score or a higher one, 0 to 1.
    pub recall: Vec<f64>,
    /// The scores, one fewer: the end has none.
    pub thresholds: Vec<f64>,
}

impl PrecisionRecallCurve {
    /// At most `most` points (at least 2) of the curve, its corners among them.
    pub fn thinned(&self, most: usize) -> Self {
        let recall = self.recall.iter().copied();
        let points: Vec<_> = recall.zip(self.precision.iter().copied()).collect();
        let kept = thin(&points, most);
        let take = |values: &[f64]| {
            let there = kept.iter().filter_map(|&at| values.get(at));
            there.copied().collect()
        };
        Self {
            precision: take(&self.precision),
            recall: take(&self.recall),
            thresholds: take(&self.thresholds),
        }
    }
}

/// The precision-recall curve of one class, as scikit-learn's `precision_recall_curve`.
///
/// `truth` \[n\] is true for rows of the class, `scores` \[n\] are any finite numbers, `weights` \[n\]. Without rows of the
/// class recall is 1 at every threshold, as in scikit-learn.
///
/// # Errors
/// [`MetricError::Empty`] without rows, [`MetricError::Length`] if the arguments differ in length,
/// [`MetricError::ScoreNotFinite`], [`MetricError::Weight`] and [`MetricError::NoWeight`].
pub fn precision_recall_curve(
    truth: &[bool],
    scores: &[f64],
    weights: Option<&[f64]>,
) -> Result<PrecisionRecallCurve, MetricError> {
    let ranked = Ranked::new(truth, scores)?;
    ranked.check(weights)?;
    let mut steps = ranked.steps(weights);
    steps.reverse();
    let all = steps[0].hits;
    let end = |value| std::iter::once(value);
    let precision = steps.iter().map(|s| s.hits / (s.hits + s.false_alarms));
    let recall = steps
        .iter()
        .map(|s| if all > 0.0 { s.hits / all } else { 1.0 });
    Ok(PrecisionRecallCurve {
        precision: precision.chain(end(1.0)).collect(),
        recall: recall.chain(end(0.0)).collect(),
        thresholds: steps.iter().map(|step| step.threshold).collect(),
    })
}

/// Average precision of one class, 0 to 1: precision at each threshold, weighted by the recall gained there, without
/// interpolation. 0, as in scikit-learn, without rows of the class.
///
/// Arguments as of [`precision_recall_curve`].
///
/// # Errors
/// As [`precision_recall_curve`].
pub fn average_precision_score(
    truth: &[bool],
    scores: &[f64],
    weights: Option<&[f64]>,
) -> Result<f64, MetricError> {
    let ranked = Ranked::new(truth, scores)?;
    ranked.check(weights)?;
    Ok(ranked.average_precision(weights))
}

/// Average precision of each class against the rest, as scikit-learn has it of the classes as columns of 0 and 1.
///
/// `truth` \[n\] in `0..k`, `scores` [n, k]. A class without rows has 0, which counts in the macro average.
///
/// # Errors
/// As [`precision_recall_curve`], and [`MetricError::ClassRange`].
pub fn average_precision_score_ovr(
    truth: &[u32],
    scores: &Scores,
    weights: Option<&[f64]>,
) -> Result<ByClass, MetricError> {
    check_rows("truth", truth.len(), scores.rows())?;
    check_classes("truth", truth, scores.columns())?;
    check_weights(weights, truth.len())?;
    ByClass::of_classes(truth, scores, weights, |ranked| {
        Some(ranked.average_precision(weights))
    })
}

/// Average precision of the columns, each of which is true or not by itself.
///
/// `truth` [n, k] row after row, `scores` [n, k].
///
/// # Errors
/// As [`precision_recall_curve`].
pub fn average_precision_score_multilabel(
    truth: &[bool],
    scores: &Scores,
    weights: Option<&[f64]>,
) -> Result<ByClass, MetricError> {
    ByClass::of_columns(truth, scores, weights, |ranked| {
        Some(ranked.average_precision(weights))
    })
}
