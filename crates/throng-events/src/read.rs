//! From files to a log.

use std::cell::Cell;
use std::collections::HashSet;
use std::fmt;
use std::ops::ControlFlow;
use std::rc::Rc;

use arrow_array::{Array, StringArray};
use thousands::Separable;

use crate::clean::{self, Row, Tables};
use crate::error::{Location, quoted};
use crate::guess::Role;
use crate::input::{self, Encoding};
use crate::number::{Decimal, id, number, present};
use crate::table::{self, BadRow, Batch, Format, Table};
use crate::time::{Time, TimeReader};
use crate::{
    CleanOptions, Dropped, Event, EventLog, EventsError, Progress, ReadOptions, Reason,
    ResolvedColumns, Source,
};

/// A log, and what there is to say about its reading.
#[derive(Clone, Debug)]
pub struct Read {
    /// The log.
    pub log: EventLog,
    /// The columns it was read from; those of the first file that has rows.
    pub columns: ResolvedColumns,
    /// The rows that are not in it.
    pub dropped: Dropped,
    /// Rows read, without headers and empty lines.
    pub rows: u64,
    /// The files, in the order given.
    pub sources: Vec<SourceInfo>,
    /// Anything that was decided on the way and may surprise, one line each.
    pub notes: Vec<String>,
}

/// A file that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceInfo {
    /// Its name.
    pub name: String,
    /// What it is.
    pub format: Format,
    /// Whether it was gzipped.
    pub gzip: bool,
    /// The encoding of its text; `None` for Parquet.
    pub encoding: Option<Encoding>,
    /// Its rows.
    pub rows: u64,
}

impl fmt::Display for SourceInfo {
    /// One line: `log.csv.gz: CSV (comma), gzip, UTF-8, 541,909 rows`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.name, self.format)?;
        if self.gzip {
            f.write_str(", gzip")?;
        }
        if let Some(encoding) = self.encoding {
            write!(f, ", {encoding}")?;
        }
        write!(
            f,
            ", {} {}",
            self.rows.separate_with_commas(),
            if self.rows == 1 { "row" } else { "rows" }
        )
    }
}

/// Reads `sources` as one log and cleans it. `progress` is called after every batch of rows; if it breaks, reading
/// stops.
///
/// The result depends on the rows and not on their order, nor on the files' formats or on how rows are spread over
/// files.
///
/// # Errors
/// [`EventsError`] if a source cannot be read or is no log, if the columns for user and time are neither named nor
/// guessed, if too many rows do not parse, if dates are ambiguous, or if no event is left.
pub fn read(
    sources: &[Source],
    read: &ReadOptions,
    clean: &CleanOptions,
    progress: &mut dyn FnMut(Progress) -> ControlFlow<()>,
) -> Result<Read, EventsError> {
    read.check()?;
    if sources.is_empty() {
        return Err(EventsError::NoSource);
    }
    let total: Option<u64> = sources.iter().map(input::size).sum();
    let bytes = Rc::new(Cell::new(0));
    let mut done = 0;
    let mut reading = Reading::new(read, clean);
    for source in sources {
        let input = input::open(source, &bytes)?;
        let (name, gzip) = (input.origin.file.clone(), input.origin.gzip);
        let before = reading.rows;
        let mut tell = |bytes, rows| match progress(Progress { bytes, total, rows }) {
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(()) => Err(EventsError::Cancelled),
        };
        let mut table = table::open(input, read, &mut || tell(bytes.get(), before))?;
        let size = input::size(source);
        let file = reading.dropped.add_file(&name);
        let mut columns = None;
        while let Some(batch) = table.next_batch()? {
            reading.add(file, &batch, &mut columns, table.as_mut())?;
            let at = match (table.share(), size) {
                (Some(share), Some(size)) => done + (share * size as f64) as u64,
                _ => bytes.get(),
            };
            tell(at, reading.rows)?;
        }
        done += size.unwrap_or_else(|| bytes.get() - done);
        bytes.set(done);
        reading.end_file(name, gzip, before, table.as_ref());
    }
    reading.finish()
}

/// What is known so far.
struct Reading<'a> {
    options: &'a ReadOptions,
    clean: &'a CleanOptions,
    times: TimeReader,
    columns: Option<ResolvedColumns>,
    has_action: bool,
    has_quantity: bool,
    rows: u64,
    bad: u64,
    first_bad: Option<(Box<Location>, String)>,
    seen: HashSet<u128>,
    tables: Tables,
    kept: Vec<Row>,
    dates: Dates,
    dropped: Dropped,
    sources: Vec<SourceInfo>,
    notes: Vec<String>,
}

