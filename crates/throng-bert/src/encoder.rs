//! A trained model that turns sequences into vectors.

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::path::Path;

use burn::tensor::{Device, Tensor};
use throng_compute::{Compute, ComputeError, Matrix};

use crate::batch::{self, Batch};
use crate::model::MaskedLmHead;
use crate::pooling::Pooling;
use crate::weights::{self, Loaded};
use crate::{Bert, BertConfig, BertError, BertForMaskedLm, TokenSequence, bridge, files};

/// Tokens in one batch, padding counted: enough to keep a GPU busy, little enough for any. On a CPU fewer are as fast, and
/// their tensors come from memory that the allocator keeps, where larger ones are mapped and cleared each time.
pub(crate) fn batch_tokens(compute: &Compute) -> usize {
    match compute.host_device() {
        Some(_) => 8_192,
        None => 2_048,
    }
}

/// How the names of the masked-language head begin in a file.
const HEAD: &str = "cls.predictions.";
/// How the pooler's do.
const POOLER: &str = "pooler.";
/// 0, 1, 2 and so on: no weight, though some files keep it.
const POSITIONS: &str = "embeddings.position_ids";

/// A trained encoder on a device.
#[derive(Debug, Clone)]
pub struct Encoder {
    bert: Bert,
    /// What pretraining needs, where the model's files have it.
    head: Option<MaskedLmHead>,
    config: BertConfig,
    unused: Vec<String>,
    compute: Compute,
    device: Device,
}

impl Encoder {
    pub(crate) fn new(
        model: BertForMaskedLm,
        config: BertConfig,
        compute: &Compute,
    ) -> Result<Self, BertError> {
        Ok(Self {
            bert: model.bert,
            head: Some(model.head),
            config,
            unused: Vec::new(),
            compute: compute.clone(),
            device: bridge::device(compute)?,
        })
    }

    /// Opens a Hugging Face folder: `config.json`, and `model.safetensors` or its parts with
    /// `model.safetensors.index.json`; of any float precision, computed in f32. The names of tensors may begin with
    /// `bert.` or not. The pooler and the head of a masked-language model may be left out.
    ///
    /// # Errors
    /// If a file is missing or broken, or does not fit the others: the tensor at fault by its name in the file.
    pub fn open(folder: &Path, compute: &Compute) -> Result<Self, BertError> {
        let config = BertConfig::read(&folder.join("config.json"))?;
        let device = bridge::device(compute)?;
        let mut model = BertForMaskedLm::zeros(&config, &device);
        let Loaded {
            file,
            missing,
            unused,
        } = weights::read(&mut model, folder)?;
        let BertForMaskedLm { bert, head } = model;
        let has_head = !is_left_out(&missing, |name| name.starts_with(HEAD), 5);
        let has_pooler = !is_left_out(&missing, is_of_pooler, 2);
        let needed = missing.iter().find(|name| {
            (has_head || !name.starts_with(HEAD)) && (has_pooler || !is_of_pooler(name))
        });
        if let Some(name) = needed {
            return Err(BertError::File {
                path: file,
                problem: format!("tensor {name} is not there"),
            });
        }
        Ok(Self {
            bert: if has_pooler {
                bert
            } else {
                bert.without_pooler()
            },
            head: has_head.then_some(head),
            config,
            unused: without_positions(unused),
            compute: compute.clone(),
            device,
        })
    }

    /// Writes `config.json` and `model.safetensors`, with Hugging Face's names, into `folder`, which exists. transformers
    /// opens them.
    ///
    /// # Errors
    /// If a file cannot be written.
    pub fn save(&self, folder: &Path) -> Result<(), BertError> {
        files::write_json(&folder.join("config.json"), &self.config)?;
        let bytes = match self.masked_lm() {
            Some(model) => weights::to_bytes(&model),
            None => weights::to_bytes_bare(&self.bert),
        };
        let bytes = bytes.map_err(BertError::Device)?;
        files::write(&folder.join("model.safetensors"), &bytes)
    }

    /// The model's sizes.
    #[must_use]
    pub fn config(&self) -> &BertConfig {
        &self.config
    }

    /// The model without a head.
    #[must_use]
    pub fn bert(&self) -> &Bert {
        &self.bert
    }

