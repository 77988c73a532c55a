//! Every kernel with its default constants and with all that the host was seen to use, in every language.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::debian::Debian;
use crate::{cmd, shaders};

/// Where dispatches are kept.
pub fn records(debian: &Debian) -> PathBuf {
    debian.cache().join("records")
}

/// Where the translations are.
pub fn translations(debian: &Debian) -> PathBuf {
    debian.cache().join("shaders")
}

/// Translates every variant; `spirv-val` judges the SPIR-V.
///
/// # Errors
/// If a kernel was never run by the tests, or a variant does not translate or validate.
pub fn run(debian: &Debian) -> Result<()> {
    let out = translations(debian);
    if out.exists() {
        fs::remove_dir_all(&out)?;
    }
    fs::create_dir_all(&out)?;
    let seen = seen(debian)?;
    let mut count = 0;
    for kernel in throng_shaders::all() {
        let constants = seen.get(&kernel.name).with_context(|| {
            format!(
                "no test of throng-compute ran {} small enough to be kept",
                kernel.name
            )
        })?;
        for (name, constants) in [(kernel.name.clone(), Vec::new())].iter().chain(constants) {
            let constants = constants.iter().cloned().collect();
            shaders::translate(&kernel.source, kernel.entry, &constants)
                .and_then(|translated| translated.save(&out, name))
                .with_context(|| name.clone())?;
            count += 1;
        }
    }
    for file in files(debian, ".spv")? {
        cmd::run(
            debian
                .command("spirv-val")
                .args(["--target-env", "vulkan1.1"])
                .arg(file),
        )?;
    }
    eprintln!("{count} variants hold in SPIR-V (judged by spirv-val), MSL, HLSL 5.1 and 6.0");
    Ok(())
}

/// The translations whose names end so.
///
/// # Errors
/// If there are none.
pub fn files(debian: &Debian, end: &str) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(translations(debian))? {
        let path = entry?.path();
        if path.to_string_lossy().ends_with(end) {
            files.push(path);
        }
    }
    files.sort();
    if files.is_empty() {
        bail!("no translation ends with {end}");
    }
    Ok(files)
}

type Variant = (String, Vec<(String, f64)>);

/// The variants of each kernel that the tests ran.
fn seen(debian: &Debian) -> Result<BTreeMap<String, Vec<Variant>>> {
    let mut seen: BTreeMap<String, Vec<Variant>> = BTreeMap::new();
    for entry in fs::read_dir(records(debian)).context("no dispatch was kept")? {
        let record: Value = serde_json::from_slice(&fs::read(entry?.path())?)?;
        let kernel = record["kernel"]
            .as_str()
            .context("a record without kernel")?;
        let constants = record["constants"].as_object().context("no constants")?;
        let mut name = kernel.to_owned();
        let mut values = Vec::new();
        for (constant, value) in constants {
            name += &format!("-{constant}_{value}");
            values.push((constant.clone(), value.as_f64().context("no number")?));
        }
        let variants = seen.entry(kernel.to_owned()).or_default();
        if !values.is_empty() && variants.iter().all(|(other, _)| *other != name) {
            variants.push((name, values));
        }
    }
    Ok(seen)
}
