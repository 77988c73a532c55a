//! Model folders: Hugging Face's names, the same bits again, and what a broken folder says.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::Path;

use tempfile::TempDir;
use throng_bert::{BertConfig, BertError, Encoder};
use throng_compute::Compute;

use crate::golden::Golden;
use crate::parity::{embed, open};
use crate::recipe;
use crate::safetensors::{from_bytes, to_bytes, to_bytes_f64, write_model};

fn model_bytes(folder: &Path) -> Vec<u8> {
    std::fs::read(folder.join("model.safetensors")).unwrap()
}

#[test]
fn a_saved_file_has_transformers_names_and_the_bits_that_were_read() {
    let golden = Golden::read();
    let tensors = recipe::tensors(&golden);
    let folder = tempfile::tempdir().unwrap();
    open(&golden, &tensors, &Compute::cpu())
        .save(folder.path())
        .unwrap();
    let saved = from_bytes(&model_bytes(folder.path()));

    let shapes: BTreeMap<_, _> = saved
        .iter()
        .map(|(name, (shape, _))| (name.clone(), shape.clone()))
        .collect();
    let mut expected = golden.tensors.clone();
    expected.retain(|name, _| !golden.tied.contains(name));
    assert_eq!(shapes, expected);
    // Values as bits: 0.0 is not -0.0.
    for (name, (_, values)) in &tensors {
        let bits = |values: &[f32]| values.iter().map(|v| v.to_bits()).collect::<Vec<_>>();
        assert_eq!(bits(&saved[name].1), bits(values), "{name}");
    }
    assert_eq!(
        BertConfig::read(&folder.path().join("config.json")).unwrap(),
        golden.config
    );
}

#[test]
fn saved_and_opened_again_it_is_the_same_model() {
    let golden = Golden::read();
    let (first, second) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let encoder = open(&golden, &recipe::tensors(&golden), &Compute::cpu());
    encoder.save(first.path()).unwrap();
    let again = Encoder::open(first.path(), &Compute::cpu()).unwrap();
    again.save(second.path()).unwrap();
    assert_eq!(model_bytes(first.path()), model_bytes(second.path()));
    let sequences = recipe::sequences(&golden);
    let (before, after) = (embed(&encoder, &sequences), embed(&again, &sequences));
    assert!(
        before
            .iter()
            .zip(&after)
            .all(|(a, b)| a.to_bits() == b.to_bits())
    );
}

/// transformers' own files hold the decoder's second names as well.
#[test]
fn tensors_that_the_model_lacks_are_passed_over() {
    let golden = Golden::read();
    let mut tensors = recipe::tensors(&golden);
    let plain = embed(
        &open(&golden, &tensors, &Compute::cpu()),
        &recipe::sequences(&golden),
    );
    for name in &golden.tied {
        let shape = golden.tensors[name].clone();
        let n = shape.iter().product();
        tensors.insert(name.clone(), (shape, vec![f32::NAN; n]));
    }
    tensors.insert(
        "cls.seq_relationship.bias".to_owned(),
        (vec![2], vec![0.0; 2]),
    );
    assert_eq!(
        embed(
            &open(&golden, &tensors, &Compute::cpu()),
            &recipe::sequences(&golden)
        ),
        plain
    );
}

#[test]
fn a_file_in_double_precision_is_the_same_model() {
    let golden = Golden::read();
    let tensors = recipe::tensors(&golden);
    let folder = tempfile::tempdir().unwrap();
    write_model(folder.path(), &golden.config, &to_bytes_f64(&tensors));
    let encoder = Encoder::open(folder.path(), &Compute::cpu()).unwrap();
    let sequences = recipe::sequences(&golden);
    assert_eq!(
        embed(&encoder, &sequences),
        embed(&open(&golden, &tensors, &Compute::cpu()), &sequences)
    );
}

/// A folder with the golden model.
fn folder(golden: &Golden) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    write_model(
        folder.path(),
        &golden.config,
        &to_bytes(&recipe::tensors(golden)),
    );
    folder
}

/// Opening fails with one line that names the file and holds `words`.
fn refused(folder: &Path, file: &str, words: &[&str]) {
    let error = Encoder::open(folder, &Compute::cpu()).unwrap_err();
    let line = error.to_string();
    match error {
        BertError::File { path, .. } => assert_eq!(path, folder.join(file), "{line}"),
        other => panic!("not a file's error: {other:?}"),
    }
    assert_eq!(line.lines().count(), 1, "{line}");
    for word in words {
        assert!(line.contains(word), "{word:?} is not in {line:?}");
    }
}

#[test]
fn a_missing_tensor_is_named() {
    let golden = Golden::read();
    let tensors = recipe::tensors(&golden);
    for name in tensors.keys() {
        let mut fewer = tensors.clone();
        fewer.remove(name);
        let folder = tempfile::tempdir().unwrap();
        write_model(folder.path(), &golden.config, &to_bytes(&fewer));
        refused(folder.path(), "model.safetensors", &[name]);
    }
}

#[test]
fn a_tensor_of_another_shape_is_named() {
    let golden = Golden::read();
    let tensors = recipe::tensors(&golden);
    for (name, (shape, _)) in &tensors {
        let mut changed = tensors.clone();
        let entry = changed.get_mut(name).unwrap();
        // One row more.
        entry.0[0] += 1;
        let n: usize = entry.0.iter().product();
        entry.1.resize(n, 0.25);
        assert_ne!(shape, &entry.0);
        let folder = tempfile::tempdir().unwrap();
        write_model(folder.path(), &golden.config, &to_bytes(&changed));
        refused(folder.path(), "model.safetensors", &[name]);
    }
}

#[test]
fn a_missing_or_broken_file_is_named() {
    let golden = Golden::read();
    for file in ["config.json", "model.safetensors"] {
        let folder = folder(&golden);
        std::fs::remove_file(folder.path().join(file)).unwrap();
        refused(folder.path(), file, &["No such file"]);
    }
    let whole = to_bytes(&recipe::tensors(&golden));
    let mut endless = whole.clone();
    endless[..8].fill(0xff);
    for bytes in [
        &whole[..0],
        &whole[..7],
        &whole[..100],
        &whole[..whole.len() - 1],
        &endless,
        b"{}",
    ] {
        let folder = folder(&golden);
        std::fs::write(folder.path().join("model.safetensors"), bytes).unwrap();
        refused(folder.path(), "model.safetensors", &[]);
    }
    for (text, words) in [
        ("{", "EOF"),
        (r#"{"hidden_size": "wide"}"#, "wide"),
        (r#"{"num_attention_heads": 5}"#, "num_attention_heads 5"),
        (r#"{"model_type": "gpt2"}"#, "gpt2"),
        (r#"{"hidden_act": "gelu_fast"}"#, "gelu_fast"),
        (
            r#"{"position_embedding_type": "relative_key"}"#,
            "relative_key",
        ),
    ] {
        let folder = folder(&golden);
        std::fs::write(folder.path().join("config.json"), text).unwrap();
        refused(folder.path(), "config.json", &[words]);
    }
}

#[test]
fn embedding_stops_on_request() {
    let golden = Golden::read();
    let encoder = Encoder::open(folder(&golden).path(), &Compute::cpu()).unwrap();
    let result = encoder.embed(&recipe::sequences(&golden), &mut |_| ControlFlow::Break(()));
    assert!(matches!(result, Err(BertError::Cancelled)));
}
