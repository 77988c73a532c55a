//! `throng doctor`: whether this machine's devices compute rightly.

use serde::Serialize;
use throng::compute::{Compute, ComputeError, DeviceKind, Finding, Outcome};

use crate::failure::Failure;
use crate::session::Session;
use crate::stop;

/// Check this machine's devices, and say what is safe and how fast
///
/// Every kernel runs on every device, software adapters included, at sizes that drivers stumble over, and is
/// compared with plain loops in 64 bits. Ends with 0 only if the device that --device takes is right.
#[derive(clap::Args)]
#[command(after_help = "Example:\n  throng doctor --device auto --json")]
pub struct Args {}

#[derive(Serialize)]
struct Report {
    /// Whether the device in use is right.
    right: bool,
    device: String,
    devices: Vec<Device>,
}

#[derive(Serialize)]
struct Device {
    name: String,
    kind: Option<&'static str>,
    /// Whether --device takes it.
    used: bool,
    right: bool,
    /// Why it cannot be used at all.
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<String>,
    seconds: f64,
    flops_per_second: Option<f64>,
    bytes_per_second: Option<f64>,
    checks: Vec<Check>,
}

#[derive(Serialize)]
struct Check {
    kernel: &'static str,
    case: String,
    outcome: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
    seconds: f64,
}

/// Examines the device in use first, then the others.
///
/// # Errors
/// When there is no such device, it is wrong, or Ctrl-C is pressed.
pub fn run(_: &Args, session: &Session) -> Result<(), Failure> {
    let used = session.compute()?;
    let progress = session.progress();
    let mut all = Compute::all();
    // The used one is among them: the same adapter once more would say nothing new.
    if let Some(at) = all.iter().position(|other| is_same(&used, other)) {
        drop(all.remove(at));
    }
    let mut devices = Vec::new();
    let name = used.describe().to_owned();
    for (name, compute) in std::iter::once((name, Ok(used))).chain(all) {
        stop::check()?;
        progress.at("examining", devices.len() as u64, None);
        devices.push(Device::examine(name, compute, devices.is_empty()));
    }
    drop(progress);
    let report = Report {
        right: devices[0].right,
        device: devices[0].name.clone(),
        devices,
    };
    session.finish(&report, &summary(&report))?;
    if report.right {
        return Ok(());
    }
    let advice = match report.devices.iter().find(|device| device.right) {
        Some(other) => format!("take --device {}", other.kind.unwrap_or("cpu")),
        None => "update its driver".to_owned(),
    };
    Err(Failure::other(format!(
        "{} computes wrongly; {advice}",
        report.device
    )))
}

fn is_same(used: &Compute, (name, other): &(String, Result<Compute, ComputeError>)) -> bool {
    let is_cpu = |compute: &Compute| compute.kind() == DeviceKind::Cpu;
    name == used.describe() || (is_cpu(used) && other.as_ref().is_ok_and(is_cpu))
}

impl Device {
    fn examine(name: String, compute: Result<Compute, ComputeError>, used: bool) -> Self {
        let (kind, ceilings, findings) = match &compute {
            Ok(compute) => (
                Some(kind(compute.kind())),
                compute.ceilings(),
                compute.examine(),
            ),
            Err(error) => (None, Err(error.clone()), Vec::new()),
        };
        Self {
            name,
            kind,
            used,
            right: ceilings.is_ok() && findings.iter().all(Finding::is_safe),
            problem: ceilings.as_ref().err().map(ToString::to_string),
            seconds: findings.iter().map(|finding| finding.seconds).sum(),
            flops_per_second: ceilings.as_ref().ok().map(|ceilings| ceilings.flops),
            bytes_per_second: ceilings.as_ref().ok().map(|ceilings| ceilings.bytes),
            checks: findings.into_iter().map(Check::new).collect(),
        }
    }
}

impl Check {
    fn new(finding: Finding) -> Self {
        let (outcome, message) = match finding.outcome {
            Outcome::Right => ("right", None),
            Outcome::Refused(message) => ("refused", Some(message)),
            Outcome::Wrong(message) => ("wrong", Some(message)),
        };
        Self {
            kernel: finding.kernel,
            case: finding.case,
            outcome,
            message,
            seconds: finding.seconds,
        }
    }
}

fn kind(kind: DeviceKind) -> &'static str {
    match kind {
        DeviceKind::Gpu => "gpu",
        DeviceKind::Software => "software",
        DeviceKind::Cpu => "cpu",
    }
}

/// A line a device, and one for each check that is not right.
fn summary(report: &Report) -> String {
    let mut text = String::new();
    for device in &report.devices {
        let verdict = match (device.right, device.used) {
            (true, true) => "right, and in use",
            (true, false) => "right",
            (false, true) => "WRONG, and in use",
            (false, false) => "WRONG: do not take it",
        };
        text += &format!("{}: {verdict}\n", device.name);
        if let Some(problem) = &device.problem {
            text += &format!("  {problem}\n");
        }
        let right = device.checks.iter().filter(|c| c.outcome == "right");
        text += &format!(
            "  {} of {} checks right in {:.1} s\n",
            right.count(),
            device.checks.len(),
            device.seconds
        );
        if let (Some(flops), Some(bytes)) = (device.flops_per_second, device.bytes_per_second) {
            text += &format!(
                "  multiplies and adds at {:.0} GFLOP/s, copies at {:.0} GB/s\n",
                flops / 1e9,
                bytes / 1e9
            );
        }
        for check in &device.checks {
            if let Some(message) = &check.message {
                text += &format!(
                    "  {} ({}): {}, {message}\n",
                    check.kernel, check.case, check.outcome
                );
            }
        }
    }
    text
}
