//! `throng embed` with a pretrained model; its values are held to Python's in crates/throng/tests/minilm.rs.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::Stdio;

use common::{Place, Ran, read_f32, throng};

fn model() -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../assets/minilm");
    assert!(
        folder.exists(),
        "assets/minilm is not there: run `cargo xtask assets`"
    );
    folder.display().to_string()
}

fn embed(place: &Place, more: &[&str]) -> Ran {
    let model = model();
    let args = ["embed", "--model", &model, "--out", "e.npy", "--force"];
    place.run(args.iter().chain(more))
}

const LINES: &str = "the customer added a red dress to the cart and paid\n\nblue shirt\n";

#[test]
fn a_row_a_text_in_order_from_any_file() {
    let place = Place::new();
    place.write("t.txt", LINES);
    place.write(
        "t.csv",
        "id,words\n1,the customer added a red dress to the cart and paid\n2,\n3,blue shirt\n",
    );
    let ran = embed(&place, &["--input", "t.txt", "--json"]).ok();
    let outcome = ran.json();
    assert_eq!((&outcome["n"], &outcome["d"]), (&3.into(), &384.into()));
    assert_eq!(outcome["empty"], 1);
    assert!(outcome["seconds"].as_f64().unwrap() > 0.0);
    let (shape, values) = read_f32(&place.path("e.npy"));
    assert_eq!(shape, [3, 384]);
    for row in values.chunks(384) {
        let length: f32 = row.iter().map(|v| v * v).sum();
        assert!((length - 1.0).abs() < 1e-5, "{length}");
    }
    // As sentence-transformers gives them.
    for (ours, theirs) in values
        .iter()
        .zip([-0.048_834_04_f32, 0.054_771_13, -0.029_866_56])
    {
        assert!((ours - theirs).abs() < 1e-6, "{ours}, not {theirs}");
    }

    embed(&place, &["--input", "t.csv", "--column", "words"]).ok();
    assert_eq!(
        read_f32(&place.path("e.npy")),
        (shape.clone(), values.clone())
    );

    let mut command = throng();
    let model = model();
    command.current_dir(place.path("."));
    command.args(["embed", "--model", &model, "--out", "s.npy", "--input", "-"]);
    let command = command.stdin(Stdio::piped()).stdout(Stdio::null());
    let mut child = command.stderr(Stdio::null()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(LINES.as_bytes()).unwrap();
    drop(stdin);
    assert!(child.wait().unwrap().success());
    assert_eq!(read_f32(&place.path("s.npy")), (shape, values));
}

#[test]
fn pooling_and_length_can_be_chosen() {
    let place = Place::new();
    place.write("t.txt", "one two three four\none two\n");
    let values = |more: &[&str]| {
        let mut args = vec!["--input", "t.txt"];
        args.extend(more);
        embed(&place, &args).ok();
        read_f32(&place.path("e.npy")).1
    };
    let own = values(&[]);
    assert_ne!(values(&["--pooling", "cls"]), own);
    let short = values(&["--pooling", "meansqrt", "--max-length", "4"]);
    let (first, second) = short.split_at(384);
    // Cut to two words, the texts are the same.
    for (a, b) in first.iter().zip(second) {
        assert!((a - b).abs() < 1e-6, "{a}, not {b}");
    }
}

/// MiniLM, in whose table of words that one word is not a number.
fn without(word: &str) -> tempfile::TempDir {
    let (from, folder) = (model(), tempfile::tempdir().unwrap());
    for name in ["config.json", "tokenizer.json"] {
        fs::copy(Path::new(&from).join(name), folder.path().join(name)).unwrap();
    }
    let words = fs::read_to_string(Path::new(&from).join("vocab.txt")).unwrap();
    let id = words.lines().position(|line| line == word).unwrap();
    let mut bytes = fs::read(Path::new(&from).join("model.safetensors")).unwrap();
    let data = 8 + u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
    let header: serde_json::Value = serde_json::from_slice(&bytes[8..data]).unwrap();
    let table = &header["embeddings.word_embeddings.weight"]["data_offsets"][0];
    let at = data + table.as_u64().unwrap() as usize + id * 384 * 4;
    bytes[at..at + 4].copy_from_slice(&f32::NAN.to_le_bytes());
    fs::write(folder.path().join("model.safetensors"), bytes).unwrap();
    folder
}

#[test]
fn a_vector_that_is_not_finite_is_named_by_its_text() {
    let place = Place::new();
    place.write("t.txt", LINES);
    let model = without("shirt");
    let model = model.path().to_str().unwrap();
    let args = [
        "embed", "--model", model, "--input", "t.txt", "--out", "e.npy",
    ];
    let line = place.run(args).failed(2);
    assert_eq!(line, "t.txt: text 2: its vector holds NaN");
    assert_eq!(place.list(), ["t.txt"]);
}

#[test]
fn bad_input_is_one_line_and_leaves_nothing() {
    let place = Place::new();
    place.write("t.txt", LINES);
    place.write("t.csv", "id,words\n1,a\n2,b\n");
    place.write("bad.csv", "id,words\n1,a\n2,b,c\n");
    place.write("none.csv", "id,words\n1,\n2,\n");
    place.write("empty", "");
    let before = place.list();
    for (args, words) in [
        (
            &["--input", "t.csv", "--column", "text"][..],
            "no column text",
        ),
        (&["--input", "bad.csv", "--column", "words"], "line 3"),
        (
            &["--input", "none.csv", "--column", "words"],
            "empty texts only",
        ),
        (&["--input", "empty"], "has no texts"),
        (&["--input", "missing.txt"], "missing.txt"),
        (&["--input", "t.txt", "--max-length", "2"], "--max-length: "),
        (&["--input", "t.txt", "--max-length", "513"], "at most 512"),
    ] {
        let line = embed(&place, args).failed(2);
        assert!(line.contains(words), "{line}");
        assert_eq!(place.list(), before, "{line}");
    }
    let args = [
        "embed", "--model", "nowhere", "--input", "t.txt", "--out", "e.npy",
    ];
    let line = place.run(args).failed(2);
    assert!(line.contains("nowhere/config.json"), "{line}");
    assert_eq!(place.list(), before);
}
