//! What can go wrong between a file and a log.

use std::fmt;
use std::io;

/// Where a row is at fault: a file, a line in it (a row's number in Parquet) and, where one can be named, a column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Location {
    /// The file as it was named, or `stdin`.
    pub file: String,
    /// The line the row starts on, from 1; in Parquet the row's number, from 1.
    pub line: u64,
    /// The column's number, from 1, and its name where it has one.
    pub column: Option<(usize, Option<String>)>,
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: line {}", self.file, self.line)?;
        match &self.column {
            Some((number, Some(name))) => write!(f, ", column {number} ({})", shown(name)),
            Some((number, None)) => write!(f, ", column {number}"),
            None => Ok(()),
        }
    }
}

/// Why a log could not be read or written. Every message is one line.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EventsError {
    /// No source was given.
    #[error("no log to read: name a file, or - for standard input")]
    NoSource,
    /// A file could not be opened or read.
    #[error("cannot read {file}: {source}")]
    Io {
        /// The file.
        file: String,
        /// What the system says.
        source: io::Error,
    },
    /// The path is a folder.
    #[error("{file} is a folder: name the files in it")]
    Folder {
        /// The path.
        file: String,
    },
    /// The file has no bytes, or nothing but white space.
    #[error("{file} is empty: there is no header and no row")]
    Empty {
        /// The file.
        file: String,
    },
    /// There is a header, but no row below it.
    #[error("{file} has no rows below its header")]
    NoRows {
        /// The first such file.
        file: String,
    },
    /// The content is nothing that is read here.
    #[error(
        "{file} is not a log: it looks like {what}; give CSV, JSON Lines or Parquet, as it is or gzipped"
    )]
    NotATable {
        /// The file.
        file: String,
        /// What it looks like.
        what: &'static str,
    },
    /// The content is no plain text.
    #[error(
        "{file} is not plain text: it looks like {what}; name the column that holds the texts, or give text"
    )]
    NotText {
        /// The file.
        file: String,
        /// What it looks like.
        what: &'static str,
    },
    /// The header has one column.
    #[error(
        "{file} has one column only ({}): a log needs a user and a time, separated by comma, semicolon or tab",
        shown(.column)
    )]
    OneColumn {
        /// The file.
        file: String,
        /// The column's name.
        column: String,
    },
    /// A column that was named is not there.
    #[error("{file} has no column {} (for {role}); its columns: {}", shown(.column), listed(.columns))]
    NoSuchColumn {
        /// The file.
        file: String,
        /// What the column was named for.
        role: &'static str,
        /// The name given.
        column: String,
        /// The names there are.
        columns: Vec<String>,
    },
    /// A column that is needed has a name that another column has too.
    #[error("{file} has two columns named {}: rename one", shown(.column))]
    RepeatedColumn {
        /// The file.
        file: String,
        /// The name.
        column: String,
    },
    /// A column that is needed was not named and cannot be guessed.
    #[error("{file}: cannot tell which column is the {role}; name it with --{role}; its columns: {}", listed(.columns))]
    CannotGuess {
        /// The file.
        file: String,
        /// What was looked for: `user` or `time`, which is the flag's name too.
        role: &'static str,
        /// The names there are.
        columns: Vec<String>,
    },
    /// The file ends too early.
    #[error("{file} is cut short: its {what} data ends too early; copy it again")]
    Truncated {
        /// The file.
        file: String,
        /// The format that noticed.
        what: &'static str,
    },
    /// The file's format is broken.
    #[error("{file} is damaged: its {what} data cannot be read ({message}); copy it again")]
    Corrupt {
        /// The file.
        file: String,
        /// The format that noticed.
        what: &'static str,
        /// What its reader says.
        message: String,
    },
    /// A field, or a line of JSON, is longer than [`crate::ReadOptions::max_field_bytes`].
    #[error("{location}: longer than {limit} bytes (a quote that never closes?); repair the row")]
    FieldTooLong {
        /// Where it starts.
        location: Box<Location>,
        /// The most bytes allowed.
        limit: usize,
    },
    /// A row does not parse, and [`crate::ReadOptions::strict`] was asked for.
    #[error("{location}: {problem}")]
    Unparsed {
        /// The first such row.
        location: Box<Location>,
        /// What is wrong with it.
        problem: String,
    },
    /// More rows than [`crate::ReadOptions::max_bad`] allows do not parse.
    #[error(
        "{bad} of {rows} rows ({:.1}%) did not parse, more than {:.1}% (--max-bad {max_bad}); the first is {location}: {problem}",
        100.0 * *.bad as f64 / *.rows as f64,
        100.0 * .max_bad
    )]
    TooManyBad {
        /// Rows that did not parse.
        bad: u64,
        /// All rows.
        rows: u64,
        /// The share allowed.
        max_bad: f64,
        /// The first such row.
        location: Box<Location>,
        /// What is wrong with it.
        problem: String,
    },
    /// Every date reads day first and month first alike.
    #[error("{location}: {} may be day first or month first; say --day-first or --month-first", quoted(.text))]
    AmbiguousDate {
        /// The first such row.
        location: Box<Location>,
        /// Its time.
        text: String,
    },
    /// Some dates can only be day first, others only month first.
    #[error(
        "dates are mixed: {day_first}: {} is day first, but {month_first}: {} is month first; say --day-first or --month-first",
        quoted(.day_first_text),
        quoted(.month_first_text)
    )]
    MixedDates {
        /// The first row that is day first.
        day_first: Box<Location>,
        /// Its time.
        day_first_text: String,
        /// The first row that is month first.
        month_first: Box<Location>,
        /// Its time.
        month_first_text: String,
    },
    /// The schema file is not as it should be.
    #[error("{file}: line {line}, column {column}: {message}")]
    Schema {
        /// The schema file.
        file: String,
        /// The line, from 1.
        line: usize,
        /// The column, from 1.
        column: usize,
        /// What is wrong there.
        message: String,
    },
    /// An option has a value that makes no sense.
    #[error("{option} {message}")]
    Option {
        /// The option.
        option: &'static str,
        /// What it must be, and what it is.
        message: String,
    },
    /// Cleaning left no event.
    #[error("no event is left of {rows} rows: {dropped}")]
    NothingLeft {
        /// All rows.
        rows: u64,
        /// The counts by reason, as [`crate::Dropped`] shows them.
        dropped: String,
    },
    /// The caller asked to stop.
    #[error("stopped while reading")]
    Cancelled,
    /// An output could not be written.
    #[error("cannot write {file}: {source}")]
    Write {
        /// The file, or what was being written.
        file: String,
        /// What the system says.
        source: io::Error,
    },
}

/// Text from a file as it may stand in a message: one line, no control characters, not endless.
pub(crate) fn shown(text: &str) -> String {
    const MOST: usize = 60;
    let mut out: String = text
        .chars()
        .take(MOST)
        .map(|c| if c.is_control() { '\u{fffd}' } else { c })
        .collect();
    if text.chars().nth(MOST).is_some() {
        out.push('…');
    }
    out
}

/// A value from a file, in quotes.
pub(crate) fn quoted(text: &str) -> String {
    format!("\"{}\"", shown(text))
}

/// Column names, as many as a line bears.
fn listed(names: &[String]) -> String {
    const MOST: usize = 40;
    let mut out = names
        .iter()
        .take(MOST)
        .map(|n| shown(n))
        .collect::<Vec<_>>()
        .join(", ");
    if names.len() > MOST {
        out.push_str(&format!(" and {} more", names.len() - MOST));
    }
    out
}
