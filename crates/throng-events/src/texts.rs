//! The texts of a file, in order and some at a time: a column of a table, or the lines of a plain file.

use std::cell::Cell;
use std::io::{BufRead, BufReader, Read};
use std::rc::Rc;

use arrow_array::Array;

use crate::error::Location;
use crate::input::{self, Origin, TextInput};
use crate::table::{self, Table, decode};
use crate::{EventsError, ReadOptions, Source};

/// A file of texts that is read some rows at a time.
pub struct Texts {
    origin: Origin,
    rows: Rows,
    bytes: Rc<Cell<u64>>,
}

enum Rows {
    Column(Box<dyn Table>, String),
    Lines(Lines),
}

impl Texts {
    /// Opens a file: with `column` a table (CSV, JSON Lines or Parquet, told by content, gzip undone) that has such a
    /// column; without, plain text of which every line is a text.
    ///
    /// # Errors
    /// [`EventsError`] if the file cannot be read or is none of these. That a column is missing is said by
    /// [`Texts::next_batch`].
    pub fn open(
        source: &Source,
        column: Option<&str>,
        options: &ReadOptions,
    ) -> Result<Self, EventsError> {
        options.check()?;
        let bytes = Rc::new(Cell::new(0));
        let input = input::open(source, &bytes)?;
        let origin = input.origin.clone();
        let rows = match column {
            Some(name) => {
                let table = table::open(input, options, &mut || Ok(()))?;
                Rows::Column(table, name.trim().to_owned())
            }
            None => Rows::Lines(Lines::new(input, options)?),
        };
        Ok(Self {
            origin,
            rows,
            bytes,
        })
    }

    /// Bytes read so far, as they lie in the file.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.bytes.get()
    }

    /// The texts of the next rows, at most [`ReadOptions::batch_rows`]; `None` at the end. A cell without content is an
    /// empty text.
    ///
    /// # Errors
    /// If there is no such column, a row does not parse, or the file ends too early: every row counts here.
    pub fn next_batch(&mut self) -> Result<Option<Vec<String>>, EventsError> {
        let (table, name) = match &mut self.rows {
            Rows::Lines(lines) => return lines.next_batch(),
            Rows::Column(table, name) => (table, name),
        };
        let Some(batch) = table.next_batch()? else {
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
        let Some(place) = batch.names.iter().position(|n| n == name) else {
            return Err(EventsError::NoSuchColumn {
                file: self.origin.file.clone(),
                role: "text",
                column: name.clone(),
                columns: batch.names.to_vec(),
            });
        };
        table.need(&[name]);
        let cells = &batch.columns[place];
        let text = |row| match cells.is_valid(row) {
            true => cells.value(row).to_owned(),
            false => String::new(),
        };
        Ok(Some((0..cells.len()).map(text).collect()))
    }
}

struct Lines {
    origin: Origin,
    input: BufReader<Box<dyn Read>>,
    limit: usize,
    batch_rows: usize,
    line: u64,
}

impl Lines {
    fn new(input: input::Input, options: &ReadOptions) -> Result<Self, EventsError> {
        let file = input.origin.file.clone();
        let foreign = input::foreign(&input.head);
        if let Some(what) = foreign.or(input.head.starts_with(b"PAR1").then_some("Parquet")) {
            return Err(EventsError::NotText { file, what });
        }
        let text = TextInput::new(input)?;
        if input::binary(&text.head, None) {
            let what = "binary data";
            return Err(EventsError::NotText { file, what });
        }
        Ok(Self {
            origin: text.origin,
            input: BufReader::with_capacity(64 << 10, text.reader),
            limit: options.max_field_bytes,
            batch_rows: options.batch_rows,
            line: 0,
        })
    }

    fn next_batch(&mut self) -> Result<Option<Vec<String>>, EventsError> {
        let mut texts = Vec::new();
        let mut bytes = Vec::new();
        while texts.len() < self.batch_rows {
            bytes.clear();
            self.line += 1;
            let most = self.limit as u64 + 2;
            let line = self.input.by_ref().take(most);
            let n = { line }.read_until(b'\n', &mut bytes);
            let n = n.map_err(|e| self.origin.failed(e))?;
            if n == 0 {
                break;
            }
            if n as u64 == most && bytes.last() != Some(&b'\n') {
                return Err(EventsError::FieldTooLong {
                    location: Box::new(Location {
                        file: self.origin.file.clone(),
                        line: self.line,
                        column: None,
                    }),
                    limit: self.limit,
                });
            }
            let line = bytes.strip_suffix(b"\n").unwrap_or(&bytes);
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            texts.push(decode(line).0.into_owned());
        }
        Ok((!texts.is_empty()).then_some(texts))
    }
}
