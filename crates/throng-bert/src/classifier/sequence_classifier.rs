//! A classifier on a device: opened, saved, asked and trained.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::Path;

use burn::tensor::{Device, Tensor, TensorData};
use serde::{Deserialize, Serialize};
use throng_compute::Compute;

use super::{BertForSequenceClassification, Task};
use crate::batch::{self, Batch};
use crate::encoder::batch_tokens;
use crate::files::{file, read_json, write, write_json};
use crate::{BertConfig, BertError, Encoder, TokenSequence, bridge, encoder, weights};

/// A BERT that scores the labels of sequences, in the folder that transformers keeps it in.
#[derive(Debug, Clone)]
pub struct SequenceClassifier {
    pub(super) model: BertForSequenceClassification,
    pub(super) config: BertConfig,
    pub(super) task: Task,
    labels: Vec<String>,
    unused: Vec<String>,
    compute: Compute,
    pub(super) device: Device,
}

/// What `config.json` says of a classifier, beside the sizes.
#[derive(Debug, Serialize, Deserialize)]
struct Head {
    #[serde(default)]
    architectures: Vec<String>,
    #[serde(default)]
    problem_type: Option<Task>,
    id2label: BTreeMap<usize, String>,
    #[serde(default)]
    label2id: BTreeMap<String, usize>,
}

const ARCHITECTURE: &str = "BertForSequenceClassification";

impl SequenceClassifier {
    /// An untrained head for these labels on an encoder's body. The head's weights are drawn from N(0,
    /// `initializer_range`) by `seed`, a pooler's too where the encoder has none.
    ///
    /// # Errors
    /// If there is no label, or one class alone.
    pub fn new(
        encoder: &Encoder,
        task: Task,
        labels: &[impl AsRef<str>],
        seed: u64,
    ) -> Result<Self, BertError> {
        let least = if task == Task::SingleLabel { 2 } else { 1 };
        if labels.len() < least {
            return Err(BertError::Config(format!(
                "{} labels, {task:?} needs {least} at least",
                labels.len()
            )));
        }
        let config = encoder.config().clone();
        let device = encoder.device().clone();
        let bert = encoder.bert().clone();
        let model = BertForSequenceClassification::init(bert, &config, labels.len(), seed, &device);
        Ok(Self {
            model,
            config,
            task,
            labels: labels
                .iter()
                .map(|label| label.as_ref().to_owned())
                .collect(),
            unused: encoder.unused_tensors().to_vec(),
            compute: encoder.compute().clone(),
            device,
        })
    }

    /// Opens a Hugging Face folder of a `BertForSequenceClassification`: `config.json` with `id2label`, and weights as of
    /// [`Encoder::open`]. Where `problem_type` is not given, one label is a number and several are classes.
    ///
    /// # Errors
    /// If a file is missing or broken, or does not fit the others: the tensor at fault by its name in the file.
    pub fn open(folder: &Path, compute: &Compute) -> Result<Self, BertError> {
        let path = folder.join("config.json");
        let config = BertConfig::read(&path)?;
        let head: Head = read_json(&path)?;
        let labels: Vec<String> = head.id2label.values().cloned().collect();
        if labels.is_empty() || head.id2label.keys().copied().ne(0..labels.len()) {
            let problem = "id2label does not name labels 0, 1, 2 and so on".to_owned();
            return Err(file(&path, problem));
        }
        let task = head.problem_type.unwrap_or(match labels.len() {
            1 => Task::Regression,
            _ => Task::SingleLabel,
        });
        let device = bridge::device(compute)?;
        let mut model = BertForSequenceClassification::zeros(&config, labels.len(), &device);
        let loaded = weights::read(&mut model, folder)?;
        if let Some(name) = loaded.missing.first() {
            let problem = format!("tensor {name} is not there");
            return Err(file(&loaded.file, problem));
        }
        Ok(Self {
            model,
            config,
            task,
            labels,
            unused: encoder::without_positions(loaded.unused),
            compute: compute.clone(),
            device,
        })
    }

    /// Tensors of the file that no part of the model takes, or of its encoder's file; by their names there.
    pub fn unused_tensors(&self) -> &[String] {
        &self.unused
    }

