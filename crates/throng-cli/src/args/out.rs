//! Where results go.

use std::io;
use std::path::{Path, PathBuf};

use clap::Args;

use crate::failure::Failure;
use crate::output::{FileKind, OutputDir, OutputFile};

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

/// Where a file of results goes.
#[derive(Args, Clone, Debug)]
pub struct OutFile {
    /// The file to write
    #[arg(long = "out", value_name = "FILE")]
    pub path: PathBuf,
    /// Replace an earlier file of throng
    #[arg(long)]
    pub force: bool,
}

impl OutFile {
    /// Prepares the file.
    ///
    /// # Errors
    /// As [`OutputFile::create`].
    pub fn create(&self, kind: FileKind, inputs: &[&Path]) -> Result<OutputFile, Failure> {
        OutputFile::create(&self.path, self.force, kind, inputs)
    }

    /// Why it could not be written.
    pub fn unwritten(&self, error: &io::Error) -> Failure {
        Failure::writing(&self.path, error)
    }
}
