//! A pretrained model that turns texts into vectors.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use burn::nn::Linear;
use burn::tensor::Tensor;
use serde::Deserialize;
use throng_compute::{Compute, Matrix};

use crate::activation::Activation;
use crate::pooling::Pooling;
use crate::tokenizer::{Tokenizer, file, read_json};
use crate::{BertError, Encoder, weights};

/// Added to a length before it is divided by, as in PyTorch's `normalize`.
const LEAST_NORM: f64 = 1e-12;

/// A BERT with its tokenizer, and the steps from its vectors to a text's.
///
/// ```no_run
/// use std::ops::ControlFlow;
/// use throng_bert::TextEncoder;
/// use throng_compute::Compute;
///
/// # fn main() -> Result<(), throng_bert::BertError> {
/// let encoder = TextEncoder::open("all-MiniLM-L6-v2".as_ref(), &Compute::auto())?;
/// let texts = ["a red dress", "a blue shirt"];
/// let vectors = encoder.embed(&texts, &mut |_done| ControlFlow::Continue(()))?;
/// assert_eq!((vectors.rows(), vectors.cols()), (2, 384));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct TextEncoder {
    encoder: Encoder,
    tokenizer: Tokenizer,
    pooling: Vec<Pooling>,
    steps: Vec<Step>,
}

/// What comes after pooling.
#[derive(Debug, Clone)]
enum Step {
    Dense(Linear, Activation),
    Normalize,
}

/// An entry of sentence-transformers' `modules.json`.
#[derive(Deserialize)]
struct ModuleEntry {
    path: String,
    r#type: String,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct TransformerConfig {
    max_seq_length: Option<usize>,
}

/// `config.json` of a pooling module. Several modes may be on: their vectors are joined in this order.
#[derive(Deserialize, Default)]
#[serde(default)]
struct PoolingConfig {
    pooling_mode_cls_token: bool,
    pooling_mode_max_tokens: bool,
    pooling_mode_mean_tokens: bool,
    pooling_mode_mean_sqrt_len_tokens: bool,
    pooling_mode_weightedmean_tokens: bool,
    pooling_mode_lasttoken: bool,
}

#[derive(Deserialize)]
struct DenseConfig {
    in_features: usize,
    out_features: usize,
    #[serde(default = "yes")]
    bias: bool,
    #[serde(default = "tanh_module")]
    activation_function: String,
}

fn yes() -> bool {
    true
}

/// The default of sentence-transformers.
fn tanh_module() -> String {
    "torch.nn.modules.activation.Tanh".to_owned()
}

impl PoolingConfig {
    fn modes(&self) -> Vec<Pooling> {
        let modes = [
            (self.pooling_mode_cls_token, Pooling::Cls),
            (self.pooling_mode_max_tokens, Pooling::Max),
            (self.pooling_mode_mean_tokens, Pooling::Mean),
            (self.pooling_mode_mean_sqrt_len_tokens, Pooling::MeanSqrtLen),
            (self.pooling_mode_weightedmean_tokens, Pooling::WeightedMean),
            (self.pooling_mode_lasttoken, Pooling::Last),
        ];
        let on = modes.into_iter().filter(|(on, _)| *on);
        on.map(|(_, mode)| mode).collect()
    }
}

impl TextEncoder {
    /// Opens a folder of sentence-transformers (`modules.json` with a Transformer, a Pooling, and any number of Dense and
    /// Normalize), or a Hugging Face BERT with a tokenizer alone, whose vectors are means over a text's tokens. Nothing is
    /// fetched.
    ///
    /// # Errors
    /// If a file is missing or broken, or a module is of a kind that is not known: by name.
    pub fn open(folder: &Path, compute: &Compute) -> Result<Self, BertError> {
        let listed = folder.join("modules.json");
        if !listed.exists() {
            let encoder = Encoder::open(folder, compute)?;
            let most = encoder.config().max_position_embeddings;
            return Ok(Self {
                tokenizer: Tokenizer::open(folder, most)?,
                encoder,
                pooling: vec![Pooling::Mean],
                steps: Vec::new(),
            });
        }
        let entries: Vec<ModuleEntry> = read_json(&listed)?;
        let mut modules = entries
            .iter()
            .map(|entry| Ok::<_, BertError>((kind(entry), place(folder, entry, &listed)?)));
        let mut next = || modules.next().transpose();
        let unknown = |kind: &str| file(&listed, format!("the module {kind} has no place here"));
        let none = |kind: &str| file(&listed, format!("there is no {kind} module"));

        let (kind, place) = next()?.ok_or_else(|| none("Transformer"))?;
        if kind != "Transformer" {
            return Err(unknown(kind));
        }
        let encoder = Encoder::open(&place, compute)?;
        let limits = place.join("sentence_bert_config.json");
        let limits: TransformerConfig = match limits.exists() {
            true => read_json(&limits)?,
            false => TransformerConfig::default(),
        };
        let most = encoder.config().max_position_embeddings;
        let most = limits.max_seq_length.unwrap_or(most).min(most);
        let tokenizer = Tokenizer::open(&place, most)?;

        let (kind, place) = next()?.ok_or_else(|| none("Pooling"))?;
        if kind != "Pooling" {
            return Err(unknown(kind));
        }
        let path = place.join("config.json");
        let pooling = read_json::<PoolingConfig>(&path)?.modes();
        if pooling.is_empty() {
            let problem = "no pooling mode that is known is on".to_owned();
            return Err(file(&path, problem));
        }

        let mut width = pooling.len() * encoder.config().hidden_size;
        let mut steps = Vec::new();
        while let Some((kind, place)) = next()? {
            match kind {
                "Normalize" => steps.push(Step::Normalize),
                "Dense" => {
                    let (dense, out) = dense(&place, width, &encoder)?;
                    steps.push(dense);
                    width = out;
                }
                kind => return Err(unknown(kind)),
            }
        }
        Ok(Self {
            encoder,
            tokenizer,
            pooling,
            steps,
        })
    }

