//! Burn is built once: tests, command and examples ask for the same features of what stands below it.

use std::collections::BTreeSet;

use anyhow::{Result, bail};

use crate::cmd;

/// What is built alone after the tests: the README's command, and the examples.
const ALONE: [&str; 2] = ["throng-cli", "throng-examples"];

/// Compares what each is built from alone with what the tests are built from.
///
/// # Errors
/// If a crate would be built again with other features: each of them.
pub fn run() -> Result<()> {
    let tests = tree(&[
        "--workspace",
        "--exclude",
        "xtask",
        "--edges=normal,dev,no-proc-macro",
    ])?;
    for package in ALONE {
        let alone = tree(&["--package", package, "--edges=normal,no-proc-macro"])?;
        let again = built_again(&alone, &tests);
        if !again.is_empty() {
            bail!(
                "{package} alone would build these again: {}",
                again.join("; ")
            );
        }
    }
    eprintln!(
        "{} build nothing again after the tests",
        ALONE.join(" and ")
    );
    Ok(())
}

/// Every crate that is built, a line each with its version and features.
// What runs while building (macros, build scripts) is resolved by itself and has features of its own.
fn tree(selection: &[&str]) -> Result<String> {
    let mut cargo = cmd::cargo(["tree", "--locked", "--prefix=none", "--format={p} [{f}]"]);
    cmd::capture(cargo.args(selection))
}

fn built_again<'a>(alone: &'a str, tests: &'a str) -> Vec<&'a str> {
    // A crate that was listed before is marked.
    fn crates(tree: &str) -> BTreeSet<&str> {
        let lines = tree
            .lines()
            .map(|line| line.trim_end_matches(" (*)").trim());
        lines.collect()
    }
    crates(alone).difference(&crates(tests)).copied().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_feature_is_found() {
        let tests = "burn v1 [std,wgpu]\nwgpu v2 [vulkan]\nwgpu v2 [vulkan] (*)\ncsv v1 []\n";
        assert!(built_again("burn v1 [std,wgpu] (*)\nwgpu v2 [vulkan]\n", tests).is_empty());
        assert_eq!(
            built_again("burn v1 [std]\ncsv v1 []", tests),
            ["burn v1 [std]"]
        );
    }
}
