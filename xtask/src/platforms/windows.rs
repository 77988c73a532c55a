//! The kernels' tests, built for Windows and run under wine.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::debian::Debian;
use super::{check, hlsl, variants};
use crate::cmd;
use crate::tally::Tally;

/// Seconds that one test program may take.
const MOST_SECONDS: u32 = 1200;

/// Builds the tests of `throng-compute`.
///
/// # Errors
/// If they do not compile or link.
pub fn build(debian: &Debian) -> Result<()> {
    let mut build = cross(debian);
    cmd::run(&mut build)?;
    let run = run_dir(debian);
    if run.exists() {
        fs::remove_dir_all(&run)?;
    }
    fs::create_dir_all(&run)?;
    // Again, for the names of what is built: nothing is left to do.
    let listed = cmd::capture(cross(debian).args(["--quiet", "--message-format=json"]))?;
    let mut count = 0;
    for line in listed.lines() {
        let message: Value = serde_json::from_str(line)?;
        if let (Some(path), Some(name)) = (
            message["executable"].as_str(),
            message["target"]["name"].as_str(),
        ) {
            fs::copy(path, run.join(format!("{name}.exe")))?;
            count += 1;
        }
    }
    if count == 0 {
        bail!("cargo built no test");
    }
    Ok(())
}

fn cross(debian: &Debian) -> Command {
    let mut cargo = check::cargo(debian, "test");
    cargo.args(["--no-run", "-Zbuild-std=std,panic_unwind,test"]);
    cargo.args(["--target", "x86_64-pc-windows-gnu"]);
    cargo
}

/// A graphics API, and what runs on it.
pub struct Api {
    /// Its name to wgpu.
    name: &'static str,
    /// Its name in an adapter's description.
    backend: &'static str,
    /// Whether what is dispatched on it is kept for other checks.
    is_kept: bool,
    /// The test programs; all if none is named.
    programs: &'static [&'static str],
}

/// The host's, through wine's.
pub const VULKAN: Api = Api {
    name: "vulkan",
    backend: "backend: Vulkan",
    is_kept: true,
    programs: &[],
};

/// wine's, which stands on Vulkan.
pub const DX12: Api = Api {
    name: "dx12",
    backend: "backend: Dx12",
    is_kept: false,
    programs: &[],
};

/// The same, where there is no time for all: what `throng doctor` checks.
pub const DX12_IN_SHORT: Api = Api {
    programs: &["device", "doctor"],
    ..DX12
};

/// Runs them on one graphics API. The tests compare with loops of their own.
///
/// # Errors
/// If a test fails, or none ran on that API.
pub fn test(debian: &Debian, api: &Api) -> Result<()> {
    // Alone, it would run what another commit left.
    build(debian)?;
    // The compiler that wgpu takes on Windows where no other is installed; wine's own cannot compile our HLSL.
    if api.name == DX12.name {
        fs::copy(
            hlsl::FXC.file.path(debian),
            run_dir(debian).join(hlsl::FXC.dll),
        )?;
    }
    let records = variants::records(debian);
    if api.is_kept && records.exists() {
        fs::remove_dir_all(&records)?;
    }
    fs::create_dir_all(&records)?;
    let mut programs = Vec::new();
    for entry in fs::read_dir(run_dir(debian)).context("nothing is built for Windows")? {
        programs.push(entry?.path());
    }
    let is_asked = |path: &PathBuf| {
        let name = path.file_stem().and_then(|name| name.to_str());
        let is_named = |name| api.programs.is_empty() || api.programs.contains(&name);
        path.extension().is_some_and(|end| end == "exe") && name.is_some_and(is_named)
    };
    programs.retain(is_asked);
    programs.sort();
    let mut all = String::new();
    let mut failed = Vec::new();
    for program in &programs {
        let mut wine = wine(debian, MOST_SECONDS, &[hlsl::FXC.dll]);
        wine.env("WGPU_BACKEND", api.name)
            .env("WGPU_DX12_COMPILER", "fxc");
        if api.is_kept {
            wine.env("THRONG_KEEP_DISPATCHES", format!("Z:{}", records.display()));
        }
        // One at a time: two that waited for software Vulkan under wine at once were seen to wait for ever.
        let (said, outcome) = cmd::tee(
            wine.arg(program)
                .args(["--show-output", "--test-threads=1"]),
        )?;
        all += &said;
        if let Err(error) = outcome {
            failed.push(format!("{error:#}"));
        }
    }
    let tally = Tally::parse(&all);
    eprintln!("{} tests passed on {}", tally.passed(), api.name);
    if !failed.is_empty() {
        bail!("{}", failed.join("; "));
    }
    // tests/device.rs prints every adapter.
    let adapters = all
        .lines()
        .filter(|line| line.contains("tested on AdapterInfo"));
    let (mine, others): (Vec<_>, Vec<_>) = adapters.partition(|line| line.contains(api.backend));
    if mine.is_empty() || !others.is_empty() {
        bail!(
            "the tests ran on other adapters than {}'s: {}",
            api.name,
            others.join("; ")
        );
    }
    Ok(())
}

fn run_dir(debian: &Debian) -> PathBuf {
    debian.cache().join("run")
}

/// wine with a display, ended after `seconds`; `dlls` are those beside the program, not wine's.
pub fn wine(debian: &Debian, seconds: u32, dlls: &[&str]) -> Command {
    let mut wine = debian.timed(seconds, "xvfb-run");
    wine.args(["--auto-servernum", "wine"]);
    wine.env("WINEPREFIX", debian.cache().join("wine"));
    wine.env("WINEDEBUG", "-all");
    let native: Vec<_> = dlls
        .iter()
        .map(|dll| dll.trim_end_matches(".dll"))
        .collect();
    wine.env(
        "WINEDLLOVERRIDES",
        format!("{}=n;mscoree,mshtml=", native.join(",")),
    );
    wine
}
