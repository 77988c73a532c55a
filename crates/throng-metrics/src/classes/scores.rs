//! What a classifier says of each row and class.

use crate::error::MetricError;

/// Scores, probabilities or logits of classes, [n, k], all finite, n and k at least 1.
///
/// One column stands for the class 1 of two. The values are kept in `f64`; those that came in `f32` keep that precision
/// in mind, because scikit-learn clips probabilities at it and is as lenient on their sums.
#[derive(Debug, Clone, PartialEq)]
pub struct Scores {
    values: Vec<f64>,
    columns: usize,
    epsilon: f64,
}

impl Scores {
    /// Scores \[n * k\], row after row.
    ///
    /// # Errors
    /// [`MetricError::Empty`] without a row or column, [`MetricError::Length`] if the last row is not whole,
    /// [`MetricError::ScoreNotFinite`] for NaN and infinity.
    pub fn new(values: Vec<f64>, columns: usize) -> Result<Self, MetricError> {
        Self::with_epsilon(values, columns, f64::EPSILON)
    }

    /// Scores \[n * k\] in single precision.
    ///
    /// # Errors
    /// As [`Scores::new`].
    pub fn of_f32(values: &[f32], columns: usize) -> Result<Self, MetricError> {
        let wide = values.iter().map(|&value| f64::from(value)).collect();
        Self::with_epsilon(wide, columns, f64::from(f32::EPSILON))
    }

    pub(crate) fn with_epsilon(
        values: Vec<f64>,
        columns: usize,
        epsilon: f64,
    ) -> Result<Self, MetricError> {
        if values.is_empty() || columns == 0 {
            return Err(MetricError::Empty { argument: "scores" });
        }
        if !values.len().is_multiple_of(columns) {
            return Err(MetricError::Length {
                argument: "scores",
                got: values.len(),
                expected: values.len().div_ceil(columns) * columns,
                each: "row and class",
            });
        }
        if let Some(at) = values.iter().position(|value| !value.is_finite()) {
            return Err(MetricError::ScoreNotFinite {
                row: at / columns,
                column: at % columns,
                value: values[at],
            });
        }
        Ok(Self {
            values,
            columns,
            epsilon,
        })
    }

    /// Rows, n.
    pub fn rows(&self) -> usize {
        self.values.len() / self.columns
    }

    /// Columns: k, or 1 for the class 1 of two.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// Classes: the columns, but 2 for one column.
    pub fn classes(&self) -> usize {
        self.columns.max(2)
    }

    /// All values, [n, k].
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    /// A column, \[n\].
    pub fn column(&self, column: usize) -> Vec<f64> {
        self.iter().map(|row| row[column]).collect()
    }

    /// Row after row.
    pub fn iter(&self) -> impl Iterator<Item = &[f64]> {
        self.values.chunks_exact(self.columns)
    }

    /// NumPy's `eps` of the precision that the values came in: the spacing of numbers above 1.
    pub(crate) fn epsilon(&self) -> f64 {
        self.epsilon
    }

    /// The class of each row, \[n\]: of the largest score, the lowest of equal ones; for one column 1 from `threshold` on.
    pub fn predict(&self, threshold: f64) -> Vec<u32> {
        self.iter()
            .map(|row| match row {
                [one] => u32::from(*one >= threshold),
                _ => (1..row.len()).fold(0, |best, at| if row[at] > row[best] { at } else { best })
                    as u32,
            })
            .collect()
    }

    /// Checks that every value is within 0 and 1.
    pub(crate) fn check_probabilities(&self) -> Result<(), MetricError> {
        match self.values.iter().position(|p| !(0.0..=1.0).contains(p)) {
            None => Ok(()),
            Some(at) => Err(MetricError::NotProbability {
                row: at / self.columns,
                column: at % self.columns,
                value: self.values[at],
            }),
        }
    }

    /// Checks that rows of two columns and more sum to 1, within NumPy's `allclose` with this relative tolerance.
    pub(crate) fn check_sums(&self, tolerance: f64) -> Result<(), MetricError> {
        if self.columns == 1 {
            return Ok(());
        }
        for (row, values) in self.iter().enumerate() {
            let sum: f64 = values.iter().sum();
            if (sum - 1.0).abs() > 1e-8 + tolerance {
                return Err(MetricError::ProbabilitySum { row, sum });
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::Scores;

    #[test]
    fn what_is_no_matrix_of_finite_scores_is_refused() {
        let message = |values: &[f64], columns| {
            Scores::new(values.to_vec(), columns)
                .unwrap_err()
                .to_string()
        };
        assert_eq!(message(&[], 2), "scores: is empty; give at least one row");
        assert_eq!(
            message(&[0.5; 3], 2),
            "scores: 3 given, but 4 are needed, one for each row and class"
        );
        assert_eq!(
            message(&[0.5, 0.5, 0.5, f64::NAN], 2),
            "scores: row 1, column 1 is NaN; scores are finite"
        );
        assert_eq!(
            message(&[f64::INFINITY], 1),
            "scores: row 0, column 0 is inf; scores are finite"
        );
    }

    #[test]
    fn the_lowest_of_equal_classes_is_predicted() {
        let three = Scores::new(vec![0.2, 0.4, 0.4, 0.3, 0.3, 0.3], 3).unwrap();
        assert_eq!(three.predict(0.5), [1, 0]);
        let one = Scores::new(vec![0.5, 0.49], 1).unwrap();
        assert_eq!(one.predict(0.5), [1, 0]);
    }
}
