//! Arguments that several subcommands share.

mod clustering;
mod common;
mod encoder;
mod k;
mod log;
mod metric;
mod out;
mod texts;

pub use clustering::{Algorithm, Clustering};
pub use common::Common;
pub use encoder::encoder;
pub use k::K;
pub use log::LogArgs;
pub use metric::ClusterMetric;
pub use out::{OutDir, OutFile};
pub use texts::TextFiles;

use std::path::Path;

use crate::failure::Failure;

/// Refuses a folder that does not hold `file`, before any work.
///
/// # Errors
/// When there is no such file.
pub fn check_holds(folder: &Path, file: &str, option: &str, what: &str) -> Result<(), Failure> {
    if folder.join(file).is_file() {
        return Ok(());
    }
    Err(Failure::input(format!(
        "{option} {}: there is no {file} in it; give {what}",
        folder.display()
    )))
}
