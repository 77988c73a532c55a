//! A classifier of sequences: its head, its losses, and its training.

mod checkpoint;
mod loss;
mod model;
mod optimiser;
mod order;
mod schedule;
mod sequence_classifier;
mod targets;
mod train;
mod tuning;

pub use checkpoint::Checkpoints;
pub use loss::Loss;
pub use model::BertForSequenceClassification;
pub use schedule::Schedule;
pub use sequence_classifier::SequenceClassifier;
pub use targets::{Targets, Task};
pub use train::{Ended, Examples, TrainEpoch, TrainParams, TrainReport, TrainStep, TrainWatch};
pub use tuning::{LoraModule, LoraParams, Tuning};
