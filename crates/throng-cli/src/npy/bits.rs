//! Matrices of bits.

use std::path::Path;

use npyz::TypeChar;

use super::{Npy, transposed};
use crate::failure::{Failure, at};

/// A matrix [n, columns] of bits, one or eight a cell, row after row.
pub struct BitArray {
    /// The cells, `n * columns` of them.
    pub cells: Cells,
    /// Rows, at least 1.
    pub n: usize,
    /// Columns of cells, at least 1.
    pub columns: usize,
}

/// What a cell holds.
pub enum Cells {
    /// One bit.
    Bools(Vec<bool>),
    /// Eight bits, the first of them the highest.
    Packed(Vec<u8>),
}

/// Reads a matrix of bits, in C or Fortran order: bool, or uint8 as `numpy.packbits(x, axis=1)` packs it.
///
/// # Errors
/// When the file is missing, damaged, of another shape or type, or empty.
pub fn read_bits(path: &Path) -> Result<BitArray, Failure> {
    let mut file = Npy::open(path)?;
    let (n, columns) = file.matrix()?;
    let is_bool = match (file.kind, file.size) {
        (TypeChar::Bool, 1) => true,
        (TypeChar::Uint, 1) => false,
        _ => {
            return Err(at(
                path.display(),
                format!(
                    "holds {}, hamming and jaccard compare bits; save x.astype(bool) or numpy.packbits(x, axis=1)",
                    file.dtype
                ),
            ));
        }
    };
    let mut bytes = Vec::new();
    file.read(&mut bytes, |byte, _| Ok(byte[0]))?;
    if file.fortran {
        bytes = transposed(&bytes, n, columns);
    }
    let cells = if is_bool {
        Cells::Bools(bytes.into_iter().map(|byte| byte != 0).collect())
    } else {
        Cells::Packed(bytes)
    };
    Ok(BitArray { cells, n, columns })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]
    use super::super::tests::{npy, refusal, saved};
    use super::*;

    #[test]
    fn bools_and_packed_bits_are_read_in_both_orders() {
        let bools = |fortran, bytes: &[u8]| {
            let array = read_bits(saved(&npy("|b1", fortran, "(2, 3)", bytes)).path()).unwrap();
            assert_eq!((array.n, array.columns), (2, 3));
            match array.cells {
                Cells::Bools(values) => values,
                Cells::Packed(_) => panic!("bools became bytes"),
            }
        };
        let rows = [true, false, false, true, true, false];
        assert_eq!(bools(false, &[1, 0, 0, 1, 1, 0]), rows);
        assert_eq!(bools(true, &[1, 1, 0, 1, 0, 0]), rows);
        let packed = npy("|u1", true, "(2, 2)", &[0x80, 0x01, 0xc0, 0x00]);
        let array = read_bits(saved(&packed).path()).unwrap();
        let Cells::Packed(bytes) = array.cells else {
            panic!("bytes became bools");
        };
        assert_eq!(bytes, [0x80, 0xc0, 0x01, 0x00]);
    }

    #[test]
    fn what_is_no_matrix_of_bits_is_refused() {
        assert_eq!(
            refusal(&npy("<f4", false, "(1, 2)", &[0; 8]), read_bits),
            "holds <f4, hamming and jaccard compare bits; save x.astype(bool) or numpy.packbits(x, axis=1)"
        );
        assert_eq!(
            refusal(&npy("|b1", false, "(4,)", &[0; 4]), read_bits),
            "has shape (4,), a matrix [n, d] is needed; use x.reshape(-1, 1) for one column"
        );
        assert_eq!(
            refusal(&npy("|u1", false, "(2, 2)", &[0; 3]), read_bits),
            "is cut short: 3 of 4 bytes of data; save or copy the array again"
        );
    }
}
