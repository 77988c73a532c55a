//! A BERT encoder in Burn, pretrained on a log's own events.
//!
//! The model is the BERT of Devlin et al., "BERT: Pre-training of Deep Bidirectional Transformers for Language
//! Understanding" (NAACL 2019, <https://arxiv.org/abs/1810.04805>), its sizes read from a `config.json`. The same code
//! trains and runs on a GPU through wgpu and on the CPU through Burn's Flex backend.

mod activation;
mod augment;
mod batch;
pub mod bridge;
mod classifier;
mod config;
mod cpu;
mod encoder;
mod error;
mod files;
mod head;
mod masking;
mod model;
mod modules;
mod pooling;
mod pretrain;
mod text_encoder;
mod tokenizer;
mod weights;

pub use augment::{Augment, Partners};
pub use batch::TokenSequence;
pub use classifier::{
    BertForSequenceClassification, Checkpoints, Ended, Examples, LoraModule, LoraParams, Loss,
    Schedule, SequenceClassifier, Targets, Task, TextClassifier, TrainEpoch, TrainParams,
    TrainReport, TrainStep, TrainWatch, Tuning,
};
pub use config::BertConfig;
pub use encoder::Encoder;
pub use error::BertError;
pub use model::{Bert, BertForMaskedLm, BertOutput};
pub use pooling::Pooling;
pub use pretrain::{PretrainParams, PretrainReport, Step, pretrain};
pub use text_encoder::TextEncoder;
pub use tokenizer::Tokenizer;
