//! The Brier score.

use super::check::mean;
use super::log_loss::check_distributions;
use super::scores::Scores;
use crate::error::MetricError;

/// The mean squared distance of the probabilities from the truth (Brier, 1950), 0 at best.
///
/// Arguments as of [`log_loss`](super::log_loss()). From 0 to 2, summed over the classes; of two classes from 0 to 1, of
/// one of them, as in scikit-learn 1.7 by default.
///
/// # Errors
/// As [`log_loss`](super::log_loss()).
pub fn brier_score_loss(
    truth: &[u32],
    probabilities: &Scores,
    weights: Option<&[f64]>,
) -> Result<f64, MetricError> {
    check_distributions(truth, probabilities, weights)?;
    let of = |row: &[f64], class: u32| -> f64 {
        if let [one] = row {
            return (f64::from(class) - one).powi(2);
        }
        let is = |at: usize| f64::from(at == class as usize);
        let squares = row.iter().enumerate().map(|(at, p)| (is(at) - p).powi(2));
        squares.sum::<f64>() * if row.len() == 2 { 0.5 } else { 1.0 }
    };
    let rows = probabilities.iter().zip(truth);
    Ok(mean(weights, rows.map(|(row, &class)| of(row, class))))
}
