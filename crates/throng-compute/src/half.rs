//! Matrices of 16-bit floats.

use std::sync::Arc;

use half::f16;

use crate::device::{Compute, Engine};
use crate::error::ComputeError;
use crate::gpu::Rows;
use crate::matrix::{Matrix, Values, WHAT};
use crate::memory::MemoryPlan;

impl Compute {
    /// What [`Matrix::to_half`] takes for [`rows`, `cols`], beside the matrix itself: on a GPU 2 bytes a value.
    ///
    /// # Errors
    /// [`ComputeError::MemoryCap`], and the device's where it binds less.
    pub fn plan_to_half(&self, rows: usize, cols: usize) -> Result<MemoryPlan, ComputeError> {
        let plan = match self.engine() {
            Engine::Cpu(_) => self.matrix_plan(rows, cols)?,
            Engine::Gpu(context) => Rows::plan_half(context, rows, cols)?,
        };
        self.ledger().check(WHAT, plan)
    }
}

impl Matrix {
    /// The same matrix with its values rounded to 16-bit floats (IEEE 754 binary16, ties to even): on a device they
    /// take half the memory, and half of what kernels read.
    ///
    /// Every function that takes a matrix takes this one. Sums are of 32 bits, so results are those of the rounded
    /// values, bit for bit; what is made of them, distances and centroids, has 32 bits. It asks no feature of a
    /// device. On the CPU the rounded values are kept in 32 bits.
    ///
    /// Rounding is off by a factor 1 + r with |r| <= 2^-11 from 6.1e-5 up, and by at most 3e-8 below. Nothing larger
    /// than 65,504 fits: centre or scale such columns first.
    ///
    /// ```
    /// use throng_compute::{Compute, PairwiseMetric, pairwise};
    ///
    /// # fn main() -> Result<(), throng_compute::ComputeError> {
    /// let compute = Compute::auto();
    /// let x = compute.matrix(&[0.1, 2.5], 2, 1)?.to_half()?;
    /// assert_eq!(x.to_vec()?, [0.099975586, 2.5]);
    /// let distances = pairwise(&x, &x, PairwiseMetric::Manhattan)?;
    /// assert_eq!(distances.to_vec()?[1], 2.5 - 0.099975586);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`ComputeError::TooLargeForHalf`] with the row and column, [`ComputeError::MemoryCap`], and the device's.
    pub fn to_half(&self) -> Result<Matrix, ComputeError> {
        if self.is_half() {
            return Ok(self.clone());
        }
        let compute = self.compute();
        let plan = compute.plan_to_half(self.rows(), self.cols())?;
        let values = match compute.engine() {
            Engine::Gpu(context) => {
                let values = self.to_vec()?;
                check_half(&values, self.cols())?;
                let halves: Vec<f16> = values.into_iter().map(f16::from_f32).collect();
                Values::Device(Arc::new(Rows::upload_half(context, &halves, self.cols())?))
            }
            Engine::Cpu(_) => {
                let charge = compute.ledger().charge(WHAT, plan.peak())?;
                let mut values = self.to_vec()?;
                check_half(&values, self.cols())?;
                for value in &mut values {
                    *value = f16::from_f32(*value).to_f32();
                }
                Values::host(charge, || values)
            }
        };
        Ok(self.as_half(values))
    }
}

/// The first value that no 16-bit float is near is an error.
fn check_half(values: &[f32], cols: usize) -> Result<(), ComputeError> {
    let is_too_large = |&value: &f32| !f16::from_f32(value).is_finite();
    match values.iter().position(is_too_large) {
        Some(at) => Err(ComputeError::TooLargeForHalf {
            row: at / cols,
            column: at % cols,
            value: values[at],
        }),
        None => Ok(()),
    }
}
