//! The programs of both sides, and their turns.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use super::tasks::{Outcome, Task};
use super::turn::Turn;
use super::{THREADS, TURNS};
use crate::cmd;
use crate::python::Venv;

/// The programs of both sides, and the folder of what they read.
pub struct Sides {
    venv: Venv,
    ours: PathBuf,
    folder: PathBuf,
}

/// Builds programs of tests/src/bin, and returns the folder that they are in.
pub fn build(programs: &[&str]) -> Result<PathBuf> {
    // Of the whole workspace, so that wgpu keeps the features it was built with for the tests.
    let mut build = cmd::cargo(["build", "--release", "--workspace", "--exclude", "xtask"]);
    for program in programs {
        build.args(["--bin", program]);
    }
    cmd::run(&mut build)?;
    Ok(cmd::target_dir()?.join("release"))
}

impl Sides {
    /// Builds ours and installs the peers.
    ///
    /// # Errors
    /// If either cannot be had.
    pub fn open() -> Result<Self> {
        let venv = Venv::open()?;
        venv.install("requirements.txt")?;
        venv.install("requirements-bench.txt")?;
        let ours = build(&["bench_kernels", "bench_growth"])?;
        let folder = cmd::scratch("bench")?;
        Ok(Self { venv, ours, folder })
    }

    /// Every side's turns at a task.
    ///
    /// # Errors
    /// If a side fails.
    pub fn measure(&self, task: Task) -> Result<Outcome> {
        self.write(&task)?;
        let mut cpu = Vec::new();
        let mut peers = vec![Vec::new(); task.peers.len()];
        for _ in 0..TURNS {
            cpu.push(self.kernel("cpu", &task)?);
            for (peer, turns) in task.peers.iter().zip(&mut peers) {
                turns.push(self.peer(peer.name, &task)?);
            }
        }
        let small = task.small();
        self.write(&small)?;
        let software = [
            self.kernel("software", &small)?,
            self.peer(task.peers[0].name, &small)?,
        ];
        let peers = peers.into_iter().map(Turn::median).collect::<Result<_>>()?;
        Ok(Outcome {
            task,
            cpu: Turn::median(cpu)?,
            peers,
            software,
        })
    }

    /// What `bench_growth` prints.
    ///
    /// # Errors
    /// If it fails.
    pub fn growth(&self) -> Result<String> {
        let mut command = cmd::program(self.ours.join("bench_growth"));
        turn(command.arg("cpu"))
    }

    /// Writes what a task reads.
    fn write(&self, task: &Task) -> Result<()> {
        let mut command = self.venv.script(Path::new("xtask/peer.py"));
        command.arg("data").arg(&self.folder);
        turn(command.args(task.shape.map(|size| size.to_string()))).map(drop)
    }

    fn peer(&self, name: &str, task: &Task) -> Result<Turn> {
        let mut command = self.venv.script(Path::new("xtask/peer.py"));
        command.arg(name);
        self.turn_at(command, task)
    }

    fn kernel(&self, device: &str, task: &Task) -> Result<Turn> {
        let mut command = cmd::program(self.ours.join("bench_kernels"));
        command.arg(device);
        self.turn_at(command, task)
    }

    fn turn_at(&self, mut command: Command, task: &Task) -> Result<Turn> {
        command
            .arg(task.name)
            .arg(&self.folder)
            .args(task.shape.map(|size| size.to_string()))
            .args(task.metric);
        Turn::parse(&turn(&mut command)?)
    }
}

/// Runs a side on its threads, and returns what it prints.
pub fn turn(command: &mut Command) -> Result<String> {
    for pool in [
        "RAYON_NUM_THREADS",
        "OMP_NUM_THREADS",
        "OPENBLAS_NUM_THREADS",
        "LP_NUM_THREADS",
    ] {
        command.env(pool, THREADS.to_string());
    }
    // Settings that somebody made for another OpenBLAS slow the one in NumPy's wheels.
    command.env_remove("OPENBLAS_CORETYPE");
    command.env_remove("OPENBLAS_L2_SIZE");
    Ok(cmd::measure(command)?.stdout)
}
