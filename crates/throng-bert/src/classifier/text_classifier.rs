//! A classifier of texts, in a folder that opens in Python too.

use std::ops::ControlFlow;
use std::path::Path;

use serde::{Deserialize, Serialize};
use throng_compute::Compute;

use super::{SequenceClassifier, Task};
use crate::files::{file, read_json, write_json};
use crate::tokenizer::own_length;
use crate::{BertError, TextEncoder, TokenSequence, Tokenizer};

/// A [`SequenceClassifier`] with its tokenizer and the temperature that its probabilities are calibrated with.
#[derive(Debug, Clone)]
pub struct TextClassifier {
    /// The model.
    pub classifier: SequenceClassifier,
    tokenizer: Tokenizer,
    temperature: f64,
}

/// What Python's files have no place for.
#[derive(Serialize, Deserialize)]
struct Calibration {
    temperature: f64,
}

const CALIBRATION: &str = "calibration.json";

impl TextClassifier {
    /// A classifier with the tokenizer of its body, and a temperature of 1.
    #[must_use]
    pub fn new(classifier: SequenceClassifier, tokenizer: Tokenizer) -> Self {
        Self {
            classifier,
            tokenizer,
            temperature: 1.0,
        }
    }

    /// An untrained head on the body of `encoder`, as of [`SequenceClassifier::new`].
    ///
    /// # Errors
    /// As that says.
    pub fn on(
        encoder: &TextEncoder,
        task: Task,
        labels: &[impl AsRef<str>],
        seed: u64,
    ) -> Result<Self, BertError> {
        let classifier = SequenceClassifier::new(encoder.encoder(), task, labels, seed)?;
        Ok(Self::new(classifier, encoder.tokenizer().clone()))
    }

    /// The same model for texts of at most so many tokens, special ones among them: their beginning stays.
    ///
    /// # Errors
    /// If that is below 3, or more than the model takes.
    pub fn with_max_length(mut self, max_length: usize) -> Result<Self, BertError> {
        let most = self.classifier.config().max_position_embeddings;
        if max_length > most {
            return Err(BertError::Config(format!(
                "a length of {max_length} tokens, the model takes at most {most}"
            )));
        }
        self.tokenizer = self.tokenizer.with_max_length(max_length)?;
        Ok(self)
    }

    /// Opens a folder as of [`SequenceClassifier::open`] with a tokenizer as of [`Tokenizer::open`], for as many tokens as
    /// `tokenizer_config.json` allows, and the temperature of `calibration.json` if that is there.
    ///
    /// # Errors
    /// As these say; if the temperature is not above 0.
    pub fn open(folder: &Path, compute: &Compute) -> Result<Self, BertError> {
        let classifier = SequenceClassifier::open(folder, compute)?;
        let most = classifier.config().max_position_embeddings;
        let tokenizer = Tokenizer::open(folder, own_length(folder, most)?)?;
        let path = folder.join(CALIBRATION);
        let temperature = match path.exists() {
            true => read_json::<Calibration>(&path)?.temperature,
            false => 1.0,
        };
        if !temperature.is_finite() || temperature <= 0.0 {
            return Err(file(
                &path,
                format!("temperature is {temperature}, it must be above 0"),
            ));
        }
        Ok(Self {
            classifier,
            tokenizer,
            temperature,
        })
    }

    /// Writes the model, its tokenizer and the temperature into `folder`, which exists.
    ///
    /// # Errors
    /// If a file cannot be written, or the device fails.
    pub fn save(&self, folder: &Path) -> Result<(), BertError> {
        self.classifier.save(folder)?;
        self.tokenizer.save(folder)?;
        let calibration = Calibration {
            temperature: self.temperature,
        };
        write_json(&folder.join(CALIBRATION), &calibration)
    }

    /// What makes tokens of texts.
    #[must_use]
    pub fn tokenizer(&self) -> &Tokenizer {
        &self.tokenizer
    }

    /// What scores are divided by before they become probabilities.
    #[must_use]
    pub fn temperature(&self) -> f64 {
        self.temperature
    }

    /// Sets the temperature, above 0 (Guo et al. 2017, <https://arxiv.org/abs/1706.04599>).
    ///
    /// # Errors
    /// If it is not.
    pub fn set_temperature(&mut self, temperature: f64) -> Result<(), BertError> {
        if !temperature.is_finite() || temperature <= 0.0 {
            return Err(BertError::Config(format!(
                "a temperature of {temperature}, it must be above 0"
            )));
        }
        self.temperature = temperature;
        Ok(())
    }

    /// The texts' tokens.
    ///
    /// # Errors
    /// If the tokenizer fails.
    pub fn encode<S: AsRef<str>>(&self, texts: &[S]) -> Result<Vec<TokenSequence>, BertError> {
        self.tokenizer.encode(texts)
    }

    /// What the model says of each text, `[texts, labels]` row by row: probabilities of classes or of labels, calibrated by
    /// the temperature, or the numbers of a regression.
    ///
    /// # Errors
    /// If the device fails or a score is not finite; [`BertError::Cancelled`].
    pub fn predict<S: AsRef<str>>(
        &self,
        texts: &[S],
        progress: &mut dyn FnMut(usize) -> ControlFlow<()>,
    ) -> Result<Vec<f64>, BertError> {
        let logits = self.classifier.logits(&self.encode(texts)?, progress)?;
        Ok(self.probabilities(&logits))
    }

    /// The same of scores, `[texts, labels]`.
    #[must_use]
    pub fn probabilities(&self, logits: &[f32]) -> Vec<f64> {
        let scaled = logits
            .iter()
            .map(|&logit| f64::from(logit) / self.temperature);
        match self.classifier.task() {
            Task::SingleLabel => {
                let scaled: Vec<f64> = scaled.collect();
                scaled
                    .chunks(self.classifier.labels().len())
                    .flat_map(softmax)
                    .collect()
            }
            Task::MultiLabel => scaled.map(|x| 1.0 / (1.0 + (-x).exp())).collect(),
            Task::Regression => logits.iter().map(|&logit| f64::from(logit)).collect(),
        }
    }
}

fn softmax(scores: &[f64]) -> Vec<f64> {
    let most = scores.iter().copied().fold(f64::MIN, f64::max);
    let powers: Vec<f64> = scores.iter().map(|score| (score - most).exp()).collect();
    let sum: f64 = powers.iter().sum();
    powers.into_iter().map(|power| power / sum).collect()
}
