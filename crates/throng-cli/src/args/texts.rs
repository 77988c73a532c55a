//! Texts to read, and the file that is written of them.

use std::path::PathBuf;

use clap::Args;
use throng::bert::BertError;
use throng::compute::ComputeError;
use throng::events::{ReadOptions, Source, Texts};

use super::OutFile;
use crate::failure::{Failure, at};
use crate::output::{FileKind, OutputFile};

/// Texts to read, and the file that is written of them.
#[derive(Args, Clone, Debug)]
pub struct TextFiles {
    /// The texts: plain text with one on each line, or with --column a table of CSV, JSON Lines or
    /// Parquet; - is standard input
    #[arg(long, value_name = "FILE")]
    pub input: PathBuf,
    /// The table's column that holds the texts
    #[arg(long, visible_alias = "text", value_name = "NAME")]
    pub column: Option<String>,
    #[command(flatten)]
    pub out: OutFile,
}

impl TextFiles {
    /// Prepares the output, then opens the texts.
    ///
    /// # Errors
    /// As [`OutputFile::create`]; if the texts or their column are not there.
    pub fn open(&self, kind: FileKind) -> Result<(OutputFile, Texts), Failure> {
        let out = self.out.create(kind, &[&self.input])?;
        let source = match self.input.as_os_str() == "-" {
            true => Source::Stdin,
            false => Source::Path(self.input.clone()),
        };
        let texts = Texts::open(&source, self.column.as_deref(), &ReadOptions::default())?;
        Ok((out, texts))
    }

    /// Bytes of the input, if it is a file.
    pub fn bytes(&self) -> Option<u64> {
        std::fs::metadata(&self.input).ok().map(|about| about.len())
    }

    /// What is wrong with the texts.
    pub fn wrong(&self, problem: &str) -> Failure {
        at(self.input.display(), problem)
    }

    /// What a model found wrong with texts of which the first is number `first`, from 0.
    pub fn failed(&self, error: BertError, first: u64) -> Failure {
        let of = |index: usize, problem: &str| {
            self.wrong(&format!("text {}: {problem}", first + index as u64))
        };
        match error {
            BertError::Sequence { sequence, problem } => of(sequence, &problem),
            BertError::Compute(
                ComputeError::NotFinite { row, value, .. }
                | ComputeError::TooLarge { row, value, .. },
            ) => of(row, &format!("its vector holds {value}")),
            error => error.into(),
        }
    }
}
