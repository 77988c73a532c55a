//! The rows that did not make it into a log, and why.

use std::borrow::Cow;
use std::fmt;
use std::io::{self, Write};
use std::path::Path;

use crate::{EventsError, Symbols};

/// Why a row was dropped. A row has one reason: the first of these that holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// It does not parse: a number or time that is none, fields too few or too many, broken JSON.
    Unparsed,
    /// It equals an earlier row in every column.
    Duplicate,
    /// It has no user.
    MissingUser,
    /// It has no time.
    MissingTime,
    /// It cancels, refunds or returns something.
    Cancellation,
    /// Its quantity is zero or less.
    NonPositiveQuantity,
    /// Its price is zero or less.
    NonPositivePrice,
    /// Its item was listed to be left out.
    ExcludedItem,
    /// A cancellation undoes it.
    CancelledSale,
    /// It repeats an event too soon.
    CollapsedRepeat,
    /// Its user has too few events.
    BelowMinEvents,
}

impl Reason {
    /// All reasons, in the order in which they are tried.
    pub const ALL: [Reason; 11] = [
        Reason::Unparsed,
        Reason::Duplicate,
        Reason::MissingUser,
        Reason::MissingTime,
        Reason::Cancellation,
        Reason::NonPositiveQuantity,
        Reason::NonPositivePrice,
        Reason::ExcludedItem,
        Reason::CancelledSale,
        Reason::CollapsedRepeat,
        Reason::BelowMinEvents,
    ];

    /// The name in reports and in `dropped.csv`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Reason::Unparsed => "unparsed",
            Reason::Duplicate => "duplicate",
            Reason::MissingUser => "missing_user",
            Reason::MissingTime => "missing_time",
            Reason::Cancellation => "cancellation",
            Reason::NonPositiveQuantity => "non_positive_quantity",
            Reason::NonPositivePrice => "non_positive_price",
            Reason::ExcludedItem => "excluded_item",
            Reason::CancelledSale => "cancelled_sale",
            Reason::CollapsedRepeat => "collapsed_repeat",
            Reason::BelowMinEvents => "below_min_events",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// One dropped row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DroppedRow<'a> {
    /// The file, as it was named.
    pub file: &'a str,
    /// The line the row starts on, from 1; in Parquet the row's number, from 1.
    pub line: u64,
    /// Why.
    pub reason: Reason,
    /// What is wrong with a row that does not parse; else empty.
    pub detail: &'a str,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Row {
    file: u32,
    line: u64,
    reason: Reason,
    detail: u32,
}

/// The dropped rows of a log: 24 bytes a row, in the order of the files.
#[derive(Clone, Debug, Default)]
pub struct Dropped {
    files: Vec<String>,
    rows: Vec<Row>,
    details: Symbols,
    counts: [u64; Reason::ALL.len()],
}

impl Dropped {
    /// Distinct details kept; rows that go wrong in ever new ways say no more than that they did not parse.
    const MOST_DETAILS: usize = 10_000;

    pub(crate) fn add_file(&mut self, name: &str) -> u32 {
        if self.details.is_empty() {
            self.details.intern("");
        }
        self.files.push(name.to_owned());
        self.files.len() as u32 - 1
    }

    pub(crate) fn file(&self, file: u32) -> &str {
        &self.files[file as usize]
    }

    pub(crate) fn add(&mut self, file: u32, line: u64, reason: Reason, detail: &str) {
        let detail = if self.details.len() < Self::MOST_DETAILS {
            self.details.intern(detail)
        } else {
            self.details.get(detail).unwrap_or(0)
        };
        self.rows.push(Row {
            file,
            line,
            reason,
            detail,
        });
        self.counts[reason as usize] += 1;
    }

    pub(crate) fn sort(&mut self) {
        self.rows.sort_unstable();
    }

    /// How many rows were dropped.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.rows.len() as u64
    }

    /// How many rows were dropped for `reason`.
    #[must_use]
    pub fn count(&self, reason: Reason) -> u64 {
        self.counts[reason as usize]
    }

    /// The reasons that took rows, each with their number, in the order of [`Reason::ALL`].
    pub fn counts(&self) -> impl Iterator<Item = (Reason, u64)> + '_ {
        Reason::ALL
            .into_iter()
            .map(|reason| (reason, self.count(reason)))
            .filter(|&(_, n)| n > 0)
    }

    /// All dropped rows: file after file, by line.
    pub fn rows(&self) -> impl Iterator<Item = DroppedRow<'_>> + '_ {
        self.rows.iter().map(|row| DroppedRow {
            file: self.file(row.file),
            line: row.line,
            reason: row.reason,
            detail: self.details.name(row.detail),
        })
    }

    /// Writes all rows as CSV with the columns `file,line,reason,detail`. Text that a spreadsheet would take for a
    /// formula is made harmless, see [`formula_safe`].
    ///
    /// # Errors
    /// [`EventsError::Write`] if `out` does not take it.
    pub fn write_csv(&self, out: impl Write) -> Result<(), EventsError> {
        let write = || -> Result<(), csv::Error> {
            let mut csv = csv::Writer::from_writer(out);
            csv.write_record(["file", "line", "reason", "detail"])?;
            for row in self.rows() {
                let line = row.line.to_string();
                let (file, detail) = (formula_safe(row.file), formula_safe(row.detail));
                csv.write_record([
                    file.as_ref(),
                    line.as_str(),
                    row.reason.name(),
                    detail.as_ref(),
                ])?;
            }
            Ok(csv.flush()?)
        };
        write().map_err(|error| EventsError::Write {
            file: "dropped.csv".to_owned(),
            source: io::Error::from(error),
        })
    }

    /// [`Dropped::write_csv`] into a new file, which appears whole or not at all.
    ///
    /// # Errors
    /// [`EventsError::Write`] if the file cannot be written.
    pub fn save_csv(&self, path: &Path) -> Result<(), EventsError> {
        let failed = |source| EventsError::Write {
            file: path.display().to_string(),
            source,
        };
        let folder = path
            .parent()
            .filter(|p| !p.as_os_str().is_empty())
            .unwrap_or(Path::new("."));
        let mut file = tempfile::NamedTempFile::new_in(folder).map_err(failed)?;
        self.write_csv(io::BufWriter::new(file.as_file_mut()))
            .map_err(|error| match error {
                EventsError::Write { source, .. } => failed(source),
                other => other,
            })?;
        file.persist(path).map_err(|error| failed(error.error))?;
        Ok(())
    }
}

impl fmt::Display for Dropped {
    /// The counts in one line: `5268 duplicate, 135037 missing_user`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.rows.is_empty() {
            return f.write_str("no row dropped");
        }
        for (i, (reason, count)) in self.counts().enumerate() {
            write!(f, "{}{count} {reason}", if i > 0 { ", " } else { "" })?;
        }
        Ok(())
    }
}

/// `text` as it may stand in a CSV cell that a spreadsheet opens: with a `'` in front if it starts with `=`, `+`, `-`,
/// `@`, a tab or a carriage return, which would make it a formula (OWASP, "CSV injection").
#[must_use]
pub fn formula_safe(text: &str) -> Cow<'_, str> {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        format!("'{text}").into()
    } else {
        text.into()
    }
}
