//! A pretrained model that turns texts into vectors.

use std::borrow::Cow;
use std::ops::ControlFlow;
use std::path::Path;

use burn::nn::Linear;
use burn::tensor::Tensor;
use throng_compute::{Compute, Matrix};

use crate::activation::Activation;
use crate::files::file;
use crate::modules::{Limits, Prompts};
use crate::pooling::Pooling;
use crate::tokenizer::own_length;
use crate::{BertError, Encoder, Tokenizer, modules};

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
    /// Whether texts are put in small letters before.
    lowers: bool,
    prompts: Prompts,
    pooling: Vec<Pooling>,
    steps: Vec<Step>,
}

/// What comes after pooling.
#[derive(Debug, Clone)]
enum Step {
    Dense(Linear, Activation),
    Normalize,
}

impl TextEncoder {
    /// Opens a folder of sentence-transformers (`modules.json` with a Transformer, a Pooling, and any number of Dense and
    /// Normalize), or a Hugging Face BERT with a tokenizer alone, whose vectors are means over a text's tokens. Nothing is
    /// fetched. Where the folder names a default prompt, every text begins with it, as in Python.
    ///
    /// # Errors
    /// If a file is missing or broken, or a module is of a kind that is not known: by name. If the prompt's tokens are not
    /// to be pooled, which is not known here.
    pub fn open(folder: &Path, compute: &Compute) -> Result<Self, BertError> {
        let listed = folder.join(modules::LISTED);
        if !listed.exists() {
            let encoder = Encoder::open(folder, compute)?;
            let most = encoder.config().max_position_embeddings;
            return Ok(Self {
                tokenizer: Tokenizer::open(folder, own_length(folder, most)?)?,
                encoder,
                lowers: false,
                prompts: Prompts::default(),
                pooling: vec![Pooling::Mean],
                steps: Vec::new(),
            });
        }
        let mut rest = modules::read(folder)?.into_iter();
        let unknown = |kind: &str| file(&listed, format!("the module {kind} has no place here"));
        let mut first = |wanted: &str| match rest.next() {
            Some((kind, place)) if kind == wanted => Ok(place),
            Some((kind, _)) => Err(unknown(&kind)),
            None => Err(file(&listed, format!("there is no {wanted} module"))),
        };

        let place = first("Transformer")?;
        let encoder = Encoder::open(&place, compute)?;
        let most = encoder.config().max_position_embeddings;
        let limits = Limits::read(&place)?;
        let most = match limits.max_seq_length {
            Some(length) => length.min(most),
            None => own_length(&place, most)?,
        };
        let tokenizer = Tokenizer::open(&place, most)?;
        let prompts = Prompts::read(folder)?;
        let pooling = modules::read_pooling(&first("Pooling")?, prompts.first())?;

        let mut width = pooling.len() * encoder.config().hidden_size;
        let mut steps = Vec::new();
        for (kind, place) in rest {
            match kind.as_str() {
                "Normalize" => steps.push(Step::Normalize),
                "Dense" => {
                    let (linear, activation) =
                        modules::read_dense(&place, width, encoder.device())?;
                    width = linear.weight.dims()[1];
                    steps.push(Step::Dense(linear, activation));
                }
                kind => return Err(unknown(kind)),
            }
        }
        Ok(Self {
            encoder,
            tokenizer,
            lowers: limits.do_lower_case,
            prompts,
            pooling,
            steps,
        })
    }

    /// Writes a folder of sentence-transformers into `folder`, which exists: opened here or in Python, it gives the same
    /// vectors. A pooler becomes what it is, a Dense module of the first token's vectors.
    ///
    /// # Errors
    /// If a file cannot be written, or the device fails.
    pub fn save(&self, folder: &Path) -> Result<(), BertError> {
        let width = self.encoder.config().hidden_size;
        let mut writer = modules::Writer::new(folder);
        let place = writer.next("Transformer")?;
        self.encoder.save(&place)?;
        self.tokenizer.save(&place)?;
        let limits = Limits {
            max_seq_length: Some(self.tokenizer.max_length()),
            do_lower_case: self.lowers,
        };
        limits.write(&place)?;
        modules::write_pooling(&writer.next("Pooling")?, &self.pooling, width)?;
        if self.pooling.contains(&Pooling::Pooler) {
            modules::write_pooler(&writer.next("Dense")?, self.encoder.bert(), width)?;
        }
        for step in &self.steps {
            match step {
                Step::Dense(linear, activation) => {
                    modules::write_dense(&writer.next("Dense")?, linear, *activation)?;
                }
                Step::Normalize => drop(writer.next("Normalize")?),
            }
        }
        writer.finish(&self.prompts)
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
    /// make a batch, and a vector is that of its text alone but for rounding (see [`Encoder::embed`]). `progress` hears how
    /// many are done and may stop the work.
    ///
    /// # Errors
    /// If the device fails or a vector is not finite, with its text; [`BertError::Cancelled`].
    pub fn embed<S: AsRef<str>>(
        &self,
        texts: &[S],
        progress: &mut dyn FnMut(usize) -> ControlFlow<()>,
    ) -> Result<Matrix, BertError> {
        let prompt = self.prompts.first();
        let sequences = match prompt.is_empty() && !self.lowers {
            true => self.tokenizer.encode(texts)?,
            false => self.tokenizer.encode_as(texts, |text| {
                let text = format!("{prompt}{text}");
                Cow::Owned(match self.lowers {
                    true => text.to_lowercase(),
                    false => text,
                })
            })?,
        };
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
