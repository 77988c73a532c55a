//! Matrices as `.npy` files.

use std::io::{self, Write};

use npyz::WriterBuilder;

/// Writes `values` `[rows, cols]`, row-major, as f32.
///
/// # Errors
/// What `out` says.
pub fn write_f32(out: impl Write, values: &[f32], cols: usize) -> io::Result<()> {
    let rows = values.len().checked_div(cols).unwrap_or(0);
    let mut writer = npyz::WriteOptions::new()
        .default_dtype()
        .shape(&[rows as u64, cols as u64])
        .writer(out)
        .begin_nd()?;
    writer.extend(values.iter().copied())?;
    writer.finish()
}
