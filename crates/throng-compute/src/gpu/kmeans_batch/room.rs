//! Room for the update of centroids on the device.

use throng_shaders::BatchCluster;

use super::sizes::Sizes;
use crate::error::ComputeError;
use crate::gpu::context::Context;

/// What a batch's new centroids are made of.
#[derive(Debug)]
pub struct Room {
    pub counts: wgpu::Buffer,
    pub starts: wgpu::Buffer,
    pub order: wgpu::Buffer,
    pub sums: wgpu::Buffer,
    pub clusters: wgpu::Buffer,
    pub next: wgpu::Buffer,
    pub shifts: wgpu::Buffer,
}

impl Room {
    pub fn new(context: &Context, sizes: &Sizes, features: usize) -> Result<Self, ComputeError> {
        let room = |what, count| context.storage(what, count);
        Ok(Self {
            counts: room("rows by block and label", sizes.counts)?,
            starts: room("clusters' places", 2 * sizes.starts)?,
            order: room("the order of rows", sizes.order)?,
            sums: room("sums of runs", 2 * sizes.runs * (features + 1))?,
            clusters: room("clusters", size_of::<BatchCluster>() / 4 * sizes.clusters)?,
            next: room("next centroids", sizes.clusters * features)?,
            shifts: room("shifts", sizes.clusters)?,
        })
    }
}
