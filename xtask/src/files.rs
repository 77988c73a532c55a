//! What may stand in the repository.

use std::fs;

use anyhow::{Result, bail};

use crate::cmd;

/// The most bytes a file may have: data sets and models are fetched, not committed.
const LIMIT: u64 = 1 << 20;

/// Checks every file that git tracks or would track.
///
/// # Errors
/// If one of them is too large.
pub fn run() -> Result<()> {
    let mut git = cmd::program("git");
    let listed = cmd::capture(git.args([
        "ls-files",
        "-z",
        "--cached",
        "--others",
        "--exclude-standard",
    ]))?;
    let names = listed.split('\0').filter(|name| !name.is_empty());
    // A file that is deleted but still in the index has no size, and is no longer of interest.
    let sizes = names.filter_map(|name| {
        Some((
            name,
            fs::symlink_metadata(cmd::root().join(name)).ok()?.len(),
        ))
    });
    let sizes: Vec<_> = sizes.collect();
    if sizes.is_empty() {
        bail!("git lists no files");
    }
    let large = too_large(&sizes);
    if !large.is_empty() {
        bail!("larger than {LIMIT} bytes: {}", large.join(", "));
    }
    eprintln!("{} files, none larger than {LIMIT} bytes", sizes.len());
    Ok(())
}

fn too_large<'a>(sizes: &[(&'a str, u64)]) -> Vec<&'a str> {
    sizes
        .iter()
        .filter(|(_, size)| *size > LIMIT)
        .map(|(name, _)| *name)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_byte_too_many_is_found() {
        assert_eq!(
            too_large(&[("a", 0), ("b", LIMIT), ("c", LIMIT + 1)]),
            ["c"]
        );
    }
}
