//! Every kernel with its default constants and with all that the host was seen to use, in every language.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::debian::Debian;
use crate::cmd;
use crate::shaders;

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
    let mut seen = seen(debian)?;
    let mut count = 0;
    for kernel in throng_shaders::all() {
        let variants = seen.remove(&kernel.name).unwrap_or_default();
        let plain = Variant {
            name: kernel.name,
            source: kernel.source,
            constants: Vec::new(),
        };
        let mut written = Vec::new();
        for variant in [plain].into_iter().chain(variants) {
            let constants = variant.constants.into_iter().collect();
            let translated = shaders::translate(&variant.source, kernel.entry, &constants)
                .with_context(|| variant.name.clone())?;
            // Most constants have their default values somewhere.
            if !written.contains(&translated) {
                translated.save(&out, &variant.name)?;
                written.push(translated);
                count += 1;
            }
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
    let translations = fs::read_dir(translations(debian));
    for entry in translations.context("`every variant` has not translated anything yet")? {
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

/// A kernel as the host compiles it.
struct Variant {
    name: String,
    /// Its WGSL.
    source: String,
    /// Values of `override` constants.
    constants: Vec<(String, f64)>,
}

impl Variant {
    /// What a record in `dir` ran, and of which kernel.
    fn of(record: &Value, dir: &Path) -> Option<(String, Self)> {
        let source = record["source"].as_str()?;
        let mut name = source.strip_suffix(".wgsl")?.replace(',', "-");
        let mut constants = Vec::new();
        for (constant, value) in record["constants"].as_object()? {
            name += &format!("-{constant}_{value}");
            constants.push((constant.clone(), value.as_f64()?));
        }
        let source = fs::read_to_string(dir.join(source)).ok()?;
        let variant = Self {
            name,
            source,
            constants,
        };
        Some((record["kernel"].as_str()?.to_owned(), variant))
    }
}

/// The variants of each kernel that the tests ran.
///
/// # Errors
/// If a kernel was not run.
fn seen(debian: &Debian) -> Result<BTreeMap<String, Vec<Variant>>> {
    let mut seen: BTreeMap<String, Vec<Variant>> = BTreeMap::new();
    let dir = records(debian);
    for entry in fs::read_dir(&dir).context("no dispatch was kept")? {
        let path = entry?.path();
        if path.extension().is_none_or(|end| end != "json") {
            continue;
        }
        let record = serde_json::from_slice(&fs::read(&path)?)?;
        let (kernel, variant) = Variant::of(&record, &dir)
            .with_context(|| format!("{} is no record", path.display()))?;
        let variants = seen.entry(kernel.clone()).or_default();
        if variant.name != kernel && variants.iter().all(|other| other.name != variant.name) {
            variants.push(variant);
        }
    }
    let all = throng_shaders::all().into_iter().map(|kernel| kernel.name);
    let missing: Vec<_> = all.filter(|name| !seen.contains_key(name)).collect();
    if !missing.is_empty() {
        let names = missing.join(", ");
        bail!("no test of throng-compute ran these small enough to be kept: {names}");
    }
    Ok(seen)
}
