//! What can go wrong with a model.

use std::path::PathBuf;

use throng_compute::ComputeError;

/// An error of this crate; each variant names what is at fault.
#[derive(Debug, thiserror::Error)]
pub enum BertError {
    /// A size in the configuration does not work.
    #[error("model configuration: {0}")]
    Config(String),
    /// Sequences that the model cannot take.
    #[error("sequence {sequence}: {problem}")]
    Sequence {
        /// Index of the sequence.
        sequence: usize,
        /// What is wrong with it.
        problem: String,
    },
    /// There is nothing to train on.
    #[error("nothing to pretrain on: {0}")]
    NoData(String),
    /// The loss stopped being a number.
    #[error(
        "the training loss is not finite at step {step}; try a lower learning rate (it was {learning_rate})"
    )]
    LossNotFinite {
        /// The optimiser step, from 1.
        step: usize,
        /// The highest learning rate of the schedule.
        learning_rate: f64,
    },
    /// The observer asked to stop.
    #[error("stopped on request")]
    Cancelled,
    /// A model file cannot be read.
    #[error("{}: {problem}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// A model file cannot be written.
    #[error("{}: cannot be written ({problem})", path.display())]
    Unwritten {
        /// The file.
        path: PathBuf,
        /// Why.
        problem: String,
    },
    /// A kernel refused something; rows are sequences.
    #[error(transparent)]
    Compute(#[from] ComputeError),
    /// The device failed.
    #[error("the device failed: {0}")]
    Device(String),
}
