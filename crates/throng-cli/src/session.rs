//! What every subcommand shares: its options, the device, and what it says.

use std::io::{self, ErrorKind, IsTerminal, Write};
use std::path::Path;

use serde::Serialize;
use throng::compute::{Compute, DeviceKind, Matrix};

use crate::args::Common;
use crate::failure::Failure;
use crate::npy::Array;
use crate::progress::Progress;
use crate::stop;

/// A run of one subcommand.
pub struct Session {
    common: Common,
}

impl Session {
    /// Begins a run.
    pub fn new(common: Common) -> Self {
        Self { common }
    }

    /// The seed of everything random.
    pub fn seed(&self) -> u64 {
        self.common.seed
    }

    /// Whether stdout is for one JSON object.
    pub fn json(&self) -> bool {
        self.common.json
    }

    /// The device that was asked for; which one was taken is said. Its work stops after Ctrl-C.
    ///
    /// # Errors
    /// When there is no such device, or it cannot be used.
    pub fn compute(&self) -> Result<Compute, Failure> {
        let compute = Compute::choose(self.common.device.into())?;
        self.note(format_args!("device: {}", compute.describe()));
        // Once a GPU, for a second; a software adapter is for tests, which are to be alike.
        if let (DeviceKind::Gpu, Some(folder)) = (compute.kind(), dirs::cache_dir()) {
            compute.tune(&folder.join("throng/tiles.json"))?;
        }
        Ok(compute.watched(|_: &'static str, _, _| stop::flow()))
    }

    /// Brings the matrix of a file to the device.
    ///
    /// # Errors
    /// When the device refuses its values or cannot hold it.
    pub fn upload(&self, compute: &Compute, path: &Path, x: &Array) -> Result<Matrix, Failure> {
        compute
            .matrix(&x.values, x.n, x.d)
            .map_err(|error| Failure::from(error).of(path.display()))
    }

    /// Says a line on stderr, unless the run is quiet.
    pub fn note(&self, line: impl std::fmt::Display) {
        if !self.common.quiet {
            // A closed stderr is no reason to stop.
            let _ = writeln!(io::stderr(), "{line}");
        }
    }

    /// Says which tensors of a model's files are not used, if there are any.
    pub fn note_unused(&self, names: &[String]) {
        if let [first, more @ ..] = names {
            let more = match more.len() {
                0 => String::new(),
                n => format!(" and {n} more"),
            };
            self.note(format_args!("not used of the model's files: {first}{more}"));
        }
    }

    /// A progress bar on a terminal, nothing anywhere else.
    pub fn progress(&self) -> Progress {
        Progress::new(!self.common.quiet && io::stderr().is_terminal())
    }

    /// Ends a run: the JSON object with --json, otherwise the summary.
    ///
    /// # Errors
    /// When stdout cannot be written.
    pub fn finish(&self, result: &impl Serialize, summary: &str) -> Result<(), Failure> {
        if self.common.json {
            self.print(&json(result)?)
        } else if self.common.quiet {
            Ok(())
        } else {
            self.print(summary)
        }
    }

    /// Writes to stdout. A reader that has had enough is no failure.
    ///
    /// # Errors
    /// When stdout cannot be written.
    pub fn print(&self, text: &str) -> Result<(), Failure> {
        let mut stdout = io::stdout().lock();
        let end = if text.ends_with('\n') { "" } else { "\n" };
        match write!(stdout, "{text}{end}").and_then(|()| stdout.flush()) {
            Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(Failure::other(format!(
                "stdout: cannot be written ({error}); free some space or send it elsewhere"
            ))),
            _ => Ok(()),
        }
    }
}

/// One line of JSON.
///
/// # Errors
/// When the value has no JSON form.
pub fn json(value: &impl Serialize) -> Result<String, Failure> {
    serde_json::to_string(value).map_err(|error| Failure::other(format!("JSON: {error}")))
}

/// JSON for people and files.
///
/// # Errors
/// When the value has no JSON form.
pub fn pretty_json(value: &impl Serialize) -> Result<String, Failure> {
    serde_json::to_string_pretty(value)
        .map(|text| text + "\n")
        .map_err(|error| Failure::other(format!("JSON: {error}")))
}
