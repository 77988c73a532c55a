//! What a kernel binds: a whole buffer, or a piece of one.

use std::fmt::Debug;
use std::num::NonZeroU64;

use super::buffers::Buffer;

/// Bytes that a kernel can bind.
pub trait Bind: Debug {
    /// Where they are.
    fn binding(&self) -> wgpu::BufferBinding<'_>;

    /// Whether they are 16-bit floats.
    fn is_half(&self) -> bool {
        false
    }
}

impl Bind for Buffer {
    fn binding(&self) -> wgpu::BufferBinding<'_> {
        self.as_entire_buffer_binding()
    }
}

/// A piece of a buffer.
#[derive(Debug, Clone)]
pub struct BufferPiece {
    pub buffer: Buffer,
    /// Where it begins, in bytes.
    pub offset: u64,
    /// How long it is, in bytes.
    pub size: u64,
    /// Whether it holds 16-bit floats, two a word.
    pub is_half: bool,
}

impl BufferPiece {
    /// The value at `index`, of 32 bits.
    pub fn at(&self, index: usize) -> BufferPiece {
        BufferPiece {
            buffer: self.buffer.clone(),
            offset: self.offset + 4 * index as u64,
            size: 4,
            is_half: false,
        }
    }
}

impl From<Buffer> for BufferPiece {
    fn from(buffer: Buffer) -> Self {
        let size = buffer.size();
        Self {
            buffer,
            offset: 0,
            size,
            is_half: false,
        }
    }
}

impl Bind for BufferPiece {
    fn binding(&self) -> wgpu::BufferBinding<'_> {
        wgpu::BufferBinding {
            buffer: &self.buffer,
            offset: self.offset,
            size: NonZeroU64::new(self.size),
        }
    }

    fn is_half(&self) -> bool {
        self.is_half
    }
}

/// The bindings that are different pieces of one buffer, from which a host cuts many tensors: see
/// [`throng_shaders::written`].
pub fn shared(buffers: &[(u32, &dyn Bind)]) -> Vec<u32> {
    let bindings: Vec<_> = buffers.iter().map(|(_, bind)| bind.binding()).collect();
    let is_shared = |a: &wgpu::BufferBinding| {
        bindings
            .iter()
            .any(|b| a.buffer == b.buffer && a.offset != b.offset)
    };
    buffers
        .iter()
        .zip(&bindings)
        .filter(|(_, binding)| is_shared(binding))
        .map(|((number, _), _)| *number)
        .collect()
}

/// Which bindings are 16-bit floats.
pub fn halves(buffers: &[(u32, &dyn Bind)]) -> Vec<u32> {
    let halves = buffers.iter().filter(|(_, bind)| bind.is_half());
    halves.map(|(binding, _)| *binding).collect()
}
