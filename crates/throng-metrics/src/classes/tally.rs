//! Rows of each class that are found, predicted and true: what precision and recall are made of.

use serde::Serialize;

use super::check::weight;

/// Precision, recall and F1 of a class or of an average, each from 0 to 1, with scikit-learn's names in JSON.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Figures {
    /// The share of the rows predicted to be of the class that are; 0 if there are none.
    pub precision: f64,
    /// The share of the rows of the class that are predicted to be; 0 if there are none.
    pub recall: f64,
    /// The harmonic mean of the two; 0 if no row is or is predicted to be of the class.
    #[serde(rename = "f1-score")]
    pub f1_score: f64,
    /// Rows of the class, or their weight.
    pub support: f64,
}

/// How many figures were 0 / 0 and are given as 0, over the classes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct ZeroDivision {
    /// Classes that are never predicted.
    pub precision: usize,
    /// Classes without rows.
    pub recall: usize,
    /// Classes that are neither.
    #[serde(rename = "f1-score")]
    pub f1_score: usize,
}

/// The weight of rows of a class: rightly predicted, predicted and true.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Tally {
    pub right: f64,
    pub predicted: f64,
    pub truth: f64,
}

impl Tally {
    /// Counts rows of each of `classes` classes.
    pub fn of_classes(
        truth: &[u32],
        predicted: &[u32],
        classes: usize,
        weights: Option<&[f64]>,
    ) -> Vec<Self> {
        let mut tallies = vec![Self::default(); classes];
        for (row, (&truth, &predicted)) in truth.iter().zip(predicted).enumerate() {
            let weight = weight(weights, row);
            tallies[truth as usize].truth += weight;
            tallies[predicted as usize].predicted += weight;
            if truth == predicted {
                tallies[truth as usize].right += weight;
            }
        }
        tallies
    }

    /// Counts rows of each of `columns` columns, each true or not by itself.
    pub fn of_columns(
        truth: &[bool],
        predicted: &[bool],
        columns: usize,
        weights: Option<&[f64]>,
    ) -> Vec<Self> {
        let mut tallies = vec![Self::default(); columns];
        let rows = truth
            .chunks_exact(columns)
            .zip(predicted.chunks_exact(columns));
        for (row, (truth, predicted)) in rows.enumerate() {
            let weight = weight(weights, row);
            for (tally, (&truth, &predicted)) in tallies.iter_mut().zip(truth.iter().zip(predicted))
            {
                tally.add(truth, predicted, weight);
            }
        }
        tallies
    }

    /// Counts one decision.
    pub fn add(&mut self, truth: bool, predicted: bool, weight: f64) {
        self.right += weight * f64::from(truth && predicted);
        self.predicted += weight * f64::from(predicted);
        self.truth += weight * f64::from(truth);
    }

    /// All classes as one: the micro average.
    pub fn sum(tallies: &[Self]) -> Self {
        tallies.iter().fold(Self::default(), |sum, tally| Self {
            right: sum.right + tally.right,
            predicted: sum.predicted + tally.predicted,
            truth: sum.truth + tally.truth,
        })
    }

    /// 0 for 0 / 0.
    pub fn figures(self) -> Figures {
        let share = |part: f64, of: f64| if of == 0.0 { 0.0 } else { part / of };
        Figures {
            precision: share(self.right, self.predicted),
            recall: share(self.right, self.truth),
            f1_score: share(2.0 * self.right, self.predicted + self.truth),
            support: self.truth,
        }
    }

    /// Counts figures of 0 / 0.
    pub fn zero_division(tallies: &[Self]) -> ZeroDivision {
        let count = |is: fn(&Self) -> bool| tallies.iter().filter(|tally| is(tally)).count();
        ZeroDivision {
            precision: count(|tally| tally.predicted == 0.0),
            recall: count(|tally| tally.truth == 0.0),
            f1_score: count(|tally| tally.predicted + tally.truth == 0.0),
        }
    }
}

impl Figures {
    /// The mean of figures with weights, or without them if they are all 0; the support is their sum.
    pub(crate) fn mean(figures: &[Self], weights: impl Fn(&Self) -> f64) -> Self {
        let total: f64 = figures.iter().map(&weights).sum();
        let weights = |figures: &Self| if total > 0.0 { weights(figures) } else { 1.0 };
        let total: f64 = figures.iter().map(&weights).sum();
        let mean =
            |of: fn(&Self) -> f64| figures.iter().map(|f| weights(f) * of(f)).sum::<f64>() / total;
        Self {
            precision: mean(|f| f.precision),
            recall: mean(|f| f.recall),
            f1_score: mean(|f| f.f1_score),
            support: figures.iter().map(|f| f.support).sum(),
        }
    }
}
