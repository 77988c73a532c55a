//! CSV: values with a separator between them, quoted as RFC 4180 has it.

use std::io::{self, BufRead, BufReader, Read};
use std::rc::Rc;

use arrow_array::builder::StringBuilder;

use crate::error::Location;
use crate::input::{Encoding, Origin, TextInput};
use crate::table::{BadRow, Batch, Format, Table, TextFaults, by_name, decode, hash_rows};
use crate::{EventsError, ReadOptions};

/// A CSV file.
pub(crate) struct Delimited {
    origin: Origin,
    encoding: Encoding,
    damaged: Rc<std::cell::Cell<bool>>,
    records: Records,
    names: Rc<Vec<String>>,
    order: Vec<usize>,
    batch_rows: usize,
    faults: TextFaults,
}

impl Delimited {
    pub fn new(text: TextInput, options: &ReadOptions) -> Result<Self, EventsError> {
        let TextInput {
            origin,
            reader,
            head,
            encoding,
            damaged,
        } = text;
        let separator = options
            .separator
            .map_or_else(|| separator_of(&head), |c| c as u8);
        let mut records = Records::new(reader, separator, options.max_field_bytes);
        let header = records
            .next()
            .map_err(|fault| fault.named(&origin, &[], options.max_field_bytes))?;
        let mut faults = TextFaults::default();
        let names: Vec<String> = records
            .fields()
            .map(|field| {
                let (name, fallback) = decode(field);
                if fallback {
                    faults.count(1);
                }
                name.trim().to_owned()
            })
            .collect();
        if header.is_none() || names.is_empty() {
            return Err(EventsError::Empty { file: origin.file });
        }
        records.keep = names.len();
        let order = by_name(&names);
        let batch_rows = options.batch_rows;
        Ok(Self {
            origin,
            encoding,
            damaged,
            records,
            names: Rc::new(names),
            order,
            batch_rows,
            faults,
        })
    }

    /// Lists a record that has not as many fields as the header, each line of it: a stray quote may have made one
    /// record of many rows.
    fn misfit(&self, span: Span, bad: &mut Vec<BadRow>) {
        let (found, wanted) = (self.records.count, self.names.len());
        let (column, problem) = match span.open_quote {
            Some(line) => (
                found,
                format!("a quote opens on line {line} and never closes"),
            ),
            None if found < wanted => (
                found + 1,
                format!("{found} fields where the header has {wanted}"),
            ),
            None => (
                wanted + 1,
                format!("{found} fields where the header has {wanted}"),
            ),
        };
        for line in span.first..=span.last {
            let problem = if line == span.first || span.open_quote.is_some() {
                problem.clone()
            } else {
                format!(
                    "inside a quoted field of the row from line {}: {problem}",
                    span.first
                )
            };
            let name = self.names.get(column - 1).cloned();
            bad.push(BadRow {
                line,
                column: Some((column, name)),
                problem,
            });
        }
    }
}

impl Table for Delimited {
    fn next_batch(&mut self) -> Result<Option<Batch>, EventsError> {
        let mut columns: Vec<StringBuilder> =
            self.names.iter().map(|_| StringBuilder::new()).collect();
        let (mut lines, mut bad) = (Vec::new(), Vec::new());
        while lines.len() + bad.len() < self.batch_rows {
            let span = match self.records.next() {
                Ok(Some(span)) => span,
                Ok(None) => break,
                Err(fault) => {
                    let limit = self.records.limit;
                    return Err(fault.named(&self.origin, &self.names, limit));
                }
            };
            if self.records.count != self.names.len() || span.open_quote.is_some() {
                self.misfit(span, &mut bad);
                continue;
            }
            let mut fallback = false;
            for (field, column) in self.records.fields().zip(&mut columns) {
                if field.is_empty() {
                    column.append_null();
                } else {
                    let (text, other) = decode(field);
                    fallback |= other;
                    column.append_value(text);
                }
            }
            if fallback {
                self.faults.count(span.first);
            }
            lines.push(span.first);
        }
        if lines.is_empty() && bad.is_empty() {
            return Ok(None);
        }
        let columns: Vec<_> = columns.iter_mut().map(StringBuilder::finish).collect();
        let hashes = hash_rows(&self.names, &self.order, &columns, lines.len());
        Ok(Some(Batch {
            names: Rc::clone(&self.names),
            columns,
            lines,
            hashes,
            bad,
        }))
    }

