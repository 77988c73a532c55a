//! A file as batches of rows, whatever its format.

use std::borrow::Cow;
use std::hash::{DefaultHasher, Hasher};
use std::rc::Rc;

use arrow_array::{Array, StringArray};
use encoding_rs::WINDOWS_1252;

use crate::input::{self, Encoding, Input, TextInput};
use crate::{EventsError, ReadOptions, delimited, json_lines, parquet_file};

/// Some rows, as text.
pub(crate) struct Batch {
    pub names: Rc<Vec<String>>,
    /// One for each name, all of the same length; a cell without content may be null or empty.
    pub columns: Vec<StringArray>,
    /// Where each row starts.
    pub lines: Vec<u64>,
    /// Rows with the same cells under the same names have the same hash.
    pub hashes: Vec<u128>,
    /// Rows that are not in the columns, because they do not parse.
    pub bad: Vec<BadRow>,
}

/// A row that does not parse.
#[derive(Debug)]
pub(crate) struct BadRow {
    pub line: u64,
    pub column: Option<(usize, Option<String>)>,
    pub problem: String,
}

/// What kind of file it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Values with a separator between them.
    Csv {
        /// The separator.
        separator: char,
    },
    /// One JSON object a line.
    JsonLines,
    /// Apache Parquet.
    Parquet,
}

impl std::fmt::Display for Format {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Format::Csv { separator: ',' } => f.write_str("CSV (comma)"),
            Format::Csv { separator: ';' } => f.write_str("CSV (semicolon)"),
            Format::Csv { separator: '\t' } => f.write_str("CSV (tab)"),
            Format::Csv { separator } => write!(f, "CSV ({separator:?})"),
            Format::JsonLines => f.write_str("JSON Lines"),
            Format::Parquet => f.write_str("Parquet"),
        }
    }
}

/// What there is to say about the text of a file after reading it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct TextFaults {
    /// Rows read as Windows-1252.
    pub not_utf8: u64,
    /// Line of the first.
    pub first: u64,
    /// Whether UTF-16 was broken somewhere.
    pub utf16_damaged: bool,
}

impl TextFaults {
    pub fn count(&mut self, line: u64) {
        if self.not_utf8 == 0 {
            self.first = line;
        }
        self.not_utf8 += 1;
    }
}

/// A file that is read batch by batch.
pub(crate) trait Table {
    /// The next rows; `None` at the end.
    fn next_batch(&mut self) -> Result<Option<Batch>, EventsError>;

    /// Says which columns will be looked at from now on; others may be left out.
    fn need(&mut self, _names: &[&str]) {}

    fn format(&self) -> Format;

    fn encoding(&self) -> Option<Encoding> {
        None
    }

    fn faults(&self) -> TextFaults {
        TextFaults::default()
    }

    /// The share of the file that is read, where bytes do not tell.
    fn share(&self) -> Option<f64> {
        None
    }
}

/// The table in `input`, told by its content. `tick` is called now and then while something long is copied.
pub(crate) fn open(
    input: Input,
    options: &ReadOptions,
    tick: &mut dyn FnMut() -> Result<(), EventsError>,
) -> Result<Box<dyn Table>, EventsError> {
    let file = input.origin.file.clone();
    if input.head.starts_with(b"PAR1") {
        return Ok(Box::new(parquet_file::ParquetFile::new(
            input, options, tick,
        )?));
    }
    if let Some(what) = input::foreign(&input.head) {
        return Err(EventsError::NotATable { file, what });
    }
    let text = TextInput::new(input)?;
    if input::binary(&text.head, options.separator) {
        return Err(EventsError::NotATable {
            file,
            what: "binary data",
        });
    }
    match text.head.iter().find(|b| !b.is_ascii_whitespace()) {
        None => Err(EventsError::Empty { file }),
        Some(b'{') => Ok(Box::new(json_lines::JsonLines::new(text, options))),
        Some(b'[') => Err(EventsError::NotATable {
            file,
            what: "one JSON array, where each line should be one object",
        }),
        Some(_) => Ok(Box::new(delimited::Delimited::new(text, options)?)),
    }
}

/// Bytes as text, and whether they had to be taken for Windows-1252.
pub(crate) fn decode(bytes: &[u8]) -> (Cow<'_, str>, bool) {
    match std::str::from_utf8(bytes) {
        Ok(text) => (text.into(), false),
        Err(_) => (WINDOWS_1252.decode_without_bom_handling(bytes).0, true),
    }
}

/// Gathers a row's cells, in the order of their names, and hashes them to 128 bits. Cells without content are left out.
#[derive(Default)]
pub(crate) struct RowHasher {
    bytes: Vec<u8>,
}

impl RowHasher {
    pub fn cell(&mut self, name: &str, value: &str) {
        if !value.is_empty() {
            for part in [name, value] {
                self.bytes.extend_from_slice(part.as_bytes());
                // No UTF-8 has this byte.
                self.bytes.push(0xff);
            }
        }
    }

    pub fn finish(&mut self) -> u128 {
        let half = |seed: u8| {
            let mut hasher = DefaultHasher::new();
            hasher.write_u8(seed);
            hasher.write(&self.bytes);
            u128::from(hasher.finish())
        };
        let hash = half(0) << 64 | half(1);
        self.bytes.clear();
        hash
    }
}

/// The places of `names` in the order of the names.
pub(crate) fn by_name(names: &[String]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..names.len()).collect();
    order.sort_by_key(|&i| &names[i]);
    order
}

/// The hashes of all rows of `columns`.
pub(crate) fn hash_rows(
    names: &[String],
    order: &[usize],
    columns: &[StringArray],
    rows: usize,
) -> Vec<u128> {
    let mut hasher = RowHasher::default();
    (0..rows)
        .map(|row| {
            for &i in order {
                if columns[i].is_valid(row) {
                    hasher.cell(&names[i], columns[i].value(row));
                }
            }
            hasher.finish()
        })
        .collect()
}
