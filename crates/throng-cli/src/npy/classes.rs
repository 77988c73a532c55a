//! True classes, scores of classes and weights of rows, for `throng evaluate classes`.

use std::path::Path;

use npyz::TypeChar;
use throng::metrics::classes::Scores;

use super::{Npy, integer, shown, transposed};
use crate::failure::{Failure, at};

/// What rows truly are.
pub enum Truth {
    /// The class of each row, [n].
    Classes(Vec<i64>),
    /// Whether a row is of each of several classes, [n, k].
    Columns {
        /// Row after row.
        values: Vec<bool>,
        /// Rows.
        n: usize,
        /// Classes.
        k: usize,
    },
}

/// Reads integers or bools: classes [n] or [n, 1], or zeros and ones [n, k].
///
/// # Errors
/// When the file is missing, damaged, of another shape or type, or empty.
pub fn read_truth(path: &Path) -> Result<Truth, Failure> {
    let mut file = Npy::open(path)?;
    let (n, k) = rows_and_columns(&file, "classes [n], or [n, k] of zeros and ones,")?;
    let (signed, little) = (file.kind == TypeChar::Int, file.little);
    if !matches!(file.kind, TypeChar::Int | TypeChar::Uint | TypeChar::Bool) || file.size > 8 {
        return Err(at(
            path.display(),
            format!(
                "holds {}, classes are integers; save truth.astype('int32')",
                file.dtype
            ),
        ));
    }
    let fortran = file.fortran;
    let mut values = Vec::new();
    file.read(&mut values, |bytes, index| {
        let value = integer(bytes, signed, little);
        let row = if fortran { index % n } else { index / k };
        match i64::try_from(value) {
            Ok(value) if k == 1 || value == 0 || value == 1 => Ok(value),
            _ if k > 1 => Err(format!(
                "row {row} holds {value}; of several classes a row says 0 or 1 of each"
            )),
            _ => Err(format!(
                "row {row}: class {value} is too large; number the classes from 0"
            )),
        }
    })?;
    if k == 1 {
        return Ok(Truth::Classes(values));
    }
    if fortran {
        values = transposed(&values, n, k);
    }
    let values = values.into_iter().map(|value| value == 1).collect();
    Ok(Truth::Columns { values, n, k })
}

/// Reads scores [n, k], [n] or [n, 1] of 32- or 64-bit floats, in C or Fortran order.
///
/// # Errors
/// When the file is missing, damaged, of another shape or type, or empty, or a score is not finite.
pub fn read_scores(path: &Path) -> Result<Scores, Failure> {
    let mut file = Npy::open(path)?;
    let (n, k) = rows_and_columns(&file, "scores [n] or [n, k]")?;
    let mut values = floats(
        &mut file,
        "scores are float32 or float64; save p.astype('float64')",
    )?;
    if file.fortran {
        values = transposed(&values, n, k);
    }
    let scores = if file.size == 4 {
        let single: Vec<f32> = values.iter().map(|&value| value as f32).collect();
        Scores::of_f32(&single, k)
    } else {
        Scores::new(values, k)
    };
    scores.map_err(|error| Failure::from(error).of(path.display()))
}

/// Reads weights [n] or [n, 1] of 32- or 64-bit floats.
///
/// # Errors
/// When the file is missing, damaged, of another shape or type, or empty.
pub fn read_weights(path: &Path) -> Result<Vec<f64>, Failure> {
    let mut file = Npy::open(path)?;
    let (_, columns) = rows_and_columns(&file, "weights [n]")?;
    if columns != 1 {
        return Err(at(
            path.display(),
            format!(
                "has shape {}, weights [n] are needed; give one weight a row",
                shown(&file.shape)
            ),
        ));
    }
    floats(
        &mut file,
        "weights are float32 or float64; save w.astype('float64')",
    )
}

/// All values, in the order of the file.
fn floats(file: &mut Npy, needed: &str) -> Result<Vec<f64>, Failure> {
    let Some(decode) = file.float() else {
        return Err(at(
            file.path.display(),
            format!("holds {}, {needed}", file.dtype),
        ));
    };
    let mut values = Vec::new();
    file.read(&mut values, |bytes, _| Ok(decode(bytes)))?;
    Ok(values)
}

/// Rows and columns, of which there are some; [n] has one column.
fn rows_and_columns(file: &Npy, needed: &str) -> Result<(usize, usize), Failure> {
    let (n, columns) = match file.shape[..] {
        [n] => (n, 1),
        [n, columns] => (n, columns),
        _ => (0, 0),
    };
    if n > 0 && columns > 0 {
        return Ok((n, columns));
    }
    Err(at(
        file.path.display(),
        format!(
            "has shape {}, {needed} are needed; give at least one row",
            shown(&file.shape)
        ),
    ))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]
    use super::super::tests::{npy, refusal, saved};
    use super::*;

    #[test]
    fn truth_is_classes_or_columns_in_both_orders() {
        let read = |content: &[u8]| read_truth(saved(content).path()).unwrap();
        let Truth::Classes(classes) = read(&npy("|i1", false, "(3,)", &[2, 0, 255])) else {
            panic!("classes became columns");
        };
        assert_eq!(classes, [2, 0, -1]);
        for descr in ["|b1", "|u1"] {
            for (fortran, bytes) in [(false, [1, 0, 0, 1, 1, 0]), (true, [1, 1, 0, 1, 0, 0])] {
                let Truth::Columns { values, n, k } = read(&npy(descr, fortran, "(2, 3)", &bytes))
                else {
                    panic!("columns became classes");
                };
                assert_eq!((n, k), (2, 3));
                assert_eq!(values, [true, false, false, true, true, false]);
            }
        }
        assert_eq!(
            refusal(&npy("|i1", false, "(2, 2)", &[0, 1, 2, 0]), read_truth),
            "row 1 holds 2; of several classes a row says 0 or 1 of each"
        );
        assert_eq!(
            refusal(&npy("<f4", false, "(1,)", &[0; 4]), read_truth),
            "holds <f4, classes are integers; save truth.astype('int32')"
        );
    }

    #[test]
    fn scores_keep_their_precision_and_order() {
        let bytes = |values: &[f64]| {
            values
                .iter()
                .flat_map(|v| v.to_le_bytes())
                .collect::<Vec<_>>()
        };
        let columns = npy("<f8", true, "(2, 2)", &bytes(&[0.1, 0.2, 0.9, 0.8]));
        let scores = read_scores(saved(&columns).path()).unwrap();
        assert_eq!(scores.values(), [0.1, 0.9, 0.2, 0.8]);
        let one = npy("<f4", false, "(1,)", &0.25_f32.to_le_bytes());
        let scores = read_scores(saved(&one).path()).unwrap();
        assert_eq!((scores.rows(), scores.columns()), (1, 1));
        assert_eq!(
            refusal(
                &npy("<f8", false, "(1, 2)", &bytes(&[0.5, f64::NAN])),
                read_scores
            ),
            "scores: row 0, column 1 is NaN; scores are finite"
        );
        assert_eq!(
            refusal(&npy("<f8", false, "(0, 2)", &[]), read_scores),
            "has shape (0, 2), scores [n] or [n, k] are needed; give at least one row"
        );
        assert_eq!(
            refusal(
                &npy("<f8", false, "(1, 2)", &bytes(&[1.0, 1.0])),
                read_weights
            ),
            "has shape (1, 2), weights [n] are needed; give one weight a row"
        );
    }
}
