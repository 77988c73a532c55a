//! A folder of sentence-transformers, opened and saved, against what Python saves and gives
//! (tests/golden/sentence_encoder.py).

use std::collections::BTreeMap;
use std::fs;
use std::ops::ControlFlow;
use std::path::Path;

use serde::Deserialize;
use serde_json::Value;
use tempfile::TempDir;
use throng_bert::{BertError, Pooling, TextEncoder};
use throng_compute::Compute;

use crate::recipe;
use crate::safetensors::{Tensors, from_bytes, to_bytes};
use crate::software;

/// Vectors are means and tangents of sums of 40 terms through two layers: f32's epsilon times those terms.
const TOLERANCE: f64 = 1e-5;

#[derive(Deserialize)]
struct Golden {
    vocabulary: Vec<String>,
    texts: Vec<String>,
    /// Names without a prefix.
    tensors: BTreeMap<String, Vec<usize>>,
    /// Two poolings, a Dense module, and length 1.
    narrow: Saved,
    /// The model's pooler.
    pooler: Saved,
    /// A prompt before every text, and small letters for a tokenizer that keeps capitals.
    prompted: Saved,
}

#[derive(Deserialize)]
struct Saved {
    /// The JSON files that Python wrote, without the tokenizer's.
    files: BTreeMap<String, Value>,
    vectors: Vec<f64>,
}

impl Golden {
    fn read() -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR"));
        let path = path.join("../../tests/golden/sentence_encoder.json");
        serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
    }

    fn bert(&self) -> Tensors {
        let tensor = |(name, shape): (&String, &Vec<usize>)| (name.clone(), drawn(name, shape));
        self.tensors.iter().map(tensor).collect()
    }

    /// The tensors of the Dense module of `saved`.
    fn dense(&self, saved: &Saved) -> Tensors {
        let config = &saved.files["2_Dense/config.json"];
        let size = |name: &str| config[name].as_u64().unwrap() as usize;
        let (from, to) = (size("in_features"), size("out_features"));
        let name = if from == to { "pooler.dense" } else { "dense" };
        [("weight", vec![to, from]), ("bias", vec![to])]
            .into_iter()
            .map(|(part, shape)| {
                let values = drawn(&format!("{name}.{part}"), &shape);
                (format!("linear.{part}"), values)
            })
            .collect()
    }

    /// The folder that Python wrote.
    fn folder(&self, saved: &Saved) -> TempDir {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        for (name, content) in &saved.files {
            fs::create_dir_all(at(name).parent().unwrap()).unwrap();
            fs::write(at(name), content.to_string()).unwrap();
        }
        fs::write(at("model.safetensors"), to_bytes(&self.bert())).unwrap();
        fs::write(
            at("2_Dense/model.safetensors"),
            to_bytes(&self.dense(saved)),
        )
        .unwrap();
        fs::write(at("vocab.txt"), self.vocabulary.join("\n")).unwrap();
        // Of the tokenizer's files the one that says whether it keeps capitals.
        let lowers = saved.files["sentence_bert_config.json"]["do_lower_case"] == true;
        let config = format!(r#"{{"do_lower_case": {}}}"#, !lowers);
        fs::write(at("tokenizer_config.json"), config).unwrap();
        folder
    }
}

fn drawn(name: &str, shape: &[usize]) -> (Vec<usize>, Vec<f32>) {
    let values = recipe::weights(name, shape.iter().product(), 16);
    (shape.to_vec(), values)
}

fn open(folder: &TempDir, compute: &Compute) -> TextEncoder {
    TextEncoder::open(folder.path(), compute).unwrap()
}

fn save(encoder: &TextEncoder) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    encoder.save(folder.path()).unwrap();
    folder
}

fn embed(encoder: &TextEncoder, texts: &[String]) -> Vec<f32> {
    let vectors = encoder.embed(texts, &mut |_| ControlFlow::Continue(()));
    vectors.unwrap().into_vec().unwrap()
}

fn compare(ours: &[f32], theirs: &[f64]) {
    assert_eq!(ours.len(), theirs.len());
    for (i, (&a, &b)) in ours.iter().zip(theirs).enumerate() {
        let off = (f64::from(a) - b).abs();
        assert!(off <= TOLERANCE, "[{i}]: {a}, not {b}");
    }
}

fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|value| value.to_bits()).collect()
}

/// Every file of `folder`, by its path there.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        match path.is_dir() {
            true => found.extend(
                files(&path)
                    .into_iter()
                    .map(|(inner, bytes)| (format!("{name}/{inner}"), bytes)),
            ),
            false => drop(found.insert(name, fs::read(path).unwrap())),
        }
    }
    found
}

