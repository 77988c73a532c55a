//! What the tests need of a machine, and how a bare Debian or Ubuntu gets it.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

use crate::cmd;
use crate::python;

/// Makes the machine ready for the tests, or says what to install.
///
/// # Errors
/// If something is missing that may not, or cannot, be installed from here.
pub fn ready() -> Result<()> {
    // Elsewhere the software adapter is part of the system (Windows), or the tests say that there is none.
    if !cfg!(target_os = "linux") {
        return Ok(());
    }
    let missing = missing();
    if missing.is_empty() {
        return Ok(());
    }
    install(&missing)?;
    match self::missing().as_slice() {
        [] => Ok(()),
        still => bail!("installed, but still not found: {}", still.join(" ")),
    }
}

/// The Debian packages of what is not here.
fn missing() -> Vec<&'static str> {
    let mut packages = Vec::new();
    if !drivers().iter().any(|name| is_software(name)) {
        packages.push("mesa-vulkan-drivers");
    }
    if !has_loader() {
        packages.push("libvulkan1");
    }
    if !python::is_here() {
        packages.push("python3-venv");
    }
    packages
}

/// Installs Debian packages, if that is allowed.
///
/// # Errors
/// If it is not, or fails: with the command to run by hand.
pub fn install(packages: &[&str]) -> Result<()> {
    let by_hand = format!(
        "apt-get update && apt-get install --yes --no-install-recommends {}",
        packages.join(" ")
    );
    if env::var_os("THRONG_NO_INSTALL").is_some()
        || !cmd::succeeds(cmd::program("apt-get").arg("--version"))
    {
        bail!("the tests need what these packages hold; install them: {by_hand}");
    }
    let is_root = cmd::capture(cmd::program("id").arg("-u"))?.trim() == "0";
    if !is_root && !cmd::succeeds(cmd::program("sudo").args(["-n", "true"])) {
        bail!("the tests need what these packages hold; as root run: {by_hand}");
    }
    let apt = |words: &[&str]| {
        let mut command = cmd::program(if is_root { "env" } else { "sudo" });
        command
            .args(["DEBIAN_FRONTEND=noninteractive", "apt-get"])
            .args(words);
        cmd::run(&mut command)
    };
    apt(&["update"])?;
    apt(&[&["install", "--yes", "--no-install-recommends"], packages].concat())
}

/// The names of the Vulkan drivers' manifests, from where the Vulkan loader looks for them.
fn drivers() -> Vec<String> {
    let listed = env::var_os("VK_DRIVER_FILES").or_else(|| env::var_os("VK_ICD_FILENAMES"));
    let files: Vec<PathBuf> = match listed {
        Some(files) => env::split_paths(&files)
            .filter(|file| file.exists())
            .collect(),
        None => manifest_dirs()
            .iter()
            .flat_map(|dir| entries(dir))
            .collect(),
    };
    files
        .iter()
        .filter_map(|file| Some(file.file_name()?.to_string_lossy().into_owned()))
        .collect()
}

fn manifest_dirs() -> Vec<PathBuf> {
    let data = env::var_os("XDG_DATA_DIRS").unwrap_or_else(|| "/usr/local/share:/usr/share".into());
    let home = env::var_os("HOME").map(|home| PathBuf::from(home).join(".local/share"));
    let roots = env::split_paths(&data)
        .chain(["/etc".into(), "/usr/share".into()])
        .chain(home);
    roots.map(|root| root.join("vulkan/icd.d")).collect()
}

/// Whether a driver's manifest is that of Mesa's lavapipe or of SwiftShader.
fn is_software(manifest: &str) -> bool {
    manifest.ends_with(".json")
        && (manifest.starts_with("lvp_icd") || manifest.contains("swiftshader"))
}

/// Whether the Vulkan loader is among the system's libraries.
fn has_loader() -> bool {
    let asked = env::var_os("LD_LIBRARY_PATH").unwrap_or_default();
    let system = ["/usr/lib", "/usr/lib64", "/usr/local/lib", "/lib", "/lib64"].map(PathBuf::from);
    let multiarch = entries(Path::new("/usr/lib"))
        .into_iter()
        .filter(|dir| dir.to_string_lossy().ends_with("-gnu"));
    let mut dirs = env::split_paths(&asked).chain(system).chain(multiarch);
    dirs.any(|dir| dir.join("libvulkan.so.1").exists())
}

fn entries(dir: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(dir) else {
        return Vec::new();
    };
    entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_software_drivers_count() {
        assert!(is_software("lvp_icd.x86_64.json"));
        assert!(is_software("lvp_icd.json"));
        assert!(is_software("vk_swiftshader_icd.json"));
        assert!(!is_software("nvidia_icd.json"));
        assert!(!is_software("intel_icd.x86_64.json"));
        assert!(!is_software("lvp_icd.x86_64.json.bak"));
    }
}
