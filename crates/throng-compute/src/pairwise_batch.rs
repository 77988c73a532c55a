//! Distances of many problems at once.

use std::ops::Range;

use crate::device::{Compute, Engine};
use crate::error::ComputeError;
use crate::matrix::Values;

/// The distances of a batch of problems, each a matrix [n, m] of its own, on their device.
#[derive(Debug, Clone)]
pub struct PairwiseBatch {
    compute: Compute,
    shapes: Vec<(usize, usize)>,
    values: Values,
}

impl PairwiseBatch {
    pub(crate) fn new(compute: &Compute, problems: &[Problem], values: Values) -> Self {
        Self {
            compute: compute.clone(),
            shapes: problems.iter().map(Problem::shape).collect(),
            values,
        }
    }

    /// Rows and columns (n, m) of each problem's matrix, in the order of the problems.
    pub fn shapes(&self) -> &[(usize, usize)] {
        &self.shapes
    }

    /// The device it is on.
    pub fn compute(&self) -> &Compute {
        &self.compute
    }

    /// All matrices, copied back: one after another in the order of the problems, each row by row. Of b
    /// problems of one shape that is [b, n, m].
    ///
    /// # Errors
    /// The device's, where it was lost.
    pub fn to_vec(&self) -> Result<Vec<f32>, ComputeError> {
        match (&self.values, self.compute.engine()) {
            (Values::Device(rows), Engine::Gpu(context)) => rows.download(context),
            (Values::Host(values), _) => Ok(values.to_vec()),
            (Values::Device(_), Engine::Cpu(_)) => Err(ComputeError::DifferentDevices),
        }
    }
}

/// One problem: rows of a against rows of b.
#[derive(Debug, Clone)]
pub(crate) struct Problem {
    pub a: Range<usize>,
    pub b: Range<usize>,
}

impl Problem {
    /// Rows and columns of its matrix.
    pub fn shape(&self) -> (usize, usize) {
        (self.a.len(), self.b.len())
    }
}

/// The problems of these rows of a and of b, which have `a_count` and `b_count` rows.
pub(crate) fn problems(
    a_rows: &[Range<usize>],
    a_count: usize,
    b_rows: &[Range<usize>],
    b_count: usize,
) -> Result<Vec<Problem>, ComputeError> {
    if a_rows.len() != b_rows.len() {
        return Err(ComputeError::Shape {
            argument: "b_rows",
            unit: "ranges",
            expected: a_rows.len(),
            found: b_rows.len(),
        });
    }
    let check = |argument, problem, range: &Range<usize>, rows| {
        if range.start <= range.end && range.end <= rows {
            return Ok(range.clone());
        }
        Err(ComputeError::Range {
            argument,
            problem,
            start: range.start,
            end: range.end,
            rows,
        })
    };
    a_rows
        .iter()
        .zip(b_rows)
        .enumerate()
        .map(|(problem, (a, b))| {
            Ok(Problem {
                a: check("a", problem, a, a_count)?,
                b: check("b", problem, b, b_count)?,
            })
        })
        .collect()
}
