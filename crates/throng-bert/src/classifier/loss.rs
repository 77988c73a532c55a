//! What training makes small.

use burn::tensor::activation::{log_softmax, softmax};
use burn::tensor::{Device, Int, Tensor, TensorData};

use super::{Targets, Task};
use crate::BertError;

/// A loss of scores and targets, averaged as PyTorch does.
#[derive(Clone, Debug, PartialEq)]
pub enum Loss {
    /// -log p of the true class; for [`Task::SingleLabel`].
    CrossEntropy {
        /// A weight of each class; the mean is over the weights of the rows' classes.
        class_weights: Option<Vec<f32>>,
        /// The part of the truth that is spread evenly over all classes, in [0, 1) (Szegedy et al. 2016,
        /// <https://arxiv.org/abs/1512.00567>).
        label_smoothing: f32,
    },
    /// -[y log p + (1 - y) log(1 - p)] of each label; for [`Task::MultiLabel`].
    BinaryCrossEntropy,
    /// (p - y)^2: of the numbers for [`Task::Regression`], of every class's probability for [`Task::SingleLabel`].
    MeanSquaredError,
}

impl Loss {
    /// The usual one of a task.
    #[must_use]
    pub fn of(task: Task) -> Self {
        match task {
            Task::SingleLabel => Self::CrossEntropy {
                class_weights: None,
                label_smoothing: 0.0,
            },
            Task::MultiLabel => Self::BinaryCrossEntropy,
            Task::Regression => Self::MeanSquaredError,
        }
    }

    /// Refuses a loss that does not fit the task.
    pub(crate) fn check(&self, task: Task, labels: usize) -> Result<(), BertError> {
        let no = |problem: String| Err(BertError::Config(problem));
        match (self, task) {
            (
                Self::CrossEntropy {
                    class_weights,
                    label_smoothing,
                },
                Task::SingleLabel,
            ) => {
                if !(0.0..1.0).contains(label_smoothing) {
                    return no(format!(
                        "label_smoothing is {label_smoothing}, it must lie in [0, 1)"
                    ));
                }
                let Some(weights) = class_weights else {
                    return Ok(());
                };
                if weights.len() != labels {
                    return no(format!(
                        "{} class weights, the model has {labels} classes",
                        weights.len()
                    ));
                }
                match weights.iter().find(|w| !w.is_finite() || **w <= 0.0) {
                    Some(weight) => no(format!("a class weight of {weight}, it must be above 0")),
                    None => Ok(()),
                }
            }
            (Self::BinaryCrossEntropy, Task::MultiLabel)
            | (Self::MeanSquaredError, Task::Regression | Task::SingleLabel) => Ok(()),
            _ => no(format!("the loss {self:?} is none of {task:?}")),
        }
    }

    /// The mean over a batch, `[1]`, of scores `[batch, labels]`.
    pub(crate) fn forward(&self, scores: Tensor<2>, targets: &Targets) -> Tensor<1> {
        let device = scores.device();
        match (self, targets) {
            (
                Self::CrossEntropy {
                    class_weights,
                    label_smoothing,
                },
                Targets::Classes(classes),
            ) => cross_entropy(scores, classes, class_weights.as_deref(), *label_smoothing),
            (Self::MeanSquaredError, Targets::Classes(classes)) => {
                let [_, labels] = scores.dims();
                let truth = one_hot(classes, labels, &device);
                (softmax(scores, 1) - truth).square().mean()
            }
            (Self::BinaryCrossEntropy, Targets::Values { values, .. }) => {
                let truth =
                    Tensor::from_data(TensorData::new(values.clone(), scores.dims()), &device);
                // log(1 + e^x) - x y, which overflows for no x.
                let soft =
                    (scores.clone().abs().neg().exp() + 1.0).log() + scores.clone().clamp_min(0.0);
                (soft - scores * truth).mean()
            }
            // Refused by `check`, but for the mean squared error.
            (_, Targets::Values { values, .. }) => {
                let truth =
                    Tensor::from_data(TensorData::new(values.clone(), scores.dims()), &device);
                (scores - truth).square().mean()
            }
            (Self::BinaryCrossEntropy, Targets::Classes(classes)) => {
                cross_entropy(scores, classes, None, 0.0)
            }
        }
    }
}

fn cross_entropy(
    scores: Tensor<2>,
    classes: &[u32],
    weights: Option<&[f32]>,
    smoothing: f32,
) -> Tensor<1> {
    let device = scores.device();
    let [rows, labels] = scores.dims();
    let weight = |class: u32| weights.map_or(1.0, |weights| weights[class as usize]);
    let whole: f32 = classes.iter().map(|&class| weight(class)).sum();
    let log = log_softmax(scores, 1);
    let index: Vec<i32> = classes.iter().map(|&class| class as i32).collect();
    let index = Tensor::<2, Int>::from_data(TensorData::new(index, [rows, 1]), &device);
    let of_rows: Vec<f32> = classes
        .iter()
        .map(|&class| weight(class) * (1.0 - smoothing) / whole)
        .collect();
    let of_rows = Tensor::from_data(TensorData::new(of_rows, [rows, 1]), &device);
    let loss = (log.clone().gather(1, index) * of_rows).sum().neg();
    if smoothing == 0.0 {
        return loss;
    }
    let of_classes: Vec<f32> = (0..labels as u32)
        .map(|class| weight(class) * smoothing / (labels as f32 * whole))
        .collect();
    let of_classes = Tensor::from_data(TensorData::new(of_classes, [1, labels]), &device);
    loss - (log * of_classes).sum()
}

fn one_hot(classes: &[u32], labels: usize, device: &Device) -> Tensor<2> {
    let mut truth = vec![0.0_f32; classes.len() * labels];
    for (row, &class) in classes.iter().enumerate() {
        truth[row * labels + class as usize] = 1.0;
    }
    Tensor::from_data(TensorData::new(truth, [classes.len(), labels]), device)
}
