//! The model: embeddings, post-norm layers, pooler, and the head that names hidden tokens.

use burn::module::{Module, Param, ParamId};
use burn::nn::{
    Dropout, DropoutConfig, Embedding, EmbeddingConfig, Initializer, LayerNorm, LayerNormConfig,
    Linear, LinearConfig,
};
use burn::tensor::activation::{softmax, tanh};
use burn::tensor::module::attention;
use burn::tensor::{Bool, Device, Int, Tensor};

use crate::activation::Activation;
use crate::{BertConfig, BertError, cpu};

/// Words, positions and segments as vectors.
#[derive(Module, Debug)]
pub struct Embeddings {
    word_embeddings: Embedding,
    position_embeddings: Embedding,
    token_type_embeddings: Embedding,
    layer_norm: LayerNorm,
    dropout: Dropout,
}

/// Self-attention over the real tokens of a sequence.
#[derive(Module, Debug)]
pub struct SelfAttention {
    pub(crate) query: Linear,
    pub(crate) key: Linear,
    pub(crate) value: Linear,
    pub(crate) output: Linear,
    pub(crate) layer_norm: LayerNorm,
    attention_dropout: Dropout,
    dropout: Dropout,
    pub(crate) heads: usize,
}

/// One layer: attention, then a feed-forward network, each with a residual and a norm after it.
#[derive(Module, Debug)]
pub struct Layer {
    pub(crate) attention: SelfAttention,
    pub(crate) intermediate: Linear,
    pub(crate) output: Linear,
    pub(crate) layer_norm: LayerNorm,
    dropout: Dropout,
    #[module(skip)]
    pub(crate) activation: Activation,
}

/// The encoder (`BertModel`).
#[derive(Module, Debug)]
pub struct Bert {
    embeddings: Embeddings,
    layers: Vec<Layer>,
    pooler: Option<Linear>,
    /// What norms add to a variance.
    epsilon: f64,
}

/// What the encoder gives.
#[derive(Debug, Clone)]
pub struct BertOutput {
    /// `[batch, length, hidden]`: a vector a token.
    pub hidden: Tensor<3>,
    /// `[batch, hidden]`: tanh of a linear map of the first token's vector; none if the model has no pooler.
    pub pooled: Option<Tensor<2>>,
}

/// The encoder with the head that pretraining needs (`BertForMaskedLM`); the decoder's weights are the word embeddings.
#[derive(Module, Debug)]
pub struct BertForMaskedLm {
    /// The encoder.
    pub bert: Bert,
    pub(crate) head: MaskedLmHead,
}

/// What names hidden tokens, but for the decoder's weights.
#[derive(Module, Debug)]
pub struct MaskedLmHead {
    transform: Linear,
    layer_norm: LayerNorm,
    bias: Param<Tensor<1>>,
    #[module(skip)]
    activation: Activation,
}

// Weights are drawn on the host afterwards (see weights.rs): the same seed gives the same model on every device.
pub(crate) fn linear(from: usize, to: usize, device: &Device) -> Linear {
    LinearConfig::new(from, to)
        .with_initializer(Initializer::Zeros)
        .init(device)
}

fn embedding(n: usize, d: usize, device: &Device) -> Embedding {
    EmbeddingConfig::new(n, d)
        .with_initializer(Initializer::Zeros)
        .init(device)
}

fn norm(config: &BertConfig, device: &Device) -> LayerNorm {
    LayerNormConfig::new(config.hidden_size)
        .with_epsilon(config.layer_norm_eps)
        .init(device)
}

impl Embeddings {
    fn init(config: &BertConfig, device: &Device) -> Self {
        let d = config.hidden_size;
        Self {
            word_embeddings: embedding(config.vocab_size, d, device),
            position_embeddings: embedding(config.max_position_embeddings, d, device),
            token_type_embeddings: embedding(config.type_vocab_size, d, device),
            layer_norm: norm(config, device),
            dropout: DropoutConfig::new(config.hidden_dropout_prob).init(),
        }
    }

