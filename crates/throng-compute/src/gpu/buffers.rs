//! Buffers: making, filling and reading them.

use std::sync::mpsc;

use bytemuck::Pod;

use super::binding::Bind;
use super::context::Context;
use crate::error::ComputeError;

/// A pattern that is NaN as a float and above every index as an integer.
const POISON: u32 = 0x7fc0_dead;

impl Context {
    /// A storage buffer for `count` 32-bit values, at least one.
    pub(super) fn storage(
        &self,
        what: &'static str,
        count: usize,
    ) -> Result<wgpu::Buffer, ComputeError> {
        let bytes = (count.max(1) as u64).saturating_mul(4);
        let limit = self.most_bytes();
        if bytes > limit {
            return Err(ComputeError::TooBig { what, bytes, limit });
        }
        let usage = wgpu::BufferUsages::STORAGE
            | wgpu::BufferUsages::COPY_SRC
            | wgpu::BufferUsages::COPY_DST;
        let buffer = self.buffer(what, bytes, usage)?;
        if self.is_poisoned() {
            self.write(what, &buffer, &vec![POISON; count.max(1)])?;
        }
        Ok(buffer)
    }

    /// A storage buffer with `values` in it.
    pub(super) fn storage_of<T: Pod>(
        &self,
        what: &'static str,
        values: &[T],
    ) -> Result<wgpu::Buffer, ComputeError> {
        let words = size_of_val(values).div_ceil(4);
        let buffer = self.storage(what, words)?;
        self.write(what, &buffer, values)?;
        Ok(buffer)
    }

    /// A uniform buffer with `value` in it.
    pub(super) fn uniform<T: Pod>(&self, value: &T) -> Result<wgpu::Buffer, ComputeError> {
        let usage = wgpu::BufferUsages::UNIFORM | wgpu::BufferUsages::COPY_DST;
        let buffer = self.buffer("parameters", size_of::<T>() as u64, usage)?;
        self.write("parameters", &buffer, std::slice::from_ref(value))?;
        Ok(buffer)
    }

    /// Overwrites the beginning of a buffer or piece.
    pub(super) fn write<T: Pod>(
        &self,
        what: &str,
        buffer: &dyn Bind,
        values: &[T],
    ) -> Result<(), ComputeError> {
        if values.is_empty() {
            return Ok(());
        }
        let at = buffer.binding();
        self.guarded(&format!("writing {what}"), || {
            self.queue()
                .write_buffer(at.buffer, at.offset, bytemuck::cast_slice(values));
        })
    }

    /// Fills a buffer with zeros.
    pub(super) fn clear(&self, what: &str, buffer: &wgpu::Buffer) -> Result<(), ComputeError> {
        self.guarded(&format!("clearing {what}"), || {
            let mut encoder = self.device().create_command_encoder(&Default::default());
            encoder.clear_buffer(buffer, 0, None);
            self.queue().submit([encoder.finish()]);
        })
    }

    /// The first `count` values of a buffer or piece; waits for all that was submitted before.
    pub(super) fn read<T: Pod>(
        &self,
        what: &str,
        buffer: &dyn Bind,
        count: usize,
    ) -> Result<Vec<T>, ComputeError> {
        if count == 0 {
            return Ok(Vec::new());
        }
        let during = format!("reading {what}");
        let at = buffer.binding();
        let bytes = (count * size_of::<T>()) as u64;
        let usage = wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST;
        let staging = self.buffer(what, bytes, usage)?;
        let (sender, receiver) = mpsc::channel();
        self.guarded(&during, || {
            let mut encoder = self.device().create_command_encoder(&Default::default());
            encoder.copy_buffer_to_buffer(at.buffer, at.offset, &staging, 0, bytes);
            self.queue().submit([encoder.finish()]);
            staging.map_async(wgpu::MapMode::Read, .., move |result| {
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
        let view = staging.get_mapped_range(..).map_err(|_| lost())?;
        // The mapping is not promised to be aligned for T.
        let mut values = vec![T::zeroed(); count];
        bytemuck::cast_slice_mut(&mut values).copy_from_slice(&view);
        Ok(values)
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
    ) -> Result<wgpu::Buffer, ComputeError> {
        self.guarded(&format!("making room for {what}"), || {
            self.device().create_buffer(&wgpu::BufferDescriptor {
                label: Some(what),
                size,
                usage,
                mapped_at_creation: false,
            })
        })
    }
}
