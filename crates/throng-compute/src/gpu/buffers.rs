//! Buffers: making, filling and reading them.

use std::ops::Deref;
use std::sync::{Arc, mpsc};

use bytemuck::Pod;

use super::binding::Bind;
use super::context::Context;
use crate::error::ComputeError;
use crate::memory::{Charge, words};

/// A pattern that is NaN as a float and above every index as an integer.
const POISON: u32 = 0x7fc0_dead;

/// Bytes that cross between host and device at a time, at most: they lie twice on the device meanwhile.
const MOST_TRANSFER: u64 = 8 << 20;

/// What is written or read in no more bytes than this is neither counted nor waited for in pieces.
const SMALL_TRANSFER: u64 = 64 << 10;

/// A buffer, counted until its last clone is dropped; uniforms and a host's are not counted.
#[derive(Debug, Clone)]
pub struct Buffer {
    buffer: wgpu::Buffer,
    _charge: Option<Arc<Charge>>,
}

impl Deref for Buffer {
    type Target = wgpu::Buffer;

    fn deref(&self) -> &wgpu::Buffer {
        &self.buffer
    }
}

impl From<wgpu::Buffer> for Buffer {
    fn from(buffer: wgpu::Buffer) -> Self {
        Self {
            buffer,
            _charge: None,
        }
    }
}

impl Context {
    /// A storage buffer for `count` 32-bit values, at least one.
    pub(super) fn storage(&self, what: &'static str, count: usize) -> Result<Buffer, ComputeError> {
        let bytes = words(count.max(1));
        let limit = self.most_bytes();
        if bytes > limit {
            return Err(ComputeError::TooBig { what, bytes, limit });
        }
        let usage = wgpu::BufferUsages::STORAGE
            | wgpu::BufferUsages::COPY_SRC
            | wgpu::BufferUsages::COPY_DST;
        let buffer = self.counted(what, bytes, usage)?;
        if self.is_poisoned() {
            let poison = vec![POISON; count.max(1)];
            self.put(what, &buffer, 0, bytemuck::cast_slice(&poison))?;
        }
        Ok(buffer)
    }

    /// A storage buffer with `values` in it.
    pub(super) fn storage_of<T: Pod>(
        &self,
        what: &'static str,
        values: &[T],
    ) -> Result<Buffer, ComputeError> {
        let words = size_of_val(values).div_ceil(4);
        let buffer = self.storage(what, words)?;
        self.write(what, &buffer, values)?;
        Ok(buffer)
    }

    /// A uniform buffer with `value` in it.
    pub(super) fn uniform<T: Pod>(&self, value: &T) -> Result<Buffer, ComputeError> {
        let usage = wgpu::BufferUsages::UNIFORM | wgpu::BufferUsages::COPY_DST;
        let buffer = self.buffer("parameters", size_of::<T>() as u64, usage)?;
        self.write("parameters", &buffer, std::slice::from_ref(value))?;
        Ok(buffer)
    }

    /// Bytes that a transfer of so many takes on the device, beside where they go to or come from.
    pub(super) fn transfer(&self, bytes: u64) -> u64 {
        if bytes <= SMALL_TRANSFER {
            return 0;
        }
        bytes.min(self.most_transfer())
    }

    /// A sixteenth of a cap.
    fn most_transfer(&self) -> u64 {
        let whole = self.ledger().cap() / 16 / 1024 * 1024;
        whole.clamp(SMALL_TRANSFER, MOST_TRANSFER)
    }

    /// Overwrites the beginning of a buffer or piece.
    pub(super) fn write<T: Pod>(
        &self,
        what: &'static str,
        buffer: &dyn Bind,
        values: &[T],
    ) -> Result<(), ComputeError> {
        if values.is_empty() {
            return Ok(());
        }
        let at = buffer.binding();
        let bytes: &[u8] = bytemuck::cast_slice(values);
        let transfer = self.transfer(bytes.len() as u64);
        if transfer == 0 {
            return self.put(what, at.buffer, at.offset, bytes);
        }
        let _staging = self.ledger().charge(what, transfer)?;
        let mut offset = at.offset;
        for piece in bytes.chunks(transfer as usize) {
            self.put(what, at.buffer, offset, piece)?;
            offset += transfer;
            // Only then wgpu gives back its copy of the piece.
            self.queue().submit([]);
            self.wait(&format!("writing {what}"))?;
        }
        Ok(())
    }

