//! A matrix on the device, in as many buffers as its limits ask for.

use bytemuck::Pod;
use half::f16;

use super::binding::BufferPiece;
use super::buffers::Buffer;
use super::context::Context;
use crate::error::ComputeError;
use crate::host_buffer::{HostBuffer, Lease};
use crate::memory::{MemoryPlan, words};
use crate::plan;

/// A matrix, cut by rows into parts of one buffer each.
#[derive(Debug)]
pub struct Rows {
    pub(super) parts: Vec<Part>,
    pub(super) rows: usize,
    pub(super) cols: usize,
    /// Whether its values are 16-bit floats.
    is_half: bool,
    /// What keeps a host's memory in place.
    _lease: Option<Lease>,
}

/// Some rows of a matrix.
#[derive(Debug)]
pub(super) struct Part {
    pub buffer: BufferPiece,
    /// The first row in the whole matrix.
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

/// Rows of a part of a matrix. Of halves, too: sums over parts are in the same order then.
fn part_rows(context: &Context, cols: usize) -> Result<usize, ComputeError> {
    let row_bytes = words(cols.max(1));
    match plan::part_rows(context.most_bytes(), row_bytes) {
        0 => Err(too_big(context, row_bytes)),
        rows => Ok(rows as usize),
    }
}

fn too_big(context: &Context, bytes: u64) -> ComputeError {
    ComputeError::TooBig {
        what: "a part of a matrix",
        bytes,
        limit: context.most_bytes(),
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

    /// What a matrix of 16-bit floats takes that is made of one of 32 bits by way of the host.
    pub fn plan_half(
        context: &Context,
        rows: usize,
        cols: usize,
    ) -> Result<MemoryPlan, ComputeError> {
        let parts = Self::part_lengths(context, rows, cols)?;
        let counts = parts.map(|rows| rows.saturating_mul(cols));
        let output = counts.clone().map(half_bytes).sum();
        let longest = counts.clone().next().unwrap_or(0);
        let read = context.transfer(words(longest));
        let written = context.transfer(half_bytes(longest));
        Ok(MemoryPlan {
            output,
            scratch: read.saturating_sub(output).max(written),
            parts: counts.count(),
        })
    }

    /// What so many rows of a part take.
    fn bytes(&self, rows: usize) -> u64 {
        let count = rows * self.cols;
        match self.is_half {
            true => half_bytes(count),
            false => words(count),
        }
    }

    /// Some rows of a part, as a kernel binds them.
    pub(super) fn slice(&self, piece: Piece) -> BufferPiece {
        let buffer = &self.parts[piece.part].buffer;
        BufferPiece {
            buffer: buffer.buffer.clone(),
            offset: buffer.offset + self.bytes(piece.first),
            size: self.bytes(piece.rows),
            is_half: self.is_half,
        }
    }

    /// Room for a matrix.
    pub fn new(context: &Context, rows: usize, cols: usize) -> Result<Self, ComputeError> {
        Self::cut(context, rows, cols, false, None, |_, count| {
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
        // Parts lie in one buffer, and begin where a binding may.
        let row_bytes = words(cols.max(1));
        let longest = part_rows(context, cols)?;
        let is_aligned = (longest as u64 * row_bytes).is_multiple_of(context.offset_alignment());
        if rows > longest && !is_aligned {
            return Err(too_big(context, row_bytes * plan::aligned_rows(row_bytes)));
        }
        Self::cut(context, rows, cols, false, Some(lease), |first, count| {
            Ok(BufferPiece {
                buffer: buffer.clone(),
                offset: offset + 4 * first as u64,
                size: 4 * count as u64,
                is_half: false,
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
        // Kept until the copies are submitted.
        let (buffer, offset, _lease) = host.into_lease(context.queue());
        let buffer = Buffer::from(buffer);
        Self::cut(context, rows, cols, false, None, |first, count| {
            let piece: BufferPiece = context.storage("a matrix", count)?.into();
            let from = BufferPiece {
                buffer: buffer.clone(),
                offset: offset + 4 * first as u64,
                ..piece.clone()
            };
            context.copy("a matrix", &from, &piece, piece.size)?;
            Ok(piece)
        })
    }

    /// Cuts a matrix into parts; `piece` is asked for each, by its first value and its number of values.
    fn cut(
        context: &Context,
        rows: usize,
        cols: usize,
        is_half: bool,
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
            is_half,
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
            is_half: false,
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

    /// A matrix with `values` in it as 16-bit floats, two a word: parts begin at whole words.
    pub fn upload_half(
        context: &Context,
        values: &[f16],
        cols: usize,
    ) -> Result<Self, ComputeError> {
        let rows = values.len() / cols;
        let matrix = Self::cut(context, rows, cols, true, None, |_, count| {
            let buffer = context.storage("a matrix", count.div_ceil(2))?;
            Ok(BufferPiece {
                is_half: true,
                ..buffer.into()
            })
        })?;
        for part in &matrix.parts {
            let values = &values[part.first * cols..][..part.rows * cols];
            let words: Vec<u32> = values.chunks(2).map(word_of).collect();
            context.write("a matrix", &part.buffer, &words)?;
        }
        Ok(matrix)
    }

    /// The values, row by row.
    pub fn download(&self, context: &Context) -> Result<Vec<f32>, ComputeError> {
        let mut values = Vec::with_capacity(self.rows * self.cols);
        for part in &self.parts {
            if self.is_half {
                let count = part.rows * self.cols;
                let words: Vec<u32> = context.read("a matrix", &part.buffer, count.div_ceil(2))?;
                let halves = words.iter().flat_map(|&word| values_of(word));
                values.extend(halves.take(count));
                continue;
            }
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

/// Bytes of so many values of 16 bits, in whole words.
fn half_bytes(count: usize) -> u64 {
    words(count.div_ceil(2))
}

/// One or two values in a word, the first in its lower half.
fn word_of(values: &[f16]) -> u32 {
    let bits = |at: usize| u32::from(values.get(at).copied().unwrap_or_default().to_bits());
    bits(0) | bits(1) << 16
}

fn values_of(word: u32) -> [f32; 2] {
    [word, word >> 16].map(|half| f16::from_bits(half as u16).to_f32())
}
