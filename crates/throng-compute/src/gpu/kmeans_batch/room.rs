//! Room for the update of centroids on the device.

use super::sizes::Sizes;
use crate::error::ComputeError;
use crate::gpu::buffers::Buffer;
use crate::gpu::context::Context;

/// What a batch's new centroids are made of.
#[derive(Debug)]
pub struct Room {
    pub counts: Buffer,
    pub starts: Buffer,
    pub order: Buffer,
    pub sums: Buffer,
    pub clusters: Buffer,
    pub next: Buffer,
    pub shifts: Buffer,
}

impl Room {
    pub fn new(context: &Context, sizes: &Sizes, features: usize) -> Result<Self, ComputeError> {
        let room = |what, count| context.storage(what, count);
        Ok(Self {
            counts: room("rows by block and label", sizes.counts)?,
            starts: room("clusters' places", 2 * sizes.starts)?,
            order: room("the order of rows", sizes.order)?,
            sums: room("sums of runs", sizes.sums(features))?,
            clusters: room("clusters", sizes.described())?,
            next: room("next centroids", sizes.clusters * features)?,
            shifts: room("shifts", sizes.clusters)?,
        })
    }
}
