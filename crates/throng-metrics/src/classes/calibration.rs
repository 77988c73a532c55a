//! Whether what is said to happen in p of the cases does.

use serde::Serialize;

use super::check::{check_classes, check_rows, check_scores, check_some, check_weights, weight};
use super::scores::Scores;
use crate::error::MetricError;

/// Where one bin of probabilities ends and the next begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum BinStrategy {
    /// Bins of equal width.
    #[default]
    Uniform,
    /// Bins of nearly equal numbers of rows; their weights do not matter here.
    Quantile,
}

/// Predicted against observed shares, by bins of the prediction; bins without rows are left out.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CalibrationCurve {
    /// The share of the rows of a bin that are true.
    pub prob_true: Vec<f64>,
    /// Their mean probability.
    pub prob_pred: Vec<f64>,
    /// Their number, or weight.
    pub count: Vec<f64>,
}

/// The calibration curve of one class, as scikit-learn's `calibration_curve`.
///
/// `truth` \[n\] is true for rows of the class, `probabilities` \[n\], `weights` \[n\] (which scikit-learn's does not have).
/// A bin has the probabilities above its lower edge, up to and with its upper one; the first has 0 too.
///
/// # Errors
/// [`MetricError::Setting`] without bins, [`MetricError::Empty`] without rows, [`MetricError::Length`] if the arguments
/// differ in length, [`MetricError::ScoreNotFinite`], [`MetricError::NotProbability`], [`MetricError::Weight`] and
/// [`MetricError::NoWeight`].
pub fn calibration_curve(
    truth: &[bool],
    probabilities: &[f64],
    bins: usize,
    strategy: BinStrategy,
    weights: Option<&[f64]>,
) -> Result<CalibrationCurve, MetricError> {
    if bins == 0 {
        return Err(MetricError::Setting {
            setting: "bins",
            value: 0.0,
            needed: "at least 1 is needed",
        });
    }
    check_some("truth", truth.len())?;
    check_rows("scores", probabilities.len(), truth.len())?;
    check_scores(probabilities, true)?;
    check_weights(weights, truth.len())?;
    // As NumPy's linspace has them, to the last bit: a probability may lie on an edge.
    let width = 1.0 / bins as f64;
    let even = (1..bins).map(|edge| edge as f64 * width);
    let edges: Vec<f64> = match strategy {
        BinStrategy::Uniform => even.collect(),
        BinStrategy::Quantile => {
            let mut sorted = probabilities.to_vec();
            sorted.sort_unstable_by(f64::total_cmp);
            even.map(|share| percentile(&sorted, share * 100.0))
                .collect()
        }
    };
    let mut sums = vec![[0.0; 3]; bins];
    for (row, (&p, &truth)) in probabilities.iter().zip(truth).enumerate() {
        let [happened, said, count] = &mut sums[edges.partition_point(|&edge| edge < p)];
        let weight = weight(weights, row);
        *happened += weight * f64::from(truth);
        *said += weight * p;
        *count += weight;
    }
    sums.retain(|[_, _, count]| *count > 0.0);
    Ok(CalibrationCurve {
        prob_true: sums
            .iter()
            .map(|[happened, _, count]| happened / count)
            .collect(),
        prob_pred: sums.iter().map(|[_, said, count]| said / count).collect(),
        count: sums.iter().map(|[_, _, count]| *count).collect(),
    })
}

/// A percentile (0 to 100) of ascending values, of which there are some: NumPy's default, linear between neighbours.
pub(crate) fn percentile(sorted: &[f64], percent: f64) -> f64 {
    let last = sorted.len() - 1;
    let at = percent / 100.0 * last as f64;
    let below = (at.floor() as usize).min(last);
    let (low, high) = (sorted[below], sorted[(below + 1).min(last)]);
    let (step, part) = (high - low, at - at.floor());
    if part < 0.5 {
        low + step * part
    } else {
        high - step * (1.0 - part)
    }
}

/// The expected calibration error of the predicted class (Guo et al., 2017): how far the share of right rows is from
/// their mean probability, averaged over `bins` bins of equal width by their rows. 0 to 1, 0 at best; the paper has 15 bins.
///
/// `truth` \[n\] in `0..k`, `probabilities` [n, k], or [n, 1] of the class 1 of two. For the error of one class's
/// probabilities see [`expected_calibration_error_binary`].
///
/// # Errors
/// As [`calibration_curve`], and [`MetricError::ClassRange`].
pub fn expected_calibration_error(
    truth: &[u32],
    probabilities: &Scores,
    bins: usize,
    weights: Option<&[f64]>,
) -> Result<f64, MetricError> {
    check_rows("truth", truth.len(), probabilities.rows())?;
    check_classes("truth", truth, probabilities.classes())?;
    probabilities.check_probabilities()?;
    let predicted = probabilities.predict(0.5);
    let right: Vec<bool> = truth.iter().zip(&predicted).map(|(a, b)| a == b).collect();
    let highest = |row: &[f64]| match row {
        [one] => one.max(1.0 - one),
        _ => row.iter().copied().fold(0.0, f64::max),
    };
    let confidence: Vec<f64> = probabilities.iter().map(highest).collect();
    expected_calibration_error_binary(&right, &confidence, bins, weights)
}

/// The expected calibration error of one class's probabilities: the mean difference of `prob_true` and `prob_pred` of the
/// uniform [`calibration_curve`], by the rows of the bins. 0 to 1, 0 at best.
///
/// # Errors
/// As [`calibration_curve`].
pub fn expected_calibration_error_binary(
    truth: &[bool],
    probabilities: &[f64],
    bins: usize,
    weights: Option<&[f64]>,
) -> Result<f64, MetricError> {
    let curve = calibration_curve(truth, probabilities, bins, BinStrategy::Uniform, weights)?;
    let total: f64 = curve.count.iter().sum();
    let bins = curve
        .prob_true
        .iter()
        .zip(&curve.prob_pred)
        .zip(&curve.count);
    Ok(bins
        .map(|((happened, said), count)| count / total * (happened - said).abs())
        .sum())
}
