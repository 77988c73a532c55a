//! A matrix filled some rows at a time.

use crate::device::{Compute, Engine};
use crate::error::ComputeError;
use crate::gpu::Rows;
use crate::host_values::HostValues;
use crate::matrix::{Matrix, Values, WHAT};
use crate::memory::Charge;
use crate::{cpu, gpu};

/// A matrix [n, d] on its way: rows are put into it in any order, and none crosses the host on a device.
#[derive(Debug)]
pub struct MatrixBuilder {
    compute: Compute,
    cols: usize,
    is_put: Vec<bool>,
    values: Room,
}

#[derive(Debug)]
enum Room {
    Host(HostValues, Charge),
    Device(Rows),
}

impl Compute {
    /// Room for a matrix [`rows`, `cols`].
    ///
    /// # Errors
    /// [`ComputeError::NoColumns`], [`ComputeError::MemoryCap`], and the device's where it has not the memory.
    pub fn matrix_builder(&self, rows: usize, cols: usize) -> Result<MatrixBuilder, ComputeError> {
        if cols == 0 {
            return Err(ComputeError::NoColumns);
        }
        let plan = self.plan_room(rows, cols)?;
        Ok(MatrixBuilder {
            compute: self.clone(),
            cols,
            is_put: vec![false; rows],
            values: match self.engine() {
                Engine::Cpu(_) => {
                    let charge = self.ledger().charge(WHAT, plan.output)?;
                    let mut values = HostValues::zeros(rows * cols);
                    values.fill(f32::NAN);
                    Room::Host(values, charge)
                }
                Engine::Gpu(context) => Room::Device(Rows::new(context, rows, cols)?),
            },
        })
    }
}

impl MatrixBuilder {
    /// Makes row i of `x` [`places.len()`, d] row `places[i]`; on a device that takes 4 bytes a place meanwhile, and
    /// their transfer. After an error all of `places` are as they were.
    ///
    /// # Errors
    /// [`ComputeError::Shape`] where `x` has other rows than `places` or other columns,
    /// [`ComputeError::Place`] where a place is not there or taken, [`ComputeError::DifferentDevices`],
    /// [`ComputeError::MemoryCap`], and the device's.
    pub fn put(&mut self, x: &Matrix, places: &[u32]) -> Result<(), ComputeError> {
        let sizes = [
            ("columns", self.cols, x.cols()),
            ("rows", places.len(), x.rows()),
        ];
        for (unit, expected, found) in sizes {
            if found != expected {
                return Err(ComputeError::Shape {
                    argument: "x",
                    unit,
                    expected,
                    found,
                });
            }
        }
        if !self.compute.is_same(x.compute()) {
            return Err(ComputeError::DifferentDevices);
        }
        self.take(places)?;
        let done = match (&mut self.values, x.values(), self.compute.engine()) {
            (Room::Host(out, _), Values::Host(x), _) => {
                cpu::rows_scatter::scatter(x, self.cols, places, out);
                Ok(())
            }
            (Room::Device(out), Values::Device(x), Engine::Gpu(context)) => {
                gpu::rows_scatter::scatter(context, x, places, out)
            }
            _ => Err(ComputeError::DifferentDevices),
        };
        if done.is_err() {
            self.leave(places);
        }
        done
    }

    /// Takes all `places`, or none.
    fn take(&mut self, places: &[u32]) -> Result<(), ComputeError> {
        let rows = self.is_put.len();
        for (i, &place) in places.iter().enumerate() {
            match self.is_put.get_mut(place as usize) {
                Some(is_put) if !*is_put => *is_put = true,
                _ => {
                    self.leave(&places[..i]);
                    let row = place as usize;
                    return Err(ComputeError::Place { row, rows });
                }
            }
        }
        Ok(())
    }

    fn leave(&mut self, places: &[u32]) {
        for &place in places {
            self.is_put[place as usize] = false;
        }
    }

    /// The matrix.
    ///
    /// # Errors
    /// [`ComputeError::Place`] with the first row that was not put.
    pub fn finish(self) -> Result<Matrix, ComputeError> {
        let rows = self.is_put.len();
        if let Some(row) = self.is_put.iter().position(|is_put| !is_put) {
            return Err(ComputeError::Place { row, rows });
        }
        let values = match self.values {
            Room::Host(values, charge) => Values::host(charge, || values),
            Room::Device(rows) => Values::Device(rows.into()),
        };
        Ok(Matrix::new(&self.compute, values, rows, self.cols))
    }
}
