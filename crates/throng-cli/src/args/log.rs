//! How to read an event log.

use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;
use throng::Observer;
use throng::events::{self, CleanOptions, Read, ReadOptions, Schema, Source, parse_utc_offset};

use crate::failure::Failure;

/// How to read an event log.
#[derive(Args, Clone, Debug)]
pub struct LogArgs {
    /// The log: CSV, JSON Lines (also .gz) or Parquet files, told by content, or - for stdin
    #[arg(required = true, value_name = "LOG")]
    log: Vec<PathBuf>,

    #[command(flatten)]
    columns: Columns,

    #[command(flatten)]
    reading: Reading,

    #[command(flatten)]
    cleaning: Cleaning,
}

/// Which column is which. What is not named is guessed, and the guess is said.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Columns (guessed when not named)")]
struct Columns {
    /// The column of user ids
    #[arg(long, value_name = "NAME")]
    user: Option<String>,
    /// The column of times
    #[arg(long, value_name = "NAME")]
    time: Option<String>,
    /// The column of actions (view, cart, purchase, ...)
    #[arg(long, value_name = "NAME")]
    action: Option<String>,
    /// The column of item ids
    #[arg(long, value_name = "NAME")]
    item: Option<String>,
    /// The column of item names, searches or other text
    #[arg(long, value_name = "NAME")]
    text: Option<String>,
    /// The column of money, of the whole row
    #[arg(long, value_name = "NAME")]
    value: Option<String>,
    /// The column of sessions, visits or invoices
    #[arg(long, value_name = "NAME")]
    session: Option<String>,
    /// The column of item categories
    #[arg(long, value_name = "NAME")]
    category: Option<String>,
    /// The column of units
    #[arg(long, value_name = "NAME")]
    quantity: Option<String>,
    /// The column of money for one unit
    #[arg(long, value_name = "NAME")]
    price: Option<String>,
    /// A TOML file with tables [columns], [format] and [clean]; options win over it
    #[arg(long, value_name = "FILE.toml")]
    schema: Option<PathBuf>,
}

/// How values are read.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Reading")]
struct Reading {
    /// Read 02/03/2011 as 2 March
    #[arg(long, conflicts_with = "month_first")]
    day_first: bool,
    /// Read 02/03/2011 as 3 February
    #[arg(long)]
    month_first: bool,
    /// The format of times that are none of the usual ones, such as %d.%m.%y %Hh%M
    #[arg(long, value_name = "FORMAT")]
    time_format: Option<String>,
    /// The zone of times that name none [default: UTC]
    #[arg(long, value_name = "+HH:MM", value_parser = time_zone, allow_hyphen_values = true)]
    time_zone: Option<i32>,
    /// Read 1.234,5 as 1234.5
    #[arg(long)]
    decimal_comma: bool,
    /// What separates the fields of a CSV file, if it is neither comma, semicolon nor tab
    #[arg(long, value_name = "CHAR")]
    separator: Option<char>,
    /// Stop at the first row that cannot be read
    #[arg(long)]
    strict: bool,
    /// The share of rows, 0 to 1, that may be unreadable
    #[arg(long, value_name = "SHARE", default_value_t = 0.05, value_parser = share)]
    max_bad: f64,
}

/// Which rows stay.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Cleaning")]
struct Cleaning {
    /// Keep rows that equal an earlier row in every column
    #[arg(long)]
    keep_duplicates: bool,
    /// Drop the sale that a cancellation undoes, too
    #[arg(long)]
    drop_cancelled_sales: bool,
    /// Drop an event that repeats one of the same user within so many seconds
    #[arg(long, value_name = "SECONDS")]
    collapse_repeats: Option<u32>,
    /// Items to leave out, such as POST,DOT,M
    #[arg(long, value_name = "ITEM,...", value_delimiter = ',')]
    exclude_items: Vec<String>,
    /// Leave out users with fewer events [default: 2; 1 for texts]
    #[arg(long, value_name = "N")]
    min_events: Option<usize>,
}

impl LogArgs {
    /// The files, in the order given.
    pub fn sources(&self) -> Vec<Source> {
        let source = |path: &PathBuf| {
            if path == Path::new("-") {
                Source::Stdin
            } else {
                Source::Path(path.clone())
            }
        };
        self.log.iter().map(source).collect()
    }

