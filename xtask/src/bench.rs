//! The table of docs/benchmarks.md: our kernels and scikit-learn, in turns, on the same cores.

use std::path::Path;
use std::process::Command;
use std::thread;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::cmd;
use crate::python::Venv;

/// Both sides run on so many threads.
const THREADS: usize = 2;
/// Turns that each side takes; the median counts.
const TURNS: usize = 3;

/// Rows, features, clusters.
type Shape = [usize; 3];
const LLOYD: Shape = [100_000, 128, 64];
const SILHOUETTE: Shape = [20_000, 128, 10];

/// What must hold: Lloyd's speed, the silhouette's speed, and its memory, each as a ratio to scikit-learn's.
const LLOYD_AT_LEAST: f64 = 1.0;
const SILHOUETTE_AT_LEAST: f64 = 3.0;
const MEMORY_AT_MOST: f64 = 0.1;

/// Measures, prints the table, and holds the CPU path to its ratios.
///
/// # Errors
/// If a side fails, the two disagree on the result, or a ratio is missed.
pub fn run() -> Result<()> {
    let venv = Venv::open()?;
    venv.install("requirements.txt")?;
    // Of the whole workspace, so that wgpu keeps the features it was built with for the tests.
    let mut build = cmd::cargo(["build", "--release", "--workspace", "--exclude", "xtask"]);
    cmd::run(build.args(["--bin", "bench_clustering"]))?;
    let ours = cmd::target_dir()?.join("release/bench_clustering");
    let folder = cmd::scratch("bench")?;
    let sides = Sides { venv, ours, folder };

    let lloyd = sides.measure("lloyd", LLOYD)?;
    lloyd.agree(1e-4)?;
    let silhouette = sides.measure("silhouette", SILHOUETTE)?;
    silhouette.agree(1e-5)?;
    println!("{}", table(&lloyd, &silhouette)?);

    let mut missed = Vec::new();
    let mut hold = |what: &str, ratio: f64, met: bool, mark: f64| {
        if !met {
            missed.push(format!("{what}: {ratio:.2}, the mark is {mark}"));
        }
    };
    let ratio = lloyd.peer.seconds / lloyd.cpu.seconds;
    hold(
        "Lloyd, times scikit-learn's speed",
        ratio,
        ratio >= LLOYD_AT_LEAST,
        LLOYD_AT_LEAST,
    );
    let ratio = silhouette.peer.seconds / silhouette.cpu.seconds;
    hold(
        "silhouette, times scikit-learn's speed",
        ratio,
        ratio >= SILHOUETTE_AT_LEAST,
        SILHOUETTE_AT_LEAST,
    );
    let ratio = silhouette.cpu.bytes()? / silhouette.peer.bytes()?;
    hold(
        "silhouette, times scikit-learn's memory",
        ratio,
        ratio <= MEMORY_AT_MOST,
        MEMORY_AT_MOST,
    );
    if !missed.is_empty() {
        bail!("{}", missed.join("; "));
    }
    Ok(())
}

/// The programs of the two sides.
struct Sides {
    venv: Venv,
    ours: std::path::PathBuf,
    folder: std::path::PathBuf,
}

/// One side's turn.
#[derive(Clone, Debug)]
struct Turn {
    /// Of one iteration, or of the whole.
    seconds: f64,
    /// The inertia, or the silhouette.
    value: f64,
    /// What the work held at its peak beyond its input.
    bytes: Option<f64>,
}

impl Turn {
    fn parse(text: &str) -> Result<Self> {
        let value: Value = serde_json::from_str(text)?;
        let figure = |name: &str| {
            value[name]
                .as_f64()
                .with_context(|| format!("no {name} in {text}"))
        };
        Ok(Self {
            seconds: figure("seconds")?,
            value: figure("value")?,
            bytes: value["bytes"].as_f64(),
        })
    }

    fn bytes(&self) -> Result<f64> {
        // A page at least: memory that was there already and is used again is not seen to grow.
        self.bytes
            .map(|bytes| bytes.max(4096.0))
            .context("the memory was not measured")
    }

    /// The one in the middle by time.
    fn median(mut turns: Vec<Self>) -> Result<Self> {
        turns.sort_by(|a, b| a.seconds.total_cmp(&b.seconds));
        let middle = turns.get(turns.len() / 2);
        middle.cloned().context("no turn was taken")
    }
}

/// One task on every side.
struct Task {
    name: &'static str,
    shape: Shape,
    peer: Turn,
    cpu: Turn,
    software: Turn,
}

impl Task {
    /// # Errors
    /// If a value of ours is further than `tolerance` (relative) from scikit-learn's: f32 sums differ by less.
    fn agree(&self, tolerance: f64) -> Result<()> {
        for (side, turn) in [("the CPU", &self.cpu), ("software Vulkan", &self.software)] {
            let close =
                (turn.value - self.peer.value).abs() <= tolerance * self.peer.value.abs().max(1.0);
            if !close {
                bail!(
                    "{} on {side} is {}, scikit-learn's is {}",
                    self.name,
                    turn.value,
                    self.peer.value
                );
            }
        }
        Ok(())
    }
}

