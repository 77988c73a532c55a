//! A matrix on the device, in as many buffers as its limits ask for.

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
    /// The first row in the whole matrix, a multiple of [`PART_ROWS`].
    pub first: usize,
    pub rows: usize,
}

impl Rows {
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
}
