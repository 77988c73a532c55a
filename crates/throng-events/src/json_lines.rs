//! JSON Lines: one object a line. Objects inside it are flattened, their names joined by a point; a list is its JSON.

use std::collections::HashMap;
use std::io::{self, BufRead, BufReader, Read};
use std::rc::Rc;

use arrow_array::builder::{ArrayBuilder, StringBuilder};
use serde_json::{Map, Value};

use crate::error::{Location, shown};
use crate::input::{Encoding, Origin, TextInput};
use crate::table::{BadRow, Batch, Format, RowHasher, Table, TextFaults, decode};
use crate::{EventsError, ReadOptions};

/// Names held before it is known which are needed; more than this is data used as names.
const MOST_NAMES: usize = 1000;

/// A JSON Lines file.
pub(crate) struct JsonLines {
    origin: Origin,
    encoding: Encoding,
    damaged: Rc<std::cell::Cell<bool>>,
    input: BufReader<Box<dyn Read>>,
    limit: usize,
    batch_rows: usize,
    line: u64,
    bytes: Vec<u8>,
    needed: Option<Vec<String>>,
    faults: TextFaults,
}

impl JsonLines {
    pub fn new(text: TextInput, options: &ReadOptions) -> Self {
        let TextInput {
            origin,
            reader,
            encoding,
            damaged,
            ..
        } = text;
        Self {
            origin,
            encoding,
            damaged,
            input: BufReader::with_capacity(64 << 10, reader),
            limit: options.max_field_bytes,
            batch_rows: options.batch_rows,
            line: 0,
            bytes: Vec::new(),
            needed: None,
            faults: TextFaults::default(),
        }
    }

    /// Reads one line into `bytes`; false at the end.
    fn next_line(&mut self) -> Result<bool, EventsError> {
        self.bytes.clear();
        self.line += 1;
        let most = self.limit as u64 + 2;
        let n = self
            .input
            .by_ref()
            .take(most)
            .read_until(b'\n', &mut self.bytes)
            .map_err(|e| self.failed(e))?;
        if n as u64 == most && self.bytes.last() != Some(&b'\n') {
            let location = Box::new(Location {
                file: self.origin.file.clone(),
                line: self.line,
                column: None,
            });
            return Err(EventsError::FieldTooLong {
                location,
                limit: self.limit,
            });
        }
        Ok(n > 0)
    }

    fn failed(&self, error: io::Error) -> EventsError {
        self.origin.failed(error)
    }
}

impl Table for JsonLines {
    fn next_batch(&mut self) -> Result<Option<Batch>, EventsError> {
        let mut cells = Cells::new(self.needed.as_deref());
        let (mut lines, mut hashes, mut bad) = (Vec::new(), Vec::new(), Vec::new());
        let mut hasher = RowHasher::default();
        while lines.len() + bad.len() < self.batch_rows && self.next_line()? {
            let (text, fallback) = decode(self.bytes.trim_ascii());
            if text.is_empty() {
                continue;
            }
            let mut fields = match serde_json::from_str::<Value>(&text) {
                Ok(Value::Object(map)) => flatten(map),
                Ok(_) => {
                    bad.push(BadRow {
                        line: self.line,
                        column: None,
                        problem: "not a JSON object".to_owned(),
                    });
                    continue;
                }
                Err(error) => {
                    let problem = format!("not JSON: {}", shown(without_place(&error.to_string())));
                    bad.push(BadRow {
                        line: self.line,
                        column: Some((error.column().max(1), None)),
                        problem,
                    });
                    continue;
                }
            };
            if fallback {
                self.faults.count(self.line);
            }
            fields.sort();
            for (name, value) in &fields {
                hasher.cell(name, value);
                cells.add(lines.len(), name, value);
            }
            hashes.push(hasher.finish());
            lines.push(self.line);
        }
        if lines.is_empty() && bad.is_empty() {
            return Ok(None);
        }
        let Cells {
            names, mut columns, ..
        } = cells;
        let columns = columns
            .iter_mut()
            .map(|column| {
                fill(column, lines.len());
                column.finish()
            })
            .collect();
        Ok(Some(Batch {
            names: Rc::new(names),
            columns,
            lines,
            hashes,
            bad,
        }))
    }

    fn need(&mut self, names: &[&str]) {
        self.needed = Some(names.iter().map(|&n| n.to_owned()).collect());
    }

    fn format(&self) -> Format {
        Format::JsonLines
    }

    fn encoding(&self) -> Option<Encoding> {
        Some(self.encoding)
    }

    fn faults(&self) -> TextFaults {
        TextFaults {
            utf16_damaged: self.damaged.get(),
            ..self.faults
        }
    }
}

/// Columns that come into being as their names appear.
struct Cells {
    names: Vec<String>,
    places: HashMap<String, usize>,
    columns: Vec<StringBuilder>,
    /// Whether names that are new may join.
    open: bool,
}

impl Cells {
    fn new(needed: Option<&[String]>) -> Self {
        let names: Vec<String> = needed.unwrap_or_default().to_vec();
        let places = names.iter().cloned().zip(0..).collect();
        let columns = names.iter().map(|_| StringBuilder::new()).collect();
        Self {
            names,
            places,
            columns,
            open: needed.is_none(),
        }
    }

    fn add(&mut self, row: usize, name: &str, value: &str) {
        let place = match self.places.get(name) {
            Some(&place) => place,
            None if self.open && self.names.len() < MOST_NAMES => {
                self.names.push(name.to_owned());
                self.columns.push(StringBuilder::new());
                self.places.insert(name.to_owned(), self.names.len() - 1);
                self.names.len() - 1
            }
            None => return,
        };
        let column = &mut self.columns[place];
        fill(column, row);
        // Two paths can flatten to one name; the first in the order of the cells counts.
        if column.len() == row {
            column.append_value(value);
        }
    }
}

/// Nulls up to row `row`.
fn fill(column: &mut StringBuilder, row: usize) {
    for _ in column.len()..row {
        column.append_null();
    }
}

/// All values with their names; those that are null are left out.
fn flatten(map: Map<String, Value>) -> Vec<(String, String)> {
    let mut out = Vec::with_capacity(map.len());
    let mut open: Vec<(String, Map<String, Value>)> = vec![(String::new(), map)];
    while let Some((prefix, map)) = open.pop() {
        for (name, value) in map {
            let name = format!("{prefix}{}", name.trim());
            match value {
                Value::Null => {}
                Value::String(text) => out.push((name, text)),
                Value::Object(inner) => open.push((format!("{name}."), inner)),
                other => out.push((name, other.to_string())),
            }
        }
    }
    out
}

/// serde_json's message without its ` at line 1 column 5`: the line is the file's.
fn without_place(message: &str) -> &str {
    message.split(" at line ").next().unwrap_or(message)
}
