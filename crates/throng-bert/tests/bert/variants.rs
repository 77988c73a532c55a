//! Odd sizes, each activation, and every way that a folder may keep its weights, against transformers
//! (tests/golden/bert_variants.py).

use std::collections::BTreeMap;
use std::fs;
use std::ops::ControlFlow;
use std::path::Path;

use burn::tensor::{Bool, Int, Tensor, TensorData};
use serde::Deserialize;
use serde_json::json;
use throng_bert::{BertConfig, BertError, Encoder, SequenceClassifier};
use throng_compute::Compute;

use crate::parity::embed;
use crate::recipe;
use crate::safetensors::{Tensors, to_bytes, to_bytes_bf16, to_bytes_f16, write_model};
use crate::software;

/// What the order of sums changes in f32 is far below this; a wrong activation, head or eps is far above.
const TOLERANCE: f64 = 1e-4;

#[derive(Deserialize)]
struct Variant {
    config: BertConfig,
    lengths: Vec<usize>,
    bits: u32,
    /// Names without a prefix.
    tensors: BTreeMap<String, Vec<usize>>,
    mean: Vec<f64>,
    hidden: Vec<f64>,
    pooled: Vec<f64>,
    /// Of a head for three labels.
    logits: Vec<f64>,
}

impl Variant {
    fn all() -> BTreeMap<String, Self> {
        let path =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/bert_variants.json");
        serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
    }

    /// The weights, `rename`d.
    fn weights(&self, rename: impl Fn(&str) -> String) -> Tensors {
        let tensor = |(name, shape): (&String, &Vec<usize>)| {
            let values = recipe::weights(name, shape.iter().product(), self.bits);
            (rename(name), (shape.clone(), values))
        };
        self.tensors.iter().map(tensor).collect()
    }

    fn open(&self, bytes: &[u8], compute: &Compute) -> Encoder {
        let folder = tempfile::tempdir().unwrap();
        write_model(folder.path(), &self.config, bytes);
        Encoder::open(folder.path(), compute).unwrap()
    }

    /// A classifier's folder.
    fn write_classifier(&self, folder: &Path, to_bytes: fn(&Tensors) -> Vec<u8>) {
        let mut tensors = self.weights(|name| format!("bert.{name}"));
        for (name, shape) in [
            ("classifier.weight", vec![3, self.config.hidden_size]),
            ("classifier.bias", vec![3]),
        ] {
            let values = recipe::weights(name, shape.iter().product(), self.bits);
            tensors.insert(name.to_owned(), (shape, values));
        }
        // Of no use to a classifier.
        tensors.insert("cls.bias".to_owned(), (vec![2], vec![0.0; 2]));
        write_model(folder, &self.config, &to_bytes(&tensors));
        let path = folder.join("config.json");
        let mut config: serde_json::Value =
            serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
        config["id2label"] = json!({"0": "a", "1": "b", "2": "c"});
        fs::write(&path, config.to_string()).unwrap();
    }

    fn compare_mean(&self, encoder: &Encoder, what: &str) {
        let sequences = recipe::sequences_of(&self.config, &self.lengths);
        compare(what, &embed(encoder, &sequences), &self.mean);
    }

    fn compare(&self, encoder: &Encoder, what: &str) {
        self.compare_mean(encoder, what);
        let sequences = recipe::sequences_of(&self.config, &self.lengths);
        let columns = self.lengths.iter().copied().max().unwrap();
        let device = encoder.masked_lm().map_or_else(
            || burn::module::Module::devices(encoder.bert())[0].clone(),
            |model| burn::module::Module::devices(&model)[0].clone(),
        );
        let padded = |row: &dyn Fn(usize) -> Vec<i32>| {
            let mut values = Vec::new();
            for i in 0..sequences.len() {
                let mut row = row(i);
                row.resize(columns, 0);
                values.extend(row);
            }
            TensorData::new(values, [sequences.len(), columns])
        };
        let ids = padded(&|i| sequences[i].ids.iter().map(|&id| id as i32).collect());
        let segments = padded(&|i| sequences[i].segments.iter().map(|&s| s.into()).collect());
        let padding = self.lengths.iter();
        let padding = padding.flat_map(|&length| (0..columns).map(move |column| column >= length));
        let padding = TensorData::new(padding.collect::<Vec<_>>(), [sequences.len(), columns]);
        let output = encoder.bert().forward(
            Tensor::<2, Int>::from_data(ids, &device),
            Tensor::<2, Int>::from_data(segments, &device),
            Tensor::<2, Bool>::from_data(padding, &device),
        );
        let hidden: Vec<f32> = output.hidden.try_into_vec_as().unwrap();
        let width = columns * self.config.hidden_size;
        let real = hidden.chunks(width).zip(&self.lengths);
        let real = real.flat_map(|(row, length)| &row[..length * self.config.hidden_size]);
        compare(what, &real.copied().collect::<Vec<_>>(), &self.hidden);
        let pooled: Vec<f32> = output.pooled.unwrap().try_into_vec_as().unwrap();
        compare(what, &pooled, &self.pooled);
    }
}

