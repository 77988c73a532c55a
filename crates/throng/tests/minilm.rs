//! A pretrained model on real texts, against sentence-transformers and Python's tokenizer (tests/golden/minilm.py).
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use throng::bert::{Pooling, TextEncoder, Tokenizer};
use throng::compute::Compute;
use throng::demo::Demo;
use throng::events::{CleanOptions, ReadOptions, Source, Texts, VerbalizeParams, read};
use throng::{History, Silent, tell};

const SENTENCE: &str = "the customer added a red dress to the cart and paid";
const WIDTH: usize = 384;
/// Sums with signs that stand for a vector.
const SUMS: usize = 16;
/// The least cosine of a vector of ours with Python's.
const COSINE: f64 = 0.99999;
/// Vectors a and b of length 1 with that cosine are at most this far apart: |a - b|^2 = 2 - 2 cos. A sum with signs of
/// their difference is then at most sqrt(384) times as large, and on average as large as the distance. Python's own f32
/// is nearer than 1e-6, so a tenth of the distance is what a sum may differ by.
const SUM_TOLERANCE: f64 = 4.5e-4;

#[derive(Deserialize)]
struct Golden {
    reviews: usize,
    sentence: Vec<f64>,
    whole: String,
    sums: String,
    token_blocks: String,
    pooled: BTreeMap<String, String>,
    dense: String,
}