/// Holds a folder of ours against what Python saved of the same encoder.
fn compare_files(folder: &Path, golden: &Golden, saved: &Saved) {
    let ours = files(folder);
    for (name, theirs) in &saved.files {
        let ours: Value = serde_json::from_slice(&ours[name]).unwrap();
        if name == "config.json" {
            // transformers writes more there than the sizes.
            for (key, value) in ours.as_object().unwrap() {
                assert_eq!(value, &theirs[key], "{key}");
            }
        } else {
            assert_eq!(&ours, theirs, "{name}");
        }
    }
    assert_eq!(from_bytes(&ours["model.safetensors"]), golden.bert());
    let dense = from_bytes(&ours["2_Dense/model.safetensors"]);
    assert_eq!(dense, golden.dense(saved));
    let listed = saved.files["modules.json"].as_array().unwrap();
    for module in listed {
        let path = module["path"].as_str().unwrap();
        assert!(folder.join(path).is_dir(), "{path}");
    }
}

#[test]
fn what_python_saves_opens_and_is_saved_alike() {
    let golden = Golden::read();
    for compute in [Compute::cpu(), software()] {
        for saved in [&golden.narrow, &golden.pooler, &golden.prompted] {
            let encoder = open(&golden.folder(saved), &compute);
            let vectors = embed(&encoder, &golden.texts);
            compare(&vectors, &saved.vectors);

            let first = save(&encoder);
            compare_files(first.path(), &golden, saved);
            let again = open(&first, &compute);
            assert_eq!(bits(&embed(&again, &golden.texts)), bits(&vectors));
            assert_eq!(files(save(&again).path()), files(first.path()));
        }
    }
}

#[test]
fn a_changed_encoder_is_saved_as_it_is() {
    let golden = Golden::read();
    let cpu = Compute::cpu();
    // A folder without modules.
    let plain = golden.folder(&golden.pooler);
    fs::remove_file(plain.path().join("modules.json")).unwrap();
    let plain = open(&plain, &cpu);

    // The pooler is a Dense module of the first token's vectors.
    let pooler = plain.clone().with_pooling(Pooling::Pooler).unwrap();
    let pooler = pooler.with_max_length(12).unwrap();
    compare(&embed(&pooler, &golden.texts), &golden.pooler.vectors);
    let folder = save(&pooler);
    compare_files(folder.path(), &golden, &golden.pooler);
    let again = embed(&open(&folder, &cpu), &golden.texts);
    assert_eq!(bits(&again), bits(&embed(&pooler, &golden.texts)));

    for pooling in [
        Pooling::Cls,
        Pooling::Max,
        Pooling::Mean,
        Pooling::MeanSqrtLen,
        Pooling::WeightedMean,
        Pooling::Last,
    ] {
        let encoder = plain.clone().with_pooling(pooling).unwrap().normalized();
        let again = open(&save(&encoder), &cpu);
        assert_eq!(
            bits(&embed(&again, &golden.texts)),
            bits(&embed(&encoder, &golden.texts)),
            "{pooling:?}"
        );
    }
}

#[test]
fn a_prompt_that_is_not_there_or_not_pooled_is_named() {
    let golden = Golden::read();
    for (name, from, to, says) in [
        (
            "config_sentence_transformers.json",
            "\"default_prompt_name\":\"shop\"",
            "\"default_prompt_name\":\"shops\"",
            "default_prompt_name is \"shops\"",
        ),
        (
            "1_Pooling/config.json",
            "\"include_prompt\":true",
            "\"include_prompt\":false",
            "include_prompt is false",
        ),
    ] {
        let folder = golden.folder(&golden.prompted);
        let path = folder.path().join(name);
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "{text}");
        fs::write(&path, text.replace(from, to)).unwrap();
        let problem = TextEncoder::open(folder.path(), &Compute::cpu()).unwrap_err();
        let problem = problem.to_string();
        assert!(
            problem.contains(name) && problem.contains(says),
            "{problem}"
        );
    }
}

#[test]
fn a_place_that_cannot_be_written_is_named() {
    let golden = Golden::read();
    let encoder = open(&golden.folder(&golden.narrow), &Compute::cpu());
    let folder = tempfile::tempdir().unwrap();
    let taken = folder.path().join("1_Pooling");
    fs::write(&taken, "mine").unwrap();
    match encoder.save(folder.path()).unwrap_err() {
        BertError::Unwritten { path, .. } => assert_eq!(path, taken),
        other => panic!("not about a file: {other:?}"),
    }
    assert!(!folder.path().join("modules.json").exists());
}