    /// The model with the head that names hidden tokens, if it has one. Tensors are shared, not copied.
    #[must_use]
    pub fn masked_lm(&self) -> Option<BertForMaskedLm> {
        let head = self.head.clone()?;
        let bert = self.bert.clone();
        Some(BertForMaskedLm { bert, head })
    }

    /// Tensors of the opened files that this model has no place for, by their names there.
    #[must_use]
    pub fn unused_tensors(&self) -> &[String] {
        &self.unused
    }

    pub(crate) fn compute(&self) -> &Compute {
        &self.compute
    }

    /// The Burn device that the model is on.
    pub(crate) fn device(&self) -> &Device {
        &self.device
    }

    /// A vector a sequence: the mean of the last layer's vectors over the real tokens, `[CLS]` and `[SEP]` among them.
    /// Returns `[sequences, hidden_size]` on the encoder's device; on wgpu nothing crosses the host. `progress` hears how
    /// many sequences are done and may stop the work. A vector is that of its sequence alone but for rounding: tests hold it
    /// within 2.3e-5 of each value, or of 1.
    ///
    /// # Errors
    /// If a sequence is empty, too long or holds an unknown token; if the device fails or a vector is not finite;
    /// [`BertError::Cancelled`].
    pub fn embed(
        &self,
        sequences: &[TokenSequence],
        progress: &mut dyn FnMut(usize) -> ControlFlow<()>,
    ) -> Result<Matrix, BertError> {
        let mean = |batch: &Batch, hidden| Pooling::Mean.forward(&self.bert, batch, hidden);
        self.embed_by(sequences, self.config.hidden_size, &mean, progress)
    }

    /// A vector of `width` a sequence, made by `pool` from a batch and its last layer's vectors.
    pub(crate) fn embed_by(
        &self,
        sequences: &[TokenSequence],
        width: usize,
        pool: &dyn Fn(&Batch, Tensor<3>) -> Option<Tensor<2>>,
        progress: &mut dyn FnMut(usize) -> ControlFlow<()>,
    ) -> Result<Matrix, BertError> {
        batch::check(sequences, &self.config)?;
        let mut out = self.compute.matrix_builder(sequences.len(), width)?;
        let lengths: Vec<usize> = sequences.iter().map(|s| s.ids.len()).collect();
        let mut done = 0;
        for rows in batch::by_length(
            (0..sequences.len()).collect(),
            &lengths,
            batch_tokens(&self.compute),
        ) {
            let batch = Batch::of_rows(sequences, &rows, self.config.pad_token_id, &self.device);
            let hidden = self.bert.hidden(
                batch.ids.clone(),
                batch.segments.clone(),
                batch.padding.clone(),
            );
            let no_pooler = || BertError::Config("the model has no pooler".to_owned());
            let pooled = pool(&batch, hidden).ok_or_else(no_pooler)?;
            let vectors =
                bridge::matrix(&self.compute, pooled).map_err(|e| of_sequences(e, &rows))?;
            let places: Vec<u32> = rows.iter().map(|&i| i as u32).collect();
            out.put(&vectors, &places)?;
            done += rows.len();
            if progress(done).is_break() {
                return Err(BertError::Cancelled);
            }
        }
        Ok(out.finish()?)
    }
}

/// Whether all `count` tensors of a kind are missing: then the model was saved without that part.
fn is_left_out(missing: &BTreeSet<String>, is: impl Fn(&str) -> bool, count: usize) -> bool {
    missing.iter().filter(|name| is(name)).count() == count
}

fn is_of_pooler(name: &str) -> bool {
    without_prefix(name).starts_with(POOLER)
}

/// Numbers of positions are no weights, though old files hold them.
pub(crate) fn without_positions(unused: BTreeSet<String>) -> Vec<String> {
    let is_weight = |name: &String| without_prefix(name) != POSITIONS;
    unused.into_iter().filter(is_weight).collect()
}

fn without_prefix(name: &str) -> &str {
    name.strip_prefix("bert.").unwrap_or(name)
}

/// The error of a batch's row as that of its sequence.
fn of_sequences(mut error: BertError, rows: &[usize]) -> BertError {
    if let BertError::Compute(
        ComputeError::NotFinite { row, .. } | ComputeError::TooLarge { row, .. },
    ) = &mut error
    {
        *row = rows[*row];
    }
    error
}
