//! Matrices and labels in NumPy's `.npy` files.
//!
//! The format: <https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html>.

mod bits;
mod classes;
mod pairs;

use std::fs::File;
use std::io::{self, BufWriter, Cursor, Read, Write};
use std::path::Path;

use npyz::{DType, Endianness, NpyHeader, NpyWriter, Order, TypeChar, WriteOptions, WriterBuilder};

pub use bits::{BitArray, Cells, read_bits};
pub use classes::{Truth, read_scores, read_truth, read_weights};
pub use pairs::read_pairs;

use crate::failure::{Failure, at};

/// A real array's header takes about a hundred bytes; a longer one is refused before it is parsed.
const LONGEST_HEADER: usize = 2048;

const BLOCK: usize = 1 << 20;

/// A matrix [n, d] of finite values, row after row.
pub struct Array {
    /// The values, `n * d` of them.
    pub values: Vec<f32>,
    /// Rows, at least 1.
    pub n: usize,
    /// Columns, at least 1.
    pub d: usize,
}

/// Reads a matrix [n, d] of 32- or 64-bit floats, in C or Fortran order.
///
/// # Errors
/// When the file is missing, damaged, of another shape or type, empty, or holds a value that is
/// not finite as a 32-bit float; the row and column are named, counted from 0 as in NumPy.
pub fn read_matrix(path: &Path) -> Result<Array, Failure> {
    let mut file = Npy::open(path)?;
    let (n, d) = file.matrix()?;
    let decode = file.float().ok_or_else(|| {
        at(
            path.display(),
            format!(
                "holds {}, a matrix is float32 or float64; save x.astype('float32')",
                file.dtype
            ),
        )
    })?;
    let fortran = file.fortran;
    let place = |index: usize| {
        if fortran {
            (index % n, index / n)
        } else {
            (index / d, index % d)
        }
    };
    let mut values = Vec::new();
    file.read(&mut values, |bytes, index| {
        let value = decode(bytes);
        let narrow = value as f32;
        if narrow.is_finite() {
            return Ok(narrow);
        }
        let (row, column) = place(index);
        let problem = if value.is_finite() {
            format!("{value:e} does not fit a 32-bit float; scale the column")
        } else {
            format!("{value} is not finite; fill or drop such values")
        };
        Err(format!("row {row}, column {column}: {problem}"))
    })?;
    if fortran {
        values = transposed(&values, n, d);
    }
    Ok(Array { values, n, d })
}

/// Reads labels [n] or [n, 1] of any integer type.
///
/// # Errors
/// When the file is missing, damaged, of another shape or type, or empty.
pub fn read_labels(path: &Path) -> Result<Vec<i64>, Failure> {
    let mut file = Npy::open(path)?;
    let n = match file.shape[..] {
        [n] | [n, 1] => n,
        _ => {
            return Err(at(
                path.display(),
                format!(
                    "has shape {}, labels [n] are needed; give one label a row",
                    shown(&file.shape)
                ),
            ));
        }
    };
    if n == 0 {
        return Err(at(path.display(), "holds no labels; give at least one row"));
    }
    if !matches!(file.kind, TypeChar::Int | TypeChar::Uint) || file.size > 8 {
        return Err(at(
            path.display(),
            format!(
                "holds {}, labels are integers; save labels.astype('int32')",
                file.dtype
            ),
        ));
    }
    let (signed, little) = (file.kind == TypeChar::Int, file.little);
    let mut labels = Vec::new();
    file.read(&mut labels, |bytes, row| {
        let value = integer(bytes, signed, little);
        i64::try_from(value).map_err(|_| {
            format!("row {row}: label {value} is too large; number the clusters from 0")
        })
    })?;
    Ok(labels)
}

/// The integer in at most 8 bytes.
fn integer(bytes: &[u8], signed: bool, little: bool) -> i128 {
    let digit = |value: i128, &byte: &u8| (value << 8) | i128::from(byte);
    let mut value = if little {
        bytes.iter().rev().fold(0, digit)
    } else {
        bytes.iter().fold(0, digit)
    };
    let bits = 8 * bytes.len();
    if signed && value >> (bits - 1) == 1 {
        value -= 1 << bits;
    }
    value
}

