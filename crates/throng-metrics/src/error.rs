//! What can be wrong with the arguments of a measure.

use throng_compute::ComputeError;

/// Why a measure could not be computed.
#[derive(Debug, thiserror::Error)]
pub enum MetricError {
    /// Two arguments that go together differ in length.
    #[error("{argument}: {got} given, but {expected} are needed, one for each {each}")]
    Length {
        /// The argument at fault.
        argument: &'static str,
        /// Its length.
        got: usize,
        /// The length that it should have.
        expected: usize,
        /// What one element stands for.
        each: &'static str,
    },
    /// The measure compares clusters, and there is only one, or every row is its own.
    #[error(
        "labels: {found} distinct over {rows} rows; the measure needs at least 2, and fewer than there are rows"
    )]
    LabelCount {
        /// Distinct labels.
        found: usize,
        /// Rows.
        rows: usize,
    },
    /// A label without a centroid.
    #[error("labels: row {row} has label {label}, but there are {k} centroids; labels run from 0")]
    LabelRange {
        /// The row at fault, from 0.
        row: usize,
        /// Its label.
        label: u32,
        /// The number of centroids.
        k: usize,
    },
    /// A row without a direction, which the cosine cannot place.
    #[error("x: row {row} is all zeros, so it has no cosine; drop it or use another metric")]
    ZeroRow {
        /// The row, from 0.
        row: usize,
    },
    /// Nothing was given to measure.
    #[error("{argument}: is empty; give at least one row")]
    Empty {
        /// The argument at fault.
        argument: &'static str,
    },
    /// A class beyond those that there are.
    #[error(
        "{argument}: row {row} is of class {class}, but there are {classes} classes; classes run from 0"
    )]
    ClassRange {
        /// The argument at fault.
        argument: &'static str,
        /// The row at fault, from 0.
        row: usize,
        /// Its class.
        class: u32,
        /// The number of classes.
        classes: usize,
    },
    /// A score that is NaN or infinite.
    #[error("scores: row {row}, column {column} is {value}; scores are finite")]
    ScoreNotFinite {
        /// The row at fault, from 0.
        row: usize,
        /// Its column, from 0.
        column: usize,
        /// The score.
        value: f64,
    },
    /// A score that should be a probability and is none.
    #[error(
        "scores: row {row}, column {column} is {value}, which is no probability; give a softmax or a sigmoid"
    )]
    NotProbability {
        /// The row at fault, from 0.
        row: usize,
        /// Its column, from 0.
        column: usize,
        /// The score.
        value: f64,
    },
    /// The probabilities of a row's classes, one of which is true, do not sum to 1.
    #[error("scores: row {row} sums to {sum}, not to 1; give a softmax over the classes")]
    ProbabilitySum {
        /// The row at fault, from 0.
        row: usize,
        /// The sum.
        sum: f64,
    },
    /// A true or predicted value that is NaN or infinite.
    #[error("{argument}: row {row} is {value}; values are finite")]
    ValueNotFinite {
        /// The argument at fault.
        argument: &'static str,
        /// The row at fault, from 0.
        row: usize,
        /// The value.
        value: f64,
    },
    /// A weight that is negative, NaN or infinite.
    #[error("weights: row {row} weighs {value}; weights are finite and not negative")]
    Weight {
        /// The row at fault, from 0.
        row: usize,
        /// Its weight.
        value: f64,
    },
    /// No row counts.
    #[error("weights: every row weighs 0; give at least one a weight")]
    NoWeight,
    /// Names of classes that cannot be told apart in a report.
    #[error("names: {name:?} {problem}; give each class a name of its own")]
    Name {
        /// The name at fault.
        name: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// A setting out of its range.
    #[error("{setting}: is {value}; {needed}")]
    Setting {
        /// The setting at fault.
        setting: &'static str,
        /// Its value.
        value: f64,
        /// What it should be.
        needed: &'static str,
    },
    /// A comparison that needs rows of both classes.
    #[error(
        "truth: has {positives} true and {negatives} other rows; the test needs at least 2 of each"
    )]
    OneClass {
        /// Rows of the class.
        positives: usize,
        /// The others.
        negatives: usize,
    },
    /// Logits for which no temperature is the best.
    #[error(
        "logits: {problem}, so no temperature is the best; hold out more rows or leave the logits as they are"
    )]
    NoTemperature {
        /// Why there is none.
        problem: &'static str,
    },
    /// The device failed or refused the rows.
    #[error(transparent)]
    Compute(#[from] ComputeError),
}

/// Checks that there is one label for each row.
pub(crate) fn check_length(labels: &[u32], rows: usize) -> Result<(), MetricError> {
    if labels.len() == rows {
        return Ok(());
    }
    Err(MetricError::Length {
        argument: "labels",
        got: labels.len(),
        expected: rows,
        each: "row of x",
    })
}

/// Checks scikit-learn's rule: from 2 to n - 1 distinct labels.
pub(crate) fn check_label_count(found: usize, rows: usize) -> Result<(), MetricError> {
    if found < 2 || found >= rows {
        return Err(MetricError::LabelCount { found, rows });
    }
    Ok(())
}
