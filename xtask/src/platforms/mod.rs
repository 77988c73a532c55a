//! Windows, macOS and the web, checked from Linux: translations through their own compilers, and the kernels' tests
//! built for Windows and run on DX12 and Vulkan under wine.

mod check;
mod dawn;
mod debian;
mod hlsl;
mod variants;
mod windows;

use anyhow::Result;

use crate::steps::Steps;
use debian::Debian;

/// The steps that need the Debian.
const INSIDE: [&str; 9] = [
    "Windows build",
    "Windows' Vulkan",
    "every variant",
    "FXC",
    "DXC",
    "Dawn",
    "DX12",
    "macOS",
    "wasm",
];

/// Runs every check as a step of its own.
///
/// # Errors
/// If one fails, or does not run and `allow_missing` is not given.
pub fn run(allow_missing: bool) -> Result<()> {
    let mut steps = Steps::default();
    run_as(&mut steps, allow_missing);
    steps.finish()
}

/// Adds the steps.
pub fn run_as(steps: &mut Steps, allow_missing: bool) {
    let mut debian = None;
    steps.run("Debian 13", || {
        match Debian::open() {
            Ok(made) => debian = Some(made),
            Err(error) if allow_missing => eprintln!("not here: {error:#}"),
            Err(error) => return Err(error.context("the checks of other platforms did not run")),
        }
        Ok(())
    });
    let Some(debian) = debian else {
        for name in INSIDE {
            steps.leave_out(name, "this machine cannot, see above");
        }
        return;
    };
    steps.run("Windows build", || windows::build(&debian));
    steps.run("Windows' Vulkan", || windows::test(&debian, "vulkan"));
    steps.run("every variant", || variants::run(&debian));
    steps.run("FXC", || hlsl::run(&debian, &hlsl::FXC));
    steps.run("DXC", || hlsl::run(&debian, &hlsl::DXC));
    steps.run("Dawn", || dawn::run(&debian));
    steps.run("DX12", || windows::test(&debian, "dx12"));
    steps.run("macOS", || check::run(&debian, "aarch64-apple-darwin"));
    steps.run("wasm", || check::run(&debian, "wasm32-unknown-unknown"));
}