    /// The same model with another pooling.
    ///
    /// # Errors
    /// If the model has no pooler, and it is asked for; if a Dense module takes vectors of another width.
    pub fn with_pooling(mut self, pooling: Pooling) -> Result<Self, BertError> {
        if pooling == Pooling::Pooler && !self.encoder.bert().has_pooler() {
            return Err(BertError::Config("the model has no pooler".to_owned()));
        }
        if self.pooling.len() > 1 && self.steps.iter().any(|s| matches!(s, Step::Dense(..))) {
            return Err(BertError::Config(
                "a Dense module takes the model's own poolings, joined".to_owned(),
            ));
        }
        self.pooling = vec![pooling];
        Ok(self)
    }

    /// The same model whose vectors have length 1.
    #[must_use]
    pub fn normalized(mut self) -> Self {
        if !matches!(self.steps.last(), Some(Step::Normalize)) {
            self.steps.push(Step::Normalize);
        }
        self
    }

    /// The same model for texts of at most so many tokens, special ones among them: their beginning stays.
    ///
    /// # Errors
    /// If that is below 3, or more than the model takes.
    pub fn with_max_length(mut self, max_length: usize) -> Result<Self, BertError> {
        let most = self.encoder.config().max_position_embeddings;
        if max_length > most {
            return Err(BertError::Config(format!(
                "a length of {max_length} tokens, the model takes at most {most}"
            )));
        }
        self.tokenizer = self.tokenizer.with_max_length(max_length)?;
        Ok(self)
    }

    /// The model that the texts' tokens go through.
    #[must_use]
    pub fn encoder(&self) -> &Encoder {
        &self.encoder
    }

    /// What makes tokens of texts.
    #[must_use]
    pub fn tokenizer(&self) -> &Tokenizer {
        &self.tokenizer
    }

    /// Width of the vectors.
    #[must_use]
    pub fn width(&self) -> usize {
        let dense = self.steps.iter().rev().find_map(|step| match step {
            Step::Dense(linear, _) => Some(linear.weight.dims()[1]),
            Step::Normalize => None,
        });
        dense.unwrap_or(self.pooling.len() * self.encoder.config().hidden_size)
    }

    /// A vector a text, in order: [texts, width] on the model's device. Texts of like length go together, as many as
    /// make a batch of 8,192 tokens. `progress` hears how many are done and may stop the work.
    ///
    /// # Errors
    /// If the device fails or a vector is not finite, with its text; [`BertError::Cancelled`].
    pub fn embed<S: AsRef<str>>(
        &self,
        texts: &[S],
        progress: &mut dyn FnMut(usize) -> ControlFlow<()>,
    ) -> Result<Matrix, BertError> {
        let sequences = self.tokenizer.encode(texts)?;
        let pool = |batch: &_, hidden: Tensor<3>| {
            let poolings = self.pooling.iter();
            let pooled = poolings.map(|p| p.forward(self.encoder.bert(), batch, hidden.clone()));
            let pooled = pooled.collect::<Option<Vec<_>>>()?;
            let steps = self.steps.iter();
            Some(steps.fold(Tensor::cat(pooled, 1), |x, step| step.forward(x)))
        };
        let width = self.width();
        self.encoder.embed_by(&sequences, width, &pool, progress)
    }
}

impl Step {
    fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        match self {
            Self::Dense(linear, activation) => activation.forward(linear.forward(x)),
            Self::Normalize => {
                let norm = x.clone().square().sum_dim(1).sqrt();
                x / norm.clamp_min(LEAST_NORM)
            }
        }
    }
}

/// The last word of a module's type, `sentence_transformers.models.Pooling`.
fn kind(entry: &ModuleEntry) -> &str {
    entry.r#type.rsplit('.').next().unwrap_or_default()
}

/// A module's folder, which lies in the model's.
fn place(folder: &Path, entry: &ModuleEntry, listed: &Path) -> Result<PathBuf, BertError> {
    let path = Path::new(&entry.path);
    let is_inside = path
        .components()
        .all(|part| matches!(part, std::path::Component::Normal(_)));
    match is_inside {
        true => Ok(folder.join(path)),
        false => Err(file(
            listed,
            format!("{:?} is no folder of this one", entry.path),
        )),
    }
}

/// A Dense module for vectors of `width`, and the width of what it gives.
fn dense(place: &Path, width: usize, encoder: &Encoder) -> Result<(Step, usize), BertError> {
    let path = place.join("config.json");
    let config: DenseConfig = read_json(&path)?;
    if config.in_features != width {
        let problem = format!(
            "in_features is {}, but vectors have {width}",
            config.in_features
        );
        return Err(file(&path, problem));
    }
    let name = &config.activation_function;
    let activation = Activation::of_module(name);
    let activation = activation.ok_or_else(|| {
        file(
            &path,
            format!("activation_function is {name:?}, which is not known"),
        )
    })?;
    let sizes = (width, config.out_features);
    let linear = weights::read_dense(place, sizes, config.bias, encoder.device())?;
    Ok((Step::Dense(linear, activation), config.out_features))
}
