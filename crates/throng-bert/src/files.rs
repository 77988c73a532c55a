//! Reading and writing a model's files.

use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::BertError;

pub(crate) fn read(path: &Path) -> Result<Vec<u8>, BertError> {
    std::fs::read(path).map_err(|e| file(path, e.to_string()))
}

/// A JSON file of a model's folder.
pub(crate) fn read_json<T: DeserializeOwned>(path: &Path) -> Result<T, BertError> {
    serde_json::from_slice(&read(path)?).map_err(|e| file(path, e.to_string()))
}

pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<(), BertError> {
    std::fs::write(path, bytes).map_err(|e| unwritten(path, e))
}

/// Writes a JSON file, for people too.
pub(crate) fn write_json(path: &Path, value: &impl Serialize) -> Result<(), BertError> {
    let text = serde_json::to_string_pretty(value).map_err(|e| unwritten(path, e))?;
    write(path, (text + "\n").as_bytes())
}

/// What is wrong with a file that was read.
pub(crate) fn file(path: &Path, problem: String) -> BertError {
    BertError::File {
        path: path.to_owned(),
        problem,
    }
}

/// Why a file could not be written.
pub(crate) fn unwritten(path: &Path, problem: impl ToString) -> BertError {
    BertError::Unwritten {
        path: path.to_owned(),
        problem: problem.to_string(),
    }
}
