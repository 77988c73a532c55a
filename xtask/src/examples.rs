//! The examples, run as they are.

use std::fs;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::cmd::{self, cargo};

/// Runs every example; without arguments they take small inputs.
///
/// # Errors
/// If one fails or says nothing, or if a folder of examples/ is no example.
pub fn run() -> Result<()> {
    let metadata: Value = serde_json::from_str(&cmd::capture(&mut cargo([
        "metadata",
        "--format-version=1",
        "--no-deps",
    ]))?)?;
    let targets = targets(&metadata).context("no package throng-examples")?;
    for folder in folders()? {
        if !targets
            .iter()
            .any(|(_, path)| path.contains(&format!("/{folder}/")))
        {
            bail!("examples/{folder} is no target of throng-examples");
        }
    }
    cmd::run(&mut cargo([
        "build",
        "--release",
        "--package",
        "throng-examples",
        "--examples",
        "--bins",
    ]))?;
    for (flag, name) in targets
        .iter()
        .filter_map(|(target, _)| target.split_once(' '))
    {
        let mut example = cargo([
            "run",
            "--release",
            "--quiet",
            "--package",
            "throng-examples",
            flag,
            name,
        ]);
        let (said, outcome) = cmd::tee(&mut example)?;
        outcome?;
        if said.trim().is_empty() {
            bail!("the example {name} says nothing");
        }
    }
    Ok(())
}

/// The examples' folders: those with a number.
fn folders() -> Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(cmd::root().join("examples"))? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if name.starts_with(|first: char| first.is_ascii_digit()) {
            names.push(name);
        }
    }
    if names.is_empty() {
        bail!("examples/ has no numbered folder");
    }
    names.sort();
    Ok(names)
}

/// `--example NAME` or `--bin NAME`, and the path of its source.
fn targets(metadata: &Value) -> Option<Vec<(String, String)>> {
    let packages = metadata["packages"].as_array()?;
    let package = packages
        .iter()
        .find(|package| package["name"] == "throng-examples")?;
    let mut found = Vec::new();
    for target in package["targets"].as_array()? {
        let (name, path) = (target["name"].as_str()?, target["src_path"].as_str()?);
        match target["kind"][0].as_str()? {
            "example" => found.push((format!("--example {name}"), path.replace('\\', "/"))),
            "bin" => found.push((format!("--bin {name}"), path.replace('\\', "/"))),
            _ => {}
        }
    }
    Some(found)
}
