//! A matrix on the device, in as many buffers as its limits ask for.

use bytemuck::Pod;

use super::binding::BufferPiece;
use super::buffers::Buffer;
use super::context::Context;
use crate::error::ComputeError;
use crate::host_buffer::{HostBuffer, Lease};
use crate::memory::{MemoryPlan, words};
use crate::plan::PART_ROWS;

/// A matrix, cut by rows into parts of one buffer each.
#[derive(Debug)]
pub struct Rows {
    pub(super) parts: Vec<Part>,
    pub(super) rows: usize,
    pub(super) cols: usize,
    /// What keeps a host's memory in place.
    _lease: Option<Lease>,
}

/// Some rows of a matrix.
#[derive(Debug)]
pub(super) struct Part {
    pub buffer: BufferPiece,
    /// The first row in the whole matrix; a multiple of [`PART_ROWS`], except in [`Rows::flat`].
    pub first: usize,
    pub rows: usize,
}

/// Some rows of a part.
#[derive(Debug, Clone, Copy)]
pub(super) struct Piece {
    /// Which part.
    pub part: usize,
    /// The first row in the part, and how many.
    pub first: usize,
    pub rows: usize,
    /// The first row in the whole matrix.
    pub offset: usize,
}

/// Rows of a part of a matrix.
fn part_rows(context: &Context, cols: usize) -> Result<usize, ComputeError> {
    let most = context.most_bytes();
    let row_bytes = words(cols.max(1));
    match most / row_bytes / PART_ROWS as u64 * PART_ROWS as u64 {
        0 => Err(ComputeError::TooBig {
            what: "a block of 256 rows",
            bytes: row_bytes * PART_ROWS as u64,
            limit: most,
        }),
        rows => Ok(rows as usize),
    }
}

impl Rows {
    /// All rows in order, in pieces of at most `most`.
    pub(super) fn pieces(&self, most: usize) -> impl Iterator<Item = Piece> {
        let parts = self.parts.iter().enumerate();
        parts.flat_map(move |(index, part)| {
            (0..part.rows).step_by(most).map(move |first| Piece {
                part: index,
                first,
                rows: most.min(part.rows - first),
                offset: part.first + first,
            })
        })
    }

    /// What a matrix takes that is uploaded.
    pub fn plan(context: &Context, rows: usize, cols: usize) -> Result<MemoryPlan, ComputeError> {
        let parts = Self::part_lengths(context, rows, cols)?;
        let longest = parts.clone().next().unwrap_or(0);
        Ok(MemoryPlan {
            output: words(rows.saturating_mul(cols)),
            scratch: context.transfer(words(longest.saturating_mul(cols))),
            parts: parts.count(),
        })
    }

    /// The rows of each part of a matrix.
    pub fn part_lengths(
        context: &Context,
        rows: usize,
        cols: usize,
    ) -> Result<impl Iterator<Item = usize> + Clone + use<>, ComputeError> {
        let most = part_rows(context, cols)?;
        let firsts = (0..rows).step_by(most);
        Ok(firsts.map(move |first| most.min(rows - first)))
    }

    /// Some rows of a part, as a kernel binds them.
    pub(super) fn slice(&self, piece: Piece) -> BufferPiece {
        let buffer = &self.parts[piece.part].buffer;
        BufferPiece {
            buffer: buffer.buffer.clone(),
            offset: buffer.offset + words(piece.first * self.cols),
            size: words(piece.rows * self.cols),
        }
    }

    /// Room for a matrix.
    pub fn new(context: &Context, rows: usize, cols: usize) -> Result<Self, ComputeError> {
        Self::cut(context, rows, cols, None, |_, count| {
            Ok(context.storage("a matrix", count)?.into())
        })
    }

    /// A matrix in a host's buffer, which kernels bind where it lies.
    pub fn lent(
        context: &Context,
        host: HostBuffer,
        rows: usize,
        cols: usize,
    ) -> Result<Self, ComputeError> {
        let (buffer, offset, lease) = host.into_lease(context.queue());
        let buffer = Buffer::from(buffer);
        Self::cut(context, rows, cols, Some(lease), |first, count| {
            Ok(BufferPiece {
                buffer: buffer.clone(),
                offset: offset + 4 * first as u64,
                size: 4 * count as u64,
            })
        })
    }

    /// A matrix copied on the device from a host's buffer.
    pub fn copied(
        context: &Context,
        host: HostBuffer,
        rows: usize,
        cols: usize,
    ) -> Result<Self, ComputeError> {
        let matrix = Self::new(context, rows, cols)?;
        let lent = Self::lent(context, host, rows, cols)?;
        for (from, to) in lent.parts.iter().zip(&matrix.parts) {
            context.copy("a matrix", &from.buffer, &to.buffer, from.buffer.size)?;
        }
        Ok(matrix)
    }

    /// Cuts a matrix into parts; `piece` is asked for each, by its first value and its number of values.
    fn cut(
        context: &Context,
        rows: usize,
        cols: usize,
        lease: Option<Lease>,
        piece: impl Fn(usize, usize) -> Result<BufferPiece, ComputeError>,
    ) -> Result<Self, ComputeError> {
        let mut parts = Vec::new();
        let mut first = 0;
        for rows in Self::part_lengths(context, rows, cols)? {
            parts.push(Part {
                buffer: piece(first * cols, rows * cols)?,
                first,
                rows,
            });
            first += rows;
        }
        Ok(Self {
            parts,
            rows,
            cols,
            _lease: lease,
        })
    }

    /// Room for values that are no matrix: one column, in parts of these lengths.
    pub(super) fn flat(context: &Context, lengths: &[usize]) -> Result<Self, ComputeError> {
        let mut parts = Vec::new();
        let mut first = 0;
        for &rows in lengths {
            parts.push(Part {
                buffer: context.storage("a batch", rows)?.into(),
                first,
                rows,
            });
            first += rows;
        }
        Ok(Self {
            parts,
            rows: first,
            cols: 1,
            _lease: None,
        })
    }

    /// A matrix with `values`, of 32 bits each, in it.
    pub fn upload<T: Pod>(
        context: &Context,
        values: &[T],
        cols: usize,
    ) -> Result<Self, ComputeError> {
        let matrix = Self::new(context, values.len() / cols, cols)?;
        for part in &matrix.parts {
            let values = &values[part.first * cols..][..part.rows * cols];
            context.write("a matrix", &part.buffer, values)?;
        }
        Ok(matrix)
    }

    /// The values, row by row.
    pub fn download(&self, context: &Context) -> Result<Vec<f32>, ComputeError> {
        let mut values = Vec::with_capacity(self.rows * self.cols);
        for part in &self.parts {
            values.extend(context.read::<f32>("a matrix", &part.buffer, part.rows * self.cols)?);
        }
        Ok(values)
    }

    /// Where each part lies: its first row, its rows, and its piece of a buffer.
    pub fn places(&self) -> impl Iterator<Item = (usize, usize, &BufferPiece)> {
        self.parts
            .iter()
            .map(|part| (part.first, part.rows, &part.buffer))
    }

    /// Whether a byte is in both.
    pub fn overlaps(&self, other: &Rows) -> bool {
        self.parts.iter().any(|a| {
            let a = &a.buffer;
            other.parts.iter().map(|b| &b.buffer).any(|b| {
                *a.buffer == *b.buffer
                    && a.offset < b.offset + b.size
                    && b.offset < a.offset + a.size
            })
        })
    }
}
