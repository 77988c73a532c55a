//! Parquet, every type as text.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, RecordBatch, StringArray};
use arrow_cast::display::{ArrayFormatter, FormatOptions};
use arrow_cast::{can_cast_types, cast};
use arrow_schema::{ArrowError, DataType, TimeUnit};
use parquet::arrow::arrow_reader::{ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder};
use parquet::file::metadata::ParquetMetaData;

use crate::error::{Location, shown};
use crate::input::{Input, Origin};
use crate::table::{Batch, Format, Table, TextFaults, by_name, decode, hash_rows};
use crate::{EventsError, ReadOptions};

/// A Parquet file.
pub(crate) struct ParquetFile {
    origin: Origin,
    reader: ParquetRecordBatchReader,
    names: Rc<Vec<String>>,
    order: Vec<usize>,
    limit: usize,
    total: u64,
    rows: u64,
    faults: TextFaults,
}

impl ParquetFile {
    pub fn new(
        mut input: Input,
        options: &ReadOptions,
        tick: &mut dyn FnMut() -> Result<(), EventsError>,
    ) -> Result<Self, EventsError> {
        // Parquet is read from its end: what comes from a pipe, or gzipped, goes to a temporary file first.
        let mut file = match input.seekable.take() {
            Some(file) => file,
            None => spool(&mut input, tick)?,
        };
        let origin = input.origin;
        if !whole(&mut file).map_err(|e| origin.failed(e))? {
            return Err(EventsError::Truncated {
                file: origin.file,
                what: "Parquet",
            });
        }
        let length = file.metadata().map_err(|e| origin.failed(e))?.len();
        let builder = guarded(&origin, || {
            ParquetRecordBatchReaderBuilder::try_new(file)
                .map_err(|e| corrupt(&origin, &e.to_string()))
        })?;
        if !sound(builder.metadata(), length) {
            return Err(corrupt(&origin, "its footer points outside the file"));
        }
        let names: Vec<String> = builder
            .schema()
            .fields()
            .iter()
            .map(|f| f.name().trim().to_owned())
            .collect();
        let total = builder.metadata().file_metadata().num_rows().max(0) as u64;
        let reader = guarded(&origin, || {
            let reader = builder.with_batch_size(options.batch_rows).build();
            reader.map_err(|e| corrupt(&origin, &e.to_string()))
        })?;
        let order = by_name(&names);
        let limit = options.max_field_bytes;
        Ok(Self {
            origin,
            reader,
            names: Rc::new(names),
            order,
            limit,
            total,
            rows: 0,
            faults: TextFaults::default(),
        })
    }

    fn text(&mut self, batch: &RecordBatch, column: usize) -> Result<StringArray, EventsError> {
        let array = batch.column(column);
        let text = match array.data_type() {
            DataType::Binary
            | DataType::LargeBinary
            | DataType::FixedSizeBinary(_)
            | DataType::BinaryView => self.binary(array),
            DataType::Timestamp(unit, Some(_)) => instants(array, *unit),
            from if can_cast_types(from, &DataType::Utf8) => {
                cast(array, &DataType::Utf8).map(|a| a.as_string::<i32>().clone())
            }
            _ => formatted(array),
        };
        let text = text.map_err(|e| corrupt(&self.origin, &e.to_string()))?;
        let long = |row: &usize| text.value_length(*row) as usize > self.limit;
        match (0..text.len()).find(long) {
            None => Ok(text),
            Some(row) => Err(EventsError::FieldTooLong {
                location: Box::new(Location {
                    file: self.origin.file.clone(),
                    line: self.rows + row as u64 + 1,
                    column: Some((column + 1, Some(self.names[column].clone()))),
                }),
                limit: self.limit,
            }),
        }
    }

    /// Old writers give text the type of bytes.
    fn binary(&mut self, array: &ArrayRef) -> Result<StringArray, ArrowError> {
        let bytes = cast(array, &DataType::LargeBinary)?;
        let bytes = bytes.as_binary::<i64>();
        let mut out = Vec::with_capacity(bytes.len());
        for (row, value) in bytes.iter().enumerate() {
            out.push(value.map(|value| {
                let (text, fallback) = decode(value);
                if fallback {
                    self.faults.count(self.rows + row as u64 + 1);
                }
                text
            }));
        }
        Ok(out.into_iter().collect())
    }
}

