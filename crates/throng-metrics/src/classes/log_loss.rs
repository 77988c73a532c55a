//! The logarithmic loss.

use super::check::{check_classes, check_rows, check_weights, mean};
use super::scores::Scores;
use crate::error::MetricError;

/// The mean of -ln of the true class's probability, the loss that classifiers are trained with; 0 at best.
///
/// `truth` \[n\] in `0..k`, `probabilities` [n, k] with rows that sum to 1, or [n, 1] of the class 1 of two, `weights`
/// \[n\]. Probabilities are clipped as in scikit-learn 1.7: to 2.2e-16 and 1 less that, or to 1.2e-7 if they came in
/// `f32`, so that a sure mistake costs 36.04 or 15.94.
///
/// # Errors
/// [`MetricError::Length`] if the arguments differ in length, [`MetricError::ClassRange`],
/// [`MetricError::NotProbability`]; [`MetricError::ProbabilitySum`] where scikit-learn warns, beyond 1.5e-8 (3.5e-4 if
/// they came in `f32`); [`MetricError::Weight`] and [`MetricError::NoWeight`].
pub fn log_loss(
    truth: &[u32],
    probabilities: &Scores,
    weights: Option<&[f64]>,
) -> Result<f64, MetricError> {
    check_distributions(truth, probabilities, weights)?;
    let epsilon = probabilities.epsilon();
    let loss = |p: f64| -p.clamp(epsilon, 1.0 - epsilon).ln();
    let rows = probabilities.iter().zip(truth);
    Ok(mean(
        weights,
        rows.map(|(row, &class)| loss(probability(row, class))),
    ))
}

/// The probability of a class, of one column or of all.
pub(crate) fn probability(row: &[f64], class: u32) -> f64 {
    match (row, class) {
        ([one], 0) => 1.0 - one,
        ([one], _) => *one,
        _ => row[class as usize],
    }
}

/// Checks classes and their probabilities.
pub(crate) fn check_distributions(
    truth: &[u32],
    probabilities: &Scores,
    weights: Option<&[f64]>,
) -> Result<(), MetricError> {
    check_rows("truth", truth.len(), probabilities.rows())?;
    check_classes("truth", truth, probabilities.classes())?;
    check_weights(weights, truth.len())?;
    probabilities.check_probabilities()?;
    probabilities.check_sums(probabilities.epsilon().sqrt())
}
