//! Pairs of rows.

use std::path::Path;

use npyz::TypeChar;

use super::{Npy, integer, shown};
use crate::failure::{Failure, at};

/// Reads pairs [p, 2] of any integer type, in C or Fortran order; there may be none.
///
/// # Errors
/// When the file is missing, damaged, or of another shape or type.
pub fn read_pairs(path: &Path) -> Result<Vec<[i128; 2]>, Failure> {
    let mut file = Npy::open(path)?;
    let [count, 2] = file.shape[..] else {
        return Err(at(
            path.display(),
            format!(
                "has shape {}, pairs [p, 2] are needed; give a query and an item a row",
                shown(&file.shape)
            ),
        ));
    };
    if !matches!(file.kind, TypeChar::Int | TypeChar::Uint) || file.size > 8 {
        return Err(at(
            path.display(),
            format!(
                "holds {}, pairs are integers; save pairs.astype('int64')",
                file.dtype
            ),
        ));
    }
    let (signed, little) = (file.kind == TypeChar::Int, file.little);
    let mut values = Vec::new();
    file.read(&mut values, |bytes, _| Ok(integer(bytes, signed, little)))?;
    let place = |row: usize, column: usize| {
        if file.fortran {
            column * count + row
        } else {
            row * 2 + column
        }
    };
    let pair = |row| [values[place(row, 0)], values[place(row, 1)]];
    Ok((0..count).map(pair).collect())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::io::Write;

    use super::*;

    fn saved(descr: &str, fortran: &str, shape: &str, data: &[u8]) -> tempfile::NamedTempFile {
        let mut text =
            format!("{{'descr': '{descr}', 'fortran_order': {fortran}, 'shape': {shape}, }}");
        while (10 + text.len() + 1) % 64 != 0 {
            text.push(' ');
        }
        text.push('\n');
        let mut content = b"\x93NUMPY\x01\x00".to_vec();
        content.extend((text.len() as u16).to_le_bytes());
        content.extend(text.as_bytes());
        content.extend(data);
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(&content).unwrap();
        file
    }

    #[test]
    fn either_order_reads_the_same() {
        for (fortran, data) in [("False", [1, 255, 2, 3]), ("True", [1, 2, 255, 3])] {
            let file = saved("|u1", fortran, "(2, 2)", &data);
            assert_eq!(read_pairs(file.path()).unwrap(), [[1, 255], [2, 3]]);
        }
        let file = saved("<i2", "False", "(1, 2)", &[0xfe, 0xff, 1, 2]);
        assert_eq!(read_pairs(file.path()).unwrap(), [[-2, 513]]);
        let file = saved("<i8", "False", "(0, 2)", &[]);
        assert!(read_pairs(file.path()).unwrap().is_empty());
    }

    #[test]
    fn other_shapes_and_types_are_refused() {
        let file = saved("<i4", "False", "(2,)", &[0; 8]);
        let line = read_pairs(file.path()).unwrap_err().line();
        let problem = "has shape (2,), pairs [p, 2] are needed; give a query and an item a row";
        assert!(line.ends_with(problem), "{line}");
        let file = saved("<f4", "False", "(1, 2)", &[0; 8]);
        let line = read_pairs(file.path()).unwrap_err().line();
        let problem = "holds <f4, pairs are integers; save pairs.astype('int64')";
        assert!(line.ends_with(problem), "{line}");
    }
}