fn compare(what: &str, actual: &[f32], expected: &[f64]) {
    assert_eq!(actual.len(), expected.len(), "{what}");
    for (i, (&a, &e)) in actual.iter().zip(expected).enumerate() {
        let off = (f64::from(a) - e).abs();
        assert!(
            off <= TOLERANCE * e.abs().max(1.0),
            "{what}[{i}]: {a}, not {e}"
        );
    }
}

fn same(name: &str) -> String {
    name.to_owned()
}

#[test]
fn each_activation_at_odd_sizes() {
    for (name, variant) in Variant::all() {
        for compute in [Compute::cpu(), software()] {
            let encoder = variant.open(&to_bytes(&variant.weights(same)), &compute);
            variant.compare(&encoder, &name);
            assert!(encoder.masked_lm().is_none() && encoder.unused_tensors().is_empty());
        }
    }
}

#[test]
fn scores_of_three_labels() {
    for (name, variant) in Variant::all() {
        let half: fn(&Tensors) -> Vec<u8> = match name.as_str() {
            "half" => to_bytes_f16,
            _ => to_bytes,
        };
        let folder = tempfile::tempdir().unwrap();
        variant.write_classifier(folder.path(), half);
        let mut devices = vec![Compute::cpu()];
        // The head is the same of all; a model's kernels take that adapter half a minute.
        if name == "half" {
            devices.push(software());
        }
        for compute in devices {
            let classifier = SequenceClassifier::open(folder.path(), &compute).unwrap();
            let sequences = recipe::sequences_of(&variant.config, &variant.lengths);
            let go_on = &mut |_| ControlFlow::Continue(());
            let logits = classifier.logits(&sequences, go_on).unwrap();
            compare(&name, &logits, &variant.logits);
            assert_eq!(classifier.unused_tensors(), ["cls.bias"]);
        }
    }
}

#[test]
fn sizes_that_no_file_can_have_are_refused() {
    let variant = &Variant::all()["half"];
    for size in [
        "vocab_size",
        "hidden_size",
        "num_hidden_layers",
        "num_attention_heads",
        "intermediate_size",
        "type_vocab_size",
        "max_position_embeddings",
    ] {
        // The largest that is allowed for most, and more.
        for value in [1_u64 << 24, 1 << 40, u64::MAX] {
            let folder = tempfile::tempdir().unwrap();
            variant.write_classifier(folder.path(), to_bytes);
            let path = folder.path().join("config.json");
            let mut config: serde_json::Value =
                serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
            config[size] = json!(value);
            fs::write(&path, config.to_string()).unwrap();
            let cpu = Compute::cpu();
            let errors = [
                Encoder::open(folder.path(), &cpu).err(),
                SequenceClassifier::open(folder.path(), &cpu).err(),
            ];
            for error in errors {
                let error = error.unwrap_or_else(|| panic!("{size} of {value} was taken"));
                let line = error.to_string();
                assert!(!line.contains('\n') && line.len() < 400, "{line}");
            }
        }
    }
}

#[test]
fn each_way_to_name_and_to_keep_weights() {
    let cpu = Compute::cpu();
    let variant = &Variant::all()["half"];
    let plain = variant.weights(same);
    let old = variant.weights(|name| {
        let name = name.replace("LayerNorm.weight", "LayerNorm.gamma");
        format!("bert.{}", name.replace("LayerNorm.bias", "LayerNorm.beta"))
    });
    for (what, bytes) in [
        ("f16", to_bytes_f16(&plain)),
        ("bf16", to_bytes_bf16(&plain)),
        (
            "prefix",
            to_bytes(&variant.weights(|name| format!("bert.{name}"))),
        ),
        ("gamma and beta", to_bytes(&old)),
    ] {
        for compute in [&cpu, &software()] {
            variant.compare(&variant.open(&bytes, compute), what);
        }
    }

    // A classifier's file, without a pooler: what is not used is named.
    let mut fewer = variant.weights(|name| format!("bert.{name}"));
    fewer.retain(|name, _| !name.contains("pooler"));
    fewer.insert("classifier.bias".to_owned(), (vec![3], vec![0.0; 3]));
    let encoder = variant.open(&to_bytes(&fewer), &cpu);
    variant.compare_mean(&encoder, "no pooler");
    assert!(!encoder.bert().has_pooler());
    assert_eq!(encoder.unused_tensors(), ["classifier.bias"]);
}