    fn forward(&self, ids: Tensor<2, Int>, segments: Tensor<2, Int>) -> Tensor<3> {
        let [_, length] = ids.dims();
        let positions =
            Tensor::<1, Int>::arange(0..length as i64, &ids.device()).reshape([1, length]);
        let x = self.word_embeddings.forward(ids)
            + self.token_type_embeddings.forward(segments)
            + self.position_embeddings.forward(positions);
        cpu::dropout(&self.dropout, self.layer_norm.forward(x))
    }
}

impl SelfAttention {
    fn init(config: &BertConfig, device: &Device) -> Self {
        let d = config.hidden_size;
        Self {
            query: linear(d, d, device),
            key: linear(d, d, device),
            value: linear(d, d, device),
            output: linear(d, d, device),
            layer_norm: norm(config, device),
            attention_dropout: DropoutConfig::new(config.attention_probs_dropout_prob).init(),
            dropout: DropoutConfig::new(config.hidden_dropout_prob).init(),
            heads: config.num_attention_heads,
        }
    }

    fn forward(&self, x: Tensor<3>, padding: Tensor<4, Bool>) -> Tensor<3> {
        let [batch, length, d] = x.dims();
        let width = d / self.heads;
        let split = |t: Tensor<3>| {
            t.reshape([batch, length, self.heads, width])
                .swap_dims(1, 2)
        };
        let query = split(self.query.forward(x.clone()));
        let key = split(self.key.forward(x.clone()));
        let value = split(self.value.forward(x.clone()));
        let context = if x.device().is_autodiff() {
            let scores = query.matmul(key.transpose()) / (width as f64).sqrt();
            let scores = scores.mask_fill(padding, MASKED);
            let weights = cpu::dropout(&self.attention_dropout, softmax(scores, 3));
            weights.matmul(value)
        } else {
            attention(query, key, value, Some(padding), None, Default::default())
        };
        let context = context.swap_dims(1, 2).reshape([batch, length, d]);
        let y = cpu::dropout(&self.dropout, self.output.forward(context));
        self.layer_norm.forward(x + y)
    }
}

/// Far below any score, and yet finite: shaders may be compiled without infinities.
const MASKED: f32 = -3.0e38;

impl Layer {
    fn init(config: &BertConfig, device: &Device) -> Self {
        Self {
            attention: SelfAttention::init(config, device),
            intermediate: linear(config.hidden_size, config.intermediate_size, device),
            output: linear(config.intermediate_size, config.hidden_size, device),
            layer_norm: norm(config, device),
            dropout: DropoutConfig::new(config.hidden_dropout_prob).init(),
            activation: config.activation(),
        }
    }

    fn forward(&self, x: Tensor<3>, padding: Tensor<4, Bool>) -> Tensor<3> {
        let x = self.attention.forward(x, padding);
        let inner = self.intermediate.forward(x.clone());
        let y = self.output.forward(self.activation.forward(inner));
        self.layer_norm.forward(x + cpu::dropout(&self.dropout, y))
    }
}

impl Bert {
    /// A model of these sizes on `device`, its weights drawn from N(0, `initializer_range`) by `seed`.
    ///
    /// # Errors
    /// [`BertError::Config`] if the sizes do not work.
    pub fn init(config: &BertConfig, seed: u64, device: &Device) -> Result<Self, BertError> {
        config.check()?;
        Ok(crate::weights::draw(
            Self::zeros(config, device),
            config.initializer_range,
            seed,
        ))
    }

    pub(crate) fn zeros(config: &BertConfig, device: &Device) -> Self {
        Self {
            embeddings: Embeddings::init(config, device),
            layers: (0..config.num_hidden_layers)
                .map(|_| Layer::init(config, device))
                .collect(),
            pooler: Some(linear(config.hidden_size, config.hidden_size, device)),
            epsilon: config.layer_norm_eps,
        }
    }

    /// Encodes a batch.
    ///
    /// # Shapes
    /// - `ids`, `segments`: `[batch, length]`, length at most `max_position_embeddings`
    /// - `padding`: `[batch, length]`, true where there is no token
    pub fn forward(
        &self,
        ids: Tensor<2, Int>,
        segments: Tensor<2, Int>,
        padding: Tensor<2, Bool>,
    ) -> BertOutput {
        let hidden = self.hidden(ids, segments, padding);
        let pooled = self.pooled(hidden.clone());
        BertOutput { hidden, pooled }
    }

