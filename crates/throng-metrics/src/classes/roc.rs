//! The ROC curve and the area under it.

use serde::Serialize;

use super::averages::ByClass;
use super::check::{check_classes, check_rows, check_weights};
use super::ranked::Ranked;
use super::scores::Scores;
use super::thin::thin;
use crate::error::MetricError;

/// True against false positive rates at falling thresholds, from (0, 0) to (1, 1).
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RocCurve {
    /// False positive rate: the share of other rows with this score or a higher one, 0 to 1.
    pub fpr: Vec<f64>,
    /// True positive rate: the same share of rows of the class, 0 to 1.
    pub tpr: Vec<f64>,
    /// The scores; the first is infinity, which JSON writes as null.
    pub thresholds: Vec<f64>,
}

impl RocCurve {
    /// At most `most` points (at least 2) of the curve, its corners among them.
    pub fn thinned(&self, most: usize) -> Self {
        let points: Vec<_> = self
            .fpr
            .iter()
            .copied()
            .zip(self.tpr.iter().copied())
            .collect();
        let kept = thin(&points, most);
        let take = |values: &[f64]| kept.iter().map(|&at| values[at]).collect();
        Self {
            fpr: take(&self.fpr),
            tpr: take(&self.tpr),
            thresholds: take(&self.thresholds),
        }
    }
}

/// The ROC curve of one class, as scikit-learn's `roc_curve`: points on a line between their neighbours are left out.
///
/// `truth` \[n\] is true for rows of the class, `scores` \[n\] are any finite numbers, `weights` \[n\]. None, and not
/// scikit-learn's NaN, without rows of the class or without others.
///
/// # Errors
/// [`MetricError::Empty`] without rows, [`MetricError::Length`] if the arguments differ in length,
/// [`MetricError::ScoreNotFinite`], [`MetricError::Weight`] and [`MetricError::NoWeight`].
pub fn roc_curve(
    truth: &[bool],
    scores: &[f64],
    weights: Option<&[f64]>,
) -> Result<Option<RocCurve>, MetricError> {
    let ranked = Ranked::new(truth, scores)?;
    ranked.check(weights)?;
    let steps = ranked.steps(weights);
    let all = steps[steps.len() - 1];
    if all.hits == 0.0 || all.false_alarms == 0.0 {
        return Ok(None);
    }
    // Second differences, as scikit-learn takes them: 0 in both where three points are evenly on a line.
    let bends = |at: usize| {
        let [a, b, c] = [steps[at - 1], steps[at], steps[at + 1]];
        (c.hits - b.hits) - (b.hits - a.hits) != 0.0
            || (c.false_alarms - b.false_alarms) - (b.false_alarms - a.false_alarms) != 0.0
    };
    let end = steps.len() - 1;
    let corners = (0..=end).filter(|&at| at == 0 || at == end || bends(at));
    let mut curve = RocCurve {
        fpr: vec![0.0],
        tpr: vec![0.0],
        thresholds: vec![f64::INFINITY],
    };
    for step in corners.map(|at| steps[at]) {
        curve.fpr.push(step.false_alarms / all.false_alarms);
        curve.tpr.push(step.hits / all.hits);
        curve.thresholds.push(step.threshold);
    }
    Ok(Some(curve))
}

/// The area under the ROC curve of one class, 0 to 1: the chance that a row of the class has a higher score than
/// another row, ties counted half. 0.5 for equal scores.
///
/// Arguments and errors as of [`roc_curve`]. None, where scikit-learn warns and gives NaN, without rows of the class or
/// without others.
///
/// # Errors
/// As [`roc_curve`].
pub fn roc_auc_score(
    truth: &[bool],
    scores: &[f64],
    weights: Option<&[f64]>,
) -> Result<Option<f64>, MetricError> {
    let ranked = Ranked::new(truth, scores)?;
    ranked.check(weights)?;
    Ok(ranked.roc_auc(weights))
}

/// The areas under the ROC curves of each class against the rest: scikit-learn's `multi_class="ovr"` with
/// `labels=range(k)`.
///
/// `truth` \[n\] in `0..k`, `scores` [n, k] probabilities whose rows sum to 1. A class that no row or every row is of has
/// none, and then there is no macro average; the weighted average passes over classes without rows.
///
/// # Errors
/// As [`roc_curve`], and [`MetricError::ClassRange`]; [`MetricError::ProbabilitySum`] beyond 1e-5.
pub fn roc_auc_score_ovr(
    truth: &[u32],
    scores: &Scores,
    weights: Option<&[f64]>,
) -> Result<ByClass, MetricError> {
    check_rows("truth", truth.len(), scores.rows())?;
    check_classes("truth", truth, scores.columns())?;
    check_weights(weights, truth.len())?;
    // scikit-learn compares with np.allclose(1, sum): relative to the sum.
    scores.check_sums(1e-5)?;
    ByClass::of_classes(truth, scores, weights, |ranked| ranked.roc_auc(weights))
}

/// The areas under the ROC curves of the columns, each of which is true or not by itself.
///
/// `truth` [n, k] row after row, `scores` [n, k]. Averages as of [`roc_auc_score_ovr`]; if no class has rows there is no
/// weighted one either, where scikit-learn gives 0.
///
/// # Errors
/// As [`roc_curve`].
pub fn roc_auc_score_multilabel(
    truth: &[bool],
    scores: &Scores,
    weights: Option<&[f64]>,
) -> Result<ByClass, MetricError> {
    ByClass::of_columns(truth, scores, weights, |ranked| ranked.roc_auc(weights))
}
