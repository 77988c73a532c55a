//! A matrix on a device.

use std::sync::Arc;

use crate::cpu;
use crate::device::{Compute, Engine};
use crate::error::ComputeError;
use crate::gpu::Rows;
use crate::host_values::HostValues;
use crate::memory::{Charge, Counted, MemoryPlan, words};

/// A matrix [n, d] of finite 32-bit floats, row by row, resident on its [`Compute`]. Cloning it is cheap.
#[derive(Debug, Clone)]
pub struct Matrix {
    compute: Compute,
    rows: usize,
    cols: usize,
    is_half: bool,
    values: Values,
}

#[derive(Debug, Clone)]
pub(crate) enum Values {
    Host(Arc<Counted>),
    Device(Arc<Rows>),
}

impl Compute {
    /// The matrix [`rows`, `cols`] of `values`, row by row, copied to the device. Magnitudes up to 1e16.
    ///
    /// # Errors
    /// [`ComputeError::Shape`] where there are not `rows * cols` values, [`ComputeError::NoColumns`],
    /// [`ComputeError::NotFinite`] and [`ComputeError::TooLarge`] with the row and column, and the
    /// device's where it has not the memory.
    pub fn matrix(&self, values: &[f32], rows: usize, cols: usize) -> Result<Matrix, ComputeError> {
        if cols == 0 {
            return Err(ComputeError::NoColumns);
        }
        let expected = rows.saturating_mul(cols);
        if values.len() != expected {
            return Err(ComputeError::Shape {
                argument: "values",
                unit: "values",
                expected,
                found: values.len(),
            });
        }
        check_finite("the matrix", values, cols)?;
        let plan = self.plan_matrix(rows, cols)?;
        let values = match self.engine() {
            Engine::Cpu(_) => Values::host(self.ledger().charge(WHAT, plan.peak())?, || {
                HostValues::copy(values)
            }),
            Engine::Gpu(context) => Values::Device(Arc::new(Rows::upload(context, values, cols)?)),
        };
        Ok(Matrix::new(self, values, rows, cols))
    }

    /// What [`Compute::matrix`] takes for [`rows`, `cols`].
    ///
    /// # Errors
    /// [`ComputeError::MemoryCap`], and the device's where it binds less.
    pub fn plan_matrix(&self, rows: usize, cols: usize) -> Result<MemoryPlan, ComputeError> {
        self.ledger().check(WHAT, self.matrix_plan(rows, cols)?)
    }

    /// What a matrix takes that does not come from this process.
    ///
    /// # Errors
    /// Those of [`Compute::plan_matrix`].
    pub(crate) fn plan_room(&self, rows: usize, cols: usize) -> Result<MemoryPlan, ComputeError> {
        let plan = self.matrix_plan(rows, cols)?;
        self.ledger().check(WHAT, MemoryPlan { scratch: 0, ..plan })
    }

    /// [`Compute::plan_matrix`] whatever the cap.
    pub(crate) fn matrix_plan(&self, rows: usize, cols: usize) -> Result<MemoryPlan, ComputeError> {
        match self.engine() {
            Engine::Cpu(_) => Ok(MemoryPlan {
                output: words(rows.saturating_mul(cols)),
                scratch: 0,
                parts: 1,
            }),
            Engine::Gpu(context) => Rows::plan(context, rows, cols),
        }
    }
}

/// What is said of it.
pub(crate) const WHAT: &str = "a matrix";

impl Values {
    /// What `make` makes in this process's memory, by a charge for all that it takes meanwhile.
    pub fn host<V: Into<HostValues>>(charge: Charge, make: impl FnOnce() -> V) -> Self {
        Values::Host(Arc::new(Counted::new(make().into(), charge)))
    }
}

impl Matrix {
    pub(crate) fn new(compute: &Compute, values: Values, rows: usize, cols: usize) -> Self {
        Self {
            compute: compute.clone(),
            rows,
            cols,
            is_half: false,
            values,
        }
    }

    /// The same rows and columns, of values that are 16-bit floats.
    pub(crate) fn as_half(&self, values: Values) -> Self {
        Self {
            is_half: true,
            values,
            ..self.clone()
        }
    }

    /// Rows, n.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Columns, d.
    pub fn cols(&self) -> usize {
        self.cols
    }

    /// Whether its values are 16-bit floats, see [`Matrix::to_half`].
    pub fn is_half(&self) -> bool {
        self.is_half
    }

    /// The device it is on.
    pub fn compute(&self) -> &Compute {
        &self.compute
    }

    /// The same matrix for `compute`, which is [another handle](Compute::watched) of its device.
    ///
    /// # Errors
    /// [`ComputeError::DifferentDevices`].
    pub fn on(&self, compute: &Compute) -> Result<Matrix, ComputeError> {
        if !self.compute.is_same(compute) {
            return Err(ComputeError::DifferentDevices);
        }
        Ok(Self {
            compute: compute.clone(),
            ..self.clone()
        })
    }

    /// The matrix on the device of `compute`: as [`Matrix::on`] where it is there, else a copy by way of the
    /// host.
    ///
    /// # Errors
    /// The devices'.
    pub fn to_device(&self, compute: &Compute) -> Result<Matrix, ComputeError> {
        if self.compute.is_same(compute) {
            return self.on(compute);
        }
        let copy = compute.matrix(&self.to_vec()?, self.rows, self.cols)?;
        if self.is_half {
            copy.to_half()
        } else {
            Ok(copy)
        }
    }

    /// The values [n, d], row by row, copied back.
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

    /// As [`Matrix::to_vec`], without a copy where the values are in this process, nobody else has them, and they
    /// are few (on Linux below 32 MiB).
    ///
    /// # Errors
    /// The device's, where it was lost.
    pub fn into_vec(self) -> Result<Vec<f32>, ComputeError> {
        match self.values {
            Values::Host(values) => {
                let owned = Arc::try_unwrap(values);
                Ok(owned.map_or_else(|shared| shared.to_vec(), |own| own.into_values().into_vec()))
            }
            Values::Device(_) => self.to_vec(),
        }
    }

    pub(crate) fn values(&self) -> &Values {
        &self.values
    }
}

/// The largest magnitude taken: squares of differences, and sums of many, stay far inside 32-bit floats.
pub(crate) const MOST: f32 = 1e16;

/// The first value that is not finite or whose square would overflow is an error.
pub(crate) fn check_finite(
    argument: &'static str,
    values: &[f32],
    cols: usize,
) -> Result<(), ComputeError> {
    match cpu::rows_finite::first_bad(values) {
        Some(bad) => Err(bad_value(argument, bad, cols)),
        None => Ok(()),
    }
}

/// The error of a value at a place among all.
pub(crate) fn bad_value(
    argument: &'static str,
    (at, value): (usize, f32),
    cols: usize,
) -> ComputeError {
    let (row, column) = (at / cols, at % cols);
    if value.is_finite() {
        ComputeError::TooLarge {
            argument,
            row,
            column,
            value,
        }
    } else {
        ComputeError::NotFinite {
            argument,
            row,
            column,
            value,
        }
    }
}

/// Refuses k = 0 and k > n.
pub(crate) fn check_k(k: usize, rows: usize) -> Result<(), ComputeError> {
    match k {
        0 => Err(ComputeError::NoClusters),
        _ if k > rows => Err(ComputeError::TooManyClusters { k, rows }),
        _ => Ok(()),
    }
}