    /// `[batch, hidden]` of the last layer's vectors; see [`BertOutput::pooled`].
    pub fn pooled(&self, hidden: Tensor<3>) -> Option<Tensor<2>> {
        let [batch, _, d] = hidden.dims();
        self.pool(hidden.narrow(1, 0, 1).reshape([batch, d]))
    }

    /// The same of the first tokens' vectors alone, `[batch, hidden]`.
    pub(crate) fn pool(&self, first: Tensor<2>) -> Option<Tensor<2>> {
        Some(tanh(self.pooler.as_ref()?.forward(first)))
    }

    /// Whether the model has a pooler.
    #[must_use]
    pub fn has_pooler(&self) -> bool {
        self.pooler.is_some()
    }

    /// The same model, with a pooler of its own or else with this one.
    pub(crate) fn with_pooler(mut self, pooler: impl FnOnce() -> Linear) -> Self {
        self.pooler = self.pooler.or_else(|| Some(pooler()));
        self
    }

    pub(crate) fn word_embeddings_id(&self) -> ParamId {
        self.embeddings.word_embeddings.weight.id
    }

    /// What the words' vectors are, `[vocabulary, hidden]`.
    pub(crate) fn word_embeddings(&mut self) -> &mut Param<Tensor<2>> {
        &mut self.embeddings.word_embeddings.weight
    }

    pub(crate) fn without_pooler(self) -> Self {
        Self {
            pooler: None,
            ..self
        }
    }

    /// The last layer's vectors alone, `[batch, length, hidden]`; arguments as of [`Bert::forward`].
    pub fn hidden(
        &self,
        ids: Tensor<2, Int>,
        segments: Tensor<2, Int>,
        padding: Tensor<2, Bool>,
    ) -> Tensor<3> {
        let [batch, length] = ids.dims();
        let x = self.embeddings.forward(ids, segments);
        if cpu::is_for(&x) {
            return cpu::hidden(&self.layers, x, padding, self.epsilon as f32);
        }
        let heads = self.layers.first().map_or(1, |layer| layer.attention.heads);
        let mask = padding
            .reshape([batch, 1, 1, length])
            .expand([batch, heads, length, length]);
        self.layers
            .iter()
            .fold(x, |x, layer| layer.forward(x, mask.clone()))
    }
}

impl BertForMaskedLm {
    /// An untrained model; see [`Bert::init`].
    ///
    /// # Errors
    /// [`BertError::Config`] if the sizes do not work.
    pub fn init(config: &BertConfig, seed: u64, device: &Device) -> Result<Self, BertError> {
        config.check()?;
        let zeros = Self::zeros(config, device);
        Ok(crate::weights::draw(zeros, config.initializer_range, seed))
    }

    pub(crate) fn zeros(config: &BertConfig, device: &Device) -> Self {
        Self {
            bert: Bert::zeros(config, device),
            head: MaskedLmHead {
                transform: linear(config.hidden_size, config.hidden_size, device),
                layer_norm: norm(config, device),
                bias: Initializer::Zeros.init([config.vocab_size], device),
                activation: config.activation(),
            },
        }
    }

    /// Scores of every token at some places only, for scoring all places costs more than the encoder itself.
    ///
    /// # Shapes
    /// - `hidden`: `[batch, length, hidden]`
    /// - `places`: `[masked]`, each `row * length + column`
    /// - returns `[masked, vocabulary]`
    pub fn logits(&self, hidden: Tensor<3>, places: Tensor<1, Int>) -> Tensor<2> {
        let [batch, length, d] = hidden.dims();
        let x = hidden.reshape([batch * length, d]).select(0, places);
        let head = &self.head;
        let x = head.activation.forward(head.transform.forward(x));
        let x = head.layer_norm.forward(x);
        let words = self
            .bert
            .embeddings
            .word_embeddings
            .weight
            .val()
            .transpose();
        x.matmul(words) + head.bias.val().unsqueeze()
    }
}
