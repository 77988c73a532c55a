//! A table of praise and complaints, and a run that learns to tell them apart.

use std::fs;
use std::path::Path;

use serde_json::Value;

use super::{Place, Ran};

/// A pretrained model's folder.
pub fn model() -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../assets/minilm");
    assert!(
        folder.exists(),
        "assets/minilm is not there: run `cargo xtask assets`"
    );
    folder.display().to_string()
}

/// Praise and complaints of eight things, with a user and a number each.
pub fn table(rows: usize) -> String {
    let things = [
        "dress", "coat", "shirt", "skirt", "jumper", "hat", "scarf", "belt",
    ];
    let praise = [
        "i love this",
        "what a lovely",
        "a perfect",
        "so happy with the",
    ];
    let complaints = [
        "i returned this",
        "what a terrible",
        "a badly made",
        "so unhappy with the",
    ];
    let mut text = "words,kind,tags,stars,user\n".to_owned();
    for row in 0..rows {
        let (is_good, thing) = (row % 2 == 0, things[row / 2 % 8]);
        let (start, kind) = match is_good {
            true => (praise[row / 16 % 4], "praise"),
            false => (complaints[row / 16 % 4], "complaint"),
        };
        let tags = if is_good { "good|seen" } else { "seen" };
        let stars = if is_good { 4.5 } else { 1.0 };
        text += &format!(
            "{start} {thing} number {row},{kind},{tags},{stars},u{}\n",
            row % 20
        );
    }
    text
}

/// Trains on t.csv into the folder m.
pub fn train(place: &Place, more: &[&str]) -> Ran {
    let model = model();
    let mut args = vec![
        "train", "--data", "t.csv", "--text", "words", "--model", &model, "--out", "m",
    ];
    args.extend(more);
    if !more.contains(&"--label") {
        args.extend(["--label", "kind"]);
    }
    place.run(args)
}

/// Each line of JSON.
pub fn lines(path: &Path) -> Vec<Value> {
    let text = fs::read_to_string(path).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}