    /// The files that have a path.
    pub fn paths(&self) -> Vec<&Path> {
        let named = |path: &&PathBuf| path.as_path() != Path::new("-");
        self.log
            .iter()
            .filter(named)
            .map(PathBuf::as_path)
            .collect()
    }

    /// Refuses files that are not there, before any work.
    ///
    /// # Errors
    /// When there is no such file.
    pub fn check(&self) -> Result<(), Failure> {
        for path in self.paths() {
            fs::metadata(path).map_err(|error| Failure::reading(path, &error))?;
        }
        Ok(())
    }

    /// Reads and cleans the log, and says how it was read.
    ///
    /// # Errors
    /// When the log or the schema file is wrong, or the observer stops.
    pub fn read(&self, observer: &mut dyn Observer) -> Result<Read, Failure> {
        let (options, clean) = self.options()?;
        self.read_by(&options, &clean, observer)
    }

    /// The same, read and cleaned as is said.
    ///
    /// # Errors
    /// When the log is wrong, or the observer stops.
    pub fn read_by(
        &self,
        options: &ReadOptions,
        clean: &CleanOptions,
        observer: &mut dyn Observer,
    ) -> Result<Read, Failure> {
        let read = events::read(&self.sources(), options, clean, &mut |step| {
            observer.progress("read", step.bytes, step.total)
        })?;
        for source in &read.sources {
            observer.say(&source.to_string());
        }
        observer.say(&read.columns.to_string());
        for note in &read.notes {
            observer.say(note);
        }
        Ok(read)
    }

    /// How the log is read and cleaned: as the options say, then the schema file.
    ///
    /// # Errors
    /// When the schema file is wrong.
    pub fn options(&self) -> Result<(ReadOptions, CleanOptions), Failure> {
        self.options_from(2)
    }

    /// The same, keeping users of `min_events` where nothing else is said.
    ///
    /// # Errors
    /// When the schema file is wrong.
    pub fn options_from(&self, min_events: usize) -> Result<(ReadOptions, CleanOptions), Failure> {
        let mut read = ReadOptions::default();
        let mut clean = CleanOptions {
            min_events,
            ..CleanOptions::default()
        };
        if let Some(path) = &self.columns.schema {
            Schema::load(path)?.apply(&mut read, &mut clean);
        }
        self.columns.apply(&mut read);
        self.reading.apply(&mut read);
        self.cleaning.apply(&mut clean);
        Ok((read, clean))
    }
}

impl Columns {
    fn apply(&self, read: &mut ReadOptions) {
        let columns = &mut read.columns;
        for (column, name) in [
            (&mut columns.user, &self.user),
            (&mut columns.time, &self.time),
            (&mut columns.action, &self.action),
            (&mut columns.item, &self.item),
            (&mut columns.text, &self.text),
            (&mut columns.value, &self.value),
            (&mut columns.session, &self.session),
            (&mut columns.category, &self.category),
            (&mut columns.quantity, &self.quantity),
            (&mut columns.price, &self.price),
        ] {
            if name.is_some() {
                column.clone_from(name);
            }
        }
    }
}

impl Reading {
    fn apply(&self, read: &mut ReadOptions) {
        if self.day_first || self.month_first {
            read.day_first = self.day_first;
            read.month_first = self.month_first;
        }
        if self.time_format.is_some() {
            read.time_format.clone_from(&self.time_format);
        }
        if let Some(minutes) = self.time_zone {
            read.utc_offset_minutes = minutes;
        }
        read.decimal_comma |= self.decimal_comma;
        read.separator = self.separator.or(read.separator);
        read.strict = self.strict;
        read.max_bad = self.max_bad;
    }
}

impl Cleaning {
    fn apply(&self, clean: &mut CleanOptions) {
        clean.keep_duplicates |= self.keep_duplicates;
        clean.cancelled_sales |= self.drop_cancelled_sales;
        if let Some(seconds) = self.collapse_repeats {
            clean.collapse_repeats = Some(i64::from(seconds) * 1000);
        }
        if !self.exclude_items.is_empty() {
            clean.exclude_items.clone_from(&self.exclude_items);
        }
        if let Some(events) = self.min_events {
            clean.min_events = events;
        }
    }
}

fn share(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(share) if (0.0..=1.0).contains(&share) => Ok(share),
        _ => Err("give a share from 0 to 1, such as 0.05".to_owned()),
    }
}

fn time_zone(text: &str) -> Result<i32, String> {
    parse_utc_offset(text).map_err(|error| error.to_string())
}