impl<'a> Reading<'a> {
    fn new(options: &'a ReadOptions, clean: &'a CleanOptions) -> Self {
        Self {
            options,
            clean,
            times: TimeReader::new(options),
            columns: None,
            has_action: false,
            has_quantity: false,
            rows: 0,
            bad: 0,
            first_bad: None,
            seen: HashSet::new(),
            tables: Tables::default(),
            kept: Vec::new(),
            dates: Dates::default(),
            dropped: Dropped::default(),
            sources: Vec::new(),
            notes: Vec::new(),
        }
    }

    /// Takes in a batch of file number `file`, of which `columns` are the columns once they are settled.
    fn add(
        &mut self,
        file: u32,
        batch: &Batch,
        columns: &mut Option<ResolvedColumns>,
        table: &mut dyn Table,
    ) -> Result<(), EventsError> {
        let mut bad: Vec<BadRow> = Vec::new();
        if !batch.lines.is_empty() {
            let columns = match columns {
                Some(columns) => columns,
                None => {
                    let name = self.dropped.file(file);
                    if let ([column], Format::Csv { .. }) = (&batch.names[..], table.format()) {
                        return Err(EventsError::OneColumn {
                            file: name.to_owned(),
                            column: column.clone(),
                        });
                    }
                    let found =
                        ResolvedColumns::resolve(name, batch, &self.options.columns, &self.times)?;
                    table.need(&found.names().collect::<Vec<_>>());
                    self.settle(file, &found);
                    columns.insert(found)
                }
            };
            let view = View::new(batch, columns, self.decimal(table.format()));
            for row in 0..batch.lines.len() {
                if let Err(row) = self.add_row(file, batch, &view, row) {
                    bad.push(row);
                }
            }
        }
        self.rows += (batch.lines.len() + batch.bad.len()) as u64;
        let mut all: Vec<&BadRow> = batch.bad.iter().chain(&bad).collect();
        all.sort_by_key(|row| row.line);
        for row in all {
            self.bad += 1;
            self.dropped
                .add(file, row.line, Reason::Unparsed, &detail(row));
            if self.first_bad.is_none() {
                let location = self.location(file, row.line, row.column.clone());
                if self.options.strict {
                    return Err(EventsError::Unparsed {
                        location,
                        problem: row.problem.clone(),
                    });
                }
                self.first_bad = Some((location, row.problem.clone()));
            }
        }
        Ok(())
    }

    fn settle(&mut self, file: u32, found: &ResolvedColumns) {
        self.has_action |= found.action().is_some();
        self.has_quantity |= found.quantity().is_some();
        match &self.columns {
            None => self.columns = Some(found.clone()),
            Some(first) if first != found => {
                self.notes.push(format!(
                    "{}: other columns: {found}",
                    self.dropped.file(file)
                ));
            }
            Some(_) => {}
        }
    }

    fn decimal(&self, format: Format) -> Decimal {
        match (self.options.decimal_comma, format) {
            (false, _) => Decimal::Point,
            (true, Format::Csv { .. }) => Decimal::Comma,
            (true, _) => Decimal::Typed,
        }
    }

    fn location(
        &self,
        file: u32,
        line: u64,
        column: Option<(usize, Option<String>)>,
    ) -> Box<Location> {
        Box::new(Location {
            file: self.dropped.file(file).to_owned(),
            line,
            column,
        })
    }

