//! What a training run leaves while it works: of every step and epoch a line of JSON, and an event for TensorBoard.

use std::fs::{self, File};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Map, Value, json};
use throng::bert::TrainStep;
use throng::classify::Epoch;

use super::events::{EVENTS, Events};

const METRICS: &str = "metrics.jsonl";

/// The folder beside the output that a run works in.
pub struct Journal {
    folder: PathBuf,
    metrics: File,
    /// One for each line.
    events: Events,
    /// Whether what is written first may be there already, for a training that goes on begins at its last checkpoint.
    is_behind: bool,
    /// The last step.
    step: u64,
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

    /// Begins anew, or goes on with what was written.
    pub fn open(folder: &Path, resume: bool) -> io::Result<Self> {
        if !resume && folder.exists() {
            fs::remove_dir_all(folder)?;
        }
        fs::create_dir_all(folder)?;
        let metrics = File::options()
            .write(true)
            .create(true)
            .truncate(false)
            .open(folder.join(METRICS))?;
        Ok(Self {
            folder: folder.to_owned(),
            metrics,
            events: Events::open(&folder.join(EVENTS), now())?,
            is_behind: true,
            step: 0,
            failed: None,
        })
    }

    /// A step's line.
    pub fn step(&mut self, step: &TrainStep) {
        let is_again = |line: &Value| line["step"].as_u64() >= Some(step.step as u64);
        let values = match step.is_skipped {
            true => vec![("train/learning_rate", step.learning_rate)],
            false => vec![
                ("train/loss", step.loss),
                ("train/grad_norm", step.grad_norm),
                ("train/learning_rate", step.learning_rate),
            ],
        };
        let line = json!({
            "step": step.step,
            "epoch": step.epoch,
            "loss": step.loss,
            "grad_norm": step.grad_norm,
            "learning_rate": step.learning_rate,
            "is_skipped": step.is_skipped,
        });
        self.keep(|journal| {
            journal.go_on(is_again)?;
            journal.step = step.step as u64;
            journal.write(&line, values)
        });
    }

    /// An epoch's line.
    pub fn epoch(&mut self, epoch: &Epoch) {
        let number = epoch.epoch as u64;
        let is_again =
            |line: &Value| line.get("step").is_none() && line["epoch"].as_u64() >= Some(number);
        self.keep(|journal| {
            let line = serde_json::to_value(epoch)?;
            journal.go_on(is_again)?;
            let none = Map::new();
            let measures = line["report"].as_object().unwrap_or(&none).iter();
            // Whole numbers are counts.
            let measures: Vec<(String, f64)> = measures
                .filter(|(_, value)| value.is_f64())
                .filter_map(|(name, value)| Some((format!("eval/{name}"), value.as_f64()?)))
                .collect();
            let losses = [
                ("train/epoch_loss", epoch.loss),
                ("eval/loss", epoch.validation_loss),
            ];
            let measures = measures.iter().map(|(name, value)| (name.as_str(), *value));
            journal.write(&line, losses.into_iter().chain(measures))
        });
    }

    /// The whole lines so far, of a run that goes on those before among them.
    pub fn lines(&self) -> io::Result<Vec<Value>> {
        let text = fs::read_to_string(self.folder.join(METRICS))?;
        let lines = text.lines().map(serde_json::from_str);
        Ok(lines.map_while(Result::ok).collect())
    }

    /// The event first: what a line stands for is whole.
    fn write<'a>(
        &mut self,
        line: &Value,
        values: impl IntoIterator<Item = (&'a str, f64)>,
    ) -> io::Result<()> {
        self.events.scalars(self.step, now(), values)?;
        self.metrics.write_all(format!("{line}\n").as_bytes())
    }

    /// Once, takes out what is about to be written again: all from the first line that is so, or was cut by a kill.
    fn go_on(&mut self, is_again: impl Fn(&Value) -> bool) -> io::Result<()> {
        if !std::mem::take(&mut self.is_behind) {
            return Ok(());
        }
        let written = fs::read(self.folder.join(METRICS))?;
        let (mut lines, mut end) = (0, 0);
        for line in written.split_inclusive(|&byte| byte == b'\n') {
            match serde_json::from_slice::<Value>(line) {
                Ok(value) if line.ends_with(b"\n") && !is_again(&value) => {
                    self.step = value["step"].as_u64().unwrap_or(self.step);
                }
                _ => break,
            }
            lines += 1;
            end += line.len() as u64;
        }
        self.metrics.set_len(end)?;
        self.metrics.seek(SeekFrom::Start(end))?;
        self.events.keep(lines)
    }

    fn keep(&mut self, write: impl FnOnce(&mut Self) -> io::Result<()>) {
        if self.failed.is_none() {
            self.failed = write(self).err();
        }
    }

    /// Copies both files into the output.
    pub fn copy(&self, out: &Path) -> io::Result<()> {
        for name in [METRICS, EVENTS] {
            fs::copy(self.folder.join(name), out.join(name))?;
        }
        Ok(())
    }

    /// The run is over.
    pub fn remove(self) -> io::Result<()> {
        // Open files cannot be removed everywhere.
        drop((self.metrics, self.events));
        fs::remove_dir_all(self.folder)
    }
}

/// Seconds since 1970.
fn now() -> f64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.unwrap_or_default().as_secs_f64()
}
