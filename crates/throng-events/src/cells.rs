//! Some columns of a table, in order and some rows at a time.

use std::cell::Cell;
use std::rc::Rc;

use arrow_array::Array;

use crate::error::Location;
use crate::input::{self, Input, Origin};
use crate::table::{self, Table};
use crate::{EventsError, ReadOptions, Source};

/// A table that is read some rows at a time: CSV, JSON Lines or Parquet, told by content, gzip undone.
pub struct Cells {
    origin: Origin,
    table: Box<dyn Table>,
    /// What each column is for, and its name.
    wanted: Vec<(&'static str, String)>,
    bytes: Rc<Cell<u64>>,
}

impl Cells {
    /// Opens a table to read these columns, each given with what it is for.
    ///
    /// # Errors
    /// [`EventsError`] if the file cannot be read or is no table. That a column is missing is said by
    /// [`Cells::next_batch`].
    pub fn open(
        source: &Source,
        wanted: &[(&'static str, &str)],
        options: &ReadOptions,
    ) -> Result<Self, EventsError> {
        options.check()?;
        let bytes = Rc::new(Cell::new(0));
        let input = input::open(source, &bytes)?;
        Self::of_input(input, bytes, wanted, options)
    }

    pub(crate) fn of_input(
        input: Input,
        bytes: Rc<Cell<u64>>,
        wanted: &[(&'static str, &str)],
        options: &ReadOptions,
    ) -> Result<Self, EventsError> {
        let wanted = wanted.iter();
        Ok(Self {
            origin: input.origin.clone(),
            table: table::open(input, options, &mut || Ok(()))?,
            wanted: wanted
                .map(|(role, name)| (*role, name.trim().to_owned()))
                .collect(),
            bytes,
        })
    }

    /// Bytes read so far, as they lie in the file.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.bytes.get()
    }

    /// The cells of the next rows, at most [`ReadOptions::batch_rows`], by column; `None` at the end. A cell without content
    /// is an empty text.
    ///
    /// # Errors
    /// If there is no such column, a row does not parse, or the file ends too early: every row counts here.
    pub fn next_batch(&mut self) -> Result<Option<Vec<Vec<String>>>, EventsError> {
        let Some(batch) = self.table.next_batch()? else {
            return Ok(None);
        };
        if let Some(row) = batch.bad.first() {
            return Err(EventsError::Unparsed {
                location: Box::new(Location {
                    file: self.origin.file.clone(),
                    line: row.line,
                    column: row.column.clone(),
                }),
                problem: row.problem.clone(),
            });
        }
        let mut columns = Vec::with_capacity(self.wanted.len());
        for (role, name) in &self.wanted {
            let Some(place) = batch.names.iter().position(|n| n == name) else {
                return Err(EventsError::NoSuchColumn {
                    file: self.origin.file.clone(),
                    role,
                    column: name.clone(),
                    columns: batch.names.to_vec(),
                });
            };
            let cells = &batch.columns[place];
            let text = |row| match cells.is_valid(row) {
                true => cells.value(row).to_owned(),
                false => String::new(),
            };
            columns.push((0..cells.len()).map(text).collect());
        }
        let names: Vec<&str> = self.wanted.iter().map(|(_, name)| name.as_str()).collect();
        self.table.need(&names);
        Ok(Some(columns))
    }
}
