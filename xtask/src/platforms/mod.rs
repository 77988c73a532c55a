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

/// A check, in the order in which they use each other's output.
struct Check {
    name: &'static str,
    /// Whether it needs the package of Windows' compilers and Dawn.
    needs_npm: bool,
    place: Place,
    run: fn(&Debian) -> Result<()>,
}

/// Which command runs a check.
#[derive(PartialEq)]
enum Place {
    Both,
    /// `cargo xtask ci`.
    Ci,
    /// `cargo xtask platforms`.
    Platforms,
}

const CHECKS: [Check; 10] = [
    Check {
        name: "Windows build",
        needs_npm: false,
        place: Place::Both,
        run: windows::build,
    },
    Check {
        name: "Windows' Vulkan",
        needs_npm: false,
        place: Place::Both,
        run: |debian| windows::test(debian, &windows::VULKAN),
    },
    Check {
        name: "every variant",
        needs_npm: false,
        place: Place::Both,
        run: variants::run,
    },
    Check {
        name: "FXC",
        needs_npm: true,
        place: Place::Both,
        run: |debian| hlsl::run(debian, &hlsl::FXC),
    },
    Check {
        name: "DXC",
        needs_npm: true,
        place: Place::Both,
        run: |debian| hlsl::run(debian, &hlsl::DXC),
    },
    Check {
        name: "Dawn",
        needs_npm: true,
        place: Place::Both,
        run: dawn::run,
    },
    Check {
        name: "DX12",
        needs_npm: true,
        place: Place::Platforms,
        run: |debian| windows::test(debian, &windows::DX12),
    },
    Check {
        name: "DX12's doctor",
        needs_npm: true,
        place: Place::Ci,
        run: |debian| windows::test(debian, &windows::DX12_IN_SHORT),
    },
    Check {
        name: "macOS",
        needs_npm: false,
        place: Place::Both,
        run: |debian| check::run(debian, "aarch64-apple-darwin"),
    },
    Check {
        name: "wasm",
        needs_npm: false,
        place: Place::Both,
        run: |debian| check::run(debian, "wasm32-unknown-unknown"),
    },
];

/// Runs every check as a step of its own, or those with `only` in their name, on what earlier ones left.
///
/// # Errors
/// If one fails, or cannot run here and `allow_missing` is not given.
pub fn run(allow_missing: bool, only: Option<&str>) -> Result<()> {
    let mut steps = Steps::default();
    let is_asked = |check: &&Check| only.is_none_or(|word| check.name.contains(word));
    let checks = CHECKS.iter().filter(|check| check.place != Place::Ci);
    let asked: Vec<_> = checks.filter(is_asked).collect();
    anyhow::ensure!(!asked.is_empty(), "no check is called so");
    run_checks(&mut steps, &asked, allow_missing);
    steps.finish()
}

/// Adds the steps of `cargo xtask ci`.
pub fn run_as(steps: &mut Steps, allow_missing: bool) {
    let is_left = |check: &&Check| check.place == Place::Platforms;
    let (left, asked): (Vec<_>, Vec<_>) = CHECKS.iter().partition(is_left);
    run_checks(steps, &asked, allow_missing);
    for check in left {
        steps.leave_out(check.name, "left to `cargo xtask platforms`");
    }
}

fn run_checks(steps: &mut Steps, checks: &[&Check], allow_missing: bool) {
    let debian = steps.make("Debian 13", allow_missing, Debian::open);
    let needs_npm = checks.iter().any(|check| check.needs_npm);
    let has_npm = debian.as_ref().is_some_and(|debian| {
        let fetch = || hlsl::fetch(debian);
        needs_npm && steps.make("npm package", allow_missing, fetch).is_some()
    });
    for check in checks {
        match &debian {
            None => steps.leave_out(check.name, "no Debian 13 can be made here"),
            Some(_) if check.needs_npm && !has_npm => {
                steps.leave_out(check.name, "its npm package cannot be fetched here");
            }
            Some(debian) => steps.run(check.name, || (check.run)(debian)),
        }
    }
}
