//! Where a folder of results goes.

use std::path::PathBuf;

use clap::Args;

use crate::failure::Failure;
use crate::output::OutputDir;

/// Where a folder of results goes.
#[derive(Args, Clone, Debug)]
pub struct OutDir {
    /// The folder to write
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// Replace an earlier result of throng
    #[arg(long)]
    pub force: bool,
}

impl OutDir {
    /// Prepares the folder.
    ///
    /// # Errors
    /// As [`OutputDir::create`].
    pub fn create(&self) -> Result<OutputDir, Failure> {
        OutputDir::create(&self.out, self.force)
    }
}
