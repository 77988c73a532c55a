//! Masked-token pretraining on a log's own sequences.

use std::ops::ControlFlow;

use burn::grad_clipping::GradientClippingConfig;
use burn::module::Module;
use burn::optim::{AdamWConfig, GradientsParams};
use burn::tensor::activation::log_softmax;
use burn::tensor::{Device, Int, Tensor, TensorData};
use rand::seq::SliceRandom;
use throng_compute::Compute;

use crate::batch::{self, Batch};
use crate::masking::{self, Special};
use crate::{BertConfig, BertError, BertForMaskedLm, Encoder, TokenSequence, bridge};

/// How to pretrain.
#[derive(Clone, Debug, PartialEq)]
pub struct PretrainParams {
    /// How many tokens the model sees, padding not counted: training is bounded by work, never by the clock.
    pub tokens: usize,
    /// Tokens a step, padding counted.
    pub batch_tokens: usize,
    /// The highest learning rate, reached after the first tenth of the steps; it falls to 0 in a line after that.
    pub learning_rate: f64,
    /// Decoupled weight decay.
    pub weight_decay: f32,
    /// Part of the sequences held out to measure the loss, in [0, 0.5].
    pub held_out: f64,
    /// Seeds weights, order and masks.
    pub seed: u64,
    /// Ids below this are special tokens; `mask_token` is among them.
    pub special_tokens: u32,
    /// The token that hides another.
    pub mask_token: u32,
}

impl Default for PretrainParams {
    fn default() -> Self {
        Self {
            tokens: 900_000,
            batch_tokens: 1_024,
            learning_rate: 3e-3,
            weight_decay: 0.01,
            held_out: 0.05,
            seed: 0,
            special_tokens: 5,
            mask_token: 4,
        }
    }
}

/// One step, as an observer hears of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step {
    /// Number of this step, from 1.
    pub step: usize,
    /// Number of the last step.
    pub steps: usize,
    /// Tokens seen so far, padding not counted.
    pub tokens: usize,
    /// Mean cross-entropy of this step's hidden tokens, in nats.
    pub loss: f64,
}

/// What pretraining came to. Losses are mean cross-entropies of hidden tokens, in nats.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct PretrainReport {
    /// Optimiser steps.
    pub steps: usize,
    /// Tokens seen, padding not counted.
    pub tokens: usize,
    /// Loss of the last tenth of the steps.
    pub loss: f64,
    /// Loss on sequences held out; none if there were too few.
    pub held_out_loss: Option<f64>,
    /// The same loss of a model that knows only how frequent each token is.
    pub frequency_loss: Option<f64>,
}