/// Writes a matrix [n, d] to a new file.
///
/// # Errors
/// When the file cannot be written.
pub fn write_matrix(path: &Path, values: &[f32], n: usize, d: usize) -> Result<(), Failure> {
    write(path, &[n, d], values)
}

/// Writes labels [n] to a new file, as 32-bit integers, scikit-learn's type.
///
/// # Errors
/// When the file cannot be written.
pub fn write_labels(path: &Path, labels: &[i32]) -> Result<(), Failure> {
    write(path, &[labels.len()], labels)
}

/// Writes indices [n, k] to a new file, as 64-bit integers.
///
/// # Errors
/// When the file cannot be written.
pub fn write_indices(path: &Path, indices: &[i64], n: usize, k: usize) -> Result<(), Failure> {
    write(path, &[n, k], indices)
}

fn write<T>(path: &Path, shape: &[usize], values: &[T]) -> Result<(), Failure>
where
    T: npyz::AutoSerialize + Copy,
{
    let failed = |error: io::Error| Failure::writing(path, &error);
    let mut file = BufWriter::new(File::create(path).map_err(failed)?);
    let mut array = begin(&mut file, shape).map_err(failed)?;
    array.extend(values.iter().copied()).map_err(failed)?;
    array.finish().map_err(failed)?;
    file.flush().map_err(failed)
}

/// Begins an array whose values come piece by piece, in C order.
///
/// # Errors
/// When the header cannot be written.
pub fn begin<T, W>(file: W, shape: &[usize]) -> io::Result<NpyWriter<T, W>>
where
    T: npyz::AutoSerialize,
    W: Write,
{
    let shape: Vec<u64> = shape.iter().map(|&size| size as u64).collect();
    WriteOptions::new()
        .default_dtype()
        .shape(&shape)
        .writer(file)
        .begin_nd()
}

/// An open file, its header read.
struct Npy<'a> {
    path: &'a Path,
    file: File,
    shape: Vec<usize>,
    /// How many elements there are, and how many bytes each takes.
    count: usize,
    size: usize,
    kind: TypeChar,
    little: bool,
    fortran: bool,
    dtype: String,
}

impl<'a> Npy<'a> {
    fn open(path: &'a Path) -> Result<Self, Failure> {
        let bad = |problem: &str| at(path.display(), problem);
        let failed = |error: io::Error| Failure::reading(path, &error);
        let mut file = File::open(path).map_err(failed)?;
        let about = file.metadata().map_err(failed)?;
        if about.is_dir() {
            return Err(bad("is a folder; name a .npy file in it"));
        }

        let mut start = Vec::new();
        (&mut file)
            .take(10)
            .read_to_end(&mut start)
            .map_err(failed)?;
        if start.is_empty() {
            return Err(bad("is empty; save the array again with numpy.save"));
        }
        if start.starts_with(b"PK") {
            return Err(bad("is a .npz archive; save one array with numpy.save"));
        }
        let magic = b"\x93NUMPY";
        if !start.starts_with(&magic[..start.len().min(magic.len())]) {
            return Err(bad("is not a .npy file; save the array with numpy.save"));
        }
        let cut = "is cut short in its header; save the array again with numpy.save";
        if start.len() < 10 {
            return Err(bad(cut));
        }
        // Version 1 counts the header's text in two bytes, later ones in four.
        let mut length = usize::from(u16::from_le_bytes([start[8], start[9]]));
        if start[6] > 1 {
            let mut high = [0; 2];
            file.read_exact(&mut high).map_err(|_| bad(cut))?;
            start.extend(high);
            length += usize::from(u16::from_le_bytes(high)) << 16;
        }
        if length > LONGEST_HEADER {
            return Err(bad("is not a plain array; save a float32 matrix or labels"));
        }
        let prefix = start.len() as u64;
        (&mut file)
            .take(length as u64)
            .read_to_end(&mut start)
            .map_err(failed)?;
        if start.len() as u64 != prefix + length as u64 {
            return Err(bad(cut));
        }
        let header = NpyHeader::from_reader(Cursor::new(&start)).map_err(|error| {
            bad(&format!(
                "has a damaged header ({error}); save the array again with numpy.save"
            ))
        })?;
        let DType::Plain(element) = header.dtype() else {
            return Err(bad("is a structured array; save a plain matrix or labels"));
        };
        if header.uses_pickled_array() {
            return Err(bad("holds Python objects; save x.astype('float32')"));
        }

        let size = element.num_bytes().unwrap_or(0);
        let (shape, count) = sizes(header.shape(), size)
            .ok_or_else(|| bad("has a shape too large for this machine; save a smaller array"))?;
        let file = Self {
            path,
            file,
            shape,
            count,
            size,
            kind: element.type_char(),
            little: element.endianness() != Endianness::Big,
            fortran: header.order() == Order::Fortran,
            dtype: element.to_string(),
        };
        // Known before anything is allocated, for files that have a length (pipes have none).
        if about.is_file() {
            let there = about.len().saturating_sub(start.len() as u64);
            if there < (count * size) as u64 {
                return Err(file.truncated(there));
            }
        }
        Ok(file)
    }

