//! Measures of predicted numbers.

use crate::classes::check::{check_rows, check_some, check_weights, mean, weight};
use crate::error::MetricError;

/// The mean squared error, 0 at best, in the square of the values' unit: scikit-learn's `mean_squared_error`.
///
/// `truth`, `predicted` and `weights` \[n\].
///
/// # Errors
/// [`MetricError::Empty`] without rows, [`MetricError::Length`] if the arguments differ in length,
/// [`MetricError::ValueNotFinite`], [`MetricError::Weight`] and [`MetricError::NoWeight`].
pub fn mean_squared_error(
    truth: &[f64],
    predicted: &[f64],
    weights: Option<&[f64]>,
) -> Result<f64, MetricError> {
    let errors = errors(truth, predicted, weights)?;
    Ok(mean(weights, errors.map(|error| error * error)))
}

/// The mean absolute error, 0 at best, in the values' unit: scikit-learn's `mean_absolute_error`.
///
/// Arguments as of [`mean_squared_error`].
///
/// # Errors
/// As [`mean_squared_error`].
pub fn mean_absolute_error(
    truth: &[f64],
    predicted: &[f64],
    weights: Option<&[f64]>,
) -> Result<f64, MetricError> {
    let errors = errors(truth, predicted, weights)?;
    Ok(mean(weights, errors.map(f64::abs)))
}

/// The share of the variance that is explained, 1 at best, below 0 for worse than the mean: scikit-learn's `r2_score`.
///
/// Arguments as of [`mean_squared_error`]. Of equal true values it is 1 if all are met and else 0; of one row there is
/// none, where scikit-learn warns and gives NaN.
///
/// # Errors
/// As [`mean_squared_error`].
pub fn r2_score(
    truth: &[f64],
    predicted: &[f64],
    weights: Option<&[f64]>,
) -> Result<Option<f64>, MetricError> {
    let errors = errors(truth, predicted, weights)?;
    if truth.len() < 2 {
        return Ok(None);
    }
    let middle = mean(weights, truth.iter().copied());
    let unexplained = sum(weights, errors);
    let all = sum(weights, truth.iter().map(|value| value - middle));
    Ok(Some(if unexplained == 0.0 {
        1.0
    } else if all == 0.0 {
        0.0
    } else {
        1.0 - unexplained / all
    }))
}

/// The weighted sum of squares.
fn sum(weights: Option<&[f64]>, values: impl Iterator<Item = f64>) -> f64 {
    let squares = values.enumerate();
    squares
        .map(|(row, value)| weight(weights, row) * value * value)
        .sum()
}

/// The errors of the rows, once the arguments are right.
fn errors<'a>(
    truth: &'a [f64],
    predicted: &'a [f64],
    weights: Option<&[f64]>,
) -> Result<impl Iterator<Item = f64> + use<'a>, MetricError> {
    check_some("truth", truth.len())?;
    check_rows("predicted", predicted.len(), truth.len())?;
    check_weights(weights, truth.len())?;
    for (argument, values) in [("truth", truth), ("predicted", predicted)] {
        if let Some(row) = values.iter().position(|value| !value.is_finite()) {
            return Err(MetricError::ValueNotFinite {
                argument,
                row,
                value: values[row],
            });
        }
    }
    Ok(truth
        .iter()
        .zip(predicted)
        .map(|(truth, predicted)| truth - predicted))
}
