//! A log's own model: its vocabulary, and a BERT pretrained on its events.

use std::ops::ControlFlow;
use std::path::Path;

use thousands::Separable;
use throng_bert::{BertConfig, Encoder, PretrainParams, PretrainReport, TokenSequence, pretrain};
use throng_compute::{Compute, DeviceKind, Matrix};
use throng_events::{
    CLS, EventLog, MASK, Purchases, SEP, SPECIAL, Sequence, SequenceUnit, Vocabulary,
    VocabularyParams, sequences,
};

use crate::{Error, Observer};

/// Sizes of a behaviour model; `None` scales to the log.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BehaviourParams {
    /// How the vocabulary is made.
    pub vocabulary: VocabularyParams,
    /// Layers.
    pub layers: Option<usize>,
    /// Width.
    pub hidden: Option<usize>,
    /// Attention heads.
    pub heads: Option<usize>,
    /// Passes over the log.
    pub epochs: Option<usize>,
    /// The longest sequence in tokens, special ones included; of longer ones the most recent tokens count.
    pub max_length: Option<usize>,
}

/// A vocabulary and the encoder that knows it.
#[derive(Debug, Clone)]
pub struct Behaviour {
    /// The words.
    pub vocabulary: Vocabulary,
    /// The model.
    pub encoder: Encoder,
    /// What pretraining came to; none for a model that was opened.
    pub report: Option<PretrainReport>,
}

/// The most tokens that pretraining sees unless epochs are given: under a minute on two cores.
const TOKENS: usize = 900_000;
/// Passes over a small log.
const EPOCHS: usize = 12;

/// Weights of the layers of a model that is small: a GPU would still be building its kernels when two cores are done. That was
/// measured with 98,304 (docs/benchmarks.md); the limit is ten times as many, by judgement.
const SMALL: usize = 1_000_000;

impl Behaviour {
    /// Learns the words of `log` and pretrains a model on its sequences. Where `compute` is a GPU that [`Compute::auto`]
    /// took, a small model stays on the CPU.
    ///
    /// # Errors
    /// If sizes do not work, the log holds no event, the device fails, or the observer stops the work.
    pub fn pretrain(
        log: &EventLog,
        params: &BehaviourParams,
        seed: u64,
        compute: &Compute,
        observer: &mut dyn Observer,
    ) -> Result<Self, Error> {
        let vocabulary = Vocabulary::build(log, &params.vocabulary);
        let max_length = params.max_length.unwrap_or(128);
        if max_length < 8 {
            return Err(Error::Argument {
                name: "max-length",
                problem: format!("{max_length} is too short, the least is 8"),
            });
        }
        let hidden = params.hidden.unwrap_or(64);
        let config = BertConfig::behaviour(
            vocabulary.len(),
            hidden,
            params.layers.unwrap_or(2),
            params.heads.unwrap_or_else(|| (hidden / 32).max(1)),
            max_length,
        );
        let texts = tokens(log, &vocabulary, None, max_length);
        let all: usize = texts.iter().map(|t| t.ids.len()).sum();
        let budget = params.epochs.map_or_else(
            || (EPOCHS * all).min(TOKENS.max(all / 2)),
            |epochs| epochs * all,
        );
        let home = home(compute, &config);
        observer.say(&format!(
            "behaviour model: {} tokens of vocabulary, {} layers x {hidden}, pretrained on {} tokens, {} a pass{}",
            vocabulary.len().separate_with_commas(),
            config.num_hidden_layers,
            budget.separate_with_commas(),
            all.separate_with_commas(),
            match home.kind() == compute.kind() {
                true => "",
                false => ", on the CPU, which is done with so small a model first",
            },
        ));
        let pretraining = PretrainParams {
            tokens: budget,
            seed,
            special_tokens: SPECIAL.len() as u32,
            mask_token: MASK,
            ..Default::default()
        };
        let (encoder, report) = pretrain(&config, &texts, &pretraining, &home, &mut |step| {
            observer.progress("pretrain", step.step as u64, Some(step.steps as u64))
        })?;
        if let (Some(loss), Some(frequency)) = (report.held_out_loss, report.frequency_loss) {
            observer.say(&format!(
                "pretrained {} steps; guessing a hidden token costs {loss:.3} nats on users held out, {frequency:.3} by frequency alone",
                report.steps.separate_with_commas()
            ));
        }
        Ok(Self {
            vocabulary,
            encoder,
            report: Some(report),
        })
    }

    /// Width of a user's vector.
    #[must_use]
    pub fn width(&self) -> usize {
        self.encoder.config().hidden_size
    }