/// In three files, with their index.
fn write_parts(folder: &Path, variant: &Variant) -> Vec<String> {
    let files: Vec<String> = (1..=3)
        .map(|i| format!("model-0000{i}-of-00003.safetensors"))
        .collect();
    let mut parts = vec![Tensors::new(); 3];
    let mut map = serde_json::Map::new();
    for (i, (name, tensor)) in variant.weights(same).into_iter().enumerate() {
        map.insert(name.clone(), json!(files[i % 3]));
        parts[i % 3].insert(name, tensor);
    }
    for (file, part) in files.iter().zip(&parts) {
        fs::write(folder.join(file), to_bytes(part)).unwrap();
    }
    let index = json!({"metadata": {"total_size": 1}, "weight_map": map});
    fs::write(
        folder.join("model.safetensors.index.json"),
        index.to_string(),
    )
    .unwrap();
    let config = serde_json::to_string(&variant.config).unwrap();
    fs::write(folder.join("config.json"), config).unwrap();
    files
}

#[test]
fn weights_in_parts() {
    let variant = &Variant::all()["silu"];
    let folder = tempfile::tempdir().unwrap();
    let files = write_parts(folder.path(), variant);
    for compute in [Compute::cpu(), software()] {
        let encoder = Encoder::open(folder.path(), &compute).unwrap();
        variant.compare(&encoder, "parts");
    }

    let refused = |folder: &Path| match Encoder::open(folder, &Compute::cpu()).unwrap_err() {
        BertError::File { path, problem } => (path, problem),
        other => panic!("not a file's error: {other:?}"),
    };
    fs::remove_file(folder.path().join(&files[1])).unwrap();
    assert_eq!(refused(folder.path()).0, folder.path().join(&files[1]));
    let index = folder.path().join("model.safetensors.index.json");
    for (text, words) in [
        (
            r#"{"weight_map": {"a": "../model.safetensors"}}"#,
            "is no file of this folder",
        ),
        (
            r#"{"weight_map": {"a": "/etc/passwd"}}"#,
            "is no file of this folder",
        ),
        (r#"{"weight_map": {}}"#, "lists no file"),
        ("[]", ""),
    ] {
        fs::write(&index, text).unwrap();
        let (path, problem) = refused(folder.path());
        assert!(path == index && problem.contains(words), "{problem}");
    }
}

/// Saved without a head, names have no prefix, as in BertModel's own files.
#[test]
fn a_bare_model_is_saved_as_it_was() {
    let variant = &Variant::all()["relu"];
    let tensors = variant.weights(same);
    let encoder = variant.open(&to_bytes(&tensors), &Compute::cpu());
    let folder = tempfile::tempdir().unwrap();
    encoder.save(folder.path()).unwrap();
    let saved = fs::read(folder.path().join("model.safetensors")).unwrap();
    assert_eq!(crate::safetensors::from_bytes(&saved), tensors);
}

/// A header may promise anything: the answer is an error, and no memory is asked for what is not there.
#[test]
fn a_lying_header_is_refused() {
    let variant = &Variant::all()["relu"];
    let name = "embeddings.word_embeddings.weight";
    let header = |shape: serde_json::Value, offsets: serde_json::Value| {
        let header = json!({name: {"dtype": "F32", "shape": shape, "data_offsets": offsets}});
        let header = header.to_string();
        let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
        bytes.extend(header.bytes());
        bytes.extend([0; 64]);
        bytes
    };
    for bytes in [
        header(json!([25_000_000_000_u64]), json!([0, 100_000_000_000_u64])),
        header(json!([25_000_000_000_u64]), json!([0, 64])),
        header(json!([u64::MAX, 2]), json!([0, 64])),
        header(json!([16]), json!([64, 0])),
        header(json!([16]), json!([u64::MAX, 63])),
        header(json!(["x"]), json!([0, 64])),
        header(json!([-1]), json!([0, 64])),
    ] {
        let folder = tempfile::tempdir().unwrap();
        write_model(folder.path(), &variant.config, &bytes);
        let error = Encoder::open(folder.path(), &Compute::cpu()).unwrap_err();
        let line = error.to_string();
        assert!(matches!(error, BertError::File { .. }), "{line}");
        assert_eq!(line.lines().count(), 1, "{line}");
    }
}