    fn format(&self) -> Format {
        Format::Csv {
            separator: char::from(self.records.separator),
        }
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

/// The most frequent of comma, semicolon and tab outside quotes in the first line that has anything.
fn separator_of(head: &[u8]) -> u8 {
    let start = head
        .iter()
        .position(|b| !matches!(b, b'\r' | b'\n'))
        .unwrap_or(head.len());
    let mut counts = [(b',', 0), (b';', 0), (b'\t', 0)];
    let mut quoted = false;
    for &byte in &head[start..] {
        match byte {
            b'"' => quoted = !quoted,
            b'\r' | b'\n' if !quoted => break,
            _ if quoted => {}
            _ => counts
                .iter_mut()
                .filter(|(s, _)| *s == byte)
                .for_each(|(_, n)| *n += 1),
        }
    }
    // The first of equals: comma before semicolon before tab.
    counts
        .iter()
        .rev()
        .max_by_key(|(_, n)| *n)
        .map_or(b',', |&(s, _)| s)
}

/// Where a record lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Span {
    first: u64,
    last: u64,
    /// The line of a quote that was still open at the end of the file.
    open_quote: Option<u64>,
}

/// Why there is no next record.
#[derive(Debug)]
enum Fault {
    Io(io::Error),
    TooLong { line: u64, column: usize },
}

impl Fault {
    fn named(self, origin: &Origin, names: &[String], limit: usize) -> EventsError {
        match self {
            Fault::Io(error) => origin.failed(error),
            Fault::TooLong { line, column } => EventsError::FieldTooLong {
                location: Box::new(Location {
                    file: origin.file.clone(),
                    line,
                    column: Some((column, names.get(column - 1).cloned())),
                }),
                limit,
            },
        }
    }
}

/// Splits bytes into records and fields, and knows the line it is on. A line ends with LF, CRLF or CR; a line without
/// a byte is no record; a quote inside an unquoted field is a quote.
struct Records {
    input: BufReader<Box<dyn Read>>,
    separator: u8,
    limit: usize,
    /// Fields to hold of a record; the others are counted only.
    keep: usize,
    line: u64,
    /// Whether the last byte was a CR that ended a line.
    after_cr: bool,
    row: Row,
    /// Fields of the last record.
    count: usize,
}

/// The fields of one record.
#[derive(Default)]
struct Row {
    bytes: Vec<u8>,
    ends: Vec<usize>,
    /// Length of the field that is being read.
    length: usize,
    fields: usize,
}

impl Row {
    fn clear(&mut self) {
        self.bytes.clear();
        self.ends.clear();
        (self.length, self.fields) = (0, 0);
    }

    /// Adds to the current field; false if it grows beyond `limit`.
    fn push(&mut self, bytes: &[u8], keep: usize, limit: usize) -> bool {
        self.length += bytes.len();
        if self.fields < keep {
            self.bytes.extend_from_slice(bytes);
        }
        // A header is held whole, however many fields it has.
        self.length <= limit && (keep < usize::MAX || self.bytes.len() + self.fields <= limit)
    }