/// Trains a new model of these sizes to guess hidden tokens.
///
/// # Errors
/// If the configuration does not work, a sequence does not fit it, there is no sequence with a word to hide, the loss
/// stops being finite, the device fails, or `observer` breaks off.
pub fn pretrain(
    config: &BertConfig,
    sequences: &[TokenSequence],
    params: &PretrainParams,
    compute: &Compute,
    observer: &mut dyn FnMut(Step) -> ControlFlow<()>,
) -> Result<(Encoder, PretrainReport), BertError> {
    config.check()?;
    batch::check(sequences, config)?;
    let special = Special {
        count: params.special_tokens,
        mask: params.mask_token,
        vocab_size: config.vocab_size as u32,
    };
    let (train, held_out) = split(sequences, params);
    if train.is_empty() {
        return Err(BertError::NoData(
            "no sequence holds a word besides the special tokens".to_owned(),
        ));
    }
    let device = bridge::device(compute)?;
    let training = device.clone().autodiff();
    let mut model = BertForMaskedLm::init(config, params.seed, &training)?;
    let mut optimiser = AdamWConfig::new()
        .with_beta_2(0.98)
        .with_epsilon(1e-8)
        .with_weight_decay(params.weight_decay)
        .with_grad_clipping(Some(GradientClippingConfig::Norm(1.0)))
        .init();

    let plan = plan(&train, sequences, params);
    let steps = plan.len();
    let (mut tokens, mut recent) = (0, Vec::new());
    for (index, rows) in plan.into_iter().enumerate() {
        let step = index + 1;
        tokens += rows.iter().map(|&i| sequences[i].ids.len()).sum::<usize>();
        let batch = MaskedBatch::new(
            &rows,
            sequences,
            special,
            config,
            masking::random(params.seed, step as u64),
            &training,
        );
        let loss = batch.loss(&model);
        let value = f64::from(
            loss.clone()
                .try_into_scalar::<f32>()
                .map_err(|e| BertError::Device(e.to_string()))?,
        );
        if !value.is_finite() {
            return Err(BertError::LossNotFinite {
                step,
                learning_rate: params.learning_rate,
            });
        }
        let gradients = GradientsParams::from_grads(loss.backward(), &model);
        model = optimiser.step(rate(step, steps, params.learning_rate), model, gradients);
        if step + steps / 10 >= steps {
            recent.push(value);
        }
        if observer(Step {
            step,
            steps,
            tokens,
            loss: value,
        })
        .is_break()
        {
            return Err(BertError::Cancelled);
        }
    }

    let model = model.valid();
    let held_out_loss = held_out_loss(
        &model, &held_out, sequences, special, config, params, &device,
    )?;
    let report = PretrainReport {
        steps,
        tokens,
        loss: recent.iter().sum::<f64>() / recent.len().max(1) as f64,
        held_out_loss,
        frequency_loss: held_out_loss
            .map(|_| frequency_loss(&train, &held_out, sequences, special)),
    };
    Ok((Encoder::new(model, config.clone(), compute)?, report))
}

/// Warm-up over a tenth of the steps, then down to 0 in a line.
fn rate(step: usize, steps: usize, highest: f64) -> f64 {
    let warm_up = (steps / 10).max(1);
    if step <= warm_up {
        return highest * step as f64 / warm_up as f64;
    }
    highest * (steps + 1 - step) as f64 / (steps + 1 - warm_up) as f64
}

/// Sequences to train on and sequences held out; what has no word to hide is in neither.
fn split(sequences: &[TokenSequence], params: &PretrainParams) -> (Vec<usize>, Vec<usize>) {
    let mut usable: Vec<usize> = (0..sequences.len())
        .filter(|&i| {
            sequences[i]
                .ids
                .iter()
                .any(|&id| id >= params.special_tokens)
        })
        .collect();
    usable.shuffle(&mut masking::random(params.seed, SPLIT));
    let held_out = (usable.len() as f64 * params.held_out.clamp(0.0, 0.5)) as usize;
    let train = usable.split_off(held_out);
    (train, usable)
}

// Streams of the generator for what is not a step.
const SPLIT: u64 = u64::MAX;
const HELD_OUT: u64 = u64::MAX - 1;
const EPOCHS: u64 = 1 << 40;

/// The rows of every step: epoch after epoch, in a new order each time, until the tokens are spent.
fn plan(train: &[usize], sequences: &[TokenSequence], params: &PretrainParams) -> Vec<Vec<usize>> {
    let lengths: Vec<usize> = sequences.iter().map(|s| s.ids.len()).collect();
    let (mut steps, mut tokens, mut epoch) = (Vec::new(), 0, 0);
    while tokens < params.tokens {
        let mut random = masking::random(params.seed, EPOCHS + epoch);
        let mut order = train.to_vec();
        order.shuffle(&mut random);
        let mut batches = batch::by_length(order, &lengths, params.batch_tokens);
        batches.shuffle(&mut random);
        for batch in batches {
            if tokens >= params.tokens {
                break;
            }
            tokens += batch.iter().map(|&i| lengths[i]).sum::<usize>();
            steps.push(batch);
        }
        epoch += 1;
    }
    steps
}

/// A batch with the places to guess, on a device.
struct MaskedBatch {
    batch: Batch,
    places: Tensor<1, Int>,
    targets: Tensor<1, Int>,
}