    /// Writes `config.json` and `model.safetensors` into `folder`, which exists. transformers opens them as
    /// `BertForSequenceClassification`.
    ///
    /// # Errors
    /// If a file cannot be written, or the device fails.
    pub fn save(&self, folder: &Path) -> Result<(), BertError> {
        let problem = |e: serde_json::Error| BertError::Config(e.to_string());
        let mut config = serde_json::to_value(&self.config).map_err(problem)?;
        let ids = self.labels.iter().cloned().enumerate();
        let head = Head {
            architectures: vec![ARCHITECTURE.to_owned()],
            problem_type: Some(self.task),
            label2id: ids.clone().map(|(id, label)| (label, id)).collect(),
            id2label: ids.collect(),
        };
        let head = serde_json::to_value(head).map_err(problem)?;
        if let (Some(config), serde_json::Value::Object(head)) = (config.as_object_mut(), head) {
            config.extend(head);
        }
        write_json(&folder.join("config.json"), &config)?;
        let bytes = weights::to_bytes(&self.model).map_err(BertError::Device)?;
        write(&folder.join("model.safetensors"), &bytes)
    }

    /// What the scores mean.
    #[must_use]
    pub fn task(&self) -> Task {
        self.task
    }

    /// The names of the labels.
    #[must_use]
    pub fn labels(&self) -> &[String] {
        &self.labels
    }

    /// The model's sizes.
    #[must_use]
    pub fn config(&self) -> &BertConfig {
        &self.config
    }

    /// The model.
    #[must_use]
    pub fn model(&self) -> &BertForSequenceClassification {
        &self.model
    }

    /// Where it computes.
    #[must_use]
    pub fn compute(&self) -> &Compute {
        &self.compute
    }

    /// Scores of each sequence, `[sequences, labels]` row by row, before softmax or the logistic function. `progress`
    /// hears how many sequences are done and may stop the work.
    ///
    /// # Errors
    /// If a sequence is empty, too long or holds an unknown token; if a score is not finite; [`BertError::Cancelled`].
    pub fn logits(
        &self,
        sequences: &[TokenSequence],
        progress: &mut dyn FnMut(usize) -> ControlFlow<()>,
    ) -> Result<Vec<f32>, BertError> {
        let first = self.first(sequences, progress)?;
        let logits = self.scores(first)?;
        let labels = self.labels.len();
        match logits.iter().position(|value| !value.is_finite()) {
            Some(at) => Err(BertError::Sequence {
                sequence: at / labels,
                problem: format!("a score of {}", logits[at]),
            }),
            None => Ok(logits),
        }
    }

    /// Scores of first tokens' vectors, as of [`Self::logits`], which may not be finite.
    pub(super) fn scores(&self, first: Tensor<2>) -> Result<Vec<f32>, BertError> {
        let scores = self.model.score(first).try_into_vec_as::<f32>();
        scores.map_err(|e| BertError::Device(e.to_string()))
    }

    /// The last layer's vectors of the first tokens, `[sequences, hidden]`, in order.
    pub(super) fn first(
        &self,
        sequences: &[TokenSequence],
        progress: &mut dyn FnMut(usize) -> ControlFlow<()>,
    ) -> Result<Tensor<2>, BertError> {
        batch::check(sequences, &self.config)?;
        let d = self.config.hidden_size;
        let lengths: Vec<usize> = sequences.iter().map(|s| s.ids.len()).collect();
        let mut order = Vec::with_capacity(sequences.len());
        let mut vectors = Vec::new();
        for rows in batch::by_length(
            (0..sequences.len()).collect(),
            &lengths,
            batch_tokens(&self.compute),
        ) {
            let batch = Batch::of_rows(sequences, &rows, self.config.pad_token_id, &self.device);
            vectors.push(self.model.first(&batch));
            order.extend(rows);
            if progress(order.len()).is_break() {
                return Err(BertError::Cancelled);
            }
        }
        if vectors.is_empty() {
            return Ok(Tensor::zeros([0, d], &self.device));
        }
        let mut places = vec![0_i32; order.len()];
        for (place, row) in order.into_iter().enumerate() {
            places[row] = place as i32;
        }
        let n = places.len();
        let places = Tensor::from_data(TensorData::new(places, [n]), &self.device);
        Ok(Tensor::cat(vectors, 0).select(0, places))
    }
}
