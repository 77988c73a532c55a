//! Matrices of 16-bit floats.

use std::sync::Arc;

use half::f16;

use crate::device::Engine;
use crate::error::ComputeError;
use crate::gpu::Rows;
use crate::matrix::{Matrix, Values};

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
    /// [`ComputeError::TooLargeForHalf`] with the row and column, and the device's.
    pub fn to_half(&self) -> Result<Matrix, ComputeError> {
        if self.is_half() {
            return Ok(self.clone());
        }
        let mut values = self.to_vec()?;
        let halves: Vec<f16> = values.iter().map(|&value| f16::from_f32(value)).collect();
        if let Some(at) = halves.iter().position(|half| !half.is_finite()) {
            return Err(ComputeError::TooLargeForHalf {
                row: at / self.cols(),
                column: at % self.cols(),
                value: values[at],
            });
        }
        let values = match self.compute().engine() {
            Engine::Gpu(context) => {
                Values::Device(Arc::new(Rows::upload_half(context, &halves, self.cols())?))
            }
            Engine::Cpu(_) => {
                for (value, half) in values.iter_mut().zip(halves) {
                    *value = half.to_f32();
                }
                Values::Host(Arc::new(values))
            }
        };
        Ok(self.as_half(values))
    }
}
