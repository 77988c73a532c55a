//! Folders that Python writes, opened here, and folders that we write, opened in Python.

use std::env;
use std::path::Path;
use std::process::Command;

use anyhow::{Result, ensure};

use crate::bench::PYTHON;
use crate::cmd;
use crate::python::Venv;

/// What is trained, and how.
const TRAINED: [(&str, &[&str]); 5] = [
    ("full", &["--label", "kind", "--tune", "full"]),
    ("head", &["--label", "kind", "--tune", "head"]),
    (
        "lora",
        &["--label", "kind", "--tune", "lora:4:query,key,output.dense"],
    ),
    (
        "labels",
        &["--label", "tags", "--task", "labels", "--tune", "last:1"],
    ),
    (
        "number",
        &["--label", "stars", "--task", "number", "--tune", "full"],
    ),
];

/// Classifiers' folders of transformers.
const OPENED: [&str; 3] = ["plain", "half", "sharded"];

/// Makes the models of both sides, and compares what both make of them.
///
/// # Errors
/// If a side fails, the model is not there, or the two disagree.
pub fn run() -> Result<()> {
    let python = match env::var_os(PYTHON) {
        Some(python) => python.into(),
        None => {
            let venv = Venv::open()?;
            venv.install("requirements-bert.txt")?;
            venv.python().to_owned()
        }
    };
    let assets = cmd::root().join("assets");
    let minilm = assets.join("minilm");
    ensure!(
        minilm.is_dir() && assets.join("reviews").is_dir(),
        "{} lacks minilm or reviews: run `cargo xtask assets`",
        assets.display()
    );
    let dir = cmd::scratch("interop")?;
    let script = |task: &str| {
        let mut command = cmd::program(&python);
        command.arg("xtask/interop.py").arg(task);
        command.arg(&assets).arg(&dir);
        command
    };
    cmd::run(&mut script("make"))?;

    let throng = cmd::throng()?;
    let ours = |task: &str, model: &Path, input: &str, out: &str| {
        let mut command = Command::new(&throng);
        command
            .current_dir(&dir)
            .args([task, "--quiet", "--device", "cpu", "--model"]);
        command.arg(model).args(["--input", input, "--out", out]);
        command
    };
    for (name, more) in TRAINED {
        let mut train = Command::new(&throng);
        train
            .current_dir(&dir)
            .args(["train", "--quiet", "--device", "cpu"]);
        train.args([
            "--data",
            "table.csv",
            "--text",
            "words",
            "--model",
            "base",
            "--out",
            name,
        ]);
        train.args(["--epochs", "2", "--lr", "1e-2"]).args(more);
        cmd::run(&mut train)?;
    }
    for name in TRAINED.iter().map(|(name, _)| name).chain(&OPENED) {
        cmd::run(&mut ours(
            "predict",
            Path::new(name),
            "texts.txt",
            &format!("{name}.jsonl"),
        ))?;
    }
    cmd::run(&mut ours(
        "embed",
        Path::new("sentences"),
        "texts.txt",
        "sentences.npy",
    ))?;
    let example = ["--exclude", "xtask", "--example", "resave"];
    let mut build = cmd::cargo(["build", "--release", "--workspace"]);
    cmd::run(build.args(example))?;
    let resave = cmd::target_dir()?.join("release/examples/resave");
    for (kind, from) in [("texts", "sentences"), ("encoder", "base")] {
        let mut again = cmd::program(&resave);
        again.arg(kind).arg(dir.join(from));
        cmd::run(again.arg(dir.join(format!("{from}-again"))))?;
    }
    cmd::run(&mut ours("embed", &minilm, "reviews.txt", "reviews.npy"))?;
    cmd::run(&mut script("check"))
}
