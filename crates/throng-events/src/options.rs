//! What a caller says about a log and its cleaning.

use std::path::PathBuf;

use crate::EventsError;

/// A place to read from. Several are read as one log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A file, or anything else with a path that can be read.
    Path(PathBuf),
    /// Standard input.
    Stdin,
}

impl Source {
    /// The name that messages and `dropped.csv` give it.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Source::Path(path) => path.display().to_string(),
            Source::Stdin => "stdin".to_owned(),
        }
    }
}

/// The columns' names in the file. What is `None` is guessed from the header and the values.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Columns {
    /// Who did it.
    pub user: Option<String>,
    /// When.
    pub time: Option<String>,
    /// What was done.
    pub action: Option<String>,
    /// To which item.
    pub item: Option<String>,
    /// The row's text: a title, a search.
    pub text: Option<String>,
    /// Money of the whole row.
    pub value: Option<String>,
    /// Session, visit or invoice.
    pub session: Option<String>,
    /// The item's category.
    pub category: Option<String>,
    /// Units.
    pub quantity: Option<String>,
    /// Money for one unit.
    pub price: Option<String>,
}

/// How a log is read.
#[derive(Clone, Debug, PartialEq)]
pub struct ReadOptions {
    /// The columns' names.
    pub columns: Columns,
    /// Dates like `01/12/2010` are day first. If neither this nor `month_first` is said, a date that can be read one
    /// way only settles it for the log; if there is none, or they disagree, reading fails.
    pub day_first: bool,
    /// Dates like `12/01/2010` are month first.
    pub month_first: bool,
    /// Minutes east of UTC of times that say no zone, in -1439..=1439. Default 0.
    pub utc_offset_minutes: i32,
    /// The times' format in `strftime` terms, if it is none of those that are understood anyway.
    pub time_format: Option<String>,
    /// Numbers in CSV are written `1.234,56`.
    pub decimal_comma: bool,
    /// The separator of a CSV file; `None`: the most frequent of comma, semicolon and tab in the header.
    pub separator: Option<char>,
    /// Fail at the first row that does not parse.
    pub strict: bool,
    /// The largest share of rows that may fail to parse, in 0..=1. Default 0.05.
    pub max_bad: f64,
    /// The most bytes in one field of CSV or Parquet, in a CSV header, and in one line of JSON. Default 1 MiB.
    pub max_field_bytes: usize,
    /// Rows held at a time; the first so many are looked at to guess columns. Default 8192.
    pub batch_rows: usize,
}

impl Default for ReadOptions {
    fn default() -> Self {
        Self {
            columns: Columns::default(),
            day_first: false,
            month_first: false,
            utc_offset_minutes: 0,
            time_format: None,
            decimal_comma: false,
            separator: None,
            strict: false,
            max_bad: 0.05,
            max_field_bytes: 1 << 20,
            batch_rows: 8192,
        }
    }
}

impl ReadOptions {
    pub(crate) fn check(&self) -> Result<(), EventsError> {
        let fail = |option, message: String| Err(EventsError::Option { option, message });
        if !(0.0..=1.0).contains(&self.max_bad) {
            return fail(
                "--max-bad",
                format!("must be between 0 and 1, not {}", self.max_bad),
            );
        }
        if self.day_first && self.month_first {
            return fail(
                "--day-first",
                "and --month-first exclude each other".to_owned(),
            );
        }
        if self.utc_offset_minutes.abs() >= 24 * 60 {
            return fail(
                "time zone",
                format!(
                    "must be less than a day off UTC, not {} minutes",
                    self.utc_offset_minutes
                ),
            );
        }
        if self.batch_rows == 0 {
            return fail("batch rows", "must be at least 1".to_owned());
        }
        if self.max_field_bytes == 0 {
            return fail("the longest field", "must be at least 1 byte".to_owned());
        }
        match self.separator {
            Some(c) if !c.is_ascii() || matches!(c, '"' | '\n' | '\r' | '\0') => fail(
                "separator",
                format!("must be one ASCII character that is no quote and no line end, not {c:?}"),
            ),
            _ => Ok(()),
        }
    }
}

/// Minutes east of UTC of `Z`, `UTC` or an offset like `+02:00`, `-0530` or `+2`.
///
/// # Errors
/// [`EventsError::Option`] if `text` is none of these, or a day or more off UTC.
pub fn parse_utc_offset(text: &str) -> Result<i32, EventsError> {
    crate::time::offset_minutes(text.trim()).ok_or_else(|| EventsError::Option {
        option: "time zone",
        message: format!(
            "must be UTC or an offset like +02:00, not {}",
            crate::error::quoted(text)
        ),
    })
}

/// How a log is cleaned. Rows without a user or a time, cancellations, and rows with a quantity or price that is not
/// positive are always dropped.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CleanOptions {
    /// Keep rows that equal an earlier row in every column.
    pub keep_duplicates: bool,
    /// Drop the sale that a cancellation undoes too: the same user and item, the opposite quantity, the latest not
    /// after it.
    pub cancelled_sales: bool,
    /// Of events with the same user, action and item (and text, where there is no item) keep those only that come
    /// more than so many milliseconds after the last one kept.
    pub collapse_repeats: Option<i64>,
    /// Items to drop, by id: postage, fees.
    pub exclude_items: Vec<String>,
    /// Drop users with fewer events than this after everything else.
    pub min_events: usize,
}

/// How far reading has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Bytes read of the files as they are on disk.
    pub bytes: u64,
    /// All bytes, where known.
    pub total: Option<u64>,
    /// Rows read.
    pub rows: u64,
}
