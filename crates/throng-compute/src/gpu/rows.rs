//! A matrix on the device, in as many buffers as its limits ask for.

use super::binding::Piece;
use super::context::Context;
use crate::error::ComputeError;
use crate::host_buffer::{HostBuffer, Lease};
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
    pub buffer: Piece,
    /// The first row in the whole matrix, a multiple of [`PART_ROWS`].
    pub first: usize,
    pub rows: usize,
}

impl Rows {
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
        Self::cut(context, rows, cols, Some(lease), |first, count| {
            Ok(Piece {
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
        piece: impl Fn(usize, usize) -> Result<Piece, ComputeError>,
    ) -> Result<Self, ComputeError> {
        let most = context.most_bytes();
        // k-means++ keeps up to 16 values a row beside a part.
        let row_bytes = 4 * cols.max(16) as u64;
        let part_rows = most / row_bytes / PART_ROWS as u64 * PART_ROWS as u64;
        if part_rows == 0 {
            return Err(ComputeError::TooBig {
                what: "a block of 256 rows",
                bytes: row_bytes * PART_ROWS as u64,
                limit: most,
            });
        }
        let mut parts = Vec::new();
        for first in (0..rows).step_by(part_rows as usize) {
            let rows = (part_rows as usize).min(rows - first);
            parts.push(Part {
                buffer: piece(first * cols, rows * cols)?,
                first,
                rows,
            });
        }
        Ok(Self {
            parts,
            rows,
            cols,
            _lease: lease,
        })
    }

    /// A matrix with `values` in it.
    pub fn upload(context: &Context, values: &[f32], cols: usize) -> Result<Self, ComputeError> {
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
    pub fn places(&self) -> impl Iterator<Item = (usize, usize, &Piece)> {
        self.parts
            .iter()
            .map(|part| (part.first, part.rows, &part.buffer))
    }

    /// Whether a byte is in both.
    pub fn overlaps(&self, other: &Rows) -> bool {
        self.parts.iter().any(|a| {
            let a = &a.buffer;
            other.parts.iter().map(|b| &b.buffer).any(|b| {
                a.buffer == b.buffer && a.offset < b.offset + b.size && b.offset < a.offset + a.size
            })
        })
    }
}
