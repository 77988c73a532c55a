//! Python, for the peers that we compare with: a virtual environment in an ignored folder.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::cmd;

/// Whether there is a Python that can make virtual environments.
pub fn is_here() -> bool {
    cmd::succeeds(cmd::program("python3").args(["-c", "import venv, ensurepip"]))
}

/// The virtual environment, made if it is not there.
pub struct Venv {
    python: PathBuf,
}

impl Venv {
    /// Opens or makes it.
    ///
    /// # Errors
    /// If there is no Python with its venv module.
    pub fn open() -> Result<Self> {
        let dir = cmd::root().join("assets/venv");
        let python = dir.join(if cfg!(windows) {
            "Scripts/python.exe"
        } else {
            "bin/python"
        });
        if !cmd::succeeds(cmd::program(&python).args(["-m", "pip", "--version"])) {
            let mut command = cmd::program("python3");
            command.args(["-m", "venv", "--clear"]).arg(&dir);
            cmd::run(&mut command)
                .context("Python 3 with venv is needed (Debian: apt-get install python3-venv)")?;
        }
        Ok(Self { python })
    }

    /// Its interpreter.
    pub fn python(&self) -> &Path {
        &self.python
    }

    /// Installs the pinned packages of a requirements file in tests/golden.
    ///
    /// # Errors
    /// If pip fails.
    pub fn install(&self, requirements: &str) -> Result<()> {
        let pins = cmd::root().join("tests/golden").join(requirements);
        cmd::run(
            self.pip()
                .args(["install", "--quiet", "--requirement"])
                .arg(pins),
        )
    }

    /// Pip, which knows the user's index, proxy and certificates.
    pub fn pip(&self) -> Command {
        let mut command = cmd::program(&self.python);
        command.args(["-m", "pip", "--disable-pip-version-check"]);
        command
    }

    /// A script.
    pub fn script(&self, path: &Path) -> Command {
        let mut command = cmd::program(&self.python);
        command.arg(path);
        command
    }

    /// A module of Python's own.
    pub fn module(&self, name: &str) -> Command {
        let mut command = cmd::program(&self.python);
        command.args(["-m", name]);
        command
    }
}
