//! The sizes of a model, as Hugging Face's `config.json` names them.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::BertError;
use crate::activation::Activation;

/// A BERT configuration. Fields and defaults are those of `config.json` for `BertModel`; unknown fields are ignored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct BertConfig {
    /// Always `bert`.
    pub model_type: String,
    /// Number of tokens.
    pub vocab_size: usize,
    /// Width of the model, d.
    pub hidden_size: usize,
    /// Number of layers.
    pub num_hidden_layers: usize,
    /// Attention heads a layer; divides `hidden_size`.
    pub num_attention_heads: usize,
    /// Width of the feed-forward network inside a layer.
    pub intermediate_size: usize,
    /// The activation there: `gelu` (exact, by erf), `gelu_new` (by tanh), `relu` or `silu`.
    pub hidden_act: String,
    /// How places are told apart; only `absolute` is known.
    pub position_embedding_type: String,
    /// Dropout on embeddings and on each sub-layer's output, in [0, 1).
    pub hidden_dropout_prob: f64,
    /// Dropout on attention weights, in [0, 1).
    pub attention_probs_dropout_prob: f64,
    /// Dropout before a classifier's scores, in [0, 1); `hidden_dropout_prob` where it is not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub classifier_dropout: Option<f64>,
    /// The longest sequence, special tokens included.
    pub max_position_embeddings: usize,
    /// Number of segment types.
    pub type_vocab_size: usize,
    /// Standard deviation of the weights at the start.
    pub initializer_range: f64,
    /// Added to the variance in layer normalisation.
    pub layer_norm_eps: f64,
    /// Id of the padding token.
    pub pad_token_id: u32,
}

impl Default for BertConfig {
    fn default() -> Self {
        Self {
            model_type: "bert".to_owned(),
            vocab_size: 30_522,
            hidden_size: 768,
            num_hidden_layers: 12,
            num_attention_heads: 12,
            intermediate_size: 3_072,
            hidden_act: "gelu".to_owned(),
            position_embedding_type: "absolute".to_owned(),
            hidden_dropout_prob: 0.1,
            attention_probs_dropout_prob: 0.1,
            classifier_dropout: None,
            max_position_embeddings: 512,
            type_vocab_size: 2,
            initializer_range: 0.02,
            layer_norm_eps: 1e-12,
            pad_token_id: 0,
        }
    }
}

/// Sizes above are mistakes or traps: memory is not asked for them.
const MOST: usize = 1 << 24;
const MOST_LAYERS: usize = 1 << 8;

impl BertConfig {
    /// The sizes for a behaviour model: small enough to train where the log is, four times `hidden` inside a layer.
    ///
    /// No dropout, for such a model sees each event a few times only and underfits before it overfits. The weights'
    /// deviation is BERT's 0.02 at width 768, scaled by the square root of the width: at 0.02 a narrow model learns to
    /// tell users apart only after twice the steps.
    #[must_use]
    pub fn behaviour(
        vocab_size: usize,
        hidden: usize,
        layers: usize,
        heads: usize,
        max_length: usize,
    ) -> Self {
        Self {
            vocab_size,
            hidden_size: hidden,
            num_hidden_layers: layers,
            num_attention_heads: heads,
            intermediate_size: 4 * hidden,
            hidden_dropout_prob: 0.0,
            attention_probs_dropout_prob: 0.0,
            initializer_range: 0.02 * (768.0 / hidden as f64).sqrt(),
            max_position_embeddings: max_length,
            ..Self::default()
        }
    }

    /// Reads a `config.json`.
    ///
    /// # Errors
    /// If the file cannot be read, is not JSON of this form, or its sizes do not work.
    pub fn read(path: &Path) -> Result<Self, BertError> {
        let file = |problem: String| BertError::File {
            path: path.to_owned(),
            problem,
        };
        let text = std::fs::read_to_string(path).map_err(|e| file(e.to_string()))?;
        let config: Self = serde_json::from_str(&text).map_err(|e| file(e.to_string()))?;
        config.check().map_err(|e| file(e.to_string()))?;
        Ok(config)
    }

    /// The function that `hidden_act` names; the exact gelu for a name that [`BertConfig::check`] refuses.
    pub(crate) fn activation(&self) -> Activation {
        Activation::of_config(&self.hidden_act).unwrap_or(Activation::Gelu)
    }

    /// Checks that the sizes work together.
    ///
    /// # Errors
    /// [`BertError::Config`] naming the field at fault.
    pub fn check(&self) -> Result<(), BertError> {
        let no = |what: String| Err(BertError::Config(what));
        if self.model_type != "bert" {
            return no(format!(
                "model_type is {:?}, only \"bert\" is known",
                self.model_type
            ));
        }
        for (name, size, most) in [
            ("vocab_size", self.vocab_size, MOST),
            ("hidden_size", self.hidden_size, MOST),
            ("num_hidden_layers", self.num_hidden_layers, MOST_LAYERS),
            ("num_attention_heads", self.num_attention_heads, MOST),
            ("intermediate_size", self.intermediate_size, MOST),
            ("type_vocab_size", self.type_vocab_size, MOST),
            (
                "max_position_embeddings",
                self.max_position_embeddings,
                MOST,
            ),
        ] {
            if size == 0 {
                return no(format!("{name} is 0"));
            }
            if size > most {
                return no(format!("{name} is {size}, the most is {most}"));
            }
        }
        if !self.hidden_size.is_multiple_of(self.num_attention_heads) {
            return no(format!(
                "hidden_size {} is not a multiple of num_attention_heads {}",
                self.hidden_size, self.num_attention_heads
            ));
        }
        if self.max_position_embeddings < 3 {
            return no(format!(
                "max_position_embeddings is {}, the least is 3",
                self.max_position_embeddings
            ));
        }
        if Activation::of_config(&self.hidden_act).is_none() {
            return no(format!(
                "hidden_act is {:?}, only gelu, gelu_new, relu and silu are known",
                self.hidden_act
            ));
        }
        if self.position_embedding_type != "absolute" {
            return no(format!(
                "position_embedding_type is {:?}, only \"absolute\" is known",
                self.position_embedding_type
            ));
        }
        for (name, p) in [
            ("hidden_dropout_prob", self.hidden_dropout_prob),
            (
                "attention_probs_dropout_prob",
                self.attention_probs_dropout_prob,
            ),
            ("classifier_dropout", self.classifier_dropout.unwrap_or(0.0)),
        ] {
            if !(0.0..1.0).contains(&p) {
                return no(format!("{name} is {p}, it must lie in [0, 1)"));
            }
        }
        for (name, value) in [
            ("layer_norm_eps", self.layer_norm_eps),
            ("initializer_range", self.initializer_range),
        ] {
            if value.is_nan() || value <= 0.0 {
                return no(format!("{name} is {value}, it must be above 0"));
            }
        }
        Ok(())
    }
}