    /// A vector a user, `[users, hidden]`, in the order of the log's users, on the model's device.
    ///
    /// # Errors
    /// If the device fails or the observer stops the work.
    pub fn embed(&self, log: &EventLog, observer: &mut dyn Observer) -> Result<Matrix, Error> {
        let texts = self.sequences(log, None);
        let total = texts.len() as u64;
        Ok(self.encoder.embed(&texts, &mut |done| {
            observer.progress("embed", done as u64, Some(total))
        })?)
    }

    /// The model's tokens of every user, in the order of the log's users: `[CLS] … [SEP]`, as seen at `now` (milliseconds since
    /// 1970), or else at the log's end. Of longer sequences the most recent events.
    #[must_use]
    pub fn sequences(&self, log: &EventLog, now: Option<i64>) -> Vec<TokenSequence> {
        let most = self.encoder.config().max_position_embeddings;
        tokens(log, &self.vocabulary, now, most)
    }

    /// Writes `config.json`, `model.safetensors` and `vocabulary.json` into `folder`, which exists.
    ///
    /// # Errors
    /// If a file cannot be written.
    pub fn save(&self, folder: &Path) -> Result<(), Error> {
        self.encoder.save(folder)?;
        let path = folder.join("vocabulary.json");
        let text = serde_json::to_string(&self.vocabulary).map_err(|e| Error::folder(&path, e))?;
        std::fs::write(&path, text + "\n").map_err(|e| Error::folder(&path, e))
    }

    /// Opens what [`Behaviour::save`] wrote, where [`Behaviour::pretrain`] would run it.
    ///
    /// # Errors
    /// If a file is missing or does not fit the others.
    pub fn open(folder: &Path, compute: &Compute) -> Result<Self, Error> {
        let path = folder.join("vocabulary.json");
        let text = std::fs::read_to_string(&path).map_err(|e| Error::folder(&path, e))?;
        let mut vocabulary: Vocabulary =
            serde_json::from_str(&text).map_err(|e| Error::folder(&path, e))?;
        vocabulary.reindex();
        let config = BertConfig::read(&folder.join("config.json"))?;
        let encoder = Encoder::open(folder, &home(compute, &config))?;
        if encoder.config().vocab_size != vocabulary.len() {
            let problem = format!(
                "{} tokens, but the model knows {}",
                vocabulary.len(),
                encoder.config().vocab_size
            );
            return Err(Error::folder(&path, problem));
        }
        Ok(Self {
            vocabulary,
            encoder,
            report: None,
        })
    }
}

/// Where a model is trained and run.
fn home(compute: &Compute, config: &BertConfig) -> Compute {
    match stays_on_cpu(compute.kind(), compute.is_auto(), config) {
        true => Compute::cpu(),
        false => compute.clone(),
    }
}

fn stays_on_cpu(kind: DeviceKind, is_auto: bool, config: &BertConfig) -> bool {
    // Of attention 4, of the intermediate layer 8.
    let weights = 12 * config.num_hidden_layers * config.hidden_size.pow(2);
    kind == DeviceKind::Gpu && is_auto && weights < SMALL
}

/// `[CLS] … [SEP]` for every user.
fn tokens(
    log: &EventLog,
    vocabulary: &Vocabulary,
    now: Option<i64>,
    max_length: usize,
) -> Vec<TokenSequence> {
    let purchases = Purchases::of(log);
    let now = now.or(log.span().map(|(_, last)| last)).unwrap_or(0);
    sequences(log, SequenceUnit::User)
        .iter()
        .map(|sequence: &Sequence| {
            let words = vocabulary.encode(log, &purchases, sequence, now, max_length - 2);
            let (first, last) = (
                words.segments.first().copied(),
                words.segments.last().copied(),
            );
            TokenSequence {
                ids: [CLS].into_iter().chain(words.ids).chain([SEP]).collect(),
                segments: [first.unwrap_or(0)]
                    .into_iter()
                    .chain(words.segments)
                    .chain([last.unwrap_or(0)])
                    .collect(),
            }
        })
        .collect()
}

/// Turns a break of an observer into an error.
pub(crate) fn go_on(flow: ControlFlow<()>) -> Result<(), Error> {
    match flow {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(()) => Err(Error::Cancelled),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_small_models_leave_a_gpu_and_only_one_that_nobody_asked_for() {
        let of = |hidden, layers| BertConfig::behaviour(1_000, hidden, layers, 1, 128);
        let (small, large) = (of(64, 2), of(384, 6));
        assert!(stays_on_cpu(DeviceKind::Gpu, true, &small));
        assert!(!stays_on_cpu(DeviceKind::Gpu, true, &large));
        assert!(!stays_on_cpu(DeviceKind::Gpu, false, &small));
        assert!(!stays_on_cpu(DeviceKind::Software, true, &small));
        assert!(!stays_on_cpu(DeviceKind::Cpu, true, &small));
    }
}