    /// Takes in one row. The checks are in the order of [`Reason::ALL`]; those that need the whole log come later.
    fn add_row(&mut self, file: u32, batch: &Batch, view: &View, row: usize) -> Result<(), BadRow> {
        let line = batch.lines[row];
        let parsed = view.parse(row, &self.times).map_err(|(column, problem)| {
            let name = batch.names.get(column).cloned();
            BadRow {
                line,
                column: Some((column + 1, name)),
                problem,
            }
        })?;
        if let Some(time) = parsed.time {
            let place = (file, line, view.places[Role::Time as usize].unwrap_or(0));
            self.dates.note(time, place, || {
                view.cell(Role::Time, row).unwrap_or_default()
            });
        }
        let session = view
            .cell(Role::Session, row)
            .map(|s| self.tables.sessions.intern(id(s)));
        if !self.clean.keep_duplicates && !self.seen.insert(batch.hashes[row]) {
            self.dropped.add(file, line, Reason::Duplicate, "");
            return Ok(());
        }
        let Some(user) = view.cell(Role::User, row) else {
            self.dropped.add(file, line, Reason::MissingUser, "");
            return Ok(());
        };
        let Some(time) = parsed.time else {
            self.dropped.add(file, line, Reason::MissingTime, "");
            return Ok(());
        };
        let tables = &mut self.tables;
        let user = tables.users.intern(id(user));
        let time = match time {
            Time::Plain(at) | Time::DayFirst(at) | Time::MonthFirst(at) => at,
            Time::Either {
                day_first,
                month_first,
            } => {
                self.dates.open.push((self.kept.len(), month_first));
                day_first
            }
        };
        let event = Event {
            time,
            action: view
                .cell(Role::Action, row)
                .map_or(clean::NO_ACTION, |a| tables.actions.intern(a)),
            item: view
                .cell(Role::Item, row)
                .map(|i| tables.items.intern(id(i))),
            text: view.cell(Role::Text, row).map(|t| tables.texts.intern(t)),
            category: view
                .cell(Role::Category, row)
                .map(|c| tables.categories.intern(id(c))),
            session,
            quantity: parsed.quantity,
            value: parsed
                .value
                .or_else(|| Some(parsed.quantity.unwrap_or(1.0) * parsed.price?)),
        };
        self.kept.push(Row {
            event,
            price: parsed.price,
            user,
            file,
            line,
        });
        Ok(())
    }

    fn end_file(&mut self, name: String, gzip: bool, before: u64, table: &dyn Table) {
        let faults = table.faults();
        if faults.not_utf8 > 0 {
            self.notes.push(format!(
                "{name}: {} {} not UTF-8 and read as Windows-1252, the first on line {}",
                faults.not_utf8,
                if faults.not_utf8 == 1 {
                    "row is"
                } else {
                    "rows are"
                },
                faults.first
            ));
        }
        if faults.utf16_damaged {
            self.notes.push(format!(
                "{name}: broken UTF-16, read with replacement characters"
            ));
        }
        let (format, encoding, rows) = (table.format(), table.encoding(), self.rows - before);
        self.sources.push(SourceInfo {
            name,
            format,
            gzip,
            encoding,
            rows,
        });
    }

    fn finish(mut self) -> Result<Read, EventsError> {
        if self.rows == 0 {
            let file = self.dropped.file(0).to_owned();
            return Err(EventsError::NoRows { file });
        }
        if let Some((location, problem)) = self.first_bad.take()
            && self.bad as f64 > self.options.max_bad * self.rows as f64
        {
            let (bad, rows, max_bad) = (self.bad, self.rows, self.options.max_bad);
            return Err(EventsError::TooManyBad {
                bad,
                rows,
                max_bad,
                location,
                problem,
            });
        }
        self.order_dates()?;
        let default_action = if self.has_quantity && !self.has_action {
            "purchase"
        } else {
            "event"
        };
        let cleaned = clean::clean(
            self.kept,
            self.tables,
            self.clean,
            default_action,
            &mut self.dropped,
        );
        self.notes.extend(cleaned.note);
        self.dropped.sort();
        if cleaned.log.events.is_empty() {
            return Err(EventsError::NothingLeft {
                rows: self.rows,
                dropped: self.dropped.to_string(),
            });
        }
        Ok(Read {
            log: cleaned.log,
            columns: self.columns.unwrap_or_default(),
            dropped: self.dropped,
            rows: self.rows,
            sources: self.sources,
            notes: self.notes,
        })
    }

    /// Settles dates that were left open by those that were not.
    fn order_dates(&mut self) -> Result<(), EventsError> {
        let Dates {
            day_first,
            month_first,
            either,
            open,
        } = std::mem::take(&mut self.dates);
        let (file, columns) = (
            |p: &Proof| self.dropped.file(p.place.0).to_owned(),
            self.columns.as_ref(),
        );
        let name = columns
            .and_then(ResolvedColumns::time)
            .map(|c| c.name.clone());
        let at = |p: &Proof| {
            Box::new(Location {
                file: file(p),
                line: p.place.1,
                column: Some((p.place.2 + 1, name.clone())),
            })
        };
        match (day_first, month_first, either) {
            (Some(day), Some(month), _) => Err(EventsError::MixedDates {
                day_first: at(&day),
                day_first_text: day.text,
                month_first: at(&month),
                month_first_text: month.text,
            }),
            (None, None, Some(either)) => Err(EventsError::AmbiguousDate {
                location: at(&either),
                text: either.text,
            }),
            (Some(day), None, either) => {
                if either.is_some() {
                    self.notes.push(format!(
                        "dates are read day first, as {} shows: {}",
                        at(&day),
                        quoted(&day.text)
                    ));
                }
                Ok(())
            }
            (None, Some(month), either) => {
                if either.is_some() {
                    let note = format!(
                        "dates are read month first, as {} shows: {}",
                        at(&month),
                        quoted(&month.text)
                    );
                    self.notes.push(note);
                }
                for (row, time) in open {
                    self.kept[row].event.time = time;
                }
                Ok(())
            }
            (None, None, None) => Ok(()),
        }
    }
}

