//! Rows in the order of a class's scores: what ROC and precision-recall curves are made of.

use super::check::{check_rows, check_scores, check_some, check_weights, weight};
use crate::error::MetricError;

/// Rows by falling score.
pub(crate) struct Ranked<'a> {
    truth: &'a [bool],
    scores: &'a [f64],
    /// Rows, \[n\].
    order: Vec<usize>,
}

/// What is found at a threshold: the weight of rows with this score or a higher one.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Step {
    /// Of the class.
    pub hits: f64,
    /// Not of the class.
    pub false_alarms: f64,
    /// The score.
    pub threshold: f64,
}

impl<'a> Ranked<'a> {
    /// Sorts the rows by `scores` \[n\]; `truth` \[n\] is true for rows of the class.
    pub fn new(truth: &'a [bool], scores: &'a [f64]) -> Result<Self, MetricError> {
        check_some("truth", truth.len())?;
        check_rows("scores", scores.len(), truth.len())?;
        check_scores(scores, false)?;
        let mut order: Vec<usize> = (0..truth.len()).collect();
        order.sort_by(|&a, &b| scores[b].total_cmp(&scores[a]));
        Ok(Self {
            truth,
            scores,
            order,
        })
    }

    /// Checks weights of the rows.
    pub fn check(&self, weights: Option<&[f64]>) -> Result<(), MetricError> {
        check_weights(weights, self.truth.len())
    }

    /// Visits every distinct score of a row that weighs something, from the highest on.
    pub fn walk(&self, weights: Option<&[f64]>, mut visit: impl FnMut(Step)) {
        let mut step = Step::default();
        let mut begun = false;
        for &row in &self.order {
            let weight = weight(weights, row);
            if weight == 0.0 {
                continue;
            }
            if begun && self.scores[row] != step.threshold {
                visit(step);
            }
            begun = true;
            step.threshold = self.scores[row];
            if self.truth[row] {
                step.hits += weight;
            } else {
                step.false_alarms += weight;
            }
        }
        if begun {
            visit(step);
        }
    }

    /// All steps of [`Ranked::walk`].
    pub fn steps(&self, weights: Option<&[f64]>) -> Vec<Step> {
        let mut steps = Vec::new();
        self.walk(weights, |step| steps.push(step));
        steps
    }

    /// The area under the ROC curve; none without rows of the class or without others.
    pub fn roc_auc(&self, weights: Option<&[f64]>) -> Option<f64> {
        let (hits, false_alarms) = self.totals(weights);
        if hits == 0.0 || false_alarms == 0.0 {
            return None;
        }
        let (mut area, mut last) = (0.0, Step::default());
        self.walk(weights, |step| {
            let right = (step.false_alarms - last.false_alarms) / false_alarms;
            area += right * (step.hits + last.hits) / hits / 2.0;
            last = step;
        });
        // Rounding may come out a little above.
        Some(area.min(1.0))
    }

    /// The area under the steps of the precision-recall curve; 0 without rows of the class.
    pub fn average_precision(&self, weights: Option<&[f64]>) -> f64 {
        let (all, _) = self.totals(weights);
        if all == 0.0 {
            return 0.0;
        }
        let (mut area, mut hits) = (0.0, 0.0);
        self.walk(weights, |step| {
            area += (step.hits - hits) / all * (step.hits / (step.hits + step.false_alarms));
            hits = step.hits;
        });
        area
    }

    /// The weight of the rows of the class, and of the others, added in the order of the steps.
    fn totals(&self, weights: Option<&[f64]>) -> (f64, f64) {
        let mut totals = (0.0, 0.0);
        for &row in &self.order {
            if self.truth[row] {
                totals.0 += weight(weights, row);
            } else {
                totals.1 += weight(weights, row);
            }
        }
        totals
    }
}
