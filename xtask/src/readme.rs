//! The README's commands, run as they stand there.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs;
use std::path::Path;
use std::time::Instant;

use anyhow::{Context, Result, bail};

use crate::cmd;

/// The command that runs the main job. It must end in [`DEMO_SECONDS`] once built.
const DEMO: &str = "cargo run --release -p throng-cli -- demo --out demo-report";
const DEMO_SECONDS: f64 = 120.0;
/// The command that passes the tests: a step of its own, not run again here.
const TEST: &str = "cargo xtask test";

/// Runs every command of the README's `sh` blocks in the repository's root, and removes what they leave there.
///
/// # Errors
/// If one of the two main commands is not there word for word, or a command fails or takes too long.
pub fn run() -> Result<()> {
    let text =
        fs::read_to_string(cmd::root().join("README.md")).context("cannot read README.md")?;
    let commands = commands(&text)?;
    cmd::throng()?;
    let before = entries(cmd::root())?;
    let outcome = commands
        .iter()
        .filter(|line| *line != TEST)
        .try_for_each(|line| run_one(line));
    for name in entries(cmd::root())?.difference(&before) {
        let path = cmd::root().join(name);
        if path.is_dir() {
            fs::remove_dir_all(&path)
        } else {
            fs::remove_file(&path)
        }?;
    }
    outcome
}

fn run_one(line: &str) -> Result<()> {
    if let Some(dir) = output(line)
        && cmd::root().join(dir).exists()
    {
        bail!("{dir} is in the way of `{line}`: remove it");
    }
    let start = Instant::now();
    let mut shell = cmd::program("sh");
    cmd::run(shell.args(["-e", "-c", line]))?;
    let seconds = start.elapsed().as_secs_f64();
    if line == DEMO {
        if seconds > DEMO_SECONDS {
            bail!("`{line}` took {seconds:.0} s after the build, more than {DEMO_SECONDS}");
        }
        if !cmd::root().join("demo-report/report.html").is_file() {
            bail!("`{line}` left no demo-report/report.html");
        }
    }
    Ok(())
}

/// The folder that a command writes to.
fn output(line: &str) -> Option<&str> {
    line.split_whitespace()
        .skip_while(|word| *word != "--out")
        .nth(1)
}

fn entries(dir: &Path) -> Result<BTreeSet<OsString>> {
    let names = fs::read_dir(dir)?.map(|entry| Ok(entry?.file_name()));
    names.collect()
}

/// The commands of the `sh` blocks, in order.
fn commands(readme: &str) -> Result<Vec<String>> {
    let mut found = Vec::new();
    let mut inside = None;
    for line in readme.lines() {
        match (line.trim_start().strip_prefix("```"), inside) {
            (Some(language), None) => inside = Some(language.trim() == "sh"),
            (Some(_), Some(_)) => inside = None,
            (None, Some(true))
                if !line.trim().is_empty() && !line.trim_start().starts_with('#') =>
            {
                found.push(line.trim().to_owned());
            }
            _ => {}
        }
    }
    if inside.is_some() {
        bail!("README.md ends inside a block");
    }
    if let Some(line) = found.iter().find(|line| line.ends_with('\\')) {
        bail!("README.md breaks a command over lines, which is not run right: {line}");
    }
    for wanted in [DEMO, TEST] {
        if !found.iter().any(|line| line == wanted) {
            bail!("README.md must give the command `{wanted}` in an sh block, word for word");
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn readme() -> String {
        format!(
            "# throng\n```sh\n# a note\n{DEMO}\n\n{TEST}\n```\n```text\nrm -r x\n```\nProse.\n```sh\ntrue\n```\n"
        )
    }

    #[test]
    fn only_sh_blocks_are_commands() {
        assert_eq!(commands(&readme()).unwrap(), [DEMO, TEST, "true"]);
        assert_eq!(output(DEMO), Some("demo-report"));
        assert_eq!(output(TEST), None);
    }

    #[test]
    fn a_changed_command_and_an_open_block_are_errors() {
        assert!(commands(&readme().replace("demo-report", "demo")).is_err());
        assert!(commands(&readme().replace(TEST, "cargo test")).is_err());
        assert!(commands(&readme().replace("true\n```", "true")).is_err());
        assert!(commands(&readme().replace("true", "true \\")).is_err());
    }

    #[test]
    fn a_failing_command_is_an_error() {
        assert!(run_one("false").is_err());
        assert!(run_one("true --out xtask").is_err());
        run_one("true").unwrap();
    }
}