fn detail(row: &BadRow) -> String {
    match &row.column {
        Some((number, Some(name))) => format!(
            "column {number} ({}): {}",
            crate::error::shown(name),
            row.problem
        ),
        Some((number, None)) => format!("column {number}: {}", row.problem),
        None => row.problem.clone(),
    }
}

/// What the dates of a log tell about the order of day and month.
#[derive(Default)]
struct Dates {
    day_first: Option<Proof>,
    month_first: Option<Proof>,
    either: Option<Proof>,
    /// Rows that were taken for day first, and their times if it is the month.
    open: Vec<(usize, i64)>,
}

/// The first row with a date of one kind.
struct Proof {
    /// File, line and column.
    place: (u32, u64, usize),
    text: String,
}

impl Dates {
    fn note<'t>(&mut self, time: Time, place: (u32, u64, usize), text: impl Fn() -> &'t str) {
        let proof = match time {
            Time::Plain(_) => return,
            Time::DayFirst(_) => &mut self.day_first,
            Time::MonthFirst(_) => &mut self.month_first,
            Time::Either { .. } => &mut self.either,
        };
        if proof.is_none() {
            *proof = Some(Proof {
                place,
                text: text().to_owned(),
            });
        }
    }
}

/// The cells of a batch by what they are.
struct View<'b> {
    columns: [Option<&'b StringArray>; crate::guess::ROLES],
    /// The columns' places in the file.
    places: [Option<usize>; crate::guess::ROLES],
    /// What has to parse, in the order of the columns in the file.
    checked: Vec<Role>,
    decimal: Decimal,
}

/// What parsed of a row; `None` is a cell without content.
#[derive(Default)]
struct Parsed {
    time: Option<Time>,
    quantity: Option<f64>,
    price: Option<f64>,
    value: Option<f64>,
}

impl<'b> View<'b> {
    fn new(batch: &'b Batch, columns: &ResolvedColumns, decimal: Decimal) -> Self {
        let place = |role: Role| {
            let name = &columns.get(role)?.name;
            batch.names.iter().position(|n| n == name)
        };
        let mut places = [None; crate::guess::ROLES];
        for role in crate::guess::ALL {
            places[role as usize] = place(role);
        }
        let mut checked = vec![Role::Time, Role::Quantity, Role::Price, Role::Value];
        checked.retain(|&role| places[role as usize].is_some());
        checked.sort_by_key(|&role| places[role as usize]);
        Self {
            columns: places.map(|p| p.map(|i| &batch.columns[i])),
            places,
            checked,
            decimal,
        }
    }

    /// The cell's content, if it has any.
    fn cell(&self, role: Role, row: usize) -> Option<&'b str> {
        let column = self.columns[role as usize]?;
        if column.is_valid(row) {
            present(column.value(row))
        } else {
            None
        }
    }

    /// Numbers and time of a row; else the place of the first column that does not parse, and why.
    fn parse(&self, row: usize, times: &TimeReader) -> Result<Parsed, (usize, String)> {
        let mut parsed = Parsed::default();
        for &role in &self.checked {
            let Some(text) = self.cell(role, row) else {
                continue;
            };
            let place = self.places[role as usize].unwrap_or(0);
            if role == Role::Time {
                let time = times.read(text);
                parsed.time =
                    Some(time.ok_or_else(|| (place, format!("{} is not a time", quoted(text))))?);
                continue;
            }
            let value = number(text, self.decimal).ok_or_else(|| {
                let comma =
                    self.decimal == Decimal::Point && number(text, Decimal::Comma).is_some();
                let hint = if comma {
                    " (is it a decimal comma? say so)"
                } else {
                    ""
                };
                (place, format!("{} is not a number{hint}", quoted(text)))
            })?;
            match role {
                Role::Quantity => parsed.quantity = Some(value),
                Role::Price => parsed.price = Some(value),
                _ => parsed.value = Some(value),
            }
        }
        Ok(parsed)
    }
}
