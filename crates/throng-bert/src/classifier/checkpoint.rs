//! Training that goes on where it was killed.

use std::fs;
use std::path::{Path, PathBuf};

use burn::module::{Module, ParamGroup};
use burn::optim::ModuleOptimizer;
use burn::store::ModuleRecord;
use burn::tensor::Bytes;
use serde::{Deserialize, Serialize};

use super::BertForSequenceClassification;
use super::optimiser::Trained;
use crate::BertError;
use crate::files::{file, read, read_json, unwritten, write_json};

/// Where training keeps what it needs to go on, and how often. What lies there when training ends stays until it is cleared:
/// should the model not be saved after all, training that goes on from there ends at once, with the same model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoints {
    /// A folder of its own. What lies there is replaced by each checkpoint, whole or not at all.
    pub folder: PathBuf,
    /// Optimiser steps between checkpoints; one is made after every epoch, too.
    pub every: usize,
    /// Whether to go on from the one that lies there, if there is one.
    pub resume: bool,
}

/// Where training is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Progress {
    /// What was asked for, so that nothing else goes on from here.
    pub of: String,
    /// Epochs that ended.
    pub epoch: usize,
    /// Optimiser steps of the present one.
    pub group: usize,
    /// Optimiser steps in all.
    pub step: usize,
    /// Losses of the present epoch's steps, added up.
    pub loss: f64,
    /// The best epoch, from 1, with its score; none where that is not defined, for JSON has no NaN.
    pub best: Option<(usize, Option<f64>)>,
    /// Steps that were left out, for their gradients were not finite.
    pub skipped: Vec<usize>,
}

/// All of a run that goes on.
pub(super) struct State {
    pub model: BertForSequenceClassification,
    pub best: Option<BertForSequenceClassification>,
    pub optimiser: ModuleOptimizer,
    pub progress: Progress,
}

impl State {
    /// Into a new folder.
    fn write(&self, folder: &Path) -> Result<(), BertError> {
        fs::create_dir_all(folder).map_err(|e| unwritten(folder, e))?;
        let record = |model: &BertForSequenceClassification, name: &str| {
            // What is not trained is what the run began with.
            let trained = ParamGroup::from_ids(Trained::of(model).ids);
            let path = folder.join(name);
            let saved = model.clone().into_record_group(trained).save(&path);
            saved.map_err(|e| unwritten(&path, e))
        };
        record(&self.model, MODEL)?;
        if let Some(best) = &self.best {
            record(best, BEST)?;
        }
        let path = folder.join(OPTIMISER);
        let saved = self.optimiser.save(&path);
        saved.map_err(|e| unwritten(&path, e))?;
        write_json(&folder.join(PROGRESS), &self.progress)
    }
}

const MODEL: &str = "model.bpk";
const BEST: &str = "best.bpk";
const OPTIMISER: &str = "optimiser.bpk";
const PROGRESS: &str = "progress.json";

impl Checkpoints {
    /// Replaces the checkpoint. A kill at any time leaves the last one, or the one before beside it.
    pub(super) fn save(&self, state: &State) -> Result<(), BertError> {
        let [new, old] = self.beside();
        remove(&new)?;
        if let Err(error) = state.write(&new) {
            // What could not be written is the error to tell.
            let _ = remove(&new);
            return Err(error);
        }
        let rename = |from: &Path, to: &Path| fs::rename(from, to).map_err(|e| unwritten(to, e));
        if self.folder.exists() {
            // A kill may have left it.
            remove(&old)?;
            rename(&self.folder, &old)?;
        }
        rename(&new, &self.folder)?;
        remove(&old)
    }

    /// The state that lies there, if it is of the same run.
    pub(super) fn load(&self, fresh: State) -> Result<State, BertError> {
        let [_, old] = self.beside();
        let folder = match (self.folder.exists(), old.exists()) {
            (true, _) => &self.folder,
            (false, true) => &old,
            (false, false) => return Ok(fresh),
        };
        let progress: Progress = read_json(&folder.join(PROGRESS))?;
        if progress.of != fresh.progress.of {
            let problem = "it is of a run with other data or settings; remove it to begin anew";
            return Err(file(folder, problem.to_owned()));
        }
        // Read here: Burn would read a file's tensors when they are needed, and find the next checkpoint there, or none.
        let bytes = |path: &Path| read(path).map(Bytes::from_bytes_vec);
        let record = |model: BertForSequenceClassification, name: &str| {
            let path = folder.join(name);
            let loaded = ModuleRecord::from_bytes(bytes(&path)?)
                .and_then(|record| model.try_load_record(record.allow_partial(true)));
            loaded.map_err(|e| file(&path, e.to_string()))
        };
        let path = folder.join(OPTIMISER);
        let optimiser = fresh.optimiser.from_bytes(bytes(&path)?);
        Ok(State {
            best: match progress.best {
                Some(_) => Some(record(fresh.model.clone(), BEST)?),
                None => None,
            },
            model: record(fresh.model, MODEL)?,
            optimiser: optimiser.map_err(|e| file(&path, e.to_string()))?,
            progress,
        })
    }

    /// Removes what lies there: the trained model is where it should be.
    ///
    /// # Errors
    /// If it cannot be removed.
    pub fn clear(&self) -> Result<(), BertError> {
        let [new, old] = self.beside();
        [&new, &old, &self.folder]
            .into_iter()
            .try_for_each(|folder| remove(folder))
    }

    /// Where a checkpoint is written, and where the one before waits.
    fn beside(&self) -> [PathBuf; 2] {
        ["new", "old"].map(|end| {
            let mut name = self.folder.as_os_str().to_owned();
            name.push(".");
            name.push(end);
            name.into()
        })
    }
}

fn remove(folder: &Path) -> Result<(), BertError> {
    match fs::remove_dir_all(folder) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => Err(unwritten(folder, e)),
        _ => Ok(()),
    }
}
