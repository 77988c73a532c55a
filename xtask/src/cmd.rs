//! Running other programs, with what they are said before.

use std::env;
use std::ffi::OsStr;
use std::fs;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail};

/// The repository's root.
///
/// Cargo says at run time where it is: checkouts that share a target folder may share this binary.
pub fn root() -> &'static Path {
    static ROOT: OnceLock<PathBuf> = OnceLock::new();
    ROOT.get_or_init(|| {
        let here = env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
        let here = here.unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
        here.parent().map_or(here.clone(), Path::to_path_buf)
    })
}

/// An empty folder `out/<name>` under the root, which git ignores.
pub fn scratch(name: &str) -> Result<PathBuf> {
    let dir = root().join("out").join(name);
    if dir.exists() {
        fs::remove_dir_all(&dir).with_context(|| format!("cannot empty {}", dir.display()))?;
    }
    fs::create_dir_all(&dir).with_context(|| format!("cannot make {}", dir.display()))?;
    Ok(dir)
}

/// A program to run in the repository's root.
pub fn program(name: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(name);
    command.current_dir(root());
    // What cargo told us about xtask must not reach a cargo that we start: build scripts would see other values.
    for (key, _) in env::vars_os() {
        let key = key.to_string_lossy();
        if key.starts_with("CARGO_PKG_") || key.starts_with("CARGO_MANIFEST_") {
            command.env_remove(&*key);
        }
    }
    command
}

/// Cargo, with these arguments.
pub fn cargo<const N: usize>(args: [&str; N]) -> Command {
    let mut command = program(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(args);
    command
}

/// Builds the command and returns the path of its binary.
pub fn throng() -> Result<PathBuf> {
    run(&mut cargo([
        "build",
        "--release",
        "--package",
        "throng-cli",
    ]))?;
    let name = format!("throng{}", env::consts::EXE_SUFFIX);
    Ok(target_dir()?.join("release").join(name))
}

/// Where cargo puts what it builds.
pub fn target_dir() -> Result<PathBuf> {
    let text = capture(&mut cargo(["metadata", "--format-version=1", "--no-deps"]))?;
    let metadata: serde_json::Value = serde_json::from_str(&text)?;
    let dir = metadata["target_directory"].as_str();
    Ok(dir
        .context("cargo metadata names no target_directory")?
        .into())
}

/// Runs to the end; an exit status other than 0 is an error.
pub fn run(command: &mut Command) -> Result<()> {
    say(command);
    let status = command
        .status()
        .with_context(|| format!("cannot start `{}`", shown(command)))?;
    if !status.success() {
        bail!("`{}`: {status}", shown(command));
    }
    Ok(())
}

/// Whether it can be started and ends with 0; its output is thrown away.
pub fn succeeds(command: &mut Command) -> bool {
    let quiet = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    quiet.status().is_ok_and(|status| status.success())
}

/// Runs to the end and returns what was written to stdout.
pub fn capture(command: &mut Command) -> Result<String> {
    let output = command.stderr(Stdio::inherit()).output();
    let output = output.with_context(|| format!("cannot start `{}`", shown(command)))?;
    if !output.status.success() {
        bail!("`{}`: {}", shown(command), output.status);
    }
    String::from_utf8(output.stdout).with_context(|| format!("`{}` wrote no UTF-8", shown(command)))
}

/// Runs to the end, shows stdout and stderr as they come, and returns them with the outcome.
pub fn tee(command: &mut Command) -> Result<(String, Result<()>)> {
    say(command);
    let (reader, writer) = io::pipe()?;
    command
        .stdin(Stdio::null())
        .stdout(writer.try_clone()?)
        .stderr(writer);
    let started = command
        .spawn()
        .with_context(|| format!("cannot start `{}`", shown(command)));
    // The command holds our ends of the pipe: let go of them, or the reader below never meets the end.
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = started?;
    let mut reader = BufReader::new(reader);
    let mut all = String::new();
    let mut line = Vec::new();
    while reader.read_until(b'\n', &mut line)? > 0 {
        io::stderr().write_all(&line)?;
        all.push_str(&String::from_utf8_lossy(&line));
        line.clear();
    }
    let status = child.wait()?;
    let outcome = if status.success() {
        Ok(())
    } else {
        Err(anyhow!("`{}`: {status}", shown(command)))
    };
    Ok((all, outcome))
}

/// What a measured run took and wrote.
pub struct Measured {
    /// What it wrote to stdout.
    pub stdout: String,
    /// Wall-clock seconds.
    pub seconds: f64,
    /// The most memory it held, in bytes; `None` where the system has no /proc.
    pub peak: Option<u64>,
}

/// Runs to the end and measures time and memory.
///
/// The peak is the kernel's own high-water mark, read every 10 ms: only growth in the last 10 ms can be missed.
pub fn measure(command: &mut Command) -> Result<Measured> {
    say(command);
    let start = Instant::now();
    let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn();
    let mut child = child.with_context(|| format!("cannot start `{}`", shown(command)))?;
    let mut pipe = child.stdout.take().context("the child has no stdout")?;
    let reader = thread::spawn(move || {
        let mut text = String::new();
        pipe.read_to_string(&mut text).map(|_| text)
    });
    let mut peak = None;
    let status = loop {
        peak = high_water_mark(child.id()).or(peak);
        match child.try_wait()? {
            Some(status) => break status,
            None => thread::sleep(Duration::from_millis(10)),
        }
    };
    let seconds = start.elapsed().as_secs_f64();
    let stdout = reader
        .join()
        .map_err(|_| anyhow!("reading `{}` failed", shown(command)))??;
    if !status.success() {
        bail!("`{}`: {status}", shown(command));
    }
    Ok(Measured {
        stdout,
        seconds,
        peak,
    })
}

/// The kernel's VmHWM of a running process, in bytes.
fn high_water_mark(pid: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * 1024)
}

fn say(command: &Command) {
    eprintln!("$ {}", shown(command));
}

/// The command line, for people.
fn shown(command: &Command) -> String {
    let program = Path::new(command.get_program());
    let program = program.file_name().unwrap_or(program.as_os_str());
    let words = std::iter::once(program).chain(command.get_args());
    words
        .map(|word| word.to_string_lossy())
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn sh(script: &str) -> Command {
        let mut command = program("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn a_failing_command_is_an_error_that_names_it() {
        let error = run(&mut sh("exit 3")).unwrap_err().to_string();
        assert!(
            error.contains("sh -c exit 3") && error.contains('3'),
            "{error}"
        );
        assert!(capture(&mut sh("exit 3")).is_err());
        assert!(measure(&mut sh("exit 3")).is_err());
        assert!(!succeeds(&mut sh("exit 3")));
        assert!(run(&mut program("no-such-program")).is_err());
    }

    #[test]
    fn tee_keeps_both_streams_and_the_outcome() {
        let (text, outcome) = tee(&mut sh("echo out; echo err >&2; exit 1")).unwrap();
        assert!(text.contains("out\n") && text.contains("err\n"), "{text}");
        assert!(outcome.is_err());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn measure_sees_the_memory_of_the_child() {
        let small = measure(&mut sh("sleep 0.1")).unwrap();
        assert!(small.seconds >= 0.1);
        let large = measure(&mut sh(
            "x=$(head -c 30000000 /dev/zero | tr '\\0' a); echo ${#x}; sleep 0.1",
        ))
        .unwrap();
        assert_eq!(large.stdout.trim(), "30000000");
        assert!(
            large.peak.unwrap() > small.peak.unwrap() + 25_000_000,
            "{:?} {:?}",
            large.peak,
            small.peak
        );
    }
}
