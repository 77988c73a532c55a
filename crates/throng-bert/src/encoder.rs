//! A trained model that turns sequences into vectors.

use std::ops::ControlFlow;
use std::path::Path;

use burn::tensor::{Device, Tensor};
use throng_compute::{Compute, ComputeError, Matrix};

use crate::batch::{self, Batch};
use crate::{BertConfig, BertError, BertForMaskedLm, TokenSequence, bridge, weights};

/// Tokens in one batch, padding counted: enough to keep a GPU busy, little enough for any.
const BATCH_TOKENS: usize = 8_192;

/// A trained encoder on a device.
#[derive(Debug, Clone)]
pub struct Encoder {
    model: BertForMaskedLm,
    config: BertConfig,
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
            model,
            config,
            compute: compute.clone(),
            device: bridge::device(compute)?,
        })
    }

    /// Opens a folder with `config.json` and `model.safetensors`.
    ///
    /// # Errors
    /// If one of the files is missing, or does not fit the other.
    pub fn open(folder: &Path, compute: &Compute) -> Result<Self, BertError> {
        let config = BertConfig::read(&folder.join("config.json"))?;
        let device = bridge::device(compute)?;
        let mut model = BertForMaskedLm::init(&config, 0, &device)?;
        weights::read(&mut model, &folder.join("model.safetensors"))?;
        Self::new(model, config, compute)
    }

    /// Writes `config.json` and `model.safetensors`, with Hugging Face's names, into `folder`, which exists.
    ///
    /// # Errors
    /// If a file cannot be written.
    pub fn save(&self, folder: &Path) -> Result<(), BertError> {
        let write = |name: &str, bytes: &[u8]| {
            let path = folder.join(name);
            std::fs::write(&path, bytes).map_err(|e| BertError::File {
                path,
                problem: e.to_string(),
            })
        };
        let config = serde_json::to_string_pretty(&self.config)
            .map_err(|e| BertError::Config(e.to_string()))?;
        write("config.json", format!("{config}\n").as_bytes())?;
        write(
            "model.safetensors",
            &weights::to_bytes(&self.model).map_err(BertError::Device)?,
        )
    }

    /// The model's sizes.
    #[must_use]
    pub fn config(&self) -> &BertConfig {
        &self.config
    }

    /// The encoder and the head that names hidden tokens.
    #[must_use]
    pub fn model(&self) -> &BertForMaskedLm {
        &self.model
    }

    /// A vector a sequence: the mean of the last layer's vectors over the real tokens, `[CLS]` and `[SEP]` among them.
    /// Returns `[sequences, hidden_size]` on the encoder's device; on wgpu nothing crosses the host. `progress` hears how
    /// many sequences are done and may stop the work.
    ///
    /// # Errors
    /// If a sequence is empty, too long or holds an unknown token; if the device fails or a vector is not finite;
    /// [`BertError::Cancelled`].
    pub fn embed(
        &self,
        sequences: &[TokenSequence],
        progress: &mut dyn FnMut(usize) -> ControlFlow<()>,
    ) -> Result<Matrix, BertError> {
        batch::check(sequences, &self.config)?;
        let mut out = self
            .compute
            .matrix_builder(sequences.len(), self.config.hidden_size)?;
        let lengths: Vec<usize> = sequences.iter().map(|s| s.ids.len()).collect();
        let mut done = 0;
        for rows in batch::by_length((0..sequences.len()).collect(), &lengths, BATCH_TOKENS) {
            let length = rows.iter().map(|&i| lengths[i]).max().unwrap_or(0);
            let picked: Vec<TokenSequence> = rows.iter().map(|&i| sequences[i].clone()).collect();
            let pooled = self.pooled(&Batch::new(
                &picked,
                length,
                self.config.pad_token_id,
                &self.device,
            ));
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

    /// Masked mean, `[rows, hidden]`.
    fn pooled(&self, batch: &Batch) -> Tensor<2> {
        let d = self.config.hidden_size;
        let hidden = self.model.bert.hidden(
            batch.ids.clone(),
            batch.segments.clone(),
            batch.padding.clone(),
        );
        let real = batch.padding.clone().bool_not().float();
        let counts = real.clone().sum_dim(1);
        let sums = (hidden * real.reshape([batch.rows, batch.length, 1]))
            .sum_dim(1)
            .reshape([batch.rows, d]);
        sums / counts
    }
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
