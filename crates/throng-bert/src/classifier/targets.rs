//! What a classifier learns.

use serde::{Deserialize, Serialize};

use crate::BertError;

/// What a model's scores mean, by the names that `config.json` gives in `problem_type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Task {
    /// One of several classes: softmax of the scores are probabilities.
    #[serde(rename = "single_label_classification")]
    SingleLabel,
    /// Any of several labels: the logistic function of each score is its probability.
    #[serde(rename = "multi_label_classification")]
    MultiLabel,
    /// Numbers: the scores themselves.
    #[serde(rename = "regression")]
    Regression,
}

/// The truth of some sequences.
#[derive(Clone, Debug, PartialEq)]
pub enum Targets {
    /// The class of each.
    Classes(Vec<u32>),
    /// Of each, a row of `labels` values: 0 or 1 for [`Task::MultiLabel`], any numbers for [`Task::Regression`].
    Values {
        /// `[sequences, labels]`, row by row.
        values: Vec<f32>,
        /// Values of a row.
        labels: usize,
    },
}

impl Targets {
    /// Number of sequences.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::Classes(classes) => classes.len(),
            Self::Values { values, labels } => values.len() / (*labels).max(1),
        }
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Those of some rows, in this order.
    #[must_use]
    pub fn pick(&self, rows: &[usize]) -> Self {
        match self {
            Self::Classes(classes) => Self::Classes(rows.iter().map(|&row| classes[row]).collect()),
            Self::Values { values, labels } => Self::Values {
                values: rows
                    .iter()
                    .flat_map(|&row| &values[row * labels..(row + 1) * labels])
                    .copied()
                    .collect(),
                labels: *labels,
            },
        }
    }

    /// Adds those of other sequences, if they are of the same kind.
    pub fn extend(&mut self, more: Self) {
        match (self, more) {
            (Self::Classes(classes), Self::Classes(more)) => classes.extend(more),
            (
                Self::Values { values, labels },
                Self::Values {
                    values: more,
                    labels: columns,
                },
            ) if *labels == columns => {
                values.extend(more);
            }
            _ => {}
        }
    }

    /// Refuses what a model of this task and so many labels cannot learn.
    pub(crate) fn check(&self, task: Task, labels: usize) -> Result<(), BertError> {
        let refuse = |row: usize, problem: String| {
            Err(BertError::Sequence {
                sequence: row,
                problem,
            })
        };
        match (self, task) {
            (Self::Classes(classes), Task::SingleLabel) => {
                match classes.iter().position(|&class| class as usize >= labels) {
                    Some(row) => refuse(
                        row,
                        format!("class {}, the model has {labels}", classes[row]),
                    ),
                    None => Ok(()),
                }
            }
            (
                Self::Values {
                    values,
                    labels: columns,
                },
                Task::MultiLabel | Task::Regression,
            ) => {
                if *columns != labels {
                    return Err(BertError::Config(format!(
                        "{columns} values a sequence, the model has {labels} labels"
                    )));
                }
                let is_wrong = |value: &f32| match task {
                    Task::MultiLabel => *value != 0.0 && *value != 1.0,
                    _ => !value.is_finite(),
                };
                match values.iter().position(is_wrong) {
                    Some(at) => refuse(at / labels, format!("a target of {}", values[at])),
                    None => Ok(()),
                }
            }
            _ => Err(BertError::Config(format!(
                "these targets are not those of {task:?}"
            ))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_of_another_kind_are_refused() {
        let classes = Targets::Classes(vec![0, 2, 1]);
        assert!(classes.check(Task::SingleLabel, 3).is_ok());
        assert!(classes.check(Task::SingleLabel, 2).is_err());
        assert!(classes.check(Task::Regression, 3).is_err());
        let values = |values: &[f32]| Targets::Values {
            values: values.to_vec(),
            labels: 2,
        };
        assert!(values(&[0.0, 1.0]).check(Task::MultiLabel, 2).is_ok());
        assert!(values(&[0.0, 0.5]).check(Task::MultiLabel, 2).is_err());
        assert!(values(&[0.0, 0.5]).check(Task::Regression, 2).is_ok());
        assert!(values(&[0.0, f32::NAN]).check(Task::Regression, 2).is_err());
        assert!(values(&[0.0, 1.0]).check(Task::MultiLabel, 3).is_err());
    }

    #[test]
    fn rows_are_picked_in_order() {
        let classes = Targets::Classes(vec![5, 6, 7]);
        assert_eq!(classes.pick(&[2, 0]), Targets::Classes(vec![7, 5]));
        let values = Targets::Values {
            values: vec![0.0, 1.0, 2.0, 3.0],
            labels: 2,
        };
        assert_eq!(values.len(), 2);
        let Targets::Values { values, labels: 2 } = values.pick(&[1]) else {
            panic!("another kind");
        };
        assert_eq!(values, [2.0, 3.0]);
    }
}
