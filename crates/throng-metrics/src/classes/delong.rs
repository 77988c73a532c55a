//! Whether one classifier's ROC AUC is above another's.

use serde::Serialize;

use super::check::{check_rows, check_scores};
use crate::error::MetricError;

/// Two areas under the ROC curve of the same rows, and the test of their difference.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct DeLong {
    /// The area of the first scores.
    pub auc_a: f64,
    /// The area of the second scores.
    pub auc_b: f64,
    /// The first less the second.
    pub difference: f64,
    /// The standard error of the difference.
    pub standard_error: f64,
    /// The difference by its standard error; none if that is 0, which tells nothing.
    pub z: Option<f64>,
    /// The chance of a difference at least as large in either direction if there is none; none with `z`.
    pub p_value: Option<f64>,
    /// The 95% interval of the difference, by the normal distribution.
    pub interval: [f64; 2],
}

/// The 0.975 quantile of the normal distribution.
const NORMAL_975: f64 = 1.959_963_984_540_054;

/// DeLong's test of two correlated ROC curves (DeLong, DeLong and Clarke-Pearson, 1988).
///
/// `truth` \[n\] is true for rows of the class; `a` and `b` \[n\] are two classifiers' scores of the same rows. Rows must be
/// independent of each other. It has no weights; use [`Bootstrap::roc_auc_difference`](super::Bootstrap::roc_auc_difference)
/// there, and where the standard error is 0.
///
/// # Errors
/// [`MetricError::OneClass`] without two rows of the class and two others, [`MetricError::Length`] if the arguments differ
/// in length, [`MetricError::ScoreNotFinite`].
pub fn delong_test(truth: &[bool], a: &[f64], b: &[f64]) -> Result<DeLong, MetricError> {
    for scores in [a, b] {
        check_rows("scores", scores.len(), truth.len())?;
        check_scores(scores, false)?;
    }
    let positives = truth.iter().filter(|&&truth| truth).count();
    let negatives = truth.len() - positives;
    if positives < 2 || negatives < 2 {
        return Err(MetricError::OneClass {
            positives,
            negatives,
        });
    }
    let (a, b) = (placements(truth, a), placements(truth, b));
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let (auc_a, auc_b) = (mean(&a.positives), mean(&b.positives));
    // The variance of the difference: that of the rows' differences, of each class.
    let variance = |a: &[f64], b: &[f64]| {
        let differences: Vec<f64> = a.iter().zip(b).map(|(a, b)| a - b).collect();
        let middle = mean(&differences);
        let squares: f64 = differences.iter().map(|d| (d - middle).powi(2)).sum();
        squares / (a.len() - 1) as f64 / a.len() as f64
    };
    let variance = variance(&a.positives, &b.positives) + variance(&a.negatives, &b.negatives);
    let (difference, standard_error) = (auc_a - auc_b, variance.sqrt());
    let z = (standard_error > 0.0).then(|| difference / standard_error);
    let half = NORMAL_975 * standard_error;
    Ok(DeLong {
        auc_a,
        auc_b,
        difference,
        standard_error,
        z,
        p_value: z.map(|z| libm::erfc(z.abs() / std::f64::consts::SQRT_2)),
        interval: [difference - half, difference + half],
    })
}

/// Of each row of one class, the share of the other class's rows that are on its right side, ties counted half.
struct Placements {
    positives: Vec<f64>,
    negatives: Vec<f64>,
}

fn placements(truth: &[bool], scores: &[f64]) -> Placements {
    let of = |class: bool| -> Vec<f64> {
        let rows = truth.iter().zip(scores).filter(|(is, _)| **is == class);
        rows.map(|(_, &score)| score).collect()
    };
    let (positives, negatives) = (of(true), of(false));
    let sorted = |scores: &[f64]| {
        let mut scores = scores.to_vec();
        scores.sort_unstable_by(f64::total_cmp);
        scores
    };
    let below = |sorted: &[f64], score: f64| {
        let less = sorted.partition_point(|&other| other < score);
        let not_more = sorted.partition_point(|&other| other <= score);
        (less + not_more) as f64 / 2.0 / sorted.len() as f64
    };
    let (high, low) = (sorted(&positives), sorted(&negatives));
    Placements {
        positives: positives.iter().map(|&score| below(&low, score)).collect(),
        negatives: negatives
            .iter()
            .map(|&score| 1.0 - below(&high, score))
            .collect(),
    }
}