    /// Rows and columns, of which there are some.
    fn matrix(&self) -> Result<(usize, usize), Failure> {
        let [n, d] = self.shape[..] else {
            return Err(at(
                self.path.display(),
                format!(
                    "has shape {}, a matrix [n, d] is needed; use x.reshape(-1, 1) for one column",
                    shown(&self.shape)
                ),
            ));
        };
        if n == 0 || d == 0 {
            return Err(at(
                self.path.display(),
                format!(
                    "has shape {}, which holds no values; give at least one row and one column",
                    shown(&self.shape)
                ),
            ));
        }
        Ok((n, d))
    }

    /// How a float of the file is read, if it holds floats.
    fn float(&self) -> Option<fn(&[u8]) -> f64> {
        Some(match (self.kind, self.size, self.little) {
            (TypeChar::Float, 4, true) => |b| f32::from_le_bytes(fixed(b)).into(),
            (TypeChar::Float, 4, false) => |b| f32::from_be_bytes(fixed(b)).into(),
            (TypeChar::Float, 8, true) => |b| f64::from_le_bytes(fixed(b)),
            (TypeChar::Float, 8, false) => |b| f64::from_be_bytes(fixed(b)),
            _ => return None,
        })
    }

    /// Reads the values in the order of the file.
    fn read<T>(
        &mut self,
        values: &mut Vec<T>,
        mut element: impl FnMut(&[u8], usize) -> Result<T, String>,
    ) -> Result<(), Failure> {
        let mut block = Vec::with_capacity(BLOCK);
        let per_block = BLOCK / self.size.max(1);
        while values.len() < self.count {
            let wanted = per_block.min(self.count - values.len()) * self.size;
            block.clear();
            (&mut self.file)
                .take(wanted as u64)
                .read_to_end(&mut block)
                .map_err(|error| Failure::reading(self.path, &error))?;
            if block.len() < wanted {
                return Err(self.truncated((values.len() * self.size + block.len()) as u64));
            }
            for bytes in block.chunks_exact(self.size) {
                let value = element(bytes, values.len())
                    .map_err(|problem| at(self.path.display(), problem))?;
                values.push(value);
            }
        }
        Ok(())
    }

    fn truncated(&self, there: u64) -> Failure {
        at(
            self.path.display(),
            format!(
                "is cut short: {there} of {} bytes of data; save or copy the array again",
                self.count * self.size
            ),
        )
    }
}

/// The shape and the number of elements, if their bytes can be counted.
fn sizes(shape: &[u64], size: usize) -> Option<(Vec<usize>, usize)> {
    let shape: Vec<usize> = shape
        .iter()
        .map(|&length| usize::try_from(length).ok())
        .collect::<Option<_>>()?;
    let count = shape
        .iter()
        .try_fold(1usize, |count, &length| count.checked_mul(length))?;
    let bytes = count.checked_mul(size)?;
    isize::try_from(bytes).ok()?;
    Some((shape, count))
}

/// A shape as NumPy prints it.
fn shown(shape: &[usize]) -> String {
    match shape {
        [n] => format!("({n},)"),
        _ => {
            let lengths: Vec<String> = shape.iter().map(ToString::to_string).collect();
            format!("({})", lengths.join(", "))
        }
    }
}

fn transposed<T: Copy>(columns: &[T], n: usize, d: usize) -> Vec<T> {
    let mut rows = Vec::with_capacity(n * d);
    for row in 0..n {
        rows.extend((0..d).map(|column| columns[column * n + row]));
    }
    rows
}