impl Sides {
    fn measure(&self, name: &'static str, shape: Shape) -> Result<Task> {
        self.turn(self.peer("data", shape)).map(drop)?;
        let (mut peer, mut cpu) = (Vec::new(), Vec::new());
        for _ in 0..TURNS {
            peer.push(Turn::parse(&self.turn(self.peer(name, shape))?)?);
            cpu.push(Turn::parse(&self.turn(self.kernel("cpu", name, shape))?)?);
        }
        let software = Turn::parse(&self.turn(self.kernel("software", name, shape))?)?;
        Ok(Task {
            name,
            shape,
            peer: Turn::median(peer)?,
            cpu: Turn::median(cpu)?,
            software,
        })
    }

    fn peer(&self, task: &str, shape: Shape) -> Command {
        with_shape(
            self.venv.script(Path::new("xtask/peer.py")),
            task,
            &self.folder,
            shape,
        )
    }

    fn kernel(&self, device: &str, task: &str, shape: Shape) -> Command {
        let mut command = cmd::program(&self.ours);
        command.arg(device);
        with_shape(command, task, &self.folder, shape)
    }

    fn turn(&self, mut command: Command) -> Result<String> {
        for pool in [
            "RAYON_NUM_THREADS",
            "OMP_NUM_THREADS",
            "OPENBLAS_NUM_THREADS",
            "LP_NUM_THREADS",
        ] {
            command.env(pool, THREADS.to_string());
        }
        Ok(cmd::measure(&mut command)?.stdout)
    }
}

fn with_shape(mut command: Command, task: &str, folder: &Path, shape: Shape) -> Command {
    command
        .arg(task)
        .arg(folder)
        .args(shape.map(|size| size.to_string()));
    command
}

fn table(lloyd: &Task, silhouette: &Task) -> Result<String> {
    let cores = thread::available_parallelism()?;
    let mut text = format!(
        "On {THREADS} threads of {} ({cores} cores), the median of {TURNS} turns:\n\n",
        processor()
    );
    text += "| | scikit-learn | throng, CPU | ratio | throng, software Vulkan |\n|---|---:|---:|---:|---:|\n";
    let [n, d, k] = lloyd.shape;
    let gflops = |turn: &Turn| 2.0 * (n * d * k) as f64 / turn.seconds / 1e9;
    text += &format!(
        "| Lloyd iteration, n={n}, d={d}, k={k} | {:.1} GFLOP/s | {:.1} GFLOP/s | {:.2} times as fast | {:.1} GFLOP/s |\n",
        gflops(&lloyd.peer),
        gflops(&lloyd.cpu),
        lloyd.peer.seconds / lloyd.cpu.seconds,
        gflops(&lloyd.software)
    );
    let [n, d, k] = silhouette.shape;
    text += &format!(
        "| exact silhouette, n={n}, d={d}, k={k} | {:.2} s | {:.2} s | {:.1} times as fast | {:.2} s |\n",
        silhouette.peer.seconds,
        silhouette.cpu.seconds,
        silhouette.peer.seconds / silhouette.cpu.seconds,
        silhouette.software.seconds
    );
    let mib = |turn: &Turn| Ok::<_, anyhow::Error>(turn.bytes()? / f64::from(1 << 20));
    text += &format!(
        "| its memory beside the input | {:.1} MiB | {:.1} MiB | {:.3} of it | {:.1} MiB |\n",
        mib(&silhouette.peer)?,
        mib(&silhouette.cpu)?,
        silhouette.cpu.bytes()? / silhouette.peer.bytes()?,
        mib(&silhouette.software)?
    );
    Ok(text)
}

/// The processor's name, where the system tells it.
fn processor() -> String {
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let line = info
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(':'));
    line.map_or("an unnamed processor".to_owned(), |(_, name)| {
        name.trim().to_owned()
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn task(ours: f64, theirs: f64) -> Task {
        let turn = |value| Turn {
            seconds: 1.0,
            value,
            bytes: Some(1.0),
        };
        Task {
            name: "test",
            shape: [1, 1, 1],
            peer: turn(theirs),
            cpu: turn(ours),
            software: turn(ours),
        }
    }

    #[test]
    fn another_value_is_found() {
        task(100.0, 100.001).agree(1e-4).unwrap();
        assert!(task(100.0, 100.1).agree(1e-4).is_err());
        assert!(task(f64::NAN, 100.0).agree(1e-4).is_err());
    }

    #[test]
    fn the_turn_in_the_middle_counts() {
        let turn = |seconds: f64| {
            let text = format!(r#"{{"seconds": {seconds}, "value": 1.0, "bytes": 5000}}"#);
            Turn::parse(&text).unwrap()
        };
        let turns = [3.0, 1.0, 2.0].map(turn).to_vec();
        let median = Turn::median(turns).unwrap();
        assert_eq!(median.seconds, 2.0);
        assert_eq!(median.bytes().unwrap(), 5000.0);
        assert!(Turn::median(Vec::new()).is_err());
        let unmeasured = Turn::parse(r#"{"seconds": 2.0, "value": 1.0}"#).unwrap();
        assert!(unmeasured.bytes().is_err());
        assert!(Turn::parse("{}").is_err());
    }
}