impl Table for ParquetFile {
    fn next_batch(&mut self) -> Result<Option<Batch>, EventsError> {
        let next = guarded(&self.origin, || {
            let batch = self.reader.next().transpose();
            batch.map_err(|e| corrupt(&self.origin, &e.to_string()))
        })?;
        let Some(batch) = next else { return Ok(None) };
        let mut columns = Vec::with_capacity(batch.num_columns());
        for column in 0..batch.num_columns() {
            columns.push(self.text(&batch, column)?);
        }
        let rows = batch.num_rows();
        let lines = (0..rows as u64).map(|row| self.rows + row + 1).collect();
        self.rows += rows as u64;
        let hashes = hash_rows(&self.names, &self.order, &columns, rows);
        Ok(Some(Batch {
            names: Rc::clone(&self.names),
            columns,
            lines,
            hashes,
            bad: Vec::new(),
        }))
    }

    fn format(&self) -> Format {
        Format::Parquet
    }

    fn faults(&self) -> TextFaults {
        self.faults
    }

    fn share(&self) -> Option<f64> {
        Some(if self.total == 0 {
            1.0
        } else {
            self.rows as f64 / self.total as f64
        })
    }
}

/// Points in time that are the same everywhere: in UTC, whatever zone they are to be shown in.
fn instants(array: &ArrayRef, unit: TimeUnit) -> Result<StringArray, ArrowError> {
    let naive: ArrayRef = {
        let zoneless = DataType::Timestamp(unit, None);
        let data = array.to_data().into_builder().data_type(zoneless).build()?;
        arrow_array::make_array(data)
    };
    let text = cast(&naive, &DataType::Utf8)?;
    Ok(text
        .as_string::<i32>()
        .iter()
        .map(|t| t.map(|t| format!("{t}Z")))
        .collect())
}

/// Lists, structures and the like, as they would be printed.
fn formatted(array: &ArrayRef) -> Result<StringArray, ArrowError> {
    let options = FormatOptions::new();
    let formatter = ArrayFormatter::try_new(array, &options)?;
    let cell = |row: usize| {
        array
            .is_valid(row)
            .then(|| formatter.value(row).try_to_string())
            .transpose()
    };
    (0..array.len()).map(cell).collect()
}

/// Whether all columns lie inside the file.
fn sound(metadata: &ParquetMetaData, length: u64) -> bool {
    metadata.row_groups().iter().all(|group| {
        group.num_rows() >= 0
            && group.columns().iter().all(|column| {
                let start = column
                    .dictionary_page_offset()
                    .unwrap_or(column.data_page_offset());
                let inside = |at: i64| u64::try_from(at).is_ok_and(|at| at <= length);
                let size = column.compressed_size();
                let end = start.checked_add(size);
                inside(start)
                    && inside(size)
                    && end.is_some_and(inside)
                    && inside(column.data_page_offset())
                    && column.num_values() >= 0
            })
    })
}

/// Runs a step of the Parquet reader, which panics on some damage that it does not foresee.
fn guarded<T>(
    origin: &Origin,
    step: impl FnOnce() -> Result<T, EventsError>,
) -> Result<T, EventsError> {
    catch_unwind(AssertUnwindSafe(step))
        .unwrap_or_else(|_| Err(corrupt(origin, "its reader gave up")))
}

fn corrupt(origin: &Origin, message: &str) -> EventsError {
    let message = shown(message.trim_start_matches("Parquet error: "));
    EventsError::Corrupt {
        file: origin.file.clone(),
        what: "Parquet",
        message,
    }
}

/// Whether the file ends as Parquet does, with the length of its footer and its mark.
fn whole(file: &mut File) -> io::Result<bool> {
    let length = file.seek(SeekFrom::End(0))?;
    if length < 12 {
        return Ok(false);
    }
    let mut end = [0; 8];
    file.seek(SeekFrom::End(-8))?;
    file.read_exact(&mut end)?;
    file.rewind()?;
    Ok(end.ends_with(b"PAR1") || end.ends_with(b"PARE"))
}

fn spool(
    input: &mut Input,
    tick: &mut dyn FnMut() -> Result<(), EventsError>,
) -> Result<File, EventsError> {
    let failed = |source| EventsError::Write {
        file: "a temporary file".to_owned(),
        source,
    };
    let mut file = tempfile::tempfile().map_err(failed)?;
    let mut buffer = vec![0; 1 << 20];
    loop {
        let n = match input.reader.read(&mut buffer) {
            Ok(0) => break,
            Ok(n) => n,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(input.origin.failed(error)),
        };
        file.write_all(&buffer[..n]).map_err(failed)?;
        tick()?;
    }
    file.rewind().map_err(failed)?;
    Ok(file)
}