impl MaskedBatch {
    fn new(
        rows: &[usize],
        sequences: &[TokenSequence],
        special: Special,
        config: &BertConfig,
        mut random: rand_chacha::ChaCha8Rng,
        device: &Device,
    ) -> Self {
        let length = rows
            .iter()
            .map(|&i| sequences[i].ids.len())
            .max()
            .unwrap_or(0);
        let (mut changed, mut places, mut targets) = (Vec::new(), Vec::new(), Vec::new());
        for (r, &i) in rows.iter().enumerate() {
            let masked = masking::mask(&sequences[i], special, &mut random);
            for (place, token) in masked.targets {
                places.push((r * length + place) as i32);
                targets.push(token as i32);
            }
            changed.push(masked.sequence);
        }
        let n = places.len();
        Self {
            batch: Batch::new(&changed, length, config.pad_token_id, device),
            places: Tensor::from_data(TensorData::new(places, [n]), device),
            targets: Tensor::from_data(TensorData::new(targets, [n]), device),
        }
    }

    /// Mean cross-entropy over the hidden places, `[1]`.
    fn loss(&self, model: &BertForMaskedLm) -> Tensor<1> {
        let Batch {
            ids,
            segments,
            padding,
            ..
        } = &self.batch;
        let hidden = model
            .bert
            .hidden(ids.clone(), segments.clone(), padding.clone());
        let logits = model.logits(hidden, self.places.clone());
        let [n, _] = logits.dims();
        let targets = self.targets.clone().reshape([n, 1]);
        log_softmax(logits, 1).gather(1, targets).mean().neg()
    }
}

fn held_out_loss(
    model: &BertForMaskedLm,
    held_out: &[usize],
    sequences: &[TokenSequence],
    special: Special,
    config: &BertConfig,
    params: &PretrainParams,
    device: &Device,
) -> Result<Option<f64>, BertError> {
    let lengths: Vec<usize> = sequences.iter().map(|s| s.ids.len()).collect();
    let (mut sum, mut count) = (0.0, 0);
    for (i, rows) in batch::by_length(held_out.to_vec(), &lengths, params.batch_tokens)
        .into_iter()
        .enumerate()
    {
        let random = masking::random(params.seed, HELD_OUT - i as u64);
        let batch = MaskedBatch::new(&rows, sequences, special, config, random, device);
        let [n] = batch.targets.dims();
        let loss = batch
            .loss(model)
            .try_into_scalar::<f32>()
            .map_err(|e| BertError::Device(e.to_string()))?;
        sum += f64::from(loss) * n as f64;
        count += n;
    }
    Ok((count > 0).then(|| sum / count as f64))
}

/// Cross-entropy of the held-out words under the training words' frequencies (one added to each count).
fn frequency_loss(
    train: &[usize],
    held_out: &[usize],
    sequences: &[TokenSequence],
    special: Special,
) -> f64 {
    let mut counts = vec![1.0; special.vocab_size as usize];
    let words = |rows: &[usize]| -> Vec<u32> {
        rows.iter()
            .flat_map(|&i| sequences[i].ids.iter().copied())
            .filter(|&id| id >= special.count)
            .collect()
    };
    for id in words(train) {
        counts[id as usize] += 1.0;
    }
    let all: f64 = counts[special.count as usize..].iter().sum();
    let words = words(held_out);
    words
        .iter()
        .map(|&id| -(counts[id as usize] / all).ln())
        .sum::<f64>()
        / words.len().max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rate_rises_for_a_tenth_and_ends_near_zero() {
        let rates: Vec<f64> = (1..=100).map(|step| rate(step, 100, 1.0)).collect();
        assert!((rates[9] - 1.0).abs() < 1e-12);
        assert!(rates[..10].is_sorted() && rates[10..].iter().rev().is_sorted());
        assert!(rates[99] > 0.0 && rates[99] < 0.02);
        assert!((rate(1, 1, 1.0) - 1.0).abs() < 1e-12);
    }
}
