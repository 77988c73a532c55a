//! The confusion matrix, and what can be read from it.

use serde::ser::{Serialize, SerializeSeq, Serializer};

use super::check::{check_classes, check_rows, check_some, check_weights, weight};
use crate::error::MetricError;

/// Rows of each true class by their predicted class, equal to scikit-learn's `confusion_matrix` with `labels=range(k)`.
///
/// In JSON it is a list of rows, of whole numbers if there were no weights.
#[derive(Debug, Clone, PartialEq)]
pub struct ConfusionMatrix {
    /// [k, k]: of true class i and predicted class j at `i * k + j`.
    counts: Vec<f64>,
    k: usize,
    weighted: bool,
}

/// Counts rows, or their weights, by true and predicted class.
///
/// `truth` and `predicted` \[n\] in `0..classes`, `weights` \[n\]. It takes `classes` squared numbers of memory.
///
/// # Errors
/// [`MetricError::Empty`] without rows, [`MetricError::Length`] if the arguments differ in length,
/// [`MetricError::ClassRange`], [`MetricError::Weight`] and [`MetricError::NoWeight`].
pub fn confusion_matrix(
    truth: &[u32],
    predicted: &[u32],
    classes: usize,
    weights: Option<&[f64]>,
) -> Result<ConfusionMatrix, MetricError> {
    check_some("truth", truth.len())?;
    check_rows("predicted", predicted.len(), truth.len())?;
    check_classes("truth", truth, classes)?;
    check_classes("predicted", predicted, classes)?;
    check_weights(weights, truth.len())?;
    let mut counts = vec![0.0; classes * classes];
    for (row, (&truth, &predicted)) in truth.iter().zip(predicted).enumerate() {
        counts[truth as usize * classes + predicted as usize] += weight(weights, row);
    }
    Ok(ConfusionMatrix {
        counts,
        k: classes,
        weighted: weights.is_some(),
    })
}

impl ConfusionMatrix {
    /// Classes, k.
    pub fn classes(&self) -> usize {
        self.k
    }

    /// Rows of a true class that were predicted to be of a class, or their weight.
    pub fn count(&self, truth: usize, predicted: usize) -> f64 {
        self.counts[truth * self.k + predicted]
    }

    /// Rows of each true class by predicted class.
    pub fn rows(&self) -> impl Iterator<Item = &[f64]> {
        self.counts.chunks_exact(self.k)
    }

    /// Correct rows of each class, \[k\].
    fn diagonal(&self) -> impl Iterator<Item = f64> {
        (0..self.k).map(|class| self.count(class, class))
    }

    /// The mean recall of the classes that have rows, 0 to 1: scikit-learn's `balanced_accuracy_score`.
    pub fn balanced_accuracy_score(&self) -> f64 {
        let (mut sum, mut there) = (0.0, 0.0);
        for (right, row) in self.diagonal().zip(self.rows()) {
            let all: f64 = row.iter().sum();
            if all > 0.0 {
                sum += right / all;
                there += 1.0;
            }
        }
        sum / there
    }

    /// The correlation of truth and prediction, -1 to 1 (Matthews, 1975; Gorodkin, 2004): scikit-learn's `matthews_corrcoef`.
    /// 0 if all rows are, or are predicted to be, of one class.
    pub fn matthews_corrcoef(&self) -> f64 {
        let truth: Vec<f64> = self.rows().map(|row| row.iter().sum()).collect();
        let mut predicted = vec![0.0; self.k];
        for row in self.rows() {
            predicted
                .iter_mut()
                .zip(row)
                .for_each(|(sum, count)| *sum += count);
        }
        let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
        let (all, right) = (predicted.iter().sum::<f64>(), self.diagonal().sum::<f64>());
        let spread = (all * all - dot(&predicted, &predicted)) * (all * all - dot(&truth, &truth));
        if spread == 0.0 {
            return 0.0;
        }
        (right * all - dot(&truth, &predicted)) / spread.sqrt()
    }
}

impl Serialize for ConfusionMatrix {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut rows = serializer.serialize_seq(Some(self.k))?;
        for row in self.rows() {
            if self.weighted {
                rows.serialize_element(row)?;
            } else {
                let whole: Vec<u64> = row.iter().map(|&count| count as u64).collect();
                rows.serialize_element(&whole)?;
            }
        }
        rows.end()
    }
}