impl Golden {
    fn read() -> Self {
        let path = root().join("tests/golden/minilm.json");
        serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The model's folder.
fn minilm() -> PathBuf {
    let folder = root().join("assets/minilm");
    assert!(
        folder.join("model.safetensors").exists(),
        "assets/minilm is not there: run `cargo xtask assets`"
    );
    folder
}

/// All reviews that have a text.
fn reviews() -> Vec<String> {
    let path = root().join("assets/reviews/WomensClothingE-CommerceReviews.parquet.brotli");
    assert!(
        path.exists(),
        "{} is not there: run `cargo xtask assets`",
        path.display()
    );
    let source = Source::Path(path);
    let mut file = Texts::open(&source, Some("Review Text"), &ReadOptions::default()).unwrap();
    let mut all = Vec::new();
    while let Some(batch) = file.next_batch().unwrap() {
        all.extend(batch.into_iter().filter(|text| !text.trim().is_empty()));
    }
    all
}

fn embed<S: AsRef<str>>(encoder: &TextEncoder, texts: &[S]) -> Vec<f32> {
    let vectors = encoder
        .embed(texts, &mut |_| ControlFlow::Continue(()))
        .unwrap();
    assert_eq!(
        (vectors.rows(), vectors.cols()),
        (texts.len(), encoder.width())
    );
    vectors.into_vec().unwrap()
}

/// The recipe of tests/golden/minilm.py.
fn hash32(name: &str, i: usize) -> u32 {
    let h = name.bytes().fold(0x811C_9DC5_u32, |h, byte| {
        (h ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    });
    let h = h.wrapping_add((i as u32).wrapping_mul(0x9E37_79B9));
    let h = (h ^ (h >> 16)).wrapping_mul(0x85EB_CA6B);
    let h = (h ^ (h >> 13)).wrapping_mul(0xC2B2_AE35);
    h ^ (h >> 16)
}

/// A vector's sums with signs.
fn sums(vector: &[f32]) -> Vec<f64> {
    let sign = |j: usize, i: usize| match hash32("sign", j * WIDTH + i) & 1 {
        1 => 1.0,
        _ => -1.0,
    };
    (0..SUMS)
        .map(|j| {
            vector
                .iter()
                .enumerate()
                .map(|(i, &v)| sign(j, i) * f64::from(v))
                .sum()
        })
        .collect()
}

/// RFC 4648's base 64.
fn bytes(text: &str) -> Vec<u8> {
    const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let digits = text.trim_end_matches('=').bytes();
    let digits = digits.map(|digit| DIGITS.iter().position(|&d| d == digit).unwrap());
    let digits: Vec<usize> = digits.collect();
    let mut bytes = Vec::new();
    for four in digits.chunks(4) {
        let word = (0..4).fold(0, |word, i| word << 6 | four.get(i).copied().unwrap_or(0));
        let three = [word >> 16, word >> 8, word].map(|byte| byte as u8);
        bytes.extend_from_slice(&three[..four.len() - 1]);
    }
    bytes
}

fn floats(text: &str) -> Vec<f32> {
    let words = bytes(text);
    words
        .chunks_exact(4)
        .map(|b| f32::from_le_bytes(b.try_into().unwrap()))
        .collect()
}

/// Compares the first 64 vectors value by value, or as many as there are.
fn compare_whole(vectors: &[f32], golden: &Golden) {
    let expected = bytes(&golden.whole);
    let expected = expected
        .chunks_exact(2)
        .map(|b| i16::from_le_bytes(b.try_into().unwrap()));
    let expected: Vec<f64> = expected.map(|v| f64::from(v) / 32_767.0).collect();
    for (row, (ours, theirs)) in vectors
        .chunks(WIDTH)
        .zip(expected.chunks(WIDTH))
        .enumerate()
    {
        let dot = |a: &mut dyn Iterator<Item = (f64, f64)>| a.map(|(x, y)| x * y).sum::<f64>();
        let ours: Vec<f64> = ours.iter().map(|&v| v.into()).collect();
        let own = dot(&mut ours.iter().copied().zip(ours.iter().copied())).sqrt();
        let other = dot(&mut theirs.iter().copied().zip(theirs.iter().copied())).sqrt();
        let cosine = dot(&mut ours.iter().copied().zip(theirs.iter().copied())) / own / other;
        assert!(cosine >= COSINE, "text {row}: cosine {cosine}");
    }
}

fn compare_sums(what: &str, vectors: &[f32], expected: &[f32]) {
    assert_eq!(vectors.len() / WIDTH, expected.len() / SUMS, "{what}");
    for (row, (vector, expected)) in vectors.chunks(WIDTH).zip(expected.chunks(SUMS)).enumerate() {
        let length = vector
            .iter()
            .map(|&v| f64::from(v).powi(2))
            .sum::<f64>()
            .sqrt();
        for (ours, &theirs) in sums(vector).iter().zip(expected) {
            let off = (ours - f64::from(theirs)).abs() / length;
            assert!(
                off <= SUM_TOLERANCE,
                "{what}, text {row}: {ours}, not {theirs}"
            );
        }
    }
}

fn compare_sentence(encoder: &TextEncoder, golden: &Golden) {
    let vector = embed(encoder, &[SENTENCE]);
    for (ours, theirs) in vector.iter().zip(&golden.sentence) {
        assert!(
            (f64::from(*ours) - theirs).abs() < 1e-6,
            "{ours}, not {theirs}"
        );
    }
}

#[test]
fn a_thousand_reviews_on_the_cpu() {
    let golden = Golden::read();
    let encoder = TextEncoder::open(&minilm(), &Compute::cpu()).unwrap();
    let reviews = reviews();
    assert_eq!(reviews.len(), golden.reviews);
    compare_sentence(&encoder, &golden);
    let vectors = embed(&encoder, &reviews[..1000]);
    compare_whole(&vectors, &golden);
    compare_sums("reviews", &vectors, &floats(&golden.sums));
}

/// 64 of the quarter of shortest texts: the adapter takes seconds for a long one.
#[test]
fn reviews_on_the_software_adapter() {
    let golden = Golden::read();
    let encoder = TextEncoder::open(&minilm(), &Compute::software().unwrap()).unwrap();
    compare_sentence(&encoder, &golden);
    let reviews = &reviews()[..1000];
    let mut rows: Vec<usize> = (0..reviews.len()).collect();
    rows.sort_by_key(|&row| reviews[row].len());
    let rows: Vec<usize> = rows.into_iter().step_by(4).take(64).collect();
    let texts: Vec<_> = rows.iter().map(|&row| reviews[row].clone()).collect();
    let sums = floats(&golden.sums);
    let expected: Vec<&[f32]> = rows
        .iter()
        .map(|&row| &sums[row * SUMS..][..SUMS])
        .collect();
    compare_sums("reviews", &embed(&encoder, &texts), &expected.concat());
}

#[test]
fn every_pooling_and_a_dense_module() {
    let golden = Golden::read();
    let few = &reviews()[..8];
    // The same model without normalisation.
    let folder = copy(&[("Pooling", "1_Pooling")]);
    let plain = TextEncoder::open(folder.path(), &Compute::cpu()).unwrap();
    for (name, pooling) in [
        ("cls", Pooling::Cls),
        ("max", Pooling::Max),
        ("mean", Pooling::Mean),
        ("mean_sqrt_len_tokens", Pooling::MeanSqrtLen),
        ("weightedmean", Pooling::WeightedMean),
        ("lasttoken", Pooling::Last),
        ("pooler", Pooling::Pooler),
    ] {
        let encoder = plain.clone().with_pooling(pooling).unwrap();
        compare_sums(name, &embed(&encoder, few), &floats(&golden.pooled[name]));
    }

    let folder = copy(&[("Pooling", "1_Pooling"), ("Dense", "2_Dense")]);
    write_dense(&folder.path().join("2_Dense"));
    let encoder = TextEncoder::open(folder.path(), &Compute::cpu()).unwrap();
    assert_eq!(encoder.width(), SUMS);
    for (ours, theirs) in embed(&encoder, few).iter().zip(floats(&golden.dense)) {
        assert!((ours - theirs).abs() < 1e-5, "{ours}, not {theirs}");
    }
}

#[test]
fn a_text_alone_is_the_text_among_others() {
    let encoder = TextEncoder::open(&minilm(), &Compute::cpu()).unwrap();
    let texts = [
        "",
        "a red dress",
        &"very long ".repeat(400),
        "红色连衣裙",
        "a",
    ];
    let together = embed(&encoder, &texts);
    for (text, row) in texts.iter().zip(together.chunks(WIDTH)) {
        let alone = embed(&encoder, &[text]);
        for (a, b) in alone.iter().zip(row) {
            assert!((a - b).abs() < 2e-6, "{text:.20}: {a}, not {b}");
        }
    }
    assert!(embed(&encoder, &[] as &[&str]).is_empty());
}

/// String i of the recipe.
fn drawn(i: usize) -> String {
    const RANGES: [(u32, u32); 12] = [
        (0x20, 0x7F),
        (0xC0, 0x17F),
        (0x300, 0x330),
        (0x391, 0x3C9),
        (0x4E00, 0x4F00),
        (0x1F600, 0x1F640),
        (0x00, 0x20),
        (0xFF01, 0xFF5E),
        (0x2000, 0x2010),
        (0xAC00, 0xAC40),
        (0x2010, 0x2040),
        (0x7F, 0xA1),
    ];
    const SPECIAL: [&str; 6] = ["[SEP]", "[MASK]", "[CLS]", "[PAD]", "[UNK]", "##s"];
    let home = RANGES[hash32("home", i) as usize % RANGES.len()];
    let mut text = String::new();
    for j in 0..hash32("length", i) as usize % 41 {
        let at = i * 64 + j;
        match hash32("kind", at) % 16 {
            0 => text.push(' '),
            1 => text.push_str(SPECIAL[hash32("special", at) as usize % SPECIAL.len()]),
            draw => {
                let (first, end) = match draw {
                    ..10 => home,
                    _ => RANGES[hash32("range", at) as usize % RANGES.len()],
                };
                let char = first + hash32("char", at) % (end - first);
                text.push(char::from_u32(char).unwrap());
            }
        }
    }
    text
}

#[test]
fn tokens_of_ten_thousand_strings() {
    let reviews = reviews();
    let strings: Vec<String> = (0..10_000)
        .map(|i| match i % 2 {
            1 => drawn(i),
            _ => {
                let end = 1 + hash32("cut", i) as usize % 400;
                reviews[i / 2 % reviews.len()].chars().take(end).collect()
            }
        })
        .collect();
    let expected = bytes(&Golden::read().token_blocks);
    let expected = expected
        .chunks_exact(4)
        .map(|b| u32::from_le_bytes(b.try_into().unwrap()));
    let expected: Vec<u32> = expected.collect();
    let vocabulary = tempfile::tempdir().unwrap();
    for file in ["vocab.txt", "tokenizer_config.json"] {
        fs::copy(minilm().join(file), vocabulary.path().join(file)).unwrap();
    }
    for folder in [&minilm(), vocabulary.path()] {
        let encoded = Tokenizer::open(folder, 64)
            .unwrap()
            .encode(&strings)
            .unwrap();
        let mut longest = 0;
        for (block, (rows, &expected)) in encoded.chunks(10).zip(&expected).enumerate() {
            let mut h = 0x811C_9DC5_u32;
            for row in rows {
                longest = longest.max(row.ids.len());
                assert!(row.segments.iter().all(|&segment| segment == 0));
                for word in [row.ids.len() as u32].iter().chain(&row.ids) {
                    for byte in word.to_le_bytes() {
                        h = (h ^ u32::from(byte)).wrapping_mul(0x0100_0193);
                    }
                }
            }
            assert_eq!(
                h,
                expected,
                "{}: strings {}0 to {0}9",
                folder.display(),
                block
            );
        }
        assert_eq!(longest, 64);
    }
}

#[test]
fn told_behaviour_fits_and_is_not_cut_short() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log.csv");
    let mut file = fs::File::create(&path).unwrap();
    Demo::generate(20, 2).write_csv(&mut file).unwrap();
    let clean = CleanOptions::default();
    let go_on = &mut |_| ControlFlow::Continue(());
    let log = read(
        &[Source::Path(path)],
        &ReadOptions::default(),
        &clean,
        go_on,
    );
    let log = log.unwrap().log;
    let histories = History::of_users(&log, None);
    let tokenizer = Tokenizer::open(&minilm(), 512).unwrap();
    let told = |most: usize| {
        let params = VerbalizeParams::default();
        tell(&log, &histories, params, &tokenizer, most, &mut Silent).unwrap()
    };
    let tokens = |text: &String| tokenizer.encode(&[text]).unwrap()[0].ids.len();
    let (whole, short) = (told(512), told(48));
    assert_eq!((whole.len(), short.len()), (20, 20));
    for (whole, short) in whole.iter().zip(&short) {
        let (before, after) = (tokens(whole), tokens(short));
        assert!(after <= 48, "{short}");
        match before <= 48 {
            true => assert_eq!(short, whole),
            // One more event of these has not so many tokens.
            false => assert!(after > 16, "{short}"),
        }
    }
    assert!(whole.iter().any(|text| tokens(text) > 48));
}

#[test]
fn what_is_wrong_with_a_folder_is_named() {
    let refused = |folder: &Path| {
        let line = TextEncoder::open(folder, &Compute::cpu())
            .unwrap_err()
            .to_string();
        assert_eq!(line.lines().count(), 1, "{line}");
        line
    };
    let folder = copy(&[("Pooling", "1_Pooling"), ("LSTM", "2_LSTM")]);
    assert!(refused(folder.path()).contains("the module LSTM has no place here"));
    let folder = copy(&[("Normalize", "")]);
    assert!(refused(folder.path()).contains("the module Normalize has no place here"));
    let folder = copy(&[("Pooling", "../elsewhere")]);
    assert!(refused(folder.path()).contains("is no folder of this one"));
    let folder = copy(&[("Pooling", "1_Pooling")]);
    fs::remove_file(folder.path().join("tokenizer.json")).unwrap();
    fs::remove_file(folder.path().join("vocab.txt")).unwrap();
    assert!(refused(folder.path()).contains("neither tokenizer.json nor vocab.txt"));
    fs::write(folder.path().join("vocab.txt"), "a\nb\n[UNK]\n").unwrap();
    assert!(refused(folder.path()).contains("there is no token [CLS]"));
    fs::write(folder.path().join("tokenizer.json"), "{").unwrap();
    assert!(refused(folder.path()).contains("tokenizer.json"));
}

/// A copy of the model with other modules.
fn copy(modules: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let to = folder.path();
    for file in [
        "config.json",
        "model.safetensors",
        "tokenizer.json",
        "vocab.txt",
    ] {
        fs::copy(minilm().join(file), to.join(file)).unwrap();
    }
    fs::copy(
        minilm().join("sentence_bert_config.json"),
        to.join("sentence_bert_config.json"),
    )
    .unwrap();
    fs::create_dir(to.join("1_Pooling")).unwrap();
    fs::copy(
        minilm().join("1_Pooling/config.json"),
        to.join("1_Pooling/config.json"),
    )
    .unwrap();
    let transformer = [("Transformer", "")];
    let modules = transformer.iter().chain(modules).map(|(kind, path)| {
        serde_json::json!({"path": path, "type": format!("sentence_transformers.models.{kind}")})
    });
    let modules: Vec<_> = modules.collect();
    fs::write(
        to.join("modules.json"),
        serde_json::to_string(&modules).unwrap(),
    )
    .unwrap();
    folder
}

/// The Dense module of the recipe, in the safetensors format.
fn write_dense(folder: &Path) {
    fs::create_dir(folder).unwrap();
    let config = serde_json::json!({
        "in_features": WIDTH, "out_features": SUMS, "bias": true,
        "activation_function": "torch.nn.modules.activation.Tanh",
    });
    fs::write(folder.join("config.json"), config.to_string()).unwrap();
    let draw = |name: &str, n: usize| -> Vec<u8> {
        let value = |i| ((hash32(name, i) >> 16) as i32 - 32_768) as f32 / 65_536.0;
        (0..n).flat_map(|i| value(i).to_le_bytes()).collect()
    };
    let weight = draw("dense", SUMS * WIDTH);
    let end = weight.len() + 4 * SUMS;
    let header = serde_json::json!({
        "linear.weight": {"dtype": "F32", "shape": [SUMS, WIDTH], "data_offsets": [0, weight.len()]},
        "linear.bias": {"dtype": "F32", "shape": [SUMS], "data_offsets": [weight.len(), end]},
    });
    let header = header.to_string();
    let length = (header.len() as u64).to_le_bytes();
    let parts = [&length[..], header.as_bytes(), &weight, &draw("bias", SUMS)];
    fs::write(folder.join("model.safetensors"), parts.concat()).unwrap();
}