/// `chunks_exact` gives slices; the conversions take arrays.
fn fixed<const N: usize>(bytes: &[u8]) -> [u8; N] {
    let mut array = [0; N];
    array.copy_from_slice(bytes);
    array
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// A file as NumPy 2 writes it, by hand.
    pub fn npy(descr: &str, fortran: bool, shape: &str, data: &[u8]) -> Vec<u8> {
        let fortran = if fortran { "True" } else { "False" };
        let mut text =
            format!("{{'descr': '{descr}', 'fortran_order': {fortran}, 'shape': {shape}, }}");
        while (10 + text.len() + 1) % 64 != 0 {
            text.push(' ');
        }
        text.push('\n');
        let mut file = b"\x93NUMPY\x01\x00".to_vec();
        file.extend((text.len() as u16).to_le_bytes());
        file.extend(text.as_bytes());
        file.extend(data);
        file
    }

    pub fn saved(content: &[u8]) -> tempfile::NamedTempFile {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(content).unwrap();
        file
    }

    pub fn refusal<T>(content: &[u8], read: fn(&Path) -> Result<T, Failure>) -> String {
        let file = saved(content);
        let line = read(file.path()).map(|_| ()).unwrap_err().line();
        let prefix = format!("{}: ", file.path().display());
        line.strip_prefix(&prefix).unwrap().to_owned()
    }

    #[test]
    fn every_layout_of_a_matrix_reads_the_same() {
        let rows = [1.0f32, 2.0, 3.0, 4.0, 5.0, 6.5];
        let columns = [1.0f32, 4.0, 2.0, 5.0, 3.0, 6.5];
        let bytes = |values: &[f32], one: fn(f32) -> Vec<u8>| -> Vec<u8> {
            values.iter().flat_map(|&v| one(v)).collect()
        };
        let cases = [
            npy(
                "<f4",
                false,
                "(2, 3)",
                &bytes(&rows, |v| v.to_le_bytes().into()),
            ),
            npy(
                ">f4",
                false,
                "(2, 3)",
                &bytes(&rows, |v| v.to_be_bytes().into()),
            ),
            npy(
                "<f4",
                true,
                "(2, 3)",
                &bytes(&columns, |v| v.to_le_bytes().into()),
            ),
            npy(
                "<f8",
                false,
                "(2, 3)",
                &bytes(&rows, |v| f64::from(v).to_le_bytes().into()),
            ),
            npy(
                ">f8",
                true,
                "(2, 3)",
                &bytes(&columns, |v| f64::from(v).to_be_bytes().into()),
            ),
        ];
        for content in cases {
            let array = read_matrix(saved(&content).path()).unwrap();
            assert_eq!((array.n, array.d), (2, 3));
            assert_eq!(array.values, rows);
        }
    }

    #[test]
    fn every_integer_reads_as_a_label() {
        let cases: [(&str, &[u8], i64); 8] = [
            ("|i1", &[0xff], -1),
            ("|u1", &[0xff], 255),
            ("<i2", &[0xfe, 0xff], -2),
            (">i2", &[0xff, 0xfe], -2),
            ("<i4", &[3, 0, 0, 0], 3),
            ("<i8", &[0xff; 8], -1),
            (">i8", &[0, 0, 0, 0, 0, 0, 1, 2], 258),
            ("<u4", &[0xff, 0xff, 0xff, 0xff], 4_294_967_295),
        ];
        for (descr, bytes, expected) in cases {
            let file = saved(&npy(descr, false, "(1,)", bytes));
            assert_eq!(read_labels(file.path()).unwrap(), [expected], "{descr}");
        }
        assert_eq!(
            refusal(&npy("<u8", false, "(1,)", &[0xff; 8]), read_labels),
            "row 0: label 18446744073709551615 is too large; number the clusters from 0"
        );
    }

    #[test]
    fn what_is_written_reads_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.npy");
        write_matrix(&path, &[1.0, -2.5, 3.0, 4.0, 5.0, 6.0], 3, 2).unwrap();
        let array = read_matrix(&path).unwrap();
        assert_eq!((array.n, array.d), (3, 2));
        assert_eq!(array.values, [1.0, -2.5, 3.0, 4.0, 5.0, 6.0]);
        write_labels(&path, &[2, -1, 0]).unwrap();
        assert_eq!(read_labels(&path).unwrap(), [2, -1, 0]);
    }

    #[test]
    fn a_value_that_is_not_finite_is_placed_in_either_order() {
        let mut values = [0.0f64; 6];
        values[4] = f64::NAN;
        let data: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
        assert_eq!(
            refusal(&npy("<f8", false, "(3, 2)", &data), read_matrix),
            "row 2, column 0: NaN is not finite; fill or drop such values"
        );
        assert_eq!(
            refusal(&npy("<f8", true, "(3, 2)", &data), read_matrix),
            "row 1, column 1: NaN is not finite; fill or drop such values"
        );
        values[4] = -1e300;
        let data: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
        assert_eq!(
            refusal(&npy("<f8", false, "(3, 2)", &data), read_matrix),
            "row 2, column 0: -1e300 does not fit a 32-bit float; scale the column"
        );
    }

    #[test]
    fn damaged_files_are_refused() {
        let whole = npy("<f4", false, "(2, 2)", &[0; 16]);
        assert_eq!(
            refusal(&whole[..whole.len() - 3], read_matrix),
            "is cut short: 13 of 16 bytes of data; save or copy the array again"
        );
        assert_eq!(
            refusal(&whole[..40], read_matrix),
            "is cut short in its header; save the array again with numpy.save"
        );
        assert_eq!(
            refusal(&whole[..4], read_matrix),
            "is cut short in its header; save the array again with numpy.save"
        );
        assert_eq!(
            refusal(b"", read_matrix),
            "is empty; save the array again with numpy.save"
        );
        assert_eq!(
            refusal(b"a,b\n1,2\n", read_matrix),
            "is not a .npy file; save the array with numpy.save"
        );
        assert_eq!(
            refusal(b"PK\x03\x04 and so on", read_matrix),
            "is a .npz archive; save one array with numpy.save"
        );
        // A header that promises more than any disk holds allocates nothing.
        assert_eq!(
            refusal(
                &npy("<f4", false, "(4294967296, 1024)", &[0; 16]),
                read_matrix
            ),
            "is cut short: 16 of 17592186044416 bytes of data; save or copy the array again"
        );
        assert_eq!(
            refusal(
                &npy("<f4", false, "(4294967296, 4294967296)", &[]),
                read_matrix
            ),
            "has a shape too large for this machine; save a smaller array"
        );
        // Deep nesting would exhaust the stack of a recursive parser.
        let mut deep = b"\x93NUMPY\x01\x00\x60\xea".to_vec();
        deep.extend([b'['; 60000]);
        assert_eq!(
            refusal(&deep, read_matrix),
            "is not a plain array; save a float32 matrix or labels"
        );
    }

    #[test]
    fn other_shapes_and_types_are_refused() {
        assert_eq!(
            refusal(&npy("<f4", false, "(4,)", &[0; 16]), read_matrix),
            "has shape (4,), a matrix [n, d] is needed; use x.reshape(-1, 1) for one column"
        );
        assert_eq!(
            refusal(&npy("<f4", false, "(0, 4)", &[]), read_matrix),
            "has shape (0, 4), which holds no values; give at least one row and one column"
        );
        assert_eq!(
            refusal(&npy("<i8", false, "(1, 2)", &[0; 16]), read_matrix),
            "holds <i8, a matrix is float32 or float64; save x.astype('float32')"
        );
        assert_eq!(
            refusal(&npy("|O", false, "(1, 2)", &[0; 16]), read_matrix),
            "holds Python objects; save x.astype('float32')"
        );
        assert_eq!(
            refusal(&npy("<f8", false, "(2,)", &[0; 16]), read_labels),
            "holds <f8, labels are integers; save labels.astype('int32')"
        );
        assert_eq!(
            refusal(&npy("<i4", false, "(2, 2)", &[0; 16]), read_labels),
            "has shape (2, 2), labels [n] are needed; give one label a row"
        );
        assert_eq!(
            refusal(&npy("<i4", false, "(0,)", &[]), read_labels),
            "holds no labels; give at least one row"
        );
    }
}
