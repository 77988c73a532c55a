//! A matrix on the device, in as many buffers as its limits ask for.

use bytemuck::Pod;

use super::context::Context;
use crate::error::ComputeError;
use crate::plan::PART_ROWS;

/// A matrix, cut by rows into parts of one buffer each.
#[derive(Debug)]
pub struct Rows {
    pub(super) parts: Vec<Part>,
    pub(super) rows: usize,
    pub(super) cols: usize,
}

/// Some rows of a matrix.
#[derive(Debug)]
pub(super) struct Part {
    pub buffer: wgpu::Buffer,
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

    /// Room for a matrix.
    pub(super) fn new(context: &Context, rows: usize, cols: usize) -> Result<Self, ComputeError> {
        let most = context.most_bytes();
        let row_bytes = 4 * cols.max(1) as u64;
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
            let buffer = context.storage("a matrix", rows * cols)?;
            parts.push(Part {
                buffer,
                first,
                rows,
            });
        }
        Ok(Self { parts, rows, cols })
    }

    /// Room for values that are no matrix: one column, in parts of these lengths.
    pub(super) fn flat(context: &Context, lengths: &[usize]) -> Result<Self, ComputeError> {
        let mut parts = Vec::new();
        let mut first = 0;
        for &rows in lengths {
            let buffer = context.storage("a batch", rows)?;
            parts.push(Part {
                buffer,
                first,
                rows,
            });
            first += rows;
        }
        Ok(Self {
            parts,
            rows: first,
            cols: 1,
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
}
