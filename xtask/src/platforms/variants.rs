//! Every kernel with its default constants and with all that the host was seen to use, in every language.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use serde_json::Value;
use throng_shaders::Kernel;

use super::debian::Debian;
use crate::cmd;
use crate::shaders::{self, Translated};

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
        let variants = seen.get(&kernel.name).with_context(|| {
            format!(
                "no test of throng-compute ran {} small enough to be kept",
                kernel.name
            )
        })?;
        let mut written = Vec::new();
        for variant in [&Variant::plain(&kernel.name)].into_iter().chain(variants) {
            let translated = variant
                .translate(&kernel)
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
pub struct Variant {
    name: String,
    /// Bindings that are pieces of one buffer.
    pub shared: Vec<u32>,
    /// Values of `override` constants.
    constants: Vec<(String, f64)>,
}

impl Variant {
    fn plain(kernel: &str) -> Self {
        Self {
            name: kernel.to_owned(),
            shared: Vec::new(),
            constants: Vec::new(),
        }
    }

    fn translate(&self, kernel: &Kernel) -> Result<Translated> {
        let source = throng_shaders::written(&kernel.source, &self.shared);
        let constants = self.constants.iter().cloned().collect();
        shaders::translate(&source, kernel.entry, &constants)
    }

    fn of(record: &Value) -> Option<(&str, Self)> {
        let kernel = record["kernel"].as_str()?;
        let mut variant = Self::plain(kernel);
        for number in record["shared"].as_array()? {
            variant.name += &format!("-{number}");
            variant.shared.push(u32::try_from(number.as_u64()?).ok()?);
        }
        for (constant, value) in record["constants"].as_object()? {
            variant.name += &format!("-{constant}_{value}");
            variant.constants.push((constant.clone(), value.as_f64()?));
        }
        Some((kernel, variant))
    }
}

/// The variants of each kernel that the tests ran.
pub fn seen(debian: &Debian) -> Result<BTreeMap<String, Vec<Variant>>> {
    let mut seen: BTreeMap<String, Vec<Variant>> = BTreeMap::new();
    for entry in fs::read_dir(records(debian)).context("no dispatch was kept")? {
        let path = entry?.path();
        let record = serde_json::from_slice(&fs::read(&path)?)?;
        let (kernel, variant) =
            Variant::of(&record).with_context(|| format!("{} is no record", path.display()))?;
        let variants = seen.entry(kernel.to_owned()).or_default();
        if variant.name != kernel && variants.iter().all(|other| other.name != variant.name) {
            variants.push(variant);
        }
    }
    Ok(seen)
}