    fn end_field(&mut self, keep: usize) {
        if self.fields < keep {
            self.ends.push(self.bytes.len());
        }
        self.fields += 1;
        self.length = 0;
    }
}

#[derive(Clone, Copy, PartialEq)]
enum State {
    /// Before a record.
    Start,
    /// Before a field.
    Field,
    Plain,
    Quoted,
    /// After a quote inside a quoted field: its end, or half of a doubled quote.
    Quote,
}

impl Records {
    fn new(reader: Box<dyn Read>, separator: u8, limit: usize) -> Self {
        Self {
            input: BufReader::with_capacity(64 << 10, reader),
            separator,
            limit,
            keep: usize::MAX,
            line: 1,
            after_cr: false,
            row: Row::default(),
            count: 0,
        }
    }

    /// The fields of the last record.
    fn fields(&self) -> impl Iterator<Item = &[u8]> {
        let starts = std::iter::once(0).chain(self.row.ends.iter().copied());
        starts
            .zip(&self.row.ends)
            .map(|(start, &end)| &self.row.bytes[start..end])
    }

    fn next(&mut self) -> Result<Option<Span>, Fault> {
        self.row.clear();
        let (keep, limit, separator) = (self.keep, self.limit, self.separator);
        let (mut state, mut first, mut quote_line) = (State::Start, self.line, self.line);
        // Whether the last byte inside quotes was a CR, for counting lines.
        let mut quoted_cr = false;
        loop {
            let chunk = match self.input.fill_buf() {
                Ok(chunk) => chunk,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(Fault::Io(error)),
            };
            if chunk.is_empty() {
                if state == State::Start {
                    return Ok(None);
                }
                self.row.end_field(keep);
                self.count = self.row.fields;
                let open_quote = (state == State::Quoted).then_some(quote_line);
                // A line end at the very end of the file starts no line.
                let last = if open_quote.is_some() && self.ended_line() {
                    self.line - 1
                } else {
                    self.line
                };
                return Ok(Some(Span {
                    first,
                    last: last.max(first),
                    open_quote,
                }));
            }
            let mut at = 0;
            while at < chunk.len() {
                let byte = chunk[at];
                match state {
                    State::Start => {
                        if byte == b'\n' && self.after_cr {
                            self.after_cr = false;
                            at += 1;
                        } else if matches!(byte, b'\n' | b'\r') {
                            self.after_cr = byte == b'\r';
                            self.line += 1;
                            at += 1;
                        } else {
                            self.after_cr = false;
                            first = self.line;
                            state = State::Field;
                        }
                    }
                    State::Field if byte == b'"' => {
                        (state, quote_line, quoted_cr) = (State::Quoted, self.line, false);
                        at += 1;
                    }
                    State::Field => state = State::Plain,
                    State::Plain => {
                        let rest = &chunk[at..];
                        let ends = |b: &u8| *b == separator || matches!(*b, b'\n' | b'\r');
                        let stop = rest.iter().position(ends).unwrap_or(rest.len());
                        if !self.row.push(&rest[..stop], keep, limit) {
                            return Err(Fault::TooLong {
                                line: first,
                                column: self.row.fields + 1,
                            });
                        }
                        at += stop;
                        let Some(&end) = rest.get(stop) else { continue };
                        at += 1;
                        self.row.end_field(keep);
                        state = State::Field;
                        if end != separator {
                            let last = self.line;
                            self.line += 1;
                            self.after_cr = end == b'\r';
                            self.count = self.row.fields;
                            self.input.consume(at);
                            return Ok(Some(Span {
                                first,
                                last,
                                open_quote: None,
                            }));
                        }
                    }
                    State::Quoted => {
                        let rest = &chunk[at..];
                        let stop = rest.iter().position(|&b| b == b'"').unwrap_or(rest.len());
                        for &b in &rest[..stop] {
                            self.line += u64::from(b == b'\r' || b == b'\n' && !quoted_cr);
                            quoted_cr = b == b'\r';
                        }
                        if !self.row.push(&rest[..stop], keep, limit) {
                            return Err(Fault::TooLong {
                                line: first,
                                column: self.row.fields + 1,
                            });
                        }
                        at += stop;
                        if stop < rest.len() {
                            at += 1;
                            state = State::Quote;
                        }
                    }
                    State::Quote if byte == b'"' => {
                        at += 1;
                        quoted_cr = false;
                        state = State::Quoted;
                        if !self.row.push(b"\"", keep, limit) {
                            return Err(Fault::TooLong {
                                line: first,
                                column: self.row.fields + 1,
                            });
                        }
                    }
                    State::Quote => state = State::Plain,
                }
            }
            self.input.consume(at);
        }
    }

