//! Matrices in a host's buffers, and our buffers in the host's hands.

use std::any::Any;

use crate::device::{Compute, Engine};
use crate::error::ComputeError;
use crate::gpu::{Context, Rows};
use crate::matrix::{Matrix, Values, bad_value};

/// A piece of a host application's wgpu buffer, lent to a [`Matrix`]: 32-bit floats, row by row.
///
/// The buffer has the usages `STORAGE` and `COPY_SRC` and is of the device that [`Compute::from_host`] was
/// given; wgpu panics where it is of another instance. While the matrix lives the host leaves the piece as it
/// is; what lies beside it in the buffer is the host's to use.
#[derive(Debug)]
pub struct HostBuffer {
    buffer: wgpu::Buffer,
    offset: u64,
    guard: Option<Guard>,
}

type Guard = Box<dyn Any + Send + Sync>;

impl HostBuffer {
    /// What begins at byte `offset` of `buffer`, a multiple of 4.
    pub fn new(buffer: wgpu::Buffer, offset: u64) -> Self {
        Self {
            buffer,
            offset,
            guard: None,
        }
    }

    /// Keeps `guard` until the matrix is dropped and the device has done all that was submitted by then: for
    /// hosts that give out pieces of buffers and take them back.
    #[must_use]
    pub fn held_by(mut self, guard: impl Any + Send + Sync) -> Self {
        self.guard = Some(Box::new(guard));
        self
    }

    pub(crate) fn into_lease(self, queue: &wgpu::Queue) -> (wgpu::Buffer, u64, Lease) {
        let lease = Lease {
            queue: queue.clone(),
            guard: self.guard,
        };
        (self.buffer, self.offset, lease)
    }

    /// Whether `context` can bind `rows * cols` floats here; an error where they do not lie here at all.
    fn is_bindable(
        &self,
        context: &Context,
        rows: usize,
        cols: usize,
    ) -> Result<bool, ComputeError> {
        if cols == 0 {
            return Err(ComputeError::NoColumns);
        }
        let needed = wgpu::BufferUsages::STORAGE | wgpu::BufferUsages::COPY_SRC;
        if !self.buffer.usage().contains(needed) {
            return Err(refused("it lacks the usages STORAGE and COPY_SRC"));
        }
        if !self.offset.is_multiple_of(4) {
            return Err(refused("its offset is not a multiple of 4 bytes"));
        }
        let expected = rows.saturating_mul(cols).saturating_mul(4);
        let found = self.buffer.size().saturating_sub(self.offset) as usize;
        if found < expected {
            return Err(ComputeError::Shape {
                argument: "the buffer",
                unit: "bytes after the offset",
                expected,
                found,
            });
        }
        // Parts are cut so that they are aligned where the first one is.
        Ok(self.offset.is_multiple_of(context.offset_alignment()))
    }
}

/// Keeps a host's memory in place; gives it back when the device has done what was submitted.
#[derive(Debug)]
pub(crate) struct Lease {
    queue: wgpu::Queue,
    guard: Option<Guard>,
}

impl Drop for Lease {
    fn drop(&mut self) {
        if let Some(guard) = self.guard.take() {
            self.queue.on_submitted_work_done(move || drop(guard));
        }
    }
}

/// Where some rows of a [`Matrix`] lie on the device, row by row.
#[derive(Debug, Clone)]
pub struct DevicePart {
    /// The first row in the matrix.
    pub first_row: usize,
    /// Rows.
    pub rows: usize,
    /// The buffer that holds them.
    pub buffer: wgpu::Buffer,
    /// Where they begin in it, in bytes.
    pub offset: u64,
}

impl Compute {
    /// The matrix [`rows`, `cols`] that lies in a host's `buffer`, without a copy: the kernels bind the
    /// buffer itself. It holds what was submitted to the device's queue before. Magnitudes up to 1e16;
    /// blocks until the device has looked at each value.
    ///
    /// A matrix over the device's binding limit is bound in parts. Only where the offset is not a multiple of
    /// the device's `min_storage_buffer_offset_alignment` (256 bytes or less) the values are copied, on the
    /// device; [`Matrix::device_parts`] tells. Only then a [cap](Compute::with_memory_cap) counts them: a host's
    /// memory is its own.
    ///
    /// # Errors
    /// [`ComputeError::HostBuffer`] on the CPU, and where the buffer cannot be used as it is;
    /// [`ComputeError::Shape`] where it ends too early, [`ComputeError::NoColumns`],
    /// [`ComputeError::NotFinite`] and [`ComputeError::TooLarge`] with the row and column,
    /// [`ComputeError::MemoryCap`], and the device's.
    pub fn matrix_from_buffer(
        &self,
        buffer: HostBuffer,
        rows: usize,
        cols: usize,
    ) -> Result<Matrix, ComputeError> {
        let context = context(self)?;
        let values = if buffer.is_bindable(context, rows, cols)? {
            Rows::lent(context, buffer, rows, cols)?
        } else {
            self.plan_room(rows, cols)?;
            Rows::copied(context, buffer, rows, cols)?
        };
        if let Some(bad) = crate::gpu::rows_finite::first_bad(context, &values)? {
            return Err(bad_value("the matrix", bad, cols));
        }
        Ok(Matrix::new(self, Values::Device(values.into()), rows, cols))
    }
}

impl Matrix {
    /// Where the matrix lies, for the host's own kernels and copies; nothing on the CPU. What filled it is
    /// submitted, so what the host submits to the same queue sees it. Buffers of ours have the usages
    /// `STORAGE`, `COPY_SRC` and `COPY_DST`. The host reads them only, and keeps the matrix while it does. Of a
    /// [matrix of 16-bit floats](Matrix::to_half) they hold two values a word.
    pub fn device_parts(&self) -> Vec<DevicePart> {
        match self.values() {
            Values::Host(_) => Vec::new(),
            Values::Device(rows) => rows
                .places()
                .map(|(first_row, rows, piece)| DevicePart {
                    first_row,
                    rows,
                    buffer: (*piece.buffer).clone(),
                    offset: piece.offset,
                })
                .collect(),
        }
    }
}

/// Room for a matrix in a host's buffer, apart from `inputs`.
pub(crate) fn room(
    compute: &Compute,
    buffer: HostBuffer,
    rows: usize,
    cols: usize,
    inputs: &[&Matrix],
) -> Result<Rows, ComputeError> {
    let context = context(compute)?;
    if !buffer.is_bindable(context, rows, cols)? {
        return Err(refused(
            "its offset is not a multiple of the device's min_storage_buffer_offset_alignment",
        ));
    }
    let room = Rows::lent(context, buffer, rows, cols)?;
    for input in inputs {
        if matches!(input.values(), Values::Device(input) if room.overlaps(input)) {
            return Err(refused("an input lies there"));
        }
    }
    Ok(room)
}

fn context(compute: &Compute) -> Result<&Context, ComputeError> {
    match compute.engine() {
        Engine::Gpu(context) => Ok(context),
        Engine::Cpu(_) => Err(refused("the CPU has no buffers")),
    }
}

fn refused(problem: &'static str) -> ComputeError {
    ComputeError::HostBuffer { problem }
}
