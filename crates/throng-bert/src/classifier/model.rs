//! The encoder with a head that scores labels (`BertForSequenceClassification`).

use burn::module::Module;
use burn::nn::{Dropout, DropoutConfig, Linear};
use burn::optim::GradientsParams;
use burn::tensor::{Device, Tensor};

use crate::batch::Batch;
use crate::{Bert, BertConfig, cpu, model};

/// Another stream of the seed.
const POOLER: u64 = 1 << 63;

/// A gradient shorter than this has no direction.
const LEAST_NORM: f64 = 1e-30;

/// A BERT whose pooled vector, through dropout and a linear map, scores each label.
#[derive(Module, Debug)]
pub struct BertForSequenceClassification {
    /// The encoder, with its pooler.
    pub bert: Bert,
    dropout: Dropout,
    classifier: Linear,
}

impl BertForSequenceClassification {
    /// An untrained head for `labels` labels on `bert`, and a pooler too, if there is none; their weights are drawn from
    /// N(0, `initializer_range`).
    pub(crate) fn init(
        bert: Bert,
        config: &BertConfig,
        labels: usize,
        seed: u64,
        device: &Device,
    ) -> Self {
        let d = config.hidden_size;
        let drawn = |to: usize, seed: u64| {
            let zeros = model::linear(d, to, device);
            crate::weights::draw(zeros, config.initializer_range, seed)
        };
        let bert = bert.with_pooler(|| drawn(d, seed ^ POOLER));
        Self::of(bert, drawn(labels, seed), config)
    }

    /// Zeros, which take no memory before they are read.
    pub(crate) fn zeros(config: &BertConfig, labels: usize, device: &Device) -> Self {
        let classifier = model::linear(config.hidden_size, labels, device);
        Self::of(Bert::zeros(config, device), classifier, config)
    }

    fn of(bert: Bert, classifier: Linear, config: &BertConfig) -> Self {
        let dropout = config.classifier_dropout;
        let dropout = DropoutConfig::new(dropout.unwrap_or(config.hidden_dropout_prob));
        Self {
            bert,
            dropout: dropout.init(),
            classifier,
        }
    }

    /// The same model with gradients of the word embeddings, and whether it had them already.
    pub(crate) fn with_word_gradients(&self) -> (Self, bool) {
        let mut model = self.clone();
        let words = model.bert.word_embeddings();
        let has_gradients = words.is_require_grad();
        *words = words.clone().set_require_grad(true);
        (model, has_gradients)
    }

    /// The same model whose word embeddings are changed by `length` along their gradient (the fast gradient method). They keep
    /// their name, so gradients of it are of the same tensors.
    pub(crate) fn adversary(&self, gradients: &GradientsParams, length: f64) -> Self {
        let mut changed = self.clone();
        let words = changed.bert.word_embeddings();
        let Some(gradient) = gradients.get::<2>(words.id) else {
            return changed;
        };
        let norm = gradient.clone().square().sum().sqrt().clamp_min(LEAST_NORM);
        let change = gradient / norm.reshape([1, 1]) * length;
        *words = words.clone().map(|weights| {
            let is_required = weights.is_require_grad();
            let moved = Tensor::from_inner(weights.inner() + change);
            moved.set_require_grad(is_required)
        });
        changed
    }

    /// Scores of a batch, `[batch, labels]`.
    pub(crate) fn forward(&self, batch: &Batch) -> Tensor<2> {
        self.score(self.first(batch))
    }

    /// The last layer's vectors of the first tokens, `[batch, hidden]`: what the head is given.
    pub(crate) fn first(&self, batch: &Batch) -> Tensor<2> {
        let (ids, segments) = (batch.ids.clone(), batch.segments.clone());
        let hidden = self.bert.hidden(ids, segments, batch.padding.clone());
        let [rows, _, d] = hidden.dims();
        hidden.narrow(1, 0, 1).reshape([rows, d])
    }

    /// Scores `[batch, labels]` of first tokens' vectors `[batch, hidden]`.
    pub(crate) fn score(&self, first: Tensor<2>) -> Tensor<2> {
        // `init` gives every model a pooler.
        let pooled = self.bert.pool(first.clone()).unwrap_or(first);
        self.classifier.forward(cpu::dropout(&self.dropout, pooled))
    }

    /// Number of labels.
    #[must_use]
    pub fn labels(&self) -> usize {
        self.classifier.weight.dims()[1]
    }
}