    fn ended_line(&self) -> bool {
        matches!(self.row.bytes.last(), Some(b'\n' | b'\r'))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// Gives one byte, or `n`, at a time, so that every state meets the end of a buffer.
    struct Drip(Vec<u8>, usize);

    impl Read for Drip {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let n = self.1.min(self.0.len()).min(buffer.len());
            buffer[..n].copy_from_slice(&self.0[..n]);
            self.0.drain(..n);
            Ok(n)
        }
    }

    fn all(text: &str, drip: usize) -> Vec<(u64, u64, Vec<String>)> {
        let mut records = Records::new(Box::new(Drip(text.as_bytes().to_vec(), drip)), b',', 1000);
        let mut out = Vec::new();
        while let Some(span) = records.next().unwrap() {
            let fields = records
                .fields()
                .map(|f| String::from_utf8(f.to_vec()).unwrap())
                .collect();
            out.push((span.first, span.last, fields));
        }
        out
    }

    #[test]
    fn records_are_those_of_the_csv_crate() {
        // Every text of up to seven of these.
        const PIECES: [&str; 6] = ["a", ",", "\"", "\n", "\r\n", "b\"\""];
        for length in 0..=6 {
            for mut code in 0..PIECES.len().pow(length) {
                let mut text = String::new();
                for _ in 0..length {
                    text.push_str(PIECES[code % PIECES.len()]);
                    code /= PIECES.len();
                }
                let mut reader = csv::ReaderBuilder::new()
                    .has_headers(false)
                    .flexible(true)
                    .from_reader(text.as_bytes());
                let expected: Vec<Vec<String>> = reader
                    .records()
                    .map(|r| r.unwrap().iter().map(str::to_owned).collect())
                    .collect();
                let got: Vec<Vec<String>> = all(&text, 3)
                    .into_iter()
                    .map(|(_, _, fields)| fields)
                    .collect();
                assert_eq!(got, expected, "{text:?}");
            }
        }
    }

    #[test]
    fn lines_are_counted() {
        for text in [
            "a,b\n\n\"x\ny\",2\nlast,3",
            "a,b\r\n\r\n\"x\r\ny\",2\r\nlast,3\r\n",
            "a,b\r\r\"x\ry\",2\rlast,3\r",
        ] {
            for drip in [1, 2, 1000] {
                let lines: Vec<(u64, u64)> = all(text, drip)
                    .into_iter()
                    .map(|(first, last, _)| (first, last))
                    .collect();
                assert_eq!(lines, [(1, 1), (3, 4), (5, 5)], "{text:?}");
            }
        }
    }

    #[test]
    fn an_open_quote_is_known() {
        let mut records = Records::new(Box::new("a,b\n1,\"x\n2,y\n".as_bytes()), b',', 1000);
        records.next().unwrap();
        assert_eq!(
            records.next().unwrap(),
            Some(Span {
                first: 2,
                last: 3,
                open_quote: Some(2)
            })
        );
    }

    #[test]
    fn separators() {
        for (header, separator) in [
            ("a,b;c,d\n", b','),
            ("a;b;c,d\r\n1,2,3,4,5", b';'),
            ("a\tb\n;;;", b'\t'),
            ("\"a,b,c,d\";e\n", b';'),
            ("\n\na;b\n", b';'),
            ("a\n", b','),
            ("", b','),
        ] {
            assert_eq!(separator_of(header.as_bytes()), separator, "{header:?}");
        }
    }
}
