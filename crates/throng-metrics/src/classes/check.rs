//! Checks that measures of a classifier share.

use crate::error::MetricError;

/// Checks that there is something, and one `argument` for each row.
pub(crate) fn check_rows(
    argument: &'static str,
    got: usize,
    expected: usize,
) -> Result<(), MetricError> {
    if got == expected {
        return Ok(());
    }
    Err(MetricError::Length {
        argument,
        got,
        expected,
        each: "row",
    })
}

/// Checks that there is at least one row.
pub(crate) fn check_some(argument: &'static str, rows: usize) -> Result<(), MetricError> {
    if rows == 0 {
        return Err(MetricError::Empty { argument });
    }
    Ok(())
}

/// Checks that classes are in `0..classes`.
pub(crate) fn check_classes(
    argument: &'static str,
    labels: &[u32],
    classes: usize,
) -> Result<(), MetricError> {
    match labels.iter().position(|&class| class as usize >= classes) {
        None => Ok(()),
        Some(row) => Err(MetricError::ClassRange {
            argument,
            row,
            class: labels[row],
            classes,
        }),
    }
}

/// Checks that there is one weight a row, finite and not negative, and that not all are 0.
pub(crate) fn check_weights(weights: Option<&[f64]>, rows: usize) -> Result<(), MetricError> {
    let Some(weights) = weights else {
        return Ok(());
    };
    check_rows("weights", weights.len(), rows)?;
    let wrong = |weight: &f64| !weight.is_finite() || *weight < 0.0;
    if let Some(row) = weights.iter().position(wrong) {
        return Err(MetricError::Weight {
            row,
            value: weights[row],
        });
    }
    if weights.iter().all(|&weight| weight == 0.0) {
        return Err(MetricError::NoWeight);
    }
    Ok(())
}

/// Checks that scores are finite and probabilities within 0 and 1 if they are to be.
pub(crate) fn check_scores(scores: &[f64], probabilities: bool) -> Result<(), MetricError> {
    if let Some(row) = scores.iter().position(|score| !score.is_finite()) {
        return Err(MetricError::ScoreNotFinite {
            row,
            column: 0,
            value: scores[row],
        });
    }
    if let Some(row) = scores.iter().position(|p| !(0.0..=1.0).contains(p))
        && probabilities
    {
        return Err(MetricError::NotProbability {
            row,
            column: 0,
            value: scores[row],
        });
    }
    Ok(())
}

/// The weight of a row: 1 if none are given.
pub(crate) fn weight(weights: Option<&[f64]>, row: usize) -> f64 {
    weights.map_or(1.0, |weights| weights[row])
}

/// The weighted mean of a value of each row.
pub(crate) fn mean(weights: Option<&[f64]>, values: impl Iterator<Item = f64>) -> f64 {
    let (mut sum, mut total) = (0.0, 0.0);
    for (row, value) in values.enumerate() {
        let weight = weight(weights, row);
        sum += weight * value;
        total += weight;
    }
    sum / total
}
