//! Outputs and gradients against PyTorch's.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use burn::module::{Module, ModuleVisitor, Param};
use burn::optim::GradientsParams;
use burn::tensor::activation::log_softmax;
use burn::tensor::{Bool, Device, Int, Tensor, TensorData};
use throng_bert::{BertForMaskedLm, Encoder};
use throng_compute::Compute;

use crate::golden::{Golden, compare};
use crate::recipe;
use crate::safetensors::{Tensors, to_bytes, write_model};
use crate::software;

#[test]
fn outputs_and_gradients_on_the_cpu() {
    let golden = Golden::read();
    let encoder = open(&golden, &recipe::tensors(&golden), &Compute::cpu());
    compare_outputs(&encoder, &golden).unwrap();
    compare_gradients(&encoder, &golden).unwrap();
}

/// The software adapter runs the shaders that a GPU runs.
#[test]
fn outputs_and_gradients_on_the_software_adapter() {
    let golden = Golden::read();
    let encoder = open(&golden, &recipe::tensors(&golden), &software());
    compare_outputs(&encoder, &golden).unwrap();
    compare_gradients(&encoder, &golden).unwrap();
}

/// So no tensor is unused, in another's place or covered by slack in the tolerance.
#[test]
fn a_little_more_of_any_weight_is_noticed() {
    let golden = Golden::read();
    let tensors = recipe::tensors(&golden);
    for name in tensors.keys() {
        let mut changed = tensors.clone();
        changed.get_mut(name).unwrap().1[0] += 1.0 / 64.0;
        let encoder = open(&golden, &changed, &Compute::cpu());
        let result = compare_outputs(&encoder, &golden);
        // A key's bias adds the same to all scores of a query, and softmax takes that away again.
        assert_eq!(
            result.is_ok(),
            name.ends_with("key.bias"),
            "{name}: {result:?}"
        );
    }
}

#[test]
fn a_batched_embedding_is_the_single_one() {
    batched_is_single(&Compute::cpu(), 8);
}

/// Of some, for each length has kernels of its own.
#[test]
fn a_batched_embedding_is_the_single_one_on_the_software_adapter() {
    batched_is_single(&software(), 3);
}

/// The first `count` of a batch are looked at.
fn batched_is_single(compute: &Compute, count: usize) {
    let golden = Golden::read();
    let encoder = open(&golden, &recipe::tensors(&golden), compute);
    let full = recipe::sequences(&golden).swap_remove(0);
    let lengths = [3, 24, 1, 7, 24, 2, 23, 1];
    let sequences: Vec<_> = lengths
        .iter()
        .enumerate()
        .map(|(i, &length)| {
            let mut sequence = full.clone();
            sequence.ids.rotate_left(i);
            sequence.ids.truncate(length);
            sequence.segments.truncate(length);
            sequence
        })
        .collect();
    let mut heard = Vec::new();
    let batched = encoder
        .embed(&sequences, &mut |done| {
            heard.push(done);
            ControlFlow::Continue(())
        })
        .unwrap()
        .to_vec()
        .unwrap();
    assert_eq!(heard.last(), Some(&sequences.len()));
    for (i, (sequence, row)) in sequences
        .iter()
        .zip(batched.chunks_exact(golden.config.hidden_size))
        .enumerate()
        .take(count)
    {
        let single: Vec<f64> = embed(&encoder, std::slice::from_ref(sequence))
            .into_iter()
            .map(f64::from)
            .collect();
        compare(&format!("embedding {i}"), row, &single).unwrap();
    }
    assert_eq!(embed(&encoder, &[]), Vec::<f32>::new());
}

/// The model of these tensors, by way of a folder.
pub fn open(golden: &Golden, tensors: &Tensors, compute: &Compute) -> Encoder {
    let folder = tempfile::tempdir().unwrap();
    write_model(folder.path(), &golden.config, &to_bytes(tensors));
    Encoder::open(folder.path(), compute).unwrap()
}

/// Embeddings, progress unheard.
pub fn embed(encoder: &Encoder, sequences: &[throng_bert::TokenSequence]) -> Vec<f32> {
    encoder
        .embed(sequences, &mut |_| ControlFlow::Continue(()))
        .unwrap()
        .to_vec()
        .unwrap()
}

/// The golden batch, padded, on a device.
struct Batch {
    ids: Tensor<2, Int>,
    segments: Tensor<2, Int>,
    padding: Tensor<2, Bool>,
    places: Tensor<1, Int>,
    targets: Tensor<2, Int>,
}

impl Batch {
    fn new(golden: &Golden, device: &Device) -> Self {
        let (rows, columns) = (golden.lengths.len(), golden.columns());
        let (mut ids, mut segments, mut padding) = (Vec::new(), Vec::new(), Vec::new());
        for sequence in recipe::sequences(golden) {
            let gap = columns - sequence.ids.len();
            padding.extend(
                std::iter::repeat_n(false, columns - gap).chain(std::iter::repeat_n(true, gap)),
            );
            ids.extend(
                sequence
                    .ids
                    .iter()
                    .map(|&id| id as i32)
                    .chain(std::iter::repeat_n(0, gap)),
            );
            segments.extend(
                sequence
                    .segments
                    .iter()
                    .map(|&s| i32::from(s))
                    .chain(std::iter::repeat_n(0, gap)),
            );
        }
        let n = golden.places.len();
        Self {
            ids: Tensor::from_data(TensorData::new(ids, [rows, columns]), device),
            segments: Tensor::from_data(TensorData::new(segments, [rows, columns]), device),
            padding: Tensor::from_data(TensorData::new(padding, [rows, columns]), device),
            places: Tensor::from_data(TensorData::new(golden.places.clone(), [n]), device),
            targets: Tensor::from_data(TensorData::new(golden.targets.clone(), [n, 1]), device),
        }
    }

