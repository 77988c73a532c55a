//! The adjusted Rand index.

use crate::error::MetricError;

/// The Rand index of two labelings, adjusted for chance (Hubert and Arabie, 1985): 1 for the same
/// partition, near 0 for independent ones, negative for worse than chance.
///
/// Both are \[n\]; the labels' names do not matter. Pairs are counted exactly, for n below 2^31. As in scikit-learn,
/// empty and identical partitions give 1.
///
/// # Errors
/// [`MetricError::Length`] if the two differ in length.
pub fn adjusted_rand_score(truth: &[u32], predicted: &[u32]) -> Result<f64, MetricError> {
    if truth.len() != predicted.len() {
        return Err(MetricError::Length {
            argument: "predicted",
            got: predicted.len(),
            expected: truth.len(),
            each: "true label",
        });
    }
    let n = truth.len() as i128;
    let both = sum_of_squared_runs(
        truth
            .iter()
            .zip(predicted)
            .map(|(&a, &b)| u64::from(a) << 32 | u64::from(b)),
    );
    let by_truth = sum_of_squared_runs(truth.iter().map(|&label| u64::from(label)));
    let by_predicted = sum_of_squared_runs(predicted.iter().map(|&label| u64::from(label)));

    // Ordered pairs of rows, as in scikit-learn's pair_confusion_matrix.
    let together = both - n;
    let only_predicted = by_predicted - both;
    let only_truth = by_truth - both;
    let apart = n * n - only_predicted - only_truth - both;
    if only_predicted == 0 && only_truth == 0 {
        return Ok(1.0);
    }
    let above_chance = 2 * (together * apart - only_truth * only_predicted);
    let most = (together + only_truth) * (only_truth + apart)
        + (together + only_predicted) * (only_predicted + apart);
    Ok(above_chance as f64 / most as f64)
}

/// The sum of the squared counts of equal values.
fn sum_of_squared_runs(values: impl Iterator<Item = u64>) -> i128 {
    let mut values: Vec<u64> = values.collect();
    values.sort_unstable();
    values
        .chunk_by(|a, b| a == b)
        .map(|run| (run.len() as i128).pow(2))
        .sum()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::adjusted_rand_score;

    /// The examples of scikit-learn's documentation.
    #[test]
    fn published_examples() {
        let ari = |a: &[u32], b: &[u32]| adjusted_rand_score(a, b).unwrap();
        assert_eq!(ari(&[0, 0, 1, 1], &[0, 0, 1, 1]), 1.0);
        assert_eq!(ari(&[0, 0, 1, 1], &[9, 9, 0, 0]), 1.0);
        assert!((ari(&[0, 0, 1, 2], &[0, 0, 1, 1]) - 0.571_428_571_428_571_4).abs() < 1e-15);
        assert!((ari(&[0, 0, 1, 1], &[0, 0, 1, 2]) - 0.571_428_571_428_571_4).abs() < 1e-15);
        assert_eq!(ari(&[0, 0, 0, 0], &[0, 1, 2, 3]), 0.0);
        assert_eq!(ari(&[0, 0, 1, 1], &[0, 1, 0, 1]), -0.5);
    }

    #[test]
    fn nothing_and_one_row_agree() {
        assert_eq!(adjusted_rand_score(&[], &[]).unwrap(), 1.0);
        assert_eq!(adjusted_rand_score(&[4], &[0]).unwrap(), 1.0);
    }

    #[test]
    fn lengths_must_agree() {
        let error = adjusted_rand_score(&[0, 1], &[0]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "predicted: 1 given, but 2 are needed, one for each true label"
        );
    }
}
