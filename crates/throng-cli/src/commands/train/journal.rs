//! What a training run leaves while it works: a line of JSON for every step and epoch.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use throng::bert::TrainStep;
use throng::classify::Epoch;

const METRICS: &str = "metrics.jsonl";

/// The folder beside the output that a run works in.
pub struct Journal {
    folder: PathBuf,
    metrics: BufWriter<File>,
    /// What could not be written, once.
    pub failed: Option<io::Error>,
}

impl Journal {
    /// `OUT.run`.
    pub fn folder(out: &Path) -> PathBuf {
        let mut name = out.as_os_str().to_owned();
        name.push(".run");
        name.into()
    }

    /// Begins anew, or goes on behind what was written.
    pub fn open(folder: &Path, resume: bool) -> io::Result<Self> {
        if !resume && folder.exists() {
            fs::remove_dir_all(folder)?;
        }
        fs::create_dir_all(folder)?;
        let file = File::options()
            .create(true)
            .append(true)
            .open(folder.join(METRICS))?;
        Ok(Self {
            folder: folder.to_owned(),
            metrics: BufWriter::new(file),
            failed: None,
        })
    }

    /// A step's line. Steps that are trained again after a kill are written again: the last line of a step counts.
    pub fn step(&mut self, step: &TrainStep) {
        self.write(&json!({
            "step": step.step,
            "epoch": step.epoch,
            "loss": step.loss,
            "grad_norm": step.grad_norm,
            "learning_rate": step.learning_rate,
            "is_skipped": step.is_skipped,
        }));
    }

    /// An epoch's line.
    pub fn epoch(&mut self, epoch: &Epoch) {
        match serde_json::to_value(epoch) {
            Ok(value) => self.write(&value),
            Err(error) => self.failed = self.failed.take().or(Some(error.into())),
        }
        self.keep(|metrics| metrics.flush());
    }

    fn write(&mut self, line: &Value) {
        self.keep(|metrics| writeln!(metrics, "{line}"));
    }

    fn keep(&mut self, write: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>) {
        if self.failed.is_none() {
            self.failed = write(&mut self.metrics).err();
        }
    }

    /// Copies the lines into the output: of each step and epoch the last.
    pub fn copy(&mut self, out: &Path) -> io::Result<()> {
        self.metrics.flush()?;
        let lines = BufReader::new(File::open(self.folder.join(METRICS))?).lines();
        let lines = lines.collect::<io::Result<Vec<_>>>()?;
        let key = |line: &String| {
            let line: Value = serde_json::from_str(line).unwrap_or_default();
            (line["step"].as_u64(), line["epoch"].as_u64())
        };
        let mut last = std::collections::BTreeMap::new();
        for (at, line) in lines.iter().enumerate() {
            last.insert(key(line), at);
        }
        let mut kept: Vec<usize> = last.into_values().collect();
        kept.sort_unstable();
        let mut file = BufWriter::new(File::create(out.join(METRICS))?);
        for at in kept {
            writeln!(file, "{}", lines[at])?;
        }
        file.flush()
    }

    /// The run is over.
    pub fn remove(self) -> io::Result<()> {
        drop(self.metrics);
        fs::remove_dir_all(&self.folder)
    }
}