    fn loss(&self, logits: Tensor<2>) -> Tensor<1> {
        log_softmax(logits, 1)
            .gather(1, self.targets.clone())
            .mean()
            .neg()
    }
}

fn values<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.try_into_vec_as().unwrap()
}

/// Hidden states, pooler, scores, loss and mean pooling.
fn compare_outputs(encoder: &Encoder, golden: &Golden) -> Result<(), String> {
    let model = encoder.masked_lm().unwrap();
    let batch = Batch::new(golden, &model.devices()[0]);
    let output = model.bert.forward(
        batch.ids.clone(),
        batch.segments.clone(),
        batch.padding.clone(),
    );
    let logits = model.logits(output.hidden.clone(), batch.places.clone());

    let per_row = golden.columns() * golden.config.hidden_size;
    let real: Vec<f32> = values(output.hidden)
        .chunks_exact(per_row)
        .zip(&golden.lengths)
        .flat_map(|(row, length)| row[..length * golden.config.hidden_size].to_vec())
        .collect();
    compare("hidden", &real, &golden.hidden)?;
    compare("pooled", &values(output.pooled.unwrap()), &golden.pooled)?;
    compare("logits", &values(logits.clone()), &golden.logits)?;
    compare("loss", &values(batch.loss(logits)), &[golden.loss])?;
    compare(
        "mean",
        &embed(encoder, &recipe::sequences(golden)),
        &golden.mean,
    )
}

/// Gradients of the loss for every tensor.
fn compare_gradients(encoder: &Encoder, golden: &Golden) -> Result<(), String> {
    let model = encoder.masked_lm().unwrap().train();
    let batch = Batch::new(golden, &model.devices()[0].clone().autodiff());
    let hidden = model.bert.hidden(
        batch.ids.clone(),
        batch.segments.clone(),
        batch.padding.clone(),
    );
    let loss = batch.loss(model.logits(hidden, batch.places.clone()));
    let found = Gradients::of(
        &model,
        GradientsParams::from_grads(loss.backward(), &model),
        golden,
    );

    let names = |n: usize| format!("{n} gradients, not {}", golden.gradients.len());
    if !found.keys().eq(golden.gradients.keys()) {
        return Err(names(found.len()));
    }
    for (name, expected) in &golden.gradients {
        let gradient = &found[name];
        let sum = gradient.iter().map(|&g| f64::from(g)).sum::<f64>() as f32;
        let norm = gradient
            .iter()
            .map(|&g| f64::from(g).powi(2))
            .sum::<f64>()
            .sqrt() as f32;
        compare(
            &format!("sum of gradients of {name}"),
            &[sum],
            &[expected.sum],
        )?;
        compare(
            &format!("norm of the gradient of {name}"),
            &[norm],
            &[expected.norm],
        )?;
        let entries: Vec<f32> = expected.at.iter().map(|&i| gradient[i]).collect();
        compare(&format!("gradient of {name}"), &entries, &expected.entries)?;
    }
    Ok(())
}

/// Collects gradients as PyTorch lays them out. A parameter is known by its values, for no two tensors share theirs, so
/// that no table of names is needed; one that has no such values is a failure.
struct Gradients {
    tensors: Tensors,
    gradients: GradientsParams,
    found: BTreeMap<String, Vec<f32>>,
}

impl Gradients {
    fn of(
        model: &BertForMaskedLm,
        gradients: GradientsParams,
        golden: &Golden,
    ) -> BTreeMap<String, Vec<f32>> {
        let mut visitor = Self {
            tensors: recipe::tensors(golden),
            gradients,
            found: BTreeMap::new(),
        };
        model.visit(&mut visitor);
        visitor.found
    }

    fn named(&self, values: &[f32]) -> Option<String> {
        self.tensors
            .iter()
            .find(|(_, (_, theirs))| theirs == values)
            .map(|(name, _)| name.clone())
    }
}

impl ModuleVisitor for Gradients {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let value = param.val().inner();
        let gradient = self.gradients.get::<D>(param.id);
        let (name, gradient) = match self.named(&values(value.clone())) {
            Some(name) => (name, gradient),
            // Burn keeps [in, out].
            None => {
                assert_eq!(D, 2, "a parameter without a name in the file");
                let name = self
                    .named(&values(value.transpose()))
                    .expect("a matrix without a name in the file");
                (name, gradient.map(Tensor::transpose))
            }
        };
        if let Some(gradient) = gradient {
            let twice = self.found.insert(name, values(gradient));
            assert!(twice.is_none(), "two parameters from one tensor");
        }
    }
}