    fn put(
        &self,
        what: &str,
        buffer: &wgpu::Buffer,
        offset: u64,
        bytes: &[u8],
    ) -> Result<(), ComputeError> {
        self.guarded(&format!("writing {what}"), || {
            self.queue().write_buffer(buffer, offset, bytes);
        })
    }

    /// The first `count` values of a buffer or piece; waits for all that was submitted before.
    pub(super) fn read<T: Pod>(
        &self,
        what: &'static str,
        buffer: &dyn Bind,
        count: usize,
    ) -> Result<Vec<T>, ComputeError> {
        let staging = self.staging(what, (count * size_of::<T>()) as u64)?;
        self.read_by(what, buffer, count, &staging)
    }

    /// Room by which so many bytes are read.
    pub(super) fn staging(&self, what: &'static str, bytes: u64) -> Result<Buffer, ComputeError> {
        let usage = wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST;
        match self.transfer(bytes) {
            0 => self.buffer(what, bytes.max(4), usage),
            transfer => self.counted(what, transfer, usage),
        }
    }

    /// [`Context::read`] by way of `staging`, of whatever size.
    pub(super) fn read_by<T: Pod>(
        &self,
        what: &str,
        buffer: &dyn Bind,
        count: usize,
        staging: &Buffer,
    ) -> Result<Vec<T>, ComputeError> {
        let mut values = vec![T::zeroed(); count];
        let bytes: &mut [u8] = bytemuck::cast_slice_mut(&mut values);
        let at = buffer.binding();
        let mut offset = at.offset;
        for piece in bytes.chunks_mut(staging.size() as usize) {
            self.get(what, at.buffer, offset, staging, piece)?;
            offset += staging.size();
        }
        Ok(values)
    }

    /// Fills `out` with what begins at `offset`, by way of `staging`.
    fn get(
        &self,
        what: &str,
        buffer: &wgpu::Buffer,
        offset: u64,
        staging: &Buffer,
        out: &mut [u8],
    ) -> Result<(), ComputeError> {
        let during = format!("reading {what}");
        let bytes = out.len() as u64;
        let (sender, receiver) = mpsc::channel();
        self.guarded(&during, || {
            let mut encoder = self.device().create_command_encoder(&Default::default());
            encoder.copy_buffer_to_buffer(buffer, offset, staging, 0, bytes);
            self.queue().submit([encoder.finish()]);
            staging.map_async(wgpu::MapMode::Read, ..bytes, move |result| {
                // The receiver is gone only where this function has failed already.
                let _ = sender.send(result);
            });
        })?;
        self.wait(&during)?;
        let lost = || ComputeError::DeviceLost {
            during: during.clone(),
        };
        // Another thread that polls the device, such as Burn's, may have taken the callback and be about to run it.
        receiver.recv().map_err(|_| lost())?.map_err(|_| lost())?;
        let view = staging.get_mapped_range(..bytes).map_err(|_| lost())?;
        out.copy_from_slice(&view);
        drop(view);
        staging.unmap();
        Ok(())
    }

    /// Copies `bytes` bytes from one place on the device to another.
    pub(super) fn copy(
        &self,
        what: &str,
        from: &dyn Bind,
        to: &dyn Bind,
        bytes: u64,
    ) -> Result<(), ComputeError> {
        let (from, to) = (from.binding(), to.binding());
        self.guarded(&format!("copying {what}"), || {
            let mut encoder = self.device().create_command_encoder(&Default::default());
            encoder.copy_buffer_to_buffer(from.buffer, from.offset, to.buffer, to.offset, bytes);
            self.queue().submit([encoder.finish()]);
        })
    }

    pub(super) fn buffer(
        &self,
        what: &str,
        size: u64,
        usage: wgpu::BufferUsages,
    ) -> Result<Buffer, ComputeError> {
        let buffer = self.guarded(&format!("making room for {what}"), || {
            self.device().create_buffer(&wgpu::BufferDescriptor {
                label: Some(what),
                size,
                usage,
                mapped_at_creation: false,
            })
        })?;
        Ok(buffer.into())
    }

    /// A buffer that the cap has room for.
    fn counted(
        &self,
        what: &'static str,
        size: u64,
        usage: wgpu::BufferUsages,
    ) -> Result<Buffer, ComputeError> {
        let charge = self.ledger().charge(what, size)?;
        Ok(Buffer {
            _charge: Some(charge.into()),
            ..self.buffer(what, size, usage)?
        })
    }
}
