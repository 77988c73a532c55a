//! The devices that tests run on.

use throng_compute::Compute;

/// The devices of this machine by name. The CPU and a software adapter must be there: a test that asks for one that
/// cannot be opened fails. A real GPU is among them if there is one.
pub fn devices() -> Vec<&'static str> {
    let mut names = vec!["cpu", "software"];
    if Compute::gpu().is_ok() {
        names.push("gpu");
    }
    names
}

/// Opens a device by name.
///
/// # Errors
/// A line that says why it cannot be opened.
pub fn open(name: &str) -> Result<Compute, String> {
    match name {
        "cpu" => Ok(Compute::cpu()),
        "software" => Compute::software().map_err(|error| error.to_string()),
        "gpu" => Compute::gpu().map_err(|error| error.to_string()),
        _ => Err(format!("there is no device {name}")),
    }
}
