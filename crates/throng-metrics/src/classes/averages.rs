//! A measure of each class, and its averages.

use serde::Serialize;

use super::check::{check_rows, check_weights, weight};
use super::ranked::Ranked;
use super::scores::Scores;
use crate::error::MetricError;

/// A measure of each class, and its averages. What is not defined is none, null in JSON.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ByClass {
    /// Of each class, \[k\].
    pub per_class: Vec<Option<f64>>,
    /// The mean over the classes; none if it is not defined for one of them.
    #[serde(rename = "macro")]
    pub macro_avg: Option<f64>,
    /// The mean over the classes, each with the weight of its rows; classes without rows do not count.
    #[serde(rename = "weighted")]
    pub weighted_avg: Option<f64>,
}

impl ByClass {
    /// Measures each class against the rest.
    pub(crate) fn of_classes(
        truth: &[u32],
        scores: &Scores,
        weights: Option<&[f64]>,
        measure: impl Fn(&Ranked) -> Option<f64>,
    ) -> Result<Self, MetricError> {
        let is = |class: usize| truth.iter().map(|&t| t as usize == class).collect();
        Self::measure(scores, weights, is, measure)
    }

    /// Measures each column by itself.
    pub(crate) fn of_columns(
        truth: &[bool],
        scores: &Scores,
        weights: Option<&[f64]>,
        measure: impl Fn(&Ranked) -> Option<f64>,
    ) -> Result<Self, MetricError> {
        check_rows("truth", truth.len(), scores.values().len())?;
        check_weights(weights, scores.rows())?;
        let columns = scores.columns();
        let is = |column: usize| truth.chunks_exact(columns).map(|row| row[column]).collect();
        Self::measure(scores, weights, is, measure)
    }

    fn measure(
        scores: &Scores,
        weights: Option<&[f64]>,
        is: impl Fn(usize) -> Vec<bool>,
        measure: impl Fn(&Ranked) -> Option<f64>,
    ) -> Result<Self, MetricError> {
        let (mut per_class, mut support) = (Vec::new(), Vec::new());
        for class in 0..scores.columns() {
            let (truth, column) = (is(class), scores.column(class));
            per_class.push(measure(&Ranked::new(&truth, &column)?));
            let rows = (0..truth.len()).filter(|&row| truth[row]);
            support.push(rows.map(|row| weight(weights, row)).sum());
        }
        Ok(Self::new(per_class, &support))
    }

    /// Averages a measure of each class, whose rows weigh `support` \[k\].
    pub(crate) fn new(per_class: Vec<Option<f64>>, support: &[f64]) -> Self {
        let k = per_class.len() as f64;
        let macro_avg = per_class
            .iter()
            .copied()
            .sum::<Option<f64>>()
            .map(|sum| sum / k);
        let total: f64 = support.iter().sum();
        let weighted_avg = if total == 0.0 {
            macro_avg
        } else {
            let there = per_class.iter().zip(support).filter(|(_, s)| **s > 0.0);
            let sum = there
                .map(|(value, s)| value.map(|value| value * s))
                .sum::<Option<f64>>();
            sum.map(|sum| sum / total)
        };
        Self {
            per_class,
            macro_avg,
            weighted_avg,
        }
    }
}
